//! Hand-written traces for tests: one call per record.

use crate::model::trace::{Begin, Binding, Cause, CommandCall, Event, Problem, Record, Request, StepError, Trace, What};
use serde_json::Value;
use std::collections::HashMap;

pub(crate) struct Story {
    records: Vec<Record>,
    sessions: HashMap<usize, String>,
    t_ms: f64,
}

impl Story {
    /// Every record comes a millisecond after the one before.
    pub(crate) fn new() -> Story {
        let begin = Begin {
            version: 1,
            case: "s::c".into(),
            suite: "s.yaml".into(),
            protocol: "p".into(),
            attempt: 1,
            started: "2026-01-01T00:00:00Z".into(),
            checkride: "0".into(),
        };
        Story { records: vec![], sessions: HashMap::new(), t_ms: 0.0 }.push(What::Begin(begin))
    }

    pub(crate) fn push(mut self, what: What) -> Story {
        let n = self.records.len() as u64;
        self.records.push(Record { n, t_ms: self.t_ms, what });
        self.t_ms += 1.0;
        self
    }

    pub(crate) fn after(mut self, ms: f64) -> Story {
        self.t_ms += ms;
        self
    }

    pub(crate) fn step(self, step: usize, verb: &str, session: &str) -> Story {
        self.push(What::StepBegin { step, verb: verb.into(), session: session.into(), label: None })
    }

    pub(crate) fn step_end(self, step: usize, value: Value) -> Story {
        self.push(What::StepEnd { step, value, error: None })
    }

    pub(crate) fn step_failed(self, step: usize, cause: Cause, message: &str) -> Story {
        let error = StepError { cause, message: message.into(), details: vec!["a detail".into()] };
        self.push(What::StepEnd { step, value: Value::Null, error: Some(error) })
    }

    /// A turn of step `turn`, so that turn n belongs to step n unless [`Story::turn_of`] says otherwise.
    pub(crate) fn turn(self, turn: usize, session: &str) -> Story {
        self.turn_of(turn, session, turn)
    }

    pub(crate) fn turn_of(mut self, turn: usize, session: &str, step: usize) -> Story {
        self.sessions.insert(turn, session.to_owned());
        self.push(What::TurnBegin { turn, session: session.into(), step, said: Value::Null })
    }

    /// A `user` step that begins turn `turn` with these words.
    pub(crate) fn asks(mut self, turn: usize, session: &str, said: &str) -> Story {
        self.sessions.insert(turn, session.to_owned());
        let begin = What::TurnBegin { turn, session: session.into(), step: turn, said: said.into() };
        self.step(turn, "user", session).push(begin)
    }

    /// An event of a turn.
    pub(crate) fn event(self, turn: usize, kind: &str, fields: Value) -> Story {
        let session = self.sessions[&turn].clone();
        self.push(event(&session, Some(turn), kind, fields, None))
    }

    /// An event of a turn, made from one frame together with others of this batch.
    pub(crate) fn batched(self, turn: usize, batch: u64, kind: &str, fields: Value) -> Story {
        let session = self.sessions[&turn].clone();
        self.push(event(&session, Some(turn), kind, fields, Some(batch)))
    }

    /// An event of no turn.
    pub(crate) fn stray(self, session: &str, kind: &str, fields: Value) -> Story {
        self.push(event(session, None, kind, fields, None))
    }

    pub(crate) fn says(self, turn: usize, text: &str) -> Story {
        self.event(turn, "text", serde_json::json!({"text": text}))
    }

    pub(crate) fn calls(self, turn: usize, id: &str, name: &str, args: Value) -> Story {
        self.event(turn, "call.started", serde_json::json!({"id": id, "name": name, "args": args}))
    }

    pub(crate) fn answers(self, turn: usize, id: &str, result: Value) -> Story {
        self.event(turn, "call.finished", serde_json::json!({"id": id, "result": result}))
    }

    pub(crate) fn finishes(self, turn: usize, status: &str) -> Story {
        self.event(turn, "turn.finished", serde_json::json!({"status": status}))
    }

    /// A whole `user` step with its turn: it says the text and completes.
    pub(crate) fn user(self, step: usize, session: &str, text: &str) -> Story {
        self.step(step, "user", session).turn(step, session).says(step, text).finishes(step, "completed").step_end(step, Value::Null)
    }

    pub(crate) fn frame(self, session: &str, turn: Option<usize>, data: Value) -> Story {
        self.push(What::Frame { session: session.into(), turn, data })
    }

    pub(crate) fn request(self, fake: &str, path: &str, body: Value) -> Story {
        let raw = body.to_string();
        self.push(What::Request(Box::new(Request {
            fake: fake.into(),
            method: "POST".into(),
            path: path.into(),
            body,
            raw: raw.into(),
            ..Request::default()
        })))
    }

    pub(crate) fn command(self, name: &str, argv: &str) -> Story {
        let argv = argv.split(' ').map(str::to_owned).collect();
        self.push(What::Command(CommandCall { name: name.into(), argv, exit: Some(0), ..CommandCall::default() }))
    }

    pub(crate) fn bind(self, name: &str, value: Value, session: Option<&str>, turn: Option<usize>) -> Story {
        self.push(What::Bind(Binding { name: name.into(), value, session: session.map(str::to_owned), turn }))
    }

    pub(crate) fn problem(self, blame: Option<crate::model::trace::Blame>, code: &str, message: &str) -> Story {
        self.push(What::Problem(Problem { blame, code: code.into(), message: message.into(), details: vec![] }))
    }

    pub(crate) fn end(self) -> Trace {
        let duration_ms = self.t_ms;
        self.push(What::End { duration_ms }).cut()
    }

    /// A trace that was not recorded to its end.
    pub(crate) fn cut(self) -> Trace {
        Trace { records: self.records }
    }
}

fn event(session: &str, turn: Option<usize>, kind: &str, fields: Value, batch: Option<u64>) -> What {
    let fields = fields.as_object().cloned().unwrap_or_default();
    What::Event { session: session.into(), turn, event: Event { kind: kind.into(), fields, batch } }
}
