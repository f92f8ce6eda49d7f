//! Cases for tests, written as JSON in the words of the suite language.

use crate::base::{Diagnostics, FileId, Span};
use crate::matching::{Reader, jsonpath};
use crate::model::agent::{Agent, AgentScope, Ready, ReadyHow, Stop, StopSignal};
use crate::model::egress::Egress;
use crate::model::expect::{Check, CheckKind, EgressCheck, ErrorsCheck, Expect, FileCheck, InvariantsCheck, SecretsCheck};
use crate::model::fake::{CommandFake, Fake, FakeKind, ModelFake, ModelReplies, Otherwise, Vendor};
use crate::model::pattern::{Extra, JsonPath, ListKind, ListPattern, Order};
use crate::model::protocol::{Invariant, Open, Protocol, Transport};
use crate::model::step::{Await, MAIN, Step, Verb};
use crate::model::suite::{Case, Level};
use crate::model::template::Template;
use crate::model::tree::{Content, Entry, Node};
use crate::model::wire::Wire;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// `{steps: [{user | await | rpc | connect | quiet | disconnect, session, save, expect, never}], expect, never, reach, invariants, fakes: {name:
/// model | command}, session}`. Without `steps` there is one `user` step.
pub(super) fn case(spec: &Value) -> Case {
    let default = serde_json::json!([{"user": "Hi"}]);
    let steps: Vec<Step> = spec.get("steps").unwrap_or(&default).as_array().expect("a list").iter().map(step).collect();
    let mut sessions: Vec<String> = steps.iter().map(|step| step.session.clone()).collect();
    sessions.dedup();
    let session = match sessions.as_slice() {
        [only] => Some(only.clone()),
        many => many.iter().find(|session| *session == MAIN).cloned(),
    };
    Case {
        id: "s::c".into(),
        name: "c".into(),
        span: Span::new(FileId(0), 1, 2),
        suite_path: "s.yaml".into(),
        suite_name: "s".into(),
        why: None,
        level: Level::Must,
        tags: vec![],
        owner: None,
        severity: None,
        skip: None,
        only_if: vec![],
        unreached: None,
        agent: Arc::new(agent(spec)),
        fakes: spec["fakes"].as_object().into_iter().flatten().map(|(name, kind)| (name.clone(), Arc::new(fake(kind)))).collect(),
        secrets: vec![],
        timeout: Duration::from_secs(60),
        steps,
        expect: expect(&spec["expect"], false),
        never: expect(&spec["never"], true),
        reach: expect(&spec["reach"], false),
        judge: None,
        positive: true,
        expected_failure: None,
        session,
        sessions,
    }
}

pub(super) fn expect(spec: &Value, negative: bool) -> Expect {
    let mut checks = Vec::new();
    for (key, value) in spec.as_object().into_iter().flatten() {
        let span = Span::new(FileId(0), 10 + checks.len(), 11 + checks.len());
        for kind in kinds(key, value, negative) {
            checks.push(Check { span, kind });
        }
    }
    Expect { checks }
}

/// A node in which texts with holes are templates, as YAML would make it.
pub(super) fn node(value: &Value) -> Arc<Node> {
    let content = match value {
        Value::String(text) => match Template::parse(text).expect("well-formed") {
            Some(template) => Content::Template(template.into()),
            None => Content::Text(text.as_str().into()),
        },
        Value::Array(items) => Content::List(items.iter().map(node).collect()),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| Entry { key: key.as_str().into(), key_span: Span::NONE, value: node(value) };
            Content::Map(map.iter().map(entry).collect())
        }
        _ => return Node::from_value(Span::NONE, value),
    };
    Node::new(Span::NONE, content)
}

fn read<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let mut diagnostics = Diagnostics::default();
    let out = read(&mut Reader { diagnostics: &mut diagnostics, file: &|_| Err("no files here".into()) });
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    out
}

fn list(value: &Value, kind: ListKind, negative: bool) -> ListPattern {
    let node = node(value);
    match value {
        Value::Array(_) if negative => {
            let items = read(|reader| reader.items(&node, kind));
            ListPattern { span: Span::NONE, kind, order: Order::AnyOrder, items, extra: Extra::Allow, count: None }
        }
        _ => read(|reader| reader.list(&node, kind)),
    }
}

