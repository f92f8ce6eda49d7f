//! Pages of diagnostic codes: names and templates.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "cannot-insert",
        about: "A value cannot be inserted here: a mapping or a list inside a longer text, or a filter on what is no text.",
        example: "\"args: {{args}}\"          # wrong\n\"args: {{args|json}}\"     # right",
    },
    Code {
        name: "cycle",
        about: "Items of a list pattern wait for each other.",
        example: "- {call: a, as: a, after: [b]}\n- {call: b, as: b, after: [a]}",
    },
    Code {
        name: "expansion-too-large",
        about: "Templates or variables that use each other make more of a suite than can be run.",
        example: "a: [{use: b}, {use: b}]\nb: [{use: c}, {use: c}]",
    },
    Code {
        name: "ill-formed-template",
        about: "The text inside `{{…}}` cannot be read. Filters are a closed list: json, base64, hex, url, tags, times:N.",
        example: "\"{{name|jsn}}\"",
    },
    Code {
        name: "ill-formed-use",
        about: "`use` names a template by a plain text, and stands with its arguments only.",
        example: "{use: [a, b]}",
    },
    Code {
        name: "name-clash",
        about: "A name saved in a pattern is also the name of something else.",
        example: "save: {body: $.body}          # where `vars` has `body`",
    },
    Code {
        name: "name-too-late",
        about: "A name is used where its value is not known yet. Plan: vars, rows, env, case. Start: fakes, agent, secrets. Run: saved values, session, turn.",
        example: "vars: {thread: \"{{session.thread}}\"}",
    },
    Code {
        name: "recursive-base",
        about: "An agent is, by its `base`, made from itself.",
        example: "agents: {a: {base: b}, b: {base: a}}",
    },
    Code { name: "recursive-define", about: "A named template uses itself.", example: "define: {a: {use: a}}" },
    Code {
        name: "reserved-name",
        about: "The name means something already: env case agent session turn secrets random checkride call approval.",
        example: "vars: {session: x}",
    },
    Code { name: "same-label", about: "Two items, or two steps, have the same `as`.", example: "- {call: a, as: x}\n- {call: b, as: x}" },
    Code {
        name: "saved-twice",
        about: "Two items of one pattern save under one name.",
        example: "- {call: a, save: {id: $.id}}\n- {call: b, save: {id: $.id}}",
    },
    Code {
        name: "template-in-key",
        about: "Keys are not templates (a warning): what stands in braces there is part of the key, and nothing is inserted.",
        example: "at: {\"$.turns[?@.session == '{{who}}'].reply\": [Hi]}",
    },
    Code {
        name: "unknown-agent",
        about: "No agent of `checkride.yaml` has this name; `reference` is built in.",
        example: "agent: referense",
    },
    Code {
        name: "unknown-label",
        about: "`after` names an item by its `as`, or by the only name it has.",
        example: "- {call: open, after: [fnd]}",
    },
    Code {
        name: "unknown-name",
        about: "A template asks for a name that nobody gives: no variable, no row, no fake, nothing saved.",
        example: "prompt: \"{{providr}}\"",
    },
    Code {
        name: "unknown-template",
        about: "`use` names a template that neither the suite nor the project defines.",
        example: "{use: helo}",
    },
    Code {
        name: "unset-variable",
        about: "`{{env.NAME}}` is not set. Give it a default if it may be missing.",
        example: "\"{{env.TOKEN:-test-token}}\"",
    },
    Code {
        name: "unused-argument",
        about: "The template that `use` names has no such `{{key}}`; or the action of a step has none, so that what stands in `with` would never be sent.",
        example: "define: {a: \"{{text}}\"}\nx: {use: a, txt: Hi}",
    },
    Code {
        name: "unused-rule",
        about: "A rule of a fake was used by no case of a full run (a warning). Most often a rename has left it behind; a rule that is \
                there just in case says so by `unused: allow` beside the fake's kind.",
        example: "fakes: {gog: {command: [{when: gmail get *, stdout: hello}, {when: gmail gte *, stdout: hello}]}}",
    },
    Code {
        name: "unused-var",
        about: "A variable is used nowhere (a warning). Most often its name, or the one in a template, is misspelt.",
        example: "vars: {provder: openai}",
    },
    Code {
        name: "variable-cycle",
        about: "Variables are made from each other in a circle.",
        example: "vars: {a: \"{{b}}\", b: \"{{a}}\"}",
    },
];
