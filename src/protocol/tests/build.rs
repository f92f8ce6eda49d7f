//! Protocols and set-ups written as JSON, for tests only.

use crate::base::{Diagnostics, Span};
use crate::matching::read::Reader;
use crate::model::agent::{Agent, AgentScope, ApprovalRule, Ready, ReadyHow, Stop, StopSignal};
use crate::model::egress::Egress;
use crate::model::pattern::{JsonPath, Pattern};
use crate::model::protocol::*;
use crate::model::template::{Nothing, Template};
use crate::model::trace::{Event, Record, What};
use crate::model::tree::{Content, Entry, Node};
use crate::protocol::{Conversation, Setup};
use crate::recorder::Recorder;
use crate::transports::exec::ExecLaunch;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A tree in which texts may hold templates.
pub(super) fn node(value: &Value) -> Arc<Node> {
    let content = match value {
        Value::String(text) => match Template::parse(text).expect("a well-formed template") {
            Some(template) => Content::Template(Arc::new(template)),
            None => Content::Text(text.as_str().into()),
        },
        Value::Array(items) => Content::List(items.iter().map(node).collect()),
        Value::Object(map) => {
            let entry = |(key, item): (&String, &Value)| Entry { key: key.as_str().into(), key_span: Span::NONE, value: node(item) };
            Content::Map(map.iter().map(entry).collect())
        }
        other => return Node::from_value(Span::NONE, other),
    };
    Node::new(Span::NONE, content)
}

