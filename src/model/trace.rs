//! The trace: everything observed during one attempt of a case, append-only, stamped on arrival.
//!
//! Owns: the kinds of records, their stored form (one JSON object a line, versioned).
//! Must not know: how records come about, what is expected of them.

use crate::base::fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version of the stored form; raised when a reader of the old form would be misled.
pub const TRACE_VERSION: u32 = 1;

/// Bytes of one record, stored; room for as many is made at once.
const USUAL_RECORD: usize = 256;

/// One observation. `n` counts from 0 without gaps; `t_ms` is milliseconds since the case began, by one monotonic clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub n: u64,
    pub t_ms: f64,
    pub what: What,
}

/// What was observed. `session` is always the label used in the suite (`main` if none was given).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Always the first record.
    Begin(Begin),
    /// A value that templates may name from now on, such as `llm.url` or a saved value.
    Bind(Binding),
    StepBegin {
        step: usize,
        verb: String,
        session: String,
        label: Option<String>,
    },
    /// `error` tells why the step failed; the case ends there. `value` is what the verb returned.
    StepEnd {
        step: usize,
        value: Value,
        error: Option<StepError>,
    },
    /// A step whose condition did not hold; it was left out, with all that it expects.
    StepLeftOut {
        step: usize,
        verb: String,
        reason: String,
    },
    /// What a step `http` or `probe: {http}` asked; a probe that was repeated is here once.
    Asked {
        method: String,
        url: String,
        headers: BTreeMap<String, String>,
        body: Value,
    },
    /// The suite began a turn. Its number is its place in `$.turns`.
    TurnBegin {
        turn: usize,
        session: String,
        step: usize,
        /// What the user said, with its values filled in; null where an action began the turn.
        #[serde(default)]
        said: Value,
    },
    /// A connection to the agent was opened.
    Opened {
        session: String,
        url: String,
    },
    /// The agent sent a frame.
    Frame {
        session: String,
        turn: Option<usize>,
        data: Value,
    },
    /// The suite sent a frame.
    Sent {
        session: String,
        turn: Option<usize>,
        data: Value,
    },
    /// A normalised event made from a frame by the protocol's rules, or by the engine.
    Event {
        session: String,
        turn: Option<usize>,
        event: Event,
    },
    /// A fake received a request. Boxed, since it is twice as large as any other, and each record takes as much room as the largest.
    Request(Box<Request>),
    /// A fake answered; `request` is the place of that request among this fake's, `rule` says what answered.
    Reply {
        fake: String,
        request: usize,
        status: u16,
        rule: String,
    },
    /// A client of a websocket fake sent a frame.
    FakeFrame {
        fake: String,
        connection: usize,
        data: Value,
    },
    /// A mocked command was called.
    Command(CommandCall),
    /// The agent printed a line.
    Log {
        stream: Stream,
        line: String,
    },
    /// The agent tried to reach a host. `fake` answered in its place, if the host leads to one.
    Egress {
        host: String,
        port: u16,
        method: String,
        path: Option<String>,
        allowed: bool,
        fake: Option<String>,
    },
    /// State read by a `probe` step, or the answer of an `http` step.
    Probe {
        label: String,
        value: Value,
    },
    /// A file below the workspace that some check names, as it was after the run.
    File {
        path: String,
        content: Option<String>,
        changed: bool,
    },
    /// A launched agent's process ended. Neither is known if it was ended by checkride.
    Exit {
        code: Option<i32>,
        signal: Option<i32>,
    },
    /// Something went wrong that no expectation speaks of.
    Problem(Problem),
    /// A secret that the suite itself writes in clear: everything recorded shows it as `«name»`, and so a pattern that holds it
    /// is compared as it would be shown. Recorded at the end.
    Hidden(Fingerprint),
    /// Worth telling, never a verdict: a held gate that was released at the end.
    Note {
        message: String,
    },
    /// Always the last record.
    End {
        duration_ms: f64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    pub version: u32,
    /// The test's id, row included.
    pub case: String,
    /// The suite file, as the user named it.
    pub suite: String,
    pub protocol: String,
    pub attempt: u32,
    /// RFC 3339, UTC; the only wall-clock time in a trace.
    pub started: String,
    pub checkride: String,
}

