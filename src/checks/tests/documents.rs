//! The document that JSONPath sees.

use super::Story;
use crate::checks::{document, step_document};
use crate::model::trace::{Stream, What};
use serde_json::{Value, json};

#[test]
fn everything_observed_has_its_place() {
    let trace = Story::new()
        .step(0, "user", "main")
        .turn(0, "main")
        .push(What::Sent { session: "main".into(), turn: Some(0), data: json!({"type": "message"}) })
        .request("llm", "/v1", json!({"a": 1}))
        .calls(0, "c1", "exec", json!({"x": 1}))
        .answers(0, "c1", json!("out"))
        .command("gog", "get m1")
        .frame("main", Some(0), json!({"f": 1}))
        .event(0, "error", json!({"message": "odd"}))
        .event(0, "usage", json!({"input": 1, "output": 2}))
        .says(0, "one")
        .says(0, "two")
        .event(0, "turn.finished", json!({"status": "completed", "final": {"id": "r1"}}))
        .step_end(0, json!({}))
        .push(What::Probe { label: "stream".into(), value: json!([1]) })
        .push(What::Log { stream: Stream::Stderr, line: "hello".into() })
        .push(What::Exit { code: Some(0), signal: None })
        .end();
    let got = document(&trace);
    let at = |pointer: &str| got.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!((at("/reply"), at("/text")), (json!("two"), json!("one\ntwo")));
    let call = json!({"id": "c1", "name": "exec", "args": {"x": 1}, "result": "out", "status": "ok", "turn": 0, "session": "main", "t_ms": 5.0, "took_ms": 1.0});
    assert_eq!(at("/calls"), json!([call]));
    assert_eq!(
        (at("/turns/0/status"), at("/turns/0/session"), at("/turns/0/error/message")),
        (json!("completed"), json!("main"), json!("odd"))
    );
    assert_eq!(at("/events/3"), json!({"type": "usage", "input": 1, "output": 2, "session": "main", "turn": 0, "t_ms": 10.0}));
    assert_eq!((at("/frames"), at("/sent")), (json!([{"f": 1}]), json!([{"type": "message"}])));
    assert_eq!((at("/final"), at("/usage")), (json!({"id": "r1"}), json!({"input": 1, "output": 2, "total": 3})));
    assert_eq!((at("/requests/llm/0/body"), at("/commands/gog/0/argv")), (json!({"a": 1}), json!(["get", "m1"])));
    assert_eq!((at("/probes/stream"), at("/errors")), (json!([1]), json!([{"source": "agent", "code": null, "message": "odd"}])));
    assert_eq!((at("/log"), at("/exit")), (json!(["hello"]), json!(0)));
}

#[test]
fn an_empty_trace_has_empty_lists_and_no_reply() {
    let got = document(&Story::new().end());
    assert_eq!(got["calls"], json!([]));
    assert!(got.get("reply").is_none() && got.get("usage").is_none() && got["exit"].is_null(), "{got}");
}

#[test]
fn the_reply_is_mains_or_that_of_the_only_session() {
    let reply = |story: Story| document(&story.end()).get("reply").cloned();
    assert_eq!(reply(Story::new().user(0, "bob", "b")), Some(json!("b")));
    assert_eq!(reply(Story::new().user(0, "main", "m").user(1, "bob", "b")), Some(json!("m")));
    assert_eq!(reply(Story::new().user(0, "ana", "a").user(1, "bob", "b")), None);
}

#[test]
fn a_step_has_a_document_of_its_own() {
    let trace = Story::new().user(0, "main", "one").user(1, "main", "two").end();
    assert_eq!(step_document(&trace.records, 0)["reply"], json!("one"));
    assert_eq!(step_document(&trace.records, 1)["turns"].as_array().map(Vec::len), Some(1));
    assert_eq!(step_document(&trace.records, 2), Value::Null);
}

#[test]
fn a_stored_trace_gives_the_same_document() {
    let trace = Story::new().user(0, "main", "one").end();
    let stored = crate::model::trace::Trace::from_jsonl(&trace.to_jsonl()).expect("its own form");
    assert_eq!(document(&stored), document(&trace));
}
