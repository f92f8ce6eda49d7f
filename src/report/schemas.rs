//! The published schemas describe what is really written, and refuse what is not.
//!
//! Owns: one record of each kind, the ways in which a document can be wrong.
//! Must not know: how the documents are written.

use super::{RunReport, json, samples};
use crate::model::judge::JudgeProblem;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::trace::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn schema(text: &str) -> (Value, jsonschema::Validator) {
    let schema: Value = serde_json::from_str(text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|e| panic!("{e}"));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    (schema, validator)
}

fn mistakes(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{} at `{}`", error, error.instance_path())).collect()
}

fn report() -> Value {
    let mut outcomes: Vec<Outcome> = Verdict::ALL.iter().map(|verdict| Outcome { verdict: *verdict, ..samples::passed("a::b") }).collect();
    let blames = [Blame::AgentStart, Blame::Fake, Blame::Judge, Blame::Suite, Blame::Harness];
    outcomes.extend(blames.map(|blame| Outcome { verdict: Verdict::Broken, blame: Some(blame), ..samples::failed("a::c") }));
    let mut full = samples::failed("a::d");
    full.reason = Some("r".into());
    full.notes = vec!["\u{1b}".into()];
    full.case.owner = Some("o".into());
    full.case.severity = Some("s".into());
    full.case.why = Some("w".into());
    full.case.tags = vec!["t".into()];
    full.trace_path = None;
    let mut faulty = samples::judged();
    faulty.criteria[0].fault = Some(JudgeProblem { code: "lock-miss".into(), message: "m".into(), details: vec!["d".into()] });
    full.rubrics = vec![samples::judged(), samples::unjudged(), faulty];
    outcomes.push(full);
    let run = RunReport {
        outcomes,
        started: "2026-11-20T12:00:00Z".into(),
        duration_ms: 1.5,
        version: "0.1.0".into(),
        command_line: vec!["checkride".into(), "run".into()],
        hostname: Some("h".into()),
        filtered_out: 2,
        interrupted: true,
        warnings: vec!["w".into()],
    };
    json::write(&run)
}

#[test]
fn the_report_is_as_its_schema_says() {
    let (_, validator) = schema(include_str!("../../schemas/report.json"));
    assert_eq!(mistakes(&validator, &report()), Vec::<String>::new());
    assert_eq!(mistakes(&validator, &json::write(&RunReport::default())), Vec::<String>::new());
}

#[test]
fn the_report_has_what_it_was_made_of() {
    let report = report();
    assert_eq!(report["checkride_report"], json::REPORT_VERSION);
    assert_eq!((&report["summary"]["broken"], &report["summary"]["unexpected_pass"]), (&json!(6), &json!(1)));
    assert_eq!(report["outcomes"].as_array().unwrap().len(), 15);
    let problem = &report["outcomes"][14]["problems"][0];
    assert_eq!((&problem["place"], &problem["line"]), (&json!("suites/dexter/wallets.yaml:12:16"), &json!(12)));
    let red: Vec<_> = report["outcomes"].as_array().unwrap().iter().map(|outcome| outcome["red"].as_bool().unwrap()).collect();
    assert_eq!(red[..9], Verdict::ALL.map(Verdict::is_red));
}

#[test]
fn a_report_of_another_form_is_refused() {
    let (_, validator) = schema(include_str!("../../schemas/report.json"));
    let breakings: [(&str, Value); 10] = [
        ("/checkride_report", json!(2)),
        ("/duration_ms", json!("1s")),
        ("/outcomes/0/verdict", json!("expected failure")),
        ("/outcomes/0/blame", json!("me")),
        ("/outcomes/0/suite", json!("a")),
        ("/outcomes/0/tags", json!("t")),
        ("/outcomes/14/problems/0/line", json!(null)),
        ("/summary/pass", json!(-1)),
        ("/judge/cost/calls", json!(null)),
        ("/outcomes/14/rubrics/0/decision", json!("maybe")),
    ];
    for (place, value) in breakings {
        let mut report = report();
        *report.pointer_mut(place).unwrap() = value;
        assert!(!mistakes(&validator, &report).is_empty(), "{place}");
    }
    for (object, key) in [("", "surprise"), ("/outcomes/0", "surprise"), ("/summary", "surprise")] {
        let mut report = report();
        report.pointer_mut(object).unwrap()[key] = json!(1);
        assert!(!mistakes(&validator, &report).is_empty(), "{object}/{key}");
    }
}

