//! Each recording of a real gateway, driven as it was recorded: the events that the protocol file makes of its frames. Driven the same
//! way, the reference agent makes the same ones.

use super::agents::Agents;
use super::conversing::setup;
use super::replay::replay;
use checkride::model::trace::What;
use checkride::protocol::{ConnectOptions, Conversation, TurnRequest};
use checkride::recorder::Recorder;
use serde_json::{Value, json};
use std::time::Duration;

pub struct Talk {
    pub conversation: Conversation,
    pub recorder: Recorder,
}

/// A conversation whose approvals are all declined.
pub fn talk(url: &str, settings: Value) -> Talk {
    let mut setup = setup("openclaw-gateway");
    setup.settings = settings.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    setup.url = Some(url.to_owned());
    let recorder = setup.recorder.clone();
    Talk { conversation: Conversation::new(setup), recorder }
}

impl Talk {
    /// The events so far, one line each; long texts are cut, and a text that grows is told once.
    pub fn events(&self) -> Vec<String> {
        let all: Vec<(String, String)> = self.recorder.read(0, |records| {
            records
                .iter()
                .filter_map(
                    |record| if let What::Event { event, .. } = &record.what { Some(line(&event.kind, &event.fields)) } else { None },
                )
                .collect()
        });
        let growing = |kind: &str| kind == "text.delta" || kind == "text.so_far";
        let told = all.iter().enumerate().filter(|(at, (kind, _))| match kind.as_str() {
            "text.delta" => false,
            "text.so_far" => !all[at + 1..].iter().take_while(|(kind, _)| growing(kind)).any(|(kind, _)| kind == "text.so_far"),
            _ => true,
        });
        told.map(|(_, (_, line))| line.clone()).collect()
    }

    async fn user(&self, text: &str) {
        self.conversation.user(TurnRequest::new("main", text)).await.expect("the turn ends");
    }

    /// Begins a turn, and waits until this many pieces of text have come.
    async fn hear(&self, text: &str, pieces: usize) {
        self.conversation.user(TurnRequest { wait: false, ..TurnRequest::new("main", text) }).await.expect("it begins");
        let pieces = self.recorder.wait(|records| {
            let piece = |what: &What| matches!(what, What::Event { event, .. } if event.kind == "text.delta");
            (records.iter().filter(|record| piece(&record.what)).count() >= pieces).then_some(())
        });
        tokio::time::timeout(Duration::from_secs(20), pieces).await.expect("the text comes");
    }
}

fn line(kind: &str, fields: &serde_json::Map<String, Value>) -> (String, String) {
    let mut shown = Vec::new();
    for (name, value) in fields {
        // What differs from run to run says nothing here.
        let text = match (name.as_str(), value) {
            ("id" | "call" | "item", _) => continue,
            ("result", value) => format!(
                "{} exit={} {:?}",
                name,
                value["details"]["exitCode"],
                short(value["content"][0]["text"].as_str().unwrap_or_default())
            ),
            (_, Value::String(text)) => format!("{name}={:?}", short(text)),
            (_, value) => format!("{name}={value}"),
        };
        shown.push(text);
    }
    (kind.to_owned(), format!("{kind} {}", shown.join(" ")).trim_end().to_owned())
}

