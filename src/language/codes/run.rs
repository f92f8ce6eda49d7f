//! Pages of diagnostic codes: problems of a run.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "agent-exited",
        about: "The agent's process ended while it was still needed. Its last lines are shown.",
        example: "command: [agent, --oops]",
    },
    Code {
        name: "agent-not-marked",
        about: "The agent's processes could not be marked, so they could not all be ended.",
        example: "command: [agent]",
    },
    Code {
        name: "agent-not-ready",
        about: "The agent did not become ready in the time that `ready.within` gives.",
        example: "ready: {log: \"listening on (?<url>\\\\S+)\", within: 60s}",
    },
    Code { name: "agent-not-started", about: "The agent's program could not be started.", example: "command: [./agent]" },
    Code {
        name: "agent-port-taken",
        about: "Something else listens already where the launched agent is to listen, so it would be tested in the agent's place.",
        example: "command: [agent, --port, \"{{agent.port}}\"]\nurl: \"http://127.0.0.1:{{agent.port}}\"",
    },
    Code {
        name: "agent-settings",
        about: "A setting of the agent has no value at the start.",
        example: "settings: {token: \"{{secrets.gateway}}\"}",
    },
    Code {
        name: "agent-setup",
        about: "The agent's files, variables or arguments could not be made from their templates.",
        example: "files: {config.json: \"{{llm.url}}\"}",
    },
    Code {
        name: "agent-url",
        about: "The agent's URL is not one that the transport can open.",
        example: "url: localhost:8080           # wrong\nurl: ws://localhost:8080      # right",
    },
    Code { name: "answer-failed", about: "The engine could not answer the agent.", example: "approvals: [{decide: accept}]" },
    Code { name: "answer-refused", about: "The agent refused an answer that it had asked for.", example: "approvals: [{decide: accept}]" },
    Code {
        name: "approval-unmatched",
        about: "The agent asked for an approval that no rule speaks of: it was declined and the case fails.",
        example: "approvals: [{when: {command: {starts_with: gog}}, decide: accept}]",
    },
    Code { name: "case-folder", about: "The folder of a case could not be made.", example: "checkride run" },
    Code {
        name: "command-lost",
        about: "A mocked command could not write its log, so its calls may be incomplete.",
        example: "commands: {gog: [gmail get *]}",
    },
    Code {
        name: "command-timeout",
        about: "A program that was run for the case took too long.",
        example: "version: {command: [agent, --version], matches: \"(.+)\"}",
    },
    Code { name: "egress-trap", about: "The trap for outbound connections could not be started.", example: "egress: trap" },
    Code {
        name: "fault-not-possible",
        about: "A fault of a model fake found nothing to act on: its wire has no such thing, or no event of a reply is one that it names.",
        example: "faults: [{kind: drop, on: response.output_text.delta, requests: 2}]     # the reply that has text",
    },
    Code { name: "home-not-written", about: "The agent's home folder could not be filled.", example: "files: {notes.md: hello}" },
    Code {
        name: "ill-formed-reply",
        about: "A reply of a model fake cannot be written on this wire.",
        example: "script: [{tool_call: {name: exec, args: not json}}]",
    },
    Code {
        name: "ill-formed-request",
        about: "The agent sent a model fake a request that cannot be read.",
        example: "fakes: {llm: {model: openai, script: [Hi]}}",
    },
    Code {
        name: "mock-not-first",
        about: "A mocked command does not come first on the PATH that the agent's shell sees.",
        example: "fakes: {gog: {command: []}}",
    },
    Code {
        name: "mcp-bridges",
        about: "The programs by which MCP fakes are reached over stdio could not be made.",
        example: "fakes: {wallets: {mcp: []}}",
    },
    Code { name: "mocked-commands", about: "The mocked commands could not be set up.", example: "fakes: {gog: {command: []}}" },
    Code { name: "process-left", about: "A process of the agent was still there after the case.", example: "stop: {signal: KILL}" },
    Code {
        name: "program-missing",
        about: "The agent's program is not on PATH. Where it is optional, say so with `only_if`.",
        example: "only_if: {command: codex}",
    },
    Code {
        name: "protocol-fault",
        about: "The protocol file could not be carried out: a template without a value, or a rule that does not fit the frame.",
        example: "send: {text: \"{{txt}}\"}",
    },
    Code {
        name: "rule-not-testable",
        about: "A rule could not be held against what arrived.",
        example: "when: {body: {json_schema: missing.json}}",
    },
    Code {
        name: "file-not-searched",
        about: "With `secrets: kept`, a changed file could not be searched for secrets, or not to its end: nobody knows whether one is in it.",
        example: "expect: {secrets: kept}          # and the agent wrote a file of 100 MB",
    },
    Code {
        name: "secret-is-a-word",
        about: "A setting that is kept secret has a value that checkride itself writes into traces, as the name of a stream, so that a record cannot be shown without it. Give it a value that nobody takes for a word.",
        example: "settings: {api_key: stdout}          # wrong\nsettings: {api_key: sk-test-51c0ffee}",
    },
    Code { name: "secret-missing", about: "A secret could not be planted.", example: "secrets: {key: {file: ~/.ssh/id_rsa}}" },
    Code {
        name: "unanswered-approval",
        about: "The agent asked for an approval that the protocol cannot answer.",
        example: "actions: {decide: [{send: {…}}]}",
    },
    Code { name: "unfilled-reply", about: "A reply names a value that is not known.", example: "script: [\"{{gog.ur}}\"]" },
    Code {
        name: "unmatched-call",
        about: "A client called a tool that the fake does not have, or with arguments that none of its rows matches.",
        example: "{mcp: [{name: get, when: {id: 1}, result: Main}]}      # and the agent calls get with {id: 2}",
    },
    Code {
        name: "unmatched-command",
        about: "A mocked command was called with arguments that no rule matches: exit 127, and the case fails.",
        example: "gog: {command: [{when: gmail get *, stdout: ok}]}          # called as `gog gmail list`",
    },
    Code {
        name: "unmatched-request",
        about: "A fake received a request that no rule matches, or one more than the script has.",
        example: "llm: {model: openai, script: [Hello]}                      # asked twice",
    },
    Code {
        name: "unused-answers",
        about: "A list of answers was not used up. `unused: allow` permits it.",
        example: "gog: {command: [{when: get, answers: [{stdout: a}, {stdout: b}]}]}",
    },
    Code {
        name: "unmatched-frame",
        about: "A websocket fake got a frame for which its script has no row.",
        example: "sideband: {websocket: [{rows: [[{type: hello}]]}]}             # two frames came",
    },
    Code {
        name: "ill-formed-frame",
        about: "A client of a fake broke the WebSocket protocol: a frame that is not masked, not UTF-8, or larger than 16 MiB.",
        example: "sideband: {websocket: [{rows: [[]]}]}                          # the client's WebSocket library is at fault",
    },
    Code {
        name: "unused-rows",
        about: "A connection of a websocket fake was never made, or its rows were not reached. `unused: allow` permits it.",
        example: "sideband: {websocket: [{rows: [[], []]}], unused: allow}",
    },
    Code {
        name: "unused-replies",
        about: "A script was not used up. `unused: allow` permits it.",
        example: "llm: {model: openai, script: [Hello, Bye], unused: allow}",
    },
    Code {
        name: "version-unreadable",
        about: "The agent's version could not be read, so `only_if` could not be decided.",
        example: "version: {command: [codex, --version], matches: \"(\\\\d+\\\\.\\\\d+)\"}",
    },
];