/// The name of a kind in the stored form. A new kind must be added here, to [`records`] and to the schema.
fn kind(what: &What) -> &'static str {
    match what {
        What::Begin(_) => "begin",
        What::Bind(_) => "bind",
        What::StepBegin { .. } => "step_begin",
        What::StepEnd { .. } => "step_end",
        What::StepLeftOut { .. } => "step_left_out",
        What::Asked { .. } => "asked",
        What::TurnBegin { .. } => "turn_begin",
        What::Opened { .. } => "opened",
        What::Frame { .. } => "frame",
        What::Sent { .. } => "sent",
        What::Event { .. } => "event",
        What::Request(_) => "request",
        What::Reply { .. } => "reply",
        What::FakeFrame { .. } => "fake_frame",
        What::Command(_) => "command",
        What::Log { .. } => "log",
        What::Egress { .. } => "egress",
        What::Probe { .. } => "probe",
        What::File { .. } => "file",
        What::Exit { .. } => "exit",
        What::Problem(_) => "problem",
        What::Hidden(_) => "hidden",
        What::Note { .. } => "note",
        What::End { .. } => "end",
    }
}

/// At least one record of each kind, each optional part once there and once not.
fn records() -> Trace {
    let s = || "main".to_owned();
    let error = |cause| Some(StepError { cause, message: "m".into(), details: vec!["d".into()] });
    let event = |batch| Event { kind: "text".into(), fields: serde_json::Map::from_iter([("text".to_owned(), json!("x"))]), batch };
    let map = || [("a".to_owned(), "b".to_owned())].into();
    let whats = vec![
        What::Begin(Begin {
            version: TRACE_VERSION,
            case: "a::b".into(),
            suite: "a.yaml".into(),
            protocol: "moltbot-gateway".into(),
            attempt: 1,
            started: "2026-11-20T12:00:00Z".into(),
            checkride: "0.1.0".into(),
        }),
        What::Bind(Binding { name: "llm.url".into(), value: json!("http://x"), session: None, turn: None }),
        What::Bind(Binding { name: "thread".into(), value: json!({"id": [1, null]}), session: Some(s()), turn: Some(0) }),
        What::StepBegin { step: 0, verb: "user".into(), session: s(), label: None },
        What::StepBegin { step: 1, verb: "rpc".into(), session: s(), label: Some("l".into()) },
        What::StepEnd { step: 0, value: Value::Null, error: None },
        What::StepEnd { step: 1, value: json!({"turn": 0}), error: error(Cause::Agent) },
        What::StepEnd { step: 2, value: json!(1), error: error(Cause::Broken(Blame::AgentStart)) },
        What::StepLeftOut { step: 3, verb: "probe".into(), reason: "`x` is not installed".into() },
        What::Asked { method: "GET".into(), url: "http://x".into(), headers: map(), body: json!({"a": 1}) },
        What::TurnBegin { turn: 0, session: s(), step: 0, said: "hello".into() },
        What::TurnBegin { turn: 1, session: s(), step: 1, said: Value::Null },
        What::Opened { session: s(), url: "ws://x".into() },
        What::Frame { session: s(), turn: Some(0), data: json!({"type": "x"}) },
        What::Sent { session: s(), turn: None, data: json!("text") },
        What::Event { session: s(), turn: None, event: event(None) },
        What::Event { session: s(), turn: Some(0), event: event(Some(3)) },
        What::Request(Box::new(Request {
            fake: "llm".into(),
            method: "POST".into(),
            path: "/v1/responses".into(),
            query: map(),
            headers: map(),
            body: json!({"model": "m"}),
            raw: "{}".into(),
            part: map(),
        })),
        What::Request(Box::new(Request { fake: "llm".into(), raw: json!({"bytes": "/w=="}), ..Request::default() })),
        What::Reply { fake: "llm".into(), request: 0, status: 200, rule: "script[0]".into() },
        What::FakeFrame { fake: "side".into(), connection: 0, data: json!({"bytes": "AA=="}) },
        What::Command(CommandCall {
            name: "gog".into(),
            argv: vec!["a".into()],
            exit: Some(-1),
            rule: Some("rules[0]".into()),
            ..CommandCall::default()
        }),
        What::Command(CommandCall::default()),
        What::Log { stream: Stream::Stdout, line: "x".into() },
        What::Log { stream: Stream::Stderr, line: "x".into() },
        What::Egress { host: "h".into(), port: 443, method: "CONNECT".into(), path: None, allowed: false, fake: None },
        What::Egress { host: "h".into(), port: 80, method: "GET".into(), path: Some("/".into()), allowed: true, fake: Some("llm".into()) },
        What::Probe { label: "p".into(), value: json!([1]) },
        What::File { path: "a.txt".into(), content: Some("x".into()), changed: true },
        What::File { path: "b.txt".into(), content: None, changed: false },
        What::Exit { code: Some(0), signal: None },
        What::Exit { code: None, signal: Some(15) },
        What::Problem(Problem { blame: None, code: "unmatched".into(), message: "m".into(), details: vec!["d".into()] }),
        What::Problem(Problem { blame: Some(Blame::Fake), code: "unused".into(), message: "m".into(), details: vec![] }),
        What::Hidden(crate::base::fingerprint::Fingerprint::of("api_key", "ek_test", "a::b")),
        What::Note { message: "m".into() },
        What::End { duration_ms: 2.5 },
    ];
    let records = whats.into_iter().zip(0..).map(|(what, n)| Record { n, t_ms: n as f64 / 2.0, what }).collect();
    Trace { records }
}