fn kinds(key: &str, value: &Value, negative: bool) -> Vec<CheckKind> {
    let pattern = |value: &Value| read(|reader| reader.pattern(&node(value)));
    let list = |value: &Value, kind| list(value, kind, negative);
    let each = |make: &dyn Fn(String, &Value) -> CheckKind| {
        value.as_object().expect("a mapping").iter().map(|(name, value)| make(name.clone(), value)).collect()
    };
    vec![match key {
        "calls" => CheckKind::Calls(list(value, ListKind::Calls)),
        "events" => CheckKind::Events(list(value, ListKind::Events)),
        "frames" => CheckKind::Frames(list(value, ListKind::Frames)),
        "sent" => CheckKind::Sent(list(value, ListKind::Frames)),
        "errors" if value == "allow" => CheckKind::Errors(ErrorsCheck::Allow),
        "errors" => CheckKind::Errors(ErrorsCheck::Pattern(list(value, ListKind::Errors))),
        "fake_frames" => return each(&|fake, value| CheckKind::FakeFrames { fake, pattern: list(value, ListKind::Frames) }),
        "requests" => return each(&|fake, value| CheckKind::Requests { fake, pattern: list(value, ListKind::Requests) }),
        "commands" => return each(&|name, value| CheckKind::Commands { name, pattern: list(value, ListKind::Commands) }),
        "at" => {
            return each(&|path, value| {
                let path = read(|reader| reader.json_path(&path, Span::NONE)).expect("a path");
                CheckKind::At { path, pattern: pattern(value) }
            });
        }
        "files" => return each(&|path, value| CheckKind::File { path, check: file(value) }),
        "reply" => CheckKind::Reply(pattern(value)),
        "delivered" => CheckKind::Delivered(pattern(value)),
        "turn" => CheckKind::Turn(pattern(value)),
        "usage" => CheckKind::Usage(pattern(value)),
        "timing" => CheckKind::Timing(pattern(value)),
        "exit" => CheckKind::Exit(pattern(value)),
        "secrets" if value == "kept" => CheckKind::Secrets(SecretsCheck::All),
        "secrets" => CheckKind::Secrets(SecretsCheck::Named(
            value.as_array().expect("a list").iter().map(|name| (Span::NONE, name.as_str().expect("a name").to_owned())).collect(),
        )),
        "egress" if value == "none" => CheckKind::Egress(EgressCheck::None),
        "egress" => CheckKind::Egress(EgressCheck::Pattern(list(value, ListKind::Frames))),
        "invariants" if value == "off" => CheckKind::Invariants(InvariantsCheck::Off),
        "invariants" => {
            let names = value["without"].as_array().expect("a list").iter().filter_map(Value::as_str);
            CheckKind::Invariants(InvariantsCheck::Without(names.map(str::to_owned).collect()))
        }
        key => {
            let known = ["result", "error", "value", "closed", "status", "headers", "body"];
            let key = known.into_iter().find(|known| *known == key).expect(key);
            CheckKind::Returned { key, pattern: pattern(value) }
        }
    }]
}

fn file(value: &Value) -> FileCheck {
    match (value["unchanged"].as_bool(), value["absent"].as_bool()) {
        (Some(true), _) => FileCheck::Unchanged,
        (_, Some(true)) => FileCheck::Absent,
        _ => FileCheck::Content(read(|reader| reader.pattern(&node(value)))),
    }
}

fn step(spec: &Value) -> Step {
    let awaited = |value: &Value| Await { kind: ListKind::Events, item: read(|reader| reader.item(&node(value), ListKind::Events)) };
    let verb = if let Some(text) = spec.get("user") {
        Verb::User { text: node(text), wait: true }
    } else if let Some(item) = spec.get("await") {
        Verb::Await(awaited(item))
    } else if let Some(item) = spec.get("quiet") {
        Verb::Quiet { what: awaited(item), duration: Duration::from_millis(1) }
    } else if let Some(method) = spec.get("rpc") {
        Verb::Rpc { method: node(method) }
    } else if spec.get("connect").is_some() {
        Verb::Connect { settings: vec![], headers: vec![], handshake: true }
    } else {
        Verb::Disconnect
    };
    Step {
        span: Span::new(FileId(0), 5, 6),
        verb,
        with: None,
        label: None,
        session: spec["session"].as_str().unwrap_or(MAIN).to_owned(),
        session_key: None,
        session_given: spec.get("session").is_some(),
        uses_session: false,
        within: Duration::from_secs(30),
        stays: None,
        only_if: vec![],
        judge: None,
        positive: true,
        save: saved(&spec["save"]),
        expect: expect(&spec["expect"], false),
        never: expect(&spec["never"], true),
    }
}

fn agent(spec: &Value) -> Agent {
    let named = spec["invariants"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let invariants = named.map(|name| Invariant::by_name(name).expect(name)).collect();
    Agent {
        span: Span::NONE,
        name: None,
        protocol: Arc::new(protocol(invariants)),
        command: Some(vec![]),
        url: None,
        env: vec![],
        files: vec![],
        ready: Ready { how: ReadyHow::Connect, within: Duration::from_secs(1), span: Span::NONE },
        version: None,
        scope: AgentScope::Case,
        settings: vec![],
        from_env: vec![],
        approvals: vec![],
        egress: Egress::Trap,
        stop: Stop { signal: StopSignal::Term, grace: Duration::from_secs(1) },
    }
}

fn protocol(invariants: Vec<Invariant>) -> Protocol {
    Protocol {
        name: "p".into(),
        span: Span::NONE,
        transport: Transport::Websocket,
        settings: vec![],
        open: Open::default(),
        before: vec![],
        connect: vec![],
        session: vec![],
        actions: vec![],
        approvals: None,
        rpc: None,
        belongs: None,
        events: vec![],
        ignore: vec![],
        invariants,
        final_object: None,
        decode: None,
        tools: Default::default(),
        unsupported: vec![],
    }
}

fn fake(kind: &Value) -> Fake {
    let kind = match kind.as_str() {
        Some("command") => FakeKind::Command(CommandFake { rules: vec![], otherwise: Otherwise::Fail }),
        _ => FakeKind::Model(ModelFake {
            used_up: Default::default(),
            vendor: Vendor::Openai,
            replies: ModelReplies::Script(vec![]),
            wire: Wire::default(),
            routes: vec![],
            faults: vec![],
        }),
    };
    Fake { span: Span::NONE, unused_allowed: false, kind }
}

fn saved(spec: &Value) -> Vec<(Arc<str>, JsonPath)> {
    let path = |path: &Value| jsonpath::parse(path.as_str().expect("a path"), Span::NONE).expect("well-formed");
    spec.as_object().into_iter().flatten().map(|(name, value)| (name.as_str().into(), path(value))).collect()
}
