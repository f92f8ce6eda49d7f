//! The server of one case: its tools, its sessions, what was asked.
//!
//! Owns: the state, recording requests and answers, which tools are offered now.
//! Must not know: sockets, the rules of a transport.

use super::http;
use crate::fakes::http::Received;
use crate::fakes::server::case::Case;
use crate::fakes::server::{Response, Served};
use crate::fakes::tools::{Call, Filled, Given, Tool, choice, fill, offer};
use crate::model::fake::{Fake, FakeKind};
use crate::model::tool::ToolRow;
use crate::model::trace::{Blame, Problem, Request, What};
use crate::wire::stream::Step;
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// An `mcp` fake of one case.
pub struct RunningMcp {
    server: Arc<Server>,
}

/// What its connections share.
pub struct Server {
    pub name: String,
    fake: Arc<Fake>,
    state: Mutex<State>,
    /// Told when a session has ended.
    pub news: Notify,
}

#[derive(Default)]
pub(super) struct State {
    given: Given,
    requests: usize,
    bridges: usize,
    pub(super) sessions: IndexMap<String, Session>,
}

/// A client, from `initialize` to its end.
pub(super) struct Session {
    pub(super) version: &'static str,
    pub(super) initialized: bool,
    /// The tools that the client knows of, or was told to ask for.
    pub(super) told: Vec<String>,
    pub(super) ended: bool,
}

/// The outcome of a call, and what it waits for before it is told.
pub(super) struct Called {
    pub(super) outcome: Result<Filled, Refused>,
    pub(super) waits: Vec<Step>,
    pub(super) rule: String,
}

/// Why a call has no scripted answer.
pub(super) enum Refused {
    /// The call itself is wrong.
    Params(String),
    /// The script has nothing for it.
    Script(String),
}

impl RunningMcp {
    pub fn new(name: String, fake: Arc<Fake>) -> RunningMcp {
        RunningMcp { server: Arc::new(Server { name, fake, state: Mutex::default(), news: Notify::new() }) }
    }
}

impl Server {
    fn rows(&self) -> &[ToolRow] {
        let FakeKind::Mcp(rows) = &self.fake.kind else { unreachable!("a case makes a running MCP server of mcp fakes only") };
        rows
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens under this lock")
    }

    /// The tools that are offered now. What the rows do not say well is told once for each request that needs it.
    pub(super) fn offered(&self, case: &Case) -> Vec<Tool> {
        let mut tools = self.all(case);
        tools.retain(|tool| tool.appears.as_deref().is_none_or(|gate| case.gates.was_released(gate)));
        tools
    }

    fn all(&self, case: &Case) -> Vec<Tool> {
        offer::tools(self.rows(), &*case.scope).unwrap_or_else(|reason| {
            let message = format!("`{}`: {reason}", self.name);
            case.recorder.problem(Problem { blame: Some(Blame::Suite), code: "unfilled-reply".to_owned(), message, details: vec![] });
            Vec::new()
        })
    }

    /// Records a request; gives its place among this fake's.
    pub(super) fn record(&self, request: Request, case: &Case) -> usize {
        let mut state = self.state();
        state.requests += 1;
        case.recorder.push(What::Request(Box::new(request)));
        state.requests - 1
    }

    /// The name of the session of one more bridge, whether it will shake hands or not.
    pub(super) fn name_bridge(&self) -> String {
        let mut state = self.state();
        state.bridges += 1;
        format!("stdio-{}", state.bridges)
    }

    pub(super) fn record_reply(&self, request: usize, status: u16, rule: impl Into<String>, case: &Case) {
        case.recorder.push(What::Reply { fake: self.name.clone(), request, status, rule: rule.into() });
    }

    /// Something that a client must not do.
    pub(super) fn problem(&self, code: &str, message: String, case: &Case) {
        case.recorder.problem(Problem { blame: None, code: code.to_owned(), message, details: vec![] });
    }

    /// Chooses the answer of a call. A violated schema is told to the client and noted, as a model may well send such arguments; a tool
    /// that is not offered, or arguments that no row matches, fail the case.
    pub(super) fn call(&self, name: &str, args: &Value, case: &Case) -> Called {
        let refused = |refused: Refused, rule: &str| Called { outcome: Err(refused), waits: vec![], rule: rule.to_owned() };
        let all = self.all(case);
        if let Some(tool) = all.iter().find(|tool| tool.name == name) {
            if let Some(gate) = tool.appears.as_deref().filter(|gate| !case.gates.was_released(gate)) {
                let message = format!("`{}` got a call of `{name}`, which appears only when the gate `{gate}` is released", self.name);
                self.problem("unmatched-call", message, case);
                return refused(Refused::Params(format!("Unknown tool: {name}")), "unmatched");
            }
            if let Some(violation) = offer::violation(tool, args) {
                case.recorder.note(format!("`{}` refused a call of `{name}` whose arguments violate its schema: {violation}", self.name));
                return refused(Refused::Params(format!("Invalid arguments for tool {name}: {violation}")), "schema");
            }
        }
        let call = Call { name, args };
        let chosen = choice::choose(self.rows(), &mut self.state().given, &self.name, call, &*case.scope);
        match chosen {
            Ok(chosen) => {
                let outcome = fill::fill(chosen.answer, &chosen.rule, &self.name, &*case.scope).map_err(|problem| {
                    let message = problem.message.clone();
                    case.recorder.problem(problem);
                    Refused::Script(message)
                });
                let delay = Some(chosen.answer.delay).filter(|delay| !delay.is_zero()).map(Step::Delay);
                let waits = delay.into_iter().chain(chosen.answer.gate.clone().map(Step::Gate)).collect();
                Called { outcome, waits, rule: chosen.rule }
            }
            Err(none) => {
                let (message, known) = (none.message.clone(), all.iter().any(|tool| tool.name == name));
                case.recorder.problem(none.problem("unmatched-call"));
                refused(if known { Refused::Script(message) } else { Refused::Params(format!("Unknown tool: {name}")) }, "unmatched")
            }
        }
    }
}

impl Served for RunningMcp {
    fn name(&self) -> &str {
        &self.server.name
    }

    fn gates(&self) -> Vec<String> {
        self.server.rows().iter().flat_map(ToolRow::gates).map(str::to_owned).collect()
    }

    fn answer(&self, received: Received, case: &Case) -> Response {
        http::answer(&self.server, received, case)
    }

    fn unused(&self) -> Vec<Problem> {
        if self.server.fake.unused_allowed {
            return Vec::new();
        }
        choice::left_over(self.server.rows(), &self.server.state().given, &self.server.name)
    }
}
