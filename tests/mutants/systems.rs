//! The suites of Core 2.0 and of Dexter: each case is killed by a pipeline or an API with a fault, or by a world in which one thing is otherwise.
//!
//! Owns: which spoiler kills which case.
//! Must not know: why a case notices.

use super::{checkride, verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// How a suite is spoiled.
enum Spoiler {
    /// The pipeline has this fault.
    Pipeline(&'static str),
    /// The API has this fault.
    Api(&'static str),
    /// These words stand for those.
    World(&'static [(&'static str, &'static str)]),
}

use Spoiler::{Api, Pipeline, World};

/// Suite, the cases whose names begin so (all of their instances are killed, or only some where the name ends with `…`), spoiler.
const SPOILERS: &[(&str, &[&str], Spoiler)] = &[
    ("core2/turns", &["TC-BT-1"], Pipeline("lose-delta")),
    ("core2/turns", &["TC-BT-1"], Pipeline("end-twice")),
    ("core2/turns", &["TC-BT-1"], Pipeline("error-after-done")),
    ("core2/turns", &["TC-BT-2"], World(&[("{text: The answer is 42}", "{text: The answer is 43}")])),
    ("core2/turns", &["TC-BT-3"], World(&[("{message: two}", "{message: too}")])),
    (
        "core2/turns",
        &["TC-BT-4"],
        World(&[("parts: []", "parts: [{text: x}]"), (r#"parts: [{text: ""}]"#, "parts: [{text: x}, {message: y}]")]),
    ),
    ("core2/turns", &["a second turn knows"], Pipeline("forget")),
    ("core2/turns", &["what cannot be submitted…"], Pipeline("take-anything")),
    (
        "core2/turns",
        &["what cannot be submitted"],
        World(&[
            ("{id: no prompt, body: {}", "{id: no prompt, body: {prompt: Hi}"),
            (r#"body: {prompt: ""}"#, "body: {prompt: Hi}"),
            (", runId: run_1}", "}"),
            (", providerId: nobody}", "}"),
            (r#", model: "no such model!"}"#, "}"),
        ]),
    ),
    ("core2/turns", &["tokens of two turns"], World(&[("{usage: {input: 14, output: 3}}]", "{usage: {input: 15, output: 3}}]")])),
    ("core2/turns", &["a refusal is"], World(&[("{refusal: I cannot help with that.}", "{refusal: I can help with that.}")])),
    ("core2/turns", &["an answer that was cut short"], World(&[("{stop: length}", "{stop: stop}")])),
    (
        "core2/turns",
        &["recorded streams"],
        World(&[
            ("openai/simple-message.json", "openai/error.json"),
            ("openai/tool-call.json", "openai/error.json"),
            ("anthropic/thinking-message.json", "openai/error.json"),
        ]),
    ),
    ("core2/turns", &["a recorded error"], World(&[("openai/error.json", "openai/simple-message.json")])),
    ("core2/tools", &["TC-TE-1"], Pipeline("run-anyway")),
    ("core2/tools", &["TC-TE-2", "TC-TE-3"], Pipeline("lose-result")),
    ("core2/tools", &["TC-TE-4"], Pipeline("tool-error-is-fatal")),
    ("core2/tools", &["a tool without input"], World(&[("{name: readFile, args: {}}", "{name: readFile, args: {x: 1}}")])),
    ("core2/tools", &["TC-PV-4"], Pipeline("last-usage")),
    ("core2/providers", &["TC-PV-1 to TC-PV-3"], World(&[("{text: The answer is 42}", "{text: The answer is 43}")])),
    (
        "core2/providers",
        &["TC-PV-2 (provider)"],
        World(&[("signature: sig1}, {text: The answer is 42}], Still", "signature: sig2}, {text: The answer is 42}], Still")]),
    ),
    ("core2/providers", &["TC-EH-1 an error"], Pipeline("swallow-error")),
    ("core2/providers", &["TC-EH-1 a refusal"], World(&[("{http: {status: 400,", "{http: {status: 500,")])),
    ("core2/providers", &["TC-EH-2 a malformed"], Pipeline("hide-malformed")),
    ("core2/providers", &["TC-EH-2 with strict"], World(&[(r#"STRICT_STREAM: "1""#, r#"STRICT_STREAM: "0""#)])),
    ("core2/providers", &["a failed turn"], Pipeline("keep-failed")),
    (
        "core2/providers",
        &["half an answer"],
        World(&[
            (r#"faults: ["{{fault}}"]"#, r#"faults: [], http: [{GET /unused: {body: "{{fault}}"}}]"#),
            ("{kind: reset, nth: last}", "reset2"),
            ("{status: 503}", "s503"),
            ("{status: 429}", "s429"),
        ]),
    ),
    ("core2/providers", &["an answer is the same"], World(&[("script: [Zwölf Äpfel", "script: [Elf Äpfel")])),
    ("core2/providers", &["nothing comes of"], World(&[("script: [Hello], faults", "script: [Hallo], faults")])),
    ("core2/providers", &["a delta before its start"], Pipeline("hide-sequence")),
    ("core2/providers", &["an item after the end"], Pipeline("read-past-end")),
    ("core2/streaming", &["TC-SB-1 reconnects"], Pipeline("ignore-last-event-id")),
    ("core2/streaming", &["TC-SB-1 reconnects"], Pipeline("lose-delta")),
    ("core2/streaming", &["TC-SB-1 a stream that was read", "TC-SB-2"], World(&[("script: [Hello world]", "script: [Hallo world]")])),
    ("core2/streaming", &["TC-SB-3 a stream"], Pipeline("complete-truncated")),
    ("core2/streaming", &["TC-SB-3 a call"], World(&[("{abort: reset}", "{message: Done.}")])),
    ("core2/streaming", &["TC-SB-4 two"], World(&[("reply: Reply A}", "reply: Reply C}")])),
    ("core2/streaming", &["TC-SB-4 fifty"], World(&[(r#"{{n}}"}, reply: "Reply {{n}}"}"#, r#"{{n}}"}, reply: "Reply {{n}}!"}"#)])),
    ("core2/streaming", &["1 MB"], World(&[("times:100000", "times:99999")])),
    ("core2/streaming", &["1000 short"], World(&[("times:1000}}", "times:999}}")])),
    (
        "core2/hydration",
        &["an event that comes twice", "an event that is none"],
        World(&[("final_item: {type: message, content: Hello}", "final_item: {type: message, content: Hallo}")]),
    ),
    (
        "core2/hydration",
        &["a delta before"],
        World(&[("[{use: start}, {use: delta}, {use: open}, {use: end}]", "[{use: start}, {use: open}, {use: delta}, {use: end}]")]),
    ),
    ("core2/hydration", &["names with dots"], World(&[("content: [{type: text, text: Bye}]", "content: [{type: text, text: Hi}]")])),
    (
        "core2/hydration",
        &["an event before"],
        World(&[("[{use: open}, {use: start}, {use: end}]", "[{use: start}, {use: open}, {use: end}]")]),
    ),
    ("core2/hydration", &["a stream that ends"], World(&[("delta_content: half}}}]}", "delta_content: half}}}, {use: end}]}")])),
    (
        "core2/hydration",
        &["an error of the response"],
        World(&[("error: {code: overloaded, message: Later}}}}]}", "error: {code: busy, message: Later}}}}]}")]),
    ),
    (
        "core2/convex",
        &["TC-PV-1"],
        World(&[("script: [Hello world]}}", "script: [[{text: Hello world}, {usage: {input: 11, output: 5}}]]}}")]),
    ),
    ("core2/convex", &["TC-EH-4"], Pipeline("acknowledge-unstored")),
    (
        "core2/convex",
        &["without its thread"],
        World(&[("{status: error, errorMessage: the deployment is paused,", "{status: success, value: thread,")]),
    ),
    ("core2/redis", &["TC-EH-3 no redis", "TC-EH-3 redis gone"], Pipeline("take-without-log")),
    ("core2/redis", &["TC-EH-3 redis goes away"], Pipeline("give-up-log")),
    ("core2/redis", &["TC-EH-4 persistence…"], Pipeline("acknowledge-unstored")),
    ("core2/redis", &["TC-EH-4 persistence…"], World(&[("{id: once, failures: 1,", "{id: once, failures: 1000,")])),
    ("core2/redis", &["TC-EH-4 what failed"], Pipeline("acknowledge-unstored")),
    ("core2/redis", &["TC-SB-1"], Pipeline("lose-delta")),
    (
        "core2/redis",
        &["TC-PV-1"],
        World(&[("script: [Hello world]}}", "script: [[{text: Hello world}, {usage: {input: 11, output: 5}}]]}}")]),
    ),
    ("core2/redis", &["TC-PV-2"], Pipeline("new-trace")),
    ("core2/redis", &["TC-PV-3"], Pipeline("start-again")),
    ("core2/redis", &["what was stored"], World(&[("POST /projections: {status: 204, store", "POST /projections: {status: 500, store")])),
    ("core2/redis", &["what a dead worker"], Pipeline("leave-abandoned")),
    ("dexter/wallets", &["lists managed"], World(&[("{wallets: [{label: Main, address: 7xKX}]}", "{wallets: []}")])),
    ("dexter/api", &["is there"], Api("other-name")),
    ("dexter/api", &["passes on"], World(&[("{json: {ok: true, sessions: 0}}", "{status: 503}")])),
    ("dexter/api", &["passes on"], World(&[("{json: {ok: true, sessions: 0}}", "{json: {ok: false, error: mcp down}}")])),
    ("dexter/api", &["lists the tools"], Api("no-tools")),
    ("dexter/api", &["tells browsers"], Api("no-config")),
    ("dexter/api", &["refuses to answer"], Api("take-empty")),
    ("dexter/api", &["mints a session for a guest"], World(&[("value: ek_scripted", "value: scripted")])),
    ("dexter/api", &["mints a session for a user"], World(&[("authorization: Bearer user-token", "authorization: Bearer other-token")])),
    ("dexter/api", &["a token that nobody"], Api("trust-token")),
    ("dexter/api", &["answers a chat"], World(&[("{usage: {input: 11,", "{usage: {input: 0,")])),
    ("dexter/api", &["streams a chat"], Api("no-done")),
    ("dexter/chat", &["an answer is told"], Api("lose-delta")),
    ("dexter/chat", &["the model is"], World(&[("settings: {model: gpt-5-mini,", "settings: {model: gpt-5-nano,")])),
    ("dexter/chat", &["a tool of the MCP"], Api("hide-calls")),
    ("dexter/chat", &["a tool of the MCP", "a session is asked"], Api("no-token")),
    ("dexter/chat", &["without a token"], World(&[("{TOKEN_AI_MCP_TOKEN: null}", "{TOKEN_AI_MCP_TOKEN: x}")])),
    ("dexter/chat", &["a specialist is"], Api("lose-result")),
    ("dexter/chat", &["a specialist is"], Api("last-usage")),
    ("dexter/chat", &["in a stream"], World(&[("script: [{tool_call: {name: trader, args: {input: buy}}}]", "script: [Bought.]")])),
    ("dexter/chat", &["a provider that refuses"], Api("swallow-error")),
    (
        "dexter/chat",
        &["half an answer"],
        World(&[(r#"faults: ["{{fault}}"]"#, r#"faults: [], http: [{GET /unused: {body: "{{fault}}"}}]"#), ("{status: 503}]", "s503]")]),
    ),
    (
        "dexter/chat",
        &["an answer that was"],
        World(&[("{stop: length}", "{stop: stop}"), ("{fail: {code: server_error, message: boom}}", "{usage: {input: 1, output: 1}}")]),
    ),
    ("dexter/chat", &["turns that go on"], World(&[("{text: Reply A}", "{text: Reply C}")])),
    ("dexter/chat", &["without a key"], World(&[("{OPENAI_API_KEY: null}", "{OPENAI_API_KEY: sk-x}")])),
    ("dexter/chat", &["a session is asked"], Api("beta-header")),
    ("dexter/chat", &["a session is asked"], Api("forget-guest")),
    ("dexter/chat", &["a session is asked"], Api("leak-key")),
    (
        "dexter/chat",
        &["a provider that mints"],
        World(&[
            ("{status: 401, json: {error: {message: bad key}}}", "{json: {id: s}}"),
            ("answer: {abort: reset}", "answer: {json: {id: s}}"),
        ]),
    ),
    ("dexter/chat", &["an MCP server that is…"], Api("always-healthy")),
    (
        "dexter/chat",
        &["an MCP server that is…"],
        World(&[(r#"{"POST *": {status: 500}}"#, r#"{"POST *": {json: {jsonrpc: "2.0", id: 1, result: {tools: []}}}}"#)]),
    ),
    ("dexter/realtime", &["prompts of one"], World(&[("{text: It holds 2 SOL.}", "{text: It holds 3 SOL.}")])),
    ("dexter/realtime", &["how long a tool"], World(&[("{text: None.}", "{text: Nothing.}")])),
    ("dexter/realtime", &["a tool that fails"], World(&[("args: {}, error: denied}", "args: {}, output: done}")])),
    (
        "dexter/realtime",
        &["text and sound"],
        World(&[
            ("part: {text: Good morning.}", "part: {text: Good evening.}"),
            ("transcript: Good morning.", "transcript: Good evening."),
        ]),
    ),
    ("dexter/realtime", &["what is spoken"], World(&[("script: [I hear you.]", "script: [I heard you.]")])),
    ("dexter/realtime", &["an answer is interrupted"], World(&[("{gate: long}, ", "")])),
    ("dexter/realtime", &["a connection that breaks"], World(&[("{abort: reset}", "{text: two}")])),
    (
        "dexter/realtime",
        &["an error of the server"],
        World(&[("message: slow down}}, says", "message: slow}}, says"), ("message: boom}}, says", "message: bang}}, says")]),
    ),
    ("dexter/realtime", &["sessions that go on"], World(&[("reply: Yours is Main.}, {when", "reply: Yours is Cold.}, {when")])),
    ("dexter/realtime", &["the names of the beta"], World(&[("wire: {names: beta}", "wire: {names: ga}")])),
];

impl Spoiler {
    fn spoil(&self, suite: &str) -> String {
        let launched = |protocol: &str, option: &str, fault: &str| {
            format!("[\"{{{{checkride}}}}\", reference-agent, --protocol, {protocol}, {option}, {fault}]")
        };
        let spoiled = match self {
            Pipeline(fault) => {
                let base = "  base: \"{{env.CORE2_AGENT:-core2}}\"\n";
                suite.replace(base, &format!("  base: core2\n  command: {}\n", launched("core2", "--pipeline-fault", fault)))
            }
            Api(fault) => {
                let command = launched("dexter-chat", "--api-fault", fault);
                suite
                    .replace("agent: {base: dexter-api}", &format!("agent: {{base: dexter-api, command: {command}}}"))
                    .replace("agent: {base: \"{{api}}\"}", &format!("agent: {{base: \"{{{{api}}}}\", command: {command}}}"))
            }
            World(words) => words.iter().fold(suite.to_owned(), |text, (from, to)| {
                assert!(text.contains(from), "`{from}` is not there any more:\n{suite}");
                text.replace(from, to)
            }),
        };
        assert_ne!(spoiled, suite, "nothing was spoiled");
        spoiled
    }
}

fn read(suite: &str) -> String {
    fs::read_to_string(Path::new("suites").join(suite).with_extension("yaml")).unwrap_or_else(|e| panic!("{suite}: {e}"))
}

/// A suite with only those of its cases whose names begin so, and little time for each.
fn only(suite: &str, names: &[&str]) -> String {
    let mut parts = suite.split("\n  - name: ");
    let head = parts.next().expect("a split has a first part").replace("\ncases:", "\ntimeout: 6s\ncases:");
    let kept: Vec<_> = parts.filter(|case| names.iter().any(|name| case.starts_with(name.trim_end_matches('…')))).collect();
    assert!(kept.len() >= names.len(), "no case is called so: {names:?}");
    kept.iter().fold(head, |text, case| text + "\n  - name: " + case)
}

/// All spoiled suites in one project: they are run side by side.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: String, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        fs::write(path, text).expect("writable");
    };
    write("checkride.yaml".to_owned(), include_str!("../../checkride.yaml"));
    for (at, (suite, names, spoiler)) in SPOILERS.iter().enumerate() {
        write(format!("suites/{at}/{suite}.yaml"), &spoiler.spoil(&only(&read(suite), names)));
        for recording in ["openai/simple-message", "openai/tool-call", "openai/error", "anthropic/thinking-message"] {
            let text = fs::read_to_string(format!("suites/core2/recordings/{recording}.json")).expect("it is shipped");
            write(format!("suites/{at}/core2/recordings/{recording}.json"), &text);
        }
    }
    folder
}

#[test]
fn every_case_of_core2_and_dexter_is_killed() {
    let folder = project();
    let ran = checkride(folder.path(), &["run", "--test-threads", "8", "--json", "report.json"]);
    let report = folder.path().join("report.json");
    assert!(report.exists(), "nothing was run:\n{}{}", ran.stdout, ran.stderr);
    let (mut seen, mut dead, mut kills, mut wrong) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new(), Vec::new());
    for (id, verdict) in verdicts(&report) {
        let (at, case) = id.split_once('/').expect("each spoiler has its folder");
        let at: usize = at.parse().expect("its name is a number");
        let killed = match verdict.as_str() {
            "pass" => false,
            "fail" | "inconclusive" => true,
            "skipped" => continue,
            other => panic!("{id} is {other}:\n{}{}", ran.stdout, ran.stderr),
        };
        let all = SPOILERS[at].1.iter().all(|name| !name.ends_with('…'));
        if all && !killed {
            wrong.push(format!("{case} survives spoiler {at}"));
        }
        seen.insert(case.to_owned());
        *kills.entry(at).or_insert(0) += usize::from(killed);
        dead.extend(killed.then(|| case.to_owned()));
    }
    wrong.extend(seen.difference(&dead).map(|case| format!("nothing kills {case}")));
    wrong.extend(kills.iter().filter(|(_, kills)| **kills == 0).map(|(at, _)| format!("spoiler {at} kills nothing")));
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), ran.stdout);
}

/// Cases that stand in no row above, and files that are only for what is not here.
#[test]
fn every_shipped_case_of_core2_and_dexter_has_a_spoiler() {
    for folder in ["core2", "dexter"] {
        for entry in fs::read_dir(Path::new("suites").join(folder)).expect("the suites are there").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(stem) = name.strip_suffix(".yaml").filter(|stem| *stem != "live") else { continue };
            let suite = format!("{folder}/{stem}");
            let names: Vec<_> = SPOILERS.iter().filter(|(of, ..)| *of == suite).flat_map(|(_, names, _)| names.iter()).collect();
            for case in read(&suite).split("\n  - name: ").skip(1) {
                let covered = names.iter().any(|name| case.starts_with(name.trim_end_matches('…')));
                assert!(covered, "{suite}: no spoiler for `{}`", case.lines().next().unwrap_or_default());
            }
        }
    }
}

/// A fault that no row names is one that nobody needs.
#[test]
fn every_fault_of_the_pipeline_and_of_the_api_is_used() {
    let help = checkride(Path::new("."), &["reference-agent", "--help"]).stdout;
    let used: BTreeSet<_> =
        SPOILERS.iter().filter_map(|(.., spoiler)| if let Pipeline(name) | Api(name) = spoiler { Some(*name) } else { None }).collect();
    for option in ["--pipeline-fault", "--api-fault"] {
        let (_, text) = help.split_once(option).expect("the option is in the help");
        let list = text.lines().skip_while(|line| !line.trim().starts_with("- ")).take_while(|line| line.trim().starts_with("- "));
        let names: Vec<_> = list.filter_map(|line| Some(line.trim().strip_prefix("- ")?.split_once(':')?.0)).collect();
        assert!(names.len() > 5, "{option}: {text}");
        assert!(names.iter().all(|name| used.contains(name)), "{option}: {names:?}");
    }
}