fn read<T>(with: impl FnOnce(&mut Reader<'_>) -> T) -> T {
    let mut diagnostics = Diagnostics::default();
    let no_files = |_: &str| Err("no files here".to_owned());
    let out = with(&mut Reader { diagnostics: &mut diagnostics, file: &no_files });
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    out
}

pub(super) fn pattern(value: &Value) -> Pattern {
    read(|reader| reader.pattern(&node(value)))
}

fn path(value: &Value) -> JsonPath {
    let text = value.as_str().expect("a path");
    read(|reader| reader.json_path(text, Span::NONE)).expect("a path")
}

fn paths(value: &Value) -> Vec<JsonPath> {
    value.as_array().map_or_else(|| vec![path(value)], |list| list.iter().map(path).collect())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn nodes(value: &Value) -> Vec<(String, Arc<Node>)> {
    entries(value).map(|(name, value)| (name.clone(), node(value))).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn condition(value: &Value) -> Option<StepCondition> {
    let settings = value.get("settings").map(pattern);
    (!value.is_null()).then(|| StepCondition {
        settings,
        first_turn: value.get("first_turn").and_then(Value::as_bool),
        turn_ended: value.get("turn_ended").and_then(Value::as_bool),
        agent: value.get("agent").map(pattern),
    })
}

fn save(value: &Value) -> Vec<(Arc<str>, Vec<JsonPath>)> {
    entries(value).map(|(name, value)| (name.as_str().into(), paths(value))).collect()
}

fn step(value: &Value) -> ProtocolStep {
    let verb = match entries(value).next().map(|(key, verb)| (key.as_str(), verb)).expect("a verb first") {
        ("send", frame) => ProtocolVerb::Send(node(frame)),
        ("await", item) => ProtocolVerb::Await(pattern(&item["frame"])),
        ("rpc", method) => ProtocolVerb::Rpc { method: node(method), with: value.get("with").map(node) },
        ("run", run) => ProtocolVerb::Run {
            args: list(&run["args"]).iter().map(node).collect(),
            stdin: run.get("stdin").map(node),
            env: nodes(&run["env"]),
        },
        ("append", lists) => {
            let (name, value) = entries(lists).next().expect("a list");
            ProtocolVerb::Append { name: name.clone(), value: node(value) }
        }
        ("set", values) => ProtocolVerb::Set(entries(values).map(|(name, value)| (name.as_str().into(), node(value))).collect()),
        ("do", action) => ProtocolVerb::Do(action.as_str().expect("a name").to_owned()),
        ("http", request) => ProtocolVerb::Http(node(request)),
        ("listen", listen) => ProtocolVerb::Listen { path: node(&listen["path"]), until: listen.get("until").map(pattern) },
        (other, _) => panic!("no verb: {other}"),
    };
    let within = value.get("within").and_then(Value::as_u64).map_or(Duration::from_secs(30), Duration::from_millis);
    let expect = value.get("expect").map(pattern);
    ProtocolStep { span: Span::NONE, verb, only_if: condition(&value["only_if"]), save: save(&value["save"]), expect, within }
}

fn steps(value: &Value) -> Vec<ProtocolStep> {
    list(value).iter().map(step).collect()
}

fn source(value: &Value) -> Source {
    match value {
        Value::String(text) if text.starts_with('$') => Source::Path(path(value)),
        Value::Object(map) => Source::Fields(map.iter().map(|(name, value)| (name.clone(), source(value))).collect()),
        other => Source::Constant(other.clone()),
    }
}

fn rule(value: &Value) -> Rule {
    let makes =
        entries(value).filter_map(|(key, value)| EventKind::by_name(key).map(|kind| Make { span: Span::NONE, kind, value: source(value) }));
    Rule {
        span: Span::NONE,
        when: pattern(&value["when"]),
        only_if: condition(&value["only_if"]),
        for_each: value.get("for_each").map(path),
        makes: makes.collect(),
        save: save(&value["save"]),
        reply: value.get("reply").map(node),
    }
}

fn setting(name: &str, value: &Value) -> Setting {
    Setting {
        name: name.to_owned(),
        span: Span::NONE,
        default: value["default"].clone(),
        one_of: value.get("one_of").map(|values| list(values).to_vec()),
        secret: value["secret"] == true,
    }
}

/// A protocol file written as JSON.
pub(super) fn protocol(value: Value) -> Protocol {
    let open = &value["open"];
    let way = |way: &Value| entries(way).map(|(at, to)| (path(&at.as_str().into()), node(to))).collect();
    let belongs = |key: &str| match &value["belongs"][key] {
        Value::Array(ways) => ways.iter().map(way).collect(),
        one => vec![way(one)],
    };
    Protocol {
        name: "test".to_owned(),
        span: Span::NONE,
        transport: match value["transport"].as_str() {
            Some("exec") => Transport::Exec,
            Some("stdio") => Transport::Stdio,
            Some("http") => Transport::Http,
            Some("sse") => Transport::Sse,
            _ => Transport::Websocket,
        },
        settings: entries(&value["settings"]).map(|(name, value)| setting(name, value)).collect(),
        open: Open {
            path: open.get("path").map(node),
            url: open.get("url").map(node),
            headers: nodes(&open["headers"]),
            query: nodes(&open["query"]),
            subprotocols: list(&open["subprotocols"]).iter().map(node).collect(),
            per_session: open["per"] == "session",
        },
        before: steps(&value["before"]),
        connect: steps(&value["connect"]),
        session: steps(&value["session"]),
        actions: entries(&value["actions"]).map(|(name, value)| (name.clone(), steps(value))).collect(),
        approvals: value.get("approvals").map(|words| ApprovalWords { accept: words["accept"].clone(), decline: words["decline"].clone() }),
        rpc: value.get("rpc").map(|rpc| RpcFrames {
            send: node(&rpc["send"]),
            reply: pattern(&rpc["reply"]),
            result: path(&rpc["result"]),
            error: path(&rpc["error"]),
        }),
        belongs: value.get("belongs").map(|_| Belongs { session: belongs("session"), turn: belongs("turn") }),
        events: list(&value["events"]).iter().map(rule).collect(),
        ignore: list(&value["ignore"]).iter().map(pattern).collect(),
        invariants: vec![],
        final_object: value.get("final").map(|at| match at.get("reduce").and_then(Value::as_str) {
            Some("core2") => FinalObject::Core2 { strict: false },
            Some(name) => FinalObject::Reduce(name.to_owned()),
            None => FinalObject::Path(path(at)),
        }),
        decode: value.get("decode").and_then(Value::as_str).map(str::to_owned),
        tools: Default::default(),
        unsupported: vec![],
    }
}

/// A set-up for an agent that listens at `url`, or that is started by `argv`.
pub(super) fn setup(protocol: Protocol) -> Setup {
    let agent = Agent {
        span: Span::NONE,
        name: None,
        protocol: Arc::new(protocol),
        command: None,
        url: None,
        env: vec![],
        files: vec![],
        ready: Ready { how: ReadyHow::Connect, within: Duration::from_secs(5), span: Span::NONE },
        version: None,
        scope: AgentScope::Case,
        settings: vec![],
        from_env: vec![],
        approvals: vec![],
        egress: Egress::Open,
        stop: Stop { signal: StopSignal::Term, grace: Duration::from_millis(200) },
    };
    Setup {
        agent: Arc::new(agent),
        case_slug: "case".to_owned(),
        attempt: 1,
        settings: Default::default(),
        url: None,
        exec: None,
        recorder: Recorder::new(),
        scope: Arc::new(Nothing),
        tools: None,
        functions: None,
        seed: 1,
        default_session: "main".to_owned(),
    }
}

/// An agent that is launched; who launches it is no matter here.
pub(super) fn launched(setup: &mut Setup) {
    let agent = Agent { command: Some(vec![node(&"agent".into())]), ..(*setup.agent).clone() };
    setup.agent = Arc::new(agent);
}

/// The rules of the agent's `approvals`.
pub(super) fn approvals(setup: &mut Setup, rules: &[(Option<Value>, bool)]) {
    let mut agent = (*setup.agent).clone();
    let rule =
        |(when, accept): &(Option<Value>, bool)| ApprovalRule { span: Span::NONE, when: when.as_ref().map(pattern), accept: *accept };
    agent.approvals = rules.iter().map(rule).collect();
    setup.agent = Arc::new(agent);
}

/// A conversation with a shell script, to which a turn's arguments are added.
pub(super) fn script(protocol: Value, script: &str) -> (Conversation, Recorder) {
    let mut setup = setup(self::protocol(protocol));
    setup.exec = Some(ExecLaunch {
        argv: ["/bin/sh", "-c", script, "script"].map(str::to_owned).to_vec(),
        env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap_or_default())],
        cwd: std::env::temp_dir(),
    });
    let recorder = setup.recorder.clone();
    (Conversation::new(setup), recorder)
}

pub(super) fn records(recorder: &Recorder) -> Vec<Record> {
    recorder.read(0, <[Record]>::to_vec)
}

/// All events with their session and turn.
pub(super) fn events(recorder: &Recorder) -> Vec<(String, Option<usize>, Event)> {
    let event = |record: Record| match record.what {
        What::Event { session, turn, event } => Some((session, turn, event)),
        _ => None,
    };
    records(recorder).into_iter().filter_map(event).collect()
}

/// Each event of a session as `kind {fields}`.
pub(super) fn shown(recorder: &Recorder, of: &str) -> Vec<String> {
    let mine = events(recorder).into_iter().filter(|(session, _, _)| session == of);
    mine.map(|(_, _, event)| format!("{} {}", event.kind, Value::Object(event.fields))).collect()
}

pub(super) fn frames(recorder: &Recorder) -> Vec<Value> {
    let frame = |record: Record| match record.what {
        What::Frame { data, .. } => Some(data),
        _ => None,
    };
    records(recorder).into_iter().filter_map(frame).collect()
}

/// What was bound, as `name session turn value`.
pub(super) fn bound(recorder: &Recorder, name: &str) -> Vec<(Option<String>, Option<usize>, Value)> {
    let bind = |record: Record| match record.what {
        What::Bind(binding) if binding.name == name => Some((binding.session, binding.turn, binding.value)),
        _ => None,
    };
    records(recorder).into_iter().filter_map(bind).collect()
}

/// The codes of all problems.
pub(super) fn problems(recorder: &Recorder) -> Vec<String> {
    let problem = |record: Record| match record.what {
        What::Problem(problem) => Some(problem.code),
        _ => None,
    };
    records(recorder).into_iter().filter_map(problem).collect()
}

/// Waits for the n-th event (from 1) of a kind.
pub(super) async fn event_of(recorder: &Recorder, kind: &str, nth: usize) {
    let seen = recorder.wait(|records| {
        let is_it = |record: &&Record| matches!(&record.what, What::Event { event, .. } if event.kind == kind);
        (records.iter().filter(is_it).count() >= nth).then_some(())
    });
    tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap_or_else(|_| panic!("no {kind}: {:?}", records(recorder)));
}
