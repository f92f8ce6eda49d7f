//! The shipped protocols of command-line agents, against what those agents print: each transcript is played by a process.

mod conversing;

use checkride::model::trace::What;
use checkride::protocol::{Conversation, TurnRequest};
use checkride::recorder::Recorder;
use checkride::transports::exec::ExecLaunch;
use conversing::setup;
use serde_json::Value;

fn conversation(protocol: &str, script: &str) -> (Conversation, Recorder) {
    let mut setup = setup(protocol);
    setup.exec = Some(ExecLaunch {
        argv: ["/bin/sh", "-c", script, "agent"].map(str::to_owned).to_vec(),
        env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())],
        cwd: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/protocols").into(),
    });
    let recorder = setup.recorder.clone();
    (Conversation::new(setup), recorder)
}

fn events(recorder: &Recorder) -> Vec<String> {
    recorder.read(0, |records| {
        let event = |what: &What| match what {
            What::Event { event, .. } => Some(format!("{} {}", event.kind, Value::Object(event.fields.clone()))),
            _ => None,
        };
        records.iter().filter_map(|record| event(&record.what)).collect()
    })
}

async fn check(protocol: &str, script: &str, expected: &[&str]) {
    let (talk, recorder) = conversation(protocol, script);
    talk.user(TurnRequest::new("main", "hi")).await.expect("the turn ends");
    assert_eq!(events(&recorder), expected);
}

#[tokio::test]
async fn codex_prints_items_and_usage() {
    let command = r#""command":"/bin/bash -lc 'printf tool-ok; exit 3'""#;
    let item = |more: &str| format!(r#"{{"id":"item_2","type":"command_execution",{command},{more}}}"#);
    let begun = item(r#""aggregated_output":"","exit_code":null,"status":"in_progress""#);
    let ended = item(r#""aggregated_output":"tool-ok","exit_code":3,"status":"failed""#);
    let expected = [
        "turn.started {}",
        r#"reasoning {"text":"**Looking**"}"#,
        &format!(r#"call.started {{"id":"item_2","name":"command_execution","args":{begun}}}"#),
        &format!(r#"call.finished {{"id":"item_2","result":{ended},"status":"error"}}"#),
        r#"call.started {"id":"item_3","name":"search","args":{"q":"x"},"server":"docs"}"#,
        r#"call.finished {"id":"item_3","result":{"content":[],"structured_content":null},"status":"ok"}"#,
        r#"call.started {"id":"item_4","name":"file_change","args":{"changes":[{"path":"a.txt","kind":"add"}]}}"#,
        r#"call.finished {"id":"item_4","status":"ok"}"#,
        r#"text {"text":"done"}"#,
        r#"usage {"input":11,"output":7,"cached":3,"reasoning":2}"#,
        r#"turn.finished {"status":"completed"}"#,
    ];
    check("codex-exec", "cat codex-exec.jsonl", &expected).await;
}

#[tokio::test]
async fn codex_tells_a_failure_once() {
    let script = r#"echo '{"type":"turn.started"}'; echo '{"type":"error","message":"M"}'; echo '{"type":"turn.failed","error":{"message":"M"}}'; exit 1"#;
    let expected = ["turn.started {}", r#"error {"message":"M","source":"agent","code":null}"#, r#"turn.finished {"status":"failed"}"#];
    check("codex-exec", script, &expected).await;
}

#[tokio::test]
async fn codex_resumes_its_thread() {
    let (talk, recorder) = conversation("codex-exec", r#"echo "args: $*"; cat codex-exec.jsonl"#);
    for text in ["one", "two"] {
        talk.user(TurnRequest::new("main", text)).await.expect("the turn ends");
    }
    let printed: Vec<Value> = recorder.read(0, |records| {
        let frame = |what: &What| match what {
            What::Frame { data, .. } => data.get("text").cloned(),
            _ => None,
        };
        records.iter().filter_map(|record| frame(&record.what)).collect()
    });
    assert_eq!(printed, ["args: one", "args: resume 019a-7 two"]);
}

#[tokio::test]
async fn claude_prints_messages_and_denials() {
    let expected = [
        "turn.started {}",
        r#"text.delta {"text":"I will "}"#,
        r#"text.delta {"text":"look."}"#,
        r#"text {"text":"I will look."}"#,
        r#"call.started {"id":"t1","name":"Bash","args":{"command":"ls"}}"#,
        r#"call.started {"id":"t2","name":"Write","args":{"file_path":"x"}}"#,
        r#"call.finished {"id":"t1","result":"a.txt","status":"ok"}"#,
        r#"call.finished {"id":"t2","result":"Permission to use Write has been denied.","status":"error"}"#,
        r#"text {"text":"There is one file."}"#,
        r#"reasoning {"text":"One file."}"#,
        r#"call.finished {"id":"t2","status":"denied"}"#,
        r#"usage {"input":9,"output":4,"cached":2}"#,
        r#"turn.finished {"status":"completed"}"#,
    ];
    check("claude-code", "cat claude-code.jsonl", &expected).await;
}

#[tokio::test]
async fn claude_ends_in_four_ways() {
    for (result, expected) in [
        (
            r#""subtype":"success","is_error":true,"result":"API Error: 500""#,
            vec![r#"error {"message":"API Error: 500","source":"agent","code":null}"#, r#"turn.finished {"status":"failed"}"#],
        ),
        (r#""subtype":"error_max_turns","is_error":true,"errors":[]"#, vec![r#"turn.finished {"status":"incomplete"}"#]),
        (
            r#""subtype":"error_during_execution","is_error":true,"errors":["it broke"]"#,
            vec![
                r#"error {"code":"error_during_execution","message":"it broke","source":"agent"}"#,
                r#"turn.finished {"status":"failed"}"#,
            ],
        ),
        (r#""subtype":"success","result":"fine""#, vec![r#"turn.finished {"status":"completed"}"#]),
    ] {
        check("claude-code", &format!("echo '{{\"type\":\"result\",{result}}}'"), &expected).await;
    }
}

#[tokio::test]
async fn any_program_answers_by_its_output() {
    check("command-line", "echo \"you said $1\"", &[r#"text {"text":"you said hi"}"#, r#"turn.finished {"status":"completed"}"#]).await;
    let expected = [r#"error {"message":"no","source":"agent","code":null}"#, r#"turn.finished {"status":"failed"}"#];
    check("command-line", "echo no >&2; exit 2", &expected).await;
}