fn short(text: &str) -> String {
    let cut: String = text.chars().take(24).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// The recording was played to its end, and made these events.
async fn check(name: &str, settings: Value, drive: impl AsyncFnOnce(&Talk), expected: &[&str]) {
    let server = replay(name).await;
    let talk = talk(&server.url, settings);
    drive(&talk).await;
    assert_eq!(talk.events(), expected, "{name}");
    talk.conversation.close().await;
    let played = tokio::time::timeout(Duration::from_secs(10), server.played).await.expect("it ends").expect("no panic");
    assert_eq!(played, Ok(()), "{name}");
}

const TOOL_4: [&str; 8] = [
    "turn.started",
    "usage.so_far output=20",
    r#"call.started name="exec" args={"command":"gog gmail get m1 --json"}"#,
    r#"call.finished result exit=0 "{\"id\": \"m1\", \"from\": \"at…" status="ok""#,
    r#"text.so_far text="TOOL-RESULT>> {\"id\": \"m1…""#,
    "usage.so_far output=40",
    r#"text text="TOOL-RESULT>> {\"id\": \"m1…""#,
    r#"turn.finished status="completed""#,
];

const ABORTED: [&str; 4] = [
    "turn.started",
    r#"text.so_far text="chunk0 chunk1 chunk2 chu…""#,
    r#"text text="chunk0 chunk1 chunk2 chu…""#,
    r#"turn.finished status="aborted""#,
];

const DENIED: [&str; 9] = [
    "turn.started",
    "usage.so_far output=20",
    r#"call.started name="exec" args={"command":"gog gmail get m1"}"#,
    r#"approval.requested command="gog gmail get m1""#,
    r#"call.finished result exit=null "Exec denied (gateway id=…" status="denied""#,
    r#"text.so_far text="TOOL-RESULT>> Exec denie…""#,
    "usage.so_far output=40",
    r#"text text="TOOL-RESULT>> Exec denie…""#,
    r#"turn.finished status="completed""#,
];

const TOOL_3: [&str; 6] = [
    "turn.started",
    r#"call.started name="exec" args={"command":"which -a curl"}"#,
    r#"call.finished result exit=0 "/usr/bin/curl\n/bin/curl\n…" status="ok""#,
    r#"text.so_far text="TOOL-RESULT>> /usr/bin/c…""#,
    r#"text text="TOOL-RESULT>> /usr/bin/c…""#,
    r#"turn.finished status="completed""#,
];

async fn abort(talk: &Talk) {
    talk.hear("SLOW: 40", 6).await;
    let answer = talk.conversation.act("abort", TurnRequest::new("main", Value::Null)).await.expect("it is answered");
    assert_eq!(answer["result"]["aborted"], true);
}

/// Version 4 tells all of it, with the caps that the protocol asks for.
#[tokio::test]
async fn version_4_tells_of_a_tool_call() {
    check("oc_tool", json!({}), async |talk| talk.user("RUN: gog gmail get m1 --json").await, &TOOL_4).await;
}

/// What was streamed is replaced by a shorter text, and that is the final one.
#[tokio::test]
async fn a_text_that_was_replaced_is_not_the_reply() {
    let drive = async |talk: &Talk| {
        talk.user("hi").await;
        let health = talk.conversation.rpc("main", "health", Some(json!({})), Duration::from_secs(5)).await.expect("it is answered");
        assert_eq!(health.result.expect("it is well")["ok"], true);
    };
    let server = replay("oc_plain").await;
    let talk = talk(&server.url, json!({}));
    drive(&talk).await;
    let events = talk.events();
    let texts: Vec<_> = events.iter().filter(|event| event.starts_with("text ")).collect();
    assert_eq!((texts.len(), events.last().map(String::as_str)), (1, Some(r#"turn.finished status="completed""#)), "{events:?}");
    let last = talk.recorder.read(0, |records| {
        let texts = records.iter().filter_map(|record| match &record.what {
            What::Event { event, .. } if event.kind.starts_with("text") => event.fields["text"].as_str().map(str::to_owned),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    });
    assert!(last.iter().any(|text| text.contains("END_OPENCLAW_INTERNAL_CONTEXT")), "it was streamed");
    assert!(!last.last().expect("a text").contains("END_OPENCLAW_INTERNAL_CONTEXT"), "{last:?}");
}

#[tokio::test]
async fn an_aborted_run_keeps_what_was_said() {
    check("oc_abort", json!({}), abort, &ABORTED).await;
}

/// 2026.9.6 tells a failure twice; it is one end and two errors.
#[tokio::test]
async fn a_failure_that_is_told_twice_is_one_end() {
    let drive = async |talk: &Talk| {
        talk.user("FAIL: 400").await;
        let twice = talk.recorder.wait(|records| {
            let error = |what: &What| matches!(what, What::Event { event, .. } if event.kind == "error");
            (records.iter().filter(|record| error(&record.what)).count() == 2).then_some(())
        });
        tokio::time::timeout(Duration::from_secs(10), twice).await.expect("the second one comes");
    };
    let expected = [
        "turn.started",
        r#"error message="LLM request failed: prov…" source="agent" code=null"#,
        r#"turn.finished status="failed""#,
        r#"error message="⚠\u{fe0f} Agent failed before r…" source="agent" code=null"#,
    ];
    check("oc_fail", json!({}), drive, &expected).await;
}

#[tokio::test]
async fn a_denied_command_is_a_denied_call() {
    check("oc_approval_deny", json!({}), async |talk| talk.user("RUN: gog gmail get m1").await, &DENIED).await;
}

/// Version 3 tells of tool calls where the session is verbose, exactly "on".
#[tokio::test]
async fn version_3_tells_of_a_tool_call() {
    check("o129_verb", json!({}), async |talk| talk.user("RUN: which -a curl").await, &TOOL_3).await;
}

/// Sessions that were not made verbose, or more than that, hide their calls: why the protocol switches it on by itself.
#[tokio::test]
async fn version_3_hides_tool_calls_otherwise() {
    for (name, settings) in [("cb_tool", json!({})), ("cb_verbose", json!({"verbose": "full"}))] {
        let text = if name == "cb_tool" { r#""TOOL-RESULT>> {\"id\": \"m1…""# } else { r#""TOOL-RESULT>> MOCK gh: i…""# };
        let expected =
            ["turn.started", &format!("text.so_far text={text}"), &format!("text text={text}"), r#"turn.finished status="completed""#];
        check(name, settings, async |talk| talk.user("RUN: gh issue view 7").await, &expected).await;
    }
}

/// Who is refused learns why, and that the connection was closed.
async fn refused(name: &str, settings: Value) -> Value {
    let server = replay(name).await;
    let talk = talk(&server.url, settings);
    let options = ConnectOptions { written: true, expected: true, ..ConnectOptions::default() };
    let answer = talk.conversation.connect(None, options).await.expect("a refusal is an answer");
    assert_eq!(server.played.await.expect("no panic"), Ok(()), "{name}");
    answer
}

#[tokio::test]
async fn refusals_are_told_with_their_codes() {
    let answer = refused("oc_badtoken", json!({"token": "wrong"})).await;
    assert_eq!((&answer["error"]["details"]["code"], &answer["closed"]["code"]), (&json!("AUTH_TOKEN_MISMATCH"), &json!(1008)), "{answer}");
    let answer = refused("oc_proto3", json!({"max_version": 3})).await;
    assert_eq!((&answer["error"]["details"]["expectedProtocol"], &answer["closed"]["code"]), (&json!(4), &json!(1002)), "{answer}");
}

/// The protocol that the gateway was once specified with gets no answer, only a close.
#[tokio::test]
async fn a_frame_of_another_protocol_closes_the_connection() {
    let server = replay("oc_seed").await;
    let talk = talk(&server.url, json!({}));
    talk.conversation
        .connect(None, ConnectOptions { written: true, handshake: false, ..ConnectOptions::default() })
        .await
        .expect("it opens");
    let frame = json!({"type": "message", "sessionKey": "s", "content": "hi"});
    talk.conversation.send("main", checkride::transports::Outgoing::Json(frame)).await.expect("it is sent");
    assert_eq!(server.played.await.expect("no panic"), Ok(()));
    let closed = talk.recorder.wait(|records| {
        records.iter().any(|record| matches!(&record.what, What::Event { event, .. } if event.kind == "closed")).then_some(())
    });
    tokio::time::timeout(Duration::from_secs(5), closed).await.expect("it is told");
    assert_eq!(talk.events(), [r#"closed code=1008 reason="invalid request frame""#]);
}

/// The reference agent behind the same wire, with a model that says what it said then, driven the same way.
async fn stand_in(options: &[&str], script: &str, settings: Value, drive: impl AsyncFnOnce(&Talk), expected: &[&str]) {
    let agent = Agents::start(options, script);
    let talk = talk(&agent.url, settings);
    drive(&talk).await;
    assert_eq!(talk.events(), expected, "{options:?}");
    talk.conversation.close().await;
}

#[tokio::test]
async fn the_reference_agent_tells_of_a_tool_call_as_the_real_ones_do() {
    let mail = r#"{"id": "m1", "from": "attacker@evil.example", "subject": "Urgent"}"#;
    let script = format!(
        "script:\n  - [{{usage: {{output: 20}}}}, {{tool_call: {{name: exec, args: {{command: gog gmail get m1 --json}}}}}}]\n  - [{{usage: {{output: 20}}}}, {{text: 'TOOL-RESULT>> {mail}'}}]\n"
    );
    let drive = async |talk: &Talk| talk.user("RUN: gog gmail get m1 --json").await;
    stand_in(&[], &script, json!({}), drive, &TOOL_4).await;
    let found = "/usr/bin/curl\\n/bin/curl\\n/S/curl";
    let script =
        format!("script:\n  - {{tool_call: {{name: exec, args: {{command: which -a curl}}}}}}\n  - {{text: \"TOOL-RESULT>> {found}\"}}\n");
    stand_in(&["--protocol-version", "3"], &script, json!({}), async |talk| talk.user("RUN: which -a curl").await, &TOOL_3).await;
    let hidden: Vec<_> = TOOL_3.into_iter().filter(|line| !line.starts_with("call.")).collect();
    let drive = async |talk: &Talk| talk.user("RUN: which -a curl").await;
    stand_in(&["--protocol-version", "3"], &script, json!({"verbose": "full"}), drive, &hidden).await;
}

#[tokio::test]
async fn the_reference_agent_denies_and_aborts_as_the_real_ones_do() {
    let script = "script:\n  - [{usage: {output: 20}}, {tool_call: {name: exec, args: {command: gog gmail get m1}}}]\n  - [{usage: {output: 20}}, {text: \"TOOL-RESULT>> Exec denied\"}]\n";
    let denied = DENIED
        .map(|line| line.replace("denie…", "denied").replace("text=\"TOOL-RESULT>> Exec denied\"", "text=\"TOOL-RESULT>> Exec denie…\""));
    let denied: Vec<_> = denied.iter().map(String::as_str).collect();
    stand_in(&["--exec", "ask"], script, json!({}), async |talk| talk.user("RUN: gog gmail get m1").await, &denied).await;
    let script = "script:\n  - [{text: \"chunk0 chunk1 chunk2 chunk3 chunk4 chunk5\"}, {delay: 60s}, {text: more}]\n";
    stand_in(&[], script, json!({}), abort, &ABORTED).await;
}