/// A value for templates. With `session` (and `turn`) it is that session's `{{session.x}}` (or `{{turn.x}}`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    pub name: String,
    pub value: Value,
    pub session: Option<String>,
    pub turn: Option<usize>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepError {
    pub cause: Cause,
    pub message: String,
    /// What did arrive, nearest first.
    pub details: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The agent did not do what the step required.
    Agent,
    /// The agent could not be asked.
    Broken(Blame),
}

/// A normalised event: its type and the fields of language §7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub fields: Map<String, Value>,
    /// Calls made from one frame are one batch: none of them can have seen another's result.
    pub batch: Option<u64>,
}

/// A request that a fake received, as checks see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub fake: String,
    pub method: String,
    /// Below the fake's base URL, without the query.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case; repeated ones joined by a comma.
    pub headers: BTreeMap<String, String>,
    /// Parsed if it is JSON, otherwise the text, with U+FFFD for bytes that are not UTF-8.
    pub body: Value,
    /// As it was on the wire: the text, or `{bytes: base64}` if it is not UTF-8.
    pub raw: Value,
    /// The parts of a multipart body by name; bytes that are not UTF-8 become U+FFFD.
    pub part: BTreeMap<String, String>,
}

/// A call of a mocked command.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandCall {
    pub name: String,
    /// Without the name itself.
    pub argv: Vec<String>,
    pub stdin: String,
    pub cwd: String,
    /// `None` if the call was ended before it answered.
    pub exit: Option<i32>,
    /// Which rule answered; `None` if none matched.
    pub rule: Option<String>,
    /// What it printed to its standard output, up to 64 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// A fault found during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `None`: the agent broke a rule that always holds (a request that no rule matches). Otherwise nobody may judge it.
    pub blame: Option<Blame>,
    /// Stable, kebab-case.
    pub code: String,
    pub message: String,
    pub details: Vec<String>,
}

/// Whose fault it is that the agent was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    AgentStart,
    Fake,
    Judge,
    Suite,
    Harness,
}

impl std::fmt::Display for Blame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Blame::AgentStart => "agent-start",
            Blame::Fake => "fake",
            Blame::Judge => "judge",
            Blame::Suite => "suite",
            Blame::Harness => "harness",
        })
    }
}

/// A finished trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub records: Vec<Record>,
}

impl Trace {
    /// The stored form: one record a line.
    pub fn to_jsonl(&self) -> String {
        let mut out = Vec::with_capacity(self.records.len() * USUAL_RECORD);
        for record in &self.records {
            serde_json::to_writer(&mut out, record).expect("records hold only JSON");
            out.push(b'\n');
        }
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    /// Reads the stored form. The error names the line.
    pub fn from_jsonl(text: &str) -> Result<Trace, String> {
        let mut records = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            if at == 0 {
                check_version(line)?;
            }
            records.push(serde_json::from_str(line).map_err(|e| format!("line {}: {e}", at + 1))?);
        }
        if records.is_empty() {
            return Err("the file holds no records".to_owned());
        }
        Ok(Trace { records })
    }

    pub fn begin(&self) -> Option<&Begin> {
        self.records.iter().find_map(|record| match &record.what {
            What::Begin(begin) => Some(begin),
            _ => None,
        })
    }

    pub fn duration_ms(&self) -> f64 {
        self.records.last().map_or(0.0, |record| record.t_ms)
    }
}

fn check_version(line: &str) -> Result<(), String> {
    let first: Value = serde_json::from_str(line).map_err(|e| format!("line 1: {e}"))?;
    match first["what"]["begin"]["version"].as_u64() {
        Some(version) if version == u64::from(TRACE_VERSION) => Ok(()),
        Some(version) => Err(format!("it is of version {version}; this program reads version {TRACE_VERSION}")),
        None => Err("line 1: not a trace of checkride (no `begin` record)".to_owned()),
    }
}