fn lines() -> Vec<Value> {
    records().to_jsonl().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_kind_of_record_is_as_the_traces_schema_says() {
    let (schema, validator) = schema(include_str!("../../schemas/trace.json"));
    for line in lines() {
        assert_eq!(mistakes(&validator, &line), Vec::<String>::new(), "{line}");
    }
    let described: BTreeSet<_> = schema["properties"]["what"]["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    let records = records();
    let written: BTreeSet<_> = records.records.iter().map(|record| kind(&record.what)).collect();
    assert_eq!(described, written, "the schema describes just the kinds that there are");
    assert_eq!(Trace::from_jsonl(&records.to_jsonl()), Ok(records));
}

#[test]
fn every_part_of_a_record_is_needed_and_no_other_is_allowed() {
    let (_, validator) = schema(include_str!("../../schemas/trace.json"));
    for line in lines() {
        let kind = line["what"].as_object().unwrap().keys().next().unwrap().clone();
        let parts: Vec<_> = line["what"][&kind].as_object().unwrap().keys().cloned().collect();
        for part in &parts {
            let mut broken = line.clone();
            broken["what"][&kind].as_object_mut().unwrap().remove(part);
            assert!(!mistakes(&validator, &broken).is_empty(), "{kind} without {part}");
        }
        let mut broken = line.clone();
        broken["what"][&kind]["surprise"] = json!(1);
        assert!(!mistakes(&validator, &broken).is_empty(), "{kind} with a surprise");
    }
}

#[test]
fn a_broken_record_is_refused() {
    let (_, validator) = schema(include_str!("../../schemas/trace.json"));
    let note = json!({"n": 0, "t_ms": 0.5, "what": {"note": {"message": "m"}}});
    assert_eq!(mistakes(&validator, &note), Vec::<String>::new());
    let begin = lines()[0].clone();
    let request = lines().into_iter().find(|line| line["what"]["request"].is_object()).unwrap();
    let breakings = [
        (&note, "/n", json!(-1)),
        (&note, "/t_ms", json!("0")),
        (&note, "/what", json!({})),
        (&note, "/what", json!("note")),
        (&note, "/what", json!({"gossip": {}})),
        (&note, "/what", json!({"note": {"message": "m"}, "end": {"duration_ms": 1}})),
        (&note, "/what/note/message", json!(1)),
        (&begin, "/what/begin/version", json!(2)),
        (&request, "/what/request/raw", json!({"bytes": 1})),
        (&request, "/what/request/raw", json!(null)),
    ];
    for (record, place, value) in breakings {
        let mut broken = record.clone();
        *broken.pointer_mut(place).unwrap() = value;
        assert!(!mistakes(&validator, &broken).is_empty(), "{broken}");
    }
}
