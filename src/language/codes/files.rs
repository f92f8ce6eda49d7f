//! Pages of diagnostic codes: files and YAML.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "alias-bomb",
        about: "Anchors and aliases make a tree far larger than the file. A file is data, not a program: write out what is meant, or use `define`.",
        example: "a: &a [x, x]\nb: &b [*a, *a]      # and so on, doubling each time",
    },
    Code { name: "alias-cycle", about: "An alias stands inside what it refers to, so the tree would have no end.", example: "a: &a [*a]" },
    Code {
        name: "comma-in-text",
        about: "Inside `{…}` a comma ends a value. A text with a comma needs quotes there.",
        example: "{prompt: Yes, go ahead}       # wrong\n{prompt: \"Yes, go ahead\"}     # right",
    },
    Code {
        name: "duplicate-key",
        about: "The same key stands twice in one mapping; YAML readers differ in which one counts, so neither does here.",
        example: "timeout: 5s\ntimeout: 9s",
    },
    Code {
        name: "duplicate-name",
        about: "Two things of one file have the same name, so one test could not be told from the other.",
        example: "cases:\n  - {name: greets, …}\n  - {name: Greets!, …}       # the same id",
    },
    Code {
        name: "empty-file",
        about: "The file holds nothing. Every YAML file below a suites folder says what it is by its first key.",
        example: "suite: Hello",
    },
    Code { name: "empty-rows", about: "`each` or `matrix` is empty, so there would be no test.", example: "each: []" },
    Code {
        name: "file-too-large",
        about: "A file above the limit is not read. Large answers belong into templates such as `{{'x'|times:100000}}`.",
        example: "prompt: \"{{'x'|times:100000}}\"",
    },
    Code {
        name: "ill-formed-yaml",
        about: "The text is not well-formed YAML 1.2.",
        example: "cases: [a, b       # the bracket is never closed",
    },
    Code { name: "many-documents", about: "A file holds one document; `---` begins a second one.", example: "suite: A\n---\nsuite: B" },
    Code {
        name: "merge-key",
        about: "The merge key `<<` is not part of YAML 1.2. Use `define` and `{use: name}`.",
        example: "<<: *base           # wrong\n{use: base}         # right",
    },
    Code {
        name: "missing-value",
        about: "A key stands without a value. Write the value, or `null` where null is meant.",
        example: "expect:\nprompt: Hi",
    },
    Code {
        name: "no-such-file",
        about: "A file that is named is not there. Paths are relative to the folder of the file in which they stand.",
        example: "files: {notes.md: {from: ../scripts/notes.md}}",
    },
    Code {
        name: "no-such-number",
        about: "The text looks like a number and is none in YAML 1.2's core schema or in JSON.",
        example: "a: .nan",
    },
    Code { name: "no-such-path", about: "A path on the command line, or in `suites`, is not there.", example: "suites: [suits]" },
    Code { name: "non-text-key", about: "A key is a text, never a list, a mapping or null.", example: "{[a, b]: 1}" },
    Code { name: "tab-indentation", about: "YAML is indented with spaces, never with tabs.", example: "cases:\n	- name: x" },
    Code { name: "too-deep", about: "The document is nested deeper than any real one.", example: "[[[[[[[[…]]]]]]]]" },
    Code {
        name: "not-utf8",
        about: "Suites are UTF-8 texts. The place where the first other byte stands is shown; UTF-16 is recognised.",
        example: "iconv -f latin1 -t utf-8 old.yaml > new.yaml",
    },
    Code {
        name: "not-taken-over",
        about: "A recorded stream (`script: recordings/openai/simple.json`, with `chunks`) holds something that no reply can say. The rest is taken over.",
        example: "{\"chunks\": [\"data: {not-json\\n\\n\"]}      # a part `raw` sends such bytes",
    },
    Code {
        name: "too-many-mistakes",
        about: "One file has more mistakes of one kind than anybody reads; the first ones are shown.",
        example: "a: {{x}}      # a thousand times",
    },
    Code {
        name: "unknown-file-kind",
        about: "A YAML file below a suites folder says what it is by its first key: `suite:`, `protocol:` or `script:`.",
        example: "suite: Hello          # stands first",
    },
    Code {
        name: "unquoted-alias",
        about: "A value that begins with `*` is a YAML alias. A glob needs quotes there.",
        example: "commands: {gog: [*]}          # wrong\ncommands: {gog: [\"*\"]}        # right",
    },
    Code {
        name: "unquoted-template",
        about: "Braces without quotes are a YAML mapping. A template needs quotes.",
        example: "url: {{llm.url}}              # wrong\nurl: \"{{llm.url}}\"            # right",
    },
    Code {
        name: "unreadable-file",
        about: "The file is there and cannot be read: its permissions, or bytes that are not UTF-8.",
        example: "json_schema: secret.json",
    },
    Code {
        name: "wrong-file",
        about: "A file is named where a file of another kind is needed.",
        example: "llm: {model: openai, script: ../protocols/acme.yaml}",
    },
    Code { name: "yaml-tag", about: "Tags mean nothing here.", example: "a: !!str 5            # wrong\na: \"5\"                # right" },
];
