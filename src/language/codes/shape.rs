//! Pages of diagnostic codes: shape of documents.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "http-alone",
        about: "An `http` answer is the whole reply: it has another status and no stream.",
        example: "script: [[{http: {status: 429}}, {text: Hi}]]           # wrong\nscript: [{http: {status: 429}}, Hi]                     # right",
    },
    Code { name: "missing-key", about: "A key that must be there is missing.", example: "cases: [{prompt: Hi}]          # needs `name`" },
    Code {
        name: "not-on-this-wire",
        about: "A part of a reply that no wire of this vendor can carry: chat completions have no calls that the provider runs itself.",
        example: "llm: {model: openrouter, script: [{mcp_call: {server: s, name: f, output: ok}}]}     # wrong\nllm: {model: openai, script: [{mcp_call: {server: s, name: f, output: ok}}]}         # right, on Responses",
    },
    Code {
        name: "not-supported-yet",
        about: "The language has it and this version reads it, but cannot carry it out. It is an error, so that nothing is skipped in silence.",
        example: "judge: [Names every wallet.]",
    },
    Code {
        name: "one-kind",
        about: "One of several things is needed, and none or more than one is given: a fake's kind, a way to choose replies, what a probe reads.",
        example: "llm: {model: openai, command: []}",
    },
    Code {
        name: "one-part",
        about: "A part of a reply is a mapping with one key. Several parts are a list.",
        example: "{text: Hi, usage: {input: 1}}            # wrong\n[{text: Hi}, {usage: {input: 1}}]        # right",
    },
    Code {
        name: "one-verb",
        about: "A step is a mapping with exactly one verb.",
        example: "- {user: Hi, rpc: chat.send}             # wrong\n- user: Hi                               # right\n- rpc: chat.send",
    },
    Code {
        name: "unknown-key",
        about: "The key means nothing in this place; most often it is a typo. `checkride explain` with the name of the mapping lists all keys.",
        example: "expect: {repli: {contains: wallet}}",
    },
    Code {
        name: "wrong-place",
        about: "The key means something, but not here: a parameter of another verb, a key of another kind of fake.",
        example: "- {user: Hi, for: 100ms}         # `for` goes with `quiet`",
    },
    Code {
        name: "wrong-type",
        about: "The value has another type than the one expected. A number or boolean that is meant as a text needs quotes.",
        example: "name: 42              # wrong\nname: \"42\"            # right",
    },
    Code {
        name: "wrong-value",
        about: "The value has the right type and cannot stand here: not one of a list of words, a duration without a unit, a number out of range.",
        example: "timeout: 30           # wrong\ntimeout: 30s          # right",
    },
];
