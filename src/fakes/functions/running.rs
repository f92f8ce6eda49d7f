//! The `functions` fakes during a case.
//!
//! Owns: which fake has a tool, and what a call that no row answers is told.
//! Must not know: how a call reached the client, how its answer is sent, gates.

use crate::base::suggest::did_you_mean;
use crate::fakes::rules::NoAnswer;
use crate::fakes::tools::{Call, Filled, Given, Tool, choice, fill, offer};
use crate::model::fake::{Fake, FakeKind};
use crate::model::template::{Over, Scope};
use crate::model::tool::{FunctionCall, FunctionResult, ToolRow};
use crate::model::trace::{Problem, What};
use crate::recorder::Recorder;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a call returns, and what it waits for before.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub returned: FunctionResult,
    pub delay: Duration,
    pub gate: Option<String>,
}

impl Answer {
    fn at_once(value: Value, failed: bool) -> Answer {
        Answer { returned: FunctionResult { value, failed }, delay: Duration::ZERO, gate: None }
    }
}

/// All `functions` fakes of one case. A tool that several have is of the first.
pub struct RunningFunctions {
    fakes: Vec<Running>,
}

struct Running {
    name: String,
    fake: Arc<Fake>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: usize,
    given: Given,
}

impl Running {
    fn rows(&self) -> &[ToolRow] {
        match &self.fake.kind {
            FakeKind::Functions(functions) => &functions.rows,
            _ => &[],
        }
    }

    /// The call's number, and the row that answers it.
    fn choose(&self, call: Call<'_>, scope: &dyn Scope) -> (usize, Result<choice::Chosen<'_>, NoAnswer>) {
        let mut state = self.state.lock().expect("no panic happens under this lock");
        let at = state.calls;
        state.calls += 1;
        let tool = offer::tools(self.rows(), scope).ok().and_then(|tools| tools.into_iter().find(|tool| tool.name == call.name));
        if let Some(how) = tool.and_then(|tool| offer::violation(&tool, call.args)) {
            let message = format!("`{}` got a call of `{}` whose arguments violate its schema: {how}", self.name, call.name);
            return (at, Err(NoAnswer { message, ..NoAnswer::default() }));
        }
        (at, choice::choose(self.rows(), &mut state.given, &self.name, call, scope))
    }
}

impl RunningFunctions {
    /// Fakes of other kinds are left aside.
    pub fn new(fakes: &[(String, Arc<Fake>)]) -> RunningFunctions {
        let functions = fakes.iter().filter(|(_, fake)| matches!(fake.kind, FakeKind::Functions(_)));
        let running = |(name, fake): &(String, Arc<Fake>)| Running { name: name.clone(), fake: fake.clone(), state: Mutex::default() };
        RunningFunctions { fakes: functions.map(running).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.fakes.is_empty()
    }

    pub fn gates(&self) -> Vec<String> {
        self.fakes.iter().flat_map(|running| running.fake.kind.gates()).map(str::to_owned).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.of(name).is_some()
    }

    fn of(&self, name: &str) -> Option<&Running> {
        self.fakes.iter().find(|running| running.rows().iter().any(|row| row.name == name))
    }

    /// The tools of all fakes. The error is a fault of the suite.
    pub fn tools(&self, scope: &dyn Scope) -> Result<Vec<Tool>, String> {
        let mut tools = Vec::<Tool>::new();
        for running in &self.fakes {
            let new = offer::tools(running.rows(), scope)?;
            tools.extend(new.into_iter().filter(|tool| self.of(&tool.name).is_some_and(|first| first.name == running.name)));
        }
        Ok(tools)
    }

    /// What a call returns. A call that no row answers fails, and so does the case.
    pub fn answer(&self, call: &FunctionCall, scope: &dyn Scope, recorder: &Recorder) -> Answer {
        let Some(running) = self.of(&call.name) else { return self.unknown(call, recorder) };
        let (at, chosen) = running.choose(Call { name: &call.name, args: &call.args }, scope);
        let (answer, rule) = match chosen {
            Err(no_answer) => (failed(no_answer.problem("unmatched-call"), recorder), "unmatched".to_owned()),
            Ok(choice::Chosen { rule, answer }) => {
                let own: IndexMap<String, Value> =
                    [("call".to_owned(), json!({"id": call.id, "name": call.name, "args": call.args}))].into();
                let filled = fill::fill(answer, &rule, &running.name, &Over(&own, scope));
                let (delay, gate) = (answer.delay, answer.gate.clone());
                let answer = match filled {
                    Ok(Filled::Result(value)) => Answer { delay, gate, ..Answer::at_once(value, false) },
                    Ok(Filled::Error(value) | Filled::RpcError(value)) => Answer { delay, gate, ..Answer::at_once(value, true) },
                    Err(problem) => failed(problem, recorder),
                };
                (answer, rule)
            }
        };
        let status = if answer.returned.failed { 500 } else { 200 };
        recorder.push(What::Reply { fake: running.name.clone(), request: at, status, rule });
        answer
    }

    fn unknown(&self, call: &FunctionCall, recorder: &Recorder) -> Answer {
        let names: Vec<_> = self.fakes.iter().flat_map(|running| running.rows()).map(|row| row.name.as_str()).collect();
        let known = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let problem = Problem {
            blame: None,
            code: "unmatched-call".to_owned(),
            message: format!("the client was asked to run `{}`, and its functions are {known}", call.name),
            details: did_you_mean(&call.name, names.iter().copied()).into_iter().collect(),
        };
        failed(problem, recorder)
    }

    /// Every list of answers that was not used up, unless that is allowed.
    pub fn unused(&self) -> Vec<Problem> {
        let judged = self.fakes.iter().filter(|running| !running.fake.unused_allowed);
        let left = |running: &Running| {
            let state = running.state.lock().expect("no panic happens under this lock");
            choice::left_over(running.rows(), &state.given, &running.name)
        };
        judged.flat_map(left).collect()
    }
}

/// The model is told too, so that its turn comes to an end.
fn failed(problem: Problem, recorder: &Recorder) -> Answer {
    let answer = Answer::at_once(problem.message.as_str().into(), true);
    recorder.problem(problem);
    answer
}
