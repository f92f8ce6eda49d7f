//! Pages of diagnostic codes: patterns.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code { name: "ill-formed-jsonpath", about: "The JSONPath does not follow RFC 9535.", example: "at: {\"$.calls[\": 1}" },
    Code {
        name: "ill-formed-regex",
        about: "The regular expression cannot be read. Look-around and back references do not exist here.",
        example: "reply: {matches: \"(?=x)\"}",
    },
    Code {
        name: "jsonpath-not-supported",
        about: "A valid JSONPath that this program does not carry out.",
        example: "at: {\"$[?length(@.a, @.b)]\": 1}",
    },
    Code {
        name: "looks-like-a-word",
        about: "A key is nearly a pattern word, beside pattern words or alone (a warning, or an error where nothing else fits).",
        example: "reply: {contain: wallet}",
    },
    Code {
        name: "mixed-matcher",
        about: "A mapping mixes pattern words with other keys, so it is neither a matcher nor data. `literal:` escapes.",
        example: "args: {contains: x, path: y}                 # wrong\nargs: {path: {contains: x}}                  # right",
    },
    Code {
        name: "wrong-argument",
        about: "A pattern word, or a key of an item, got something that it cannot use.",
        example: "reply: {length: long}",
    },
    Code {
        name: "wrong-item",
        about: "An item of a list pattern cannot be read. Short: a text, or a mapping. Long: with the key of its kind.",
        example: "calls: [5]",
    },
];
