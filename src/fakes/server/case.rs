//! One open case: its fakes, its gates, its end.
//!
//! Owns: what a case's fakes share, and what is said when the case ends.
//! Must not know: sockets, how a fake answers.

use super::gates::Gates;
use super::listener::Cases;
use super::outages::Outages;
use super::served::Served;
use crate::fakes::functions::RunningFunctions;
use crate::fakes::mcp::RunningMcp;
use crate::fakes::model::RunningModel;
use crate::fakes::routes::RunningHttp;
use crate::fakes::tools::Tool;
use crate::fakes::websocket::RunningWebsocket;
use crate::model::fake::{Fake, FakeKind};
use crate::model::template::Scope;
use crate::model::tool::{FunctionCall, FunctionResult};
use crate::recorder::Recorder;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// What one case brings along.
pub struct CaseFakes {
    /// Names the case in its fakes' URLs; unique among the cases that are open.
    pub key: String,
    pub recorder: Recorder,
    /// Fakes that are no servers (commands) are left aside.
    pub fakes: Vec<(String, Arc<Fake>)>,
    /// The values of the start, for templates in replies.
    pub scope: Arc<dyn Scope + Send + Sync>,
}

/// A case whose fakes can be reached.
pub struct Case {
    pub key: String,
    pub recorder: Recorder,
    pub scope: Arc<dyn Scope + Send + Sync>,
    pub fakes: Vec<Box<dyn Served>>,
    /// Tools that nobody reaches over the network.
    pub functions: RunningFunctions,
    pub gates: Gates,
    pub outages: Outages,
    pub ending: Ending,
}

impl Case {
    pub fn new(setup: CaseFakes) -> Case {
        let CaseFakes { key, recorder, fakes, scope } = setup;
        let functions = RunningFunctions::new(&fakes);
        let fakes: Vec<_> = fakes.into_iter().filter_map(|(name, fake)| served(name, fake)).collect();
        let gates = Gates::new(fakes.iter().flat_map(|fake| fake.gates()).chain(functions.gates()));
        let outages = Outages::new(fakes.iter().map(|fake| fake.name()));
        Case { key, recorder, scope, fakes, functions, gates, outages, ending: Ending::default() }
    }

    pub fn fake(&self, name: &str) -> Option<&dyn Served> {
        self.fakes.iter().map(|fake| &**fake).find(|fake| fake.name() == name)
    }
}

/// `None` for a fake that is not behind this server (a command, functions, a program of its own).
fn served(name: String, fake: Arc<Fake>) -> Option<Box<dyn Served>> {
    match &fake.kind {
        FakeKind::Model(_) => Some(Box::new(Arc::new(RunningModel::new(name, fake)))),
        FakeKind::Http(_) => Some(Box::new(RunningHttp::new(name, fake))),
        FakeKind::Mcp(_) => Some(Box::new(RunningMcp::new(name, fake))),
        FakeKind::Websocket(_) => Some(Box::new(Arc::new(RunningWebsocket::new(name, fake)))),
        FakeKind::Command(_) | FakeKind::Functions(_) | FakeKind::Server(_) => None,
    }
}

/// The end of a case, for everything that may be waiting in it.
#[derive(Debug, Default)]
pub struct Ending {
    ended: AtomicBool,
    news: Notify,
}

impl Ending {
    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.news.notify_waiters();
    }

    /// Returns when the case has ended.
    pub async fn wait(&self) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            news.await;
        }
    }
}

/// The case's side of the server. Dropped without [`CaseHandle::finish`], the case ends and nothing is judged.
pub struct CaseHandle {
    cases: Arc<Cases>,
    case: Arc<Case>,
    finished: AtomicBool,
}

impl CaseHandle {
    pub(super) fn new(cases: Arc<Cases>, case: Arc<Case>) -> CaseHandle {
        CaseHandle { cases, case, finished: AtomicBool::new(false) }
    }

    /// Lets one reply through a gate: the one that waits there, or the next to arrive. The error names the gates there are.
    pub fn release(&self, gate: &str) -> Result<(), String> {
        self.case.gates.release(gate)
    }

    /// The tools that the client runs; `None` if the case has no `functions` fake.
    pub fn functions(&self) -> Option<CaseFunctions> {
        (!self.case.functions.is_empty()).then(|| CaseFunctions { case: self.case.clone() })
    }

    /// A fake goes away until it is started again: open connections to it are cut, requests are not seen and their connections reset.
    pub fn stop(&self, fake: &str) -> Result<(), String> {
        self.case.outages.stop(fake)
    }

    /// A fake that was stopped is back, with its counts.
    pub fn start(&self, fake: &str) -> Result<(), String> {
        self.case.outages.start(fake)
    }

    /// The gates at which a reply waits now.
    pub fn held_gates(&self) -> Vec<String> {
        self.case.gates.held().map(|(gate, _)| gate.to_owned()).collect()
    }

    /// The gates at which a reply waits, or waited until somebody lost patience.
    pub fn stuck_gates(&self) -> Vec<String> {
        self.case.gates.stuck().map(str::to_owned).collect()
    }

    /// Ends the case: notes held gates, reports sequences that were not used up if they are to be judged, breaks off
    /// what is still being sent, and forgets the case. A second call does nothing.
    pub fn finish(&self, judge_sequences: bool) {
        if self.finished.swap(true, Ordering::SeqCst) {
            return;
        }
        self.cases.close(&self.case);
        let recorder = &self.case.recorder;
        for (gate, waiting) in self.case.gates.held() {
            let replies = if waiting == 1 { "a reply was".to_owned() } else { format!("{waiting} replies were") };
            recorder.note(format!("{replies} still held at the gate `{gate}` when the case ended, and let go"));
        }
        for (gate, times) in self.case.gates.in_vain() {
            let releases = if times == 1 { "a release".to_owned() } else { format!("{times} releases") };
            recorder.note(format!("{releases} of the gate `{gate}` let nothing through: no reply came to it any more"));
        }
        for (fake, times) in self.case.outages.missed() {
            let requests = if times == 1 { "a request to it was".to_owned() } else { format!("{times} requests to it were") };
            recorder.note(format!("while `{fake}` was stopped, {requests} reset"));
        }
        self.case.ending.end();
        self.case.fakes.iter().flat_map(|fake| fake.misled()).for_each(|problem| recorder.problem(problem));
        if judge_sequences {
            let unused = self.case.fakes.iter().flat_map(|fake| fake.unused()).chain(self.case.functions.unused());
            unused.for_each(|problem| recorder.problem(problem));
        }
    }
}

/// The `functions` fakes of an open case.
#[derive(Clone)]
pub struct CaseFunctions {
    case: Arc<Case>,
}

impl CaseFunctions {
    pub fn has(&self, name: &str) -> bool {
        self.case.functions.has(name)
    }

    /// The tools that are offered. The error is a fault of the suite.
    pub fn tools(&self) -> Result<Vec<Tool>, String> {
        self.case.functions.tools(&*self.case.scope)
    }

    /// Runs a call, after its row's delay and gate. A call that no row answers fails, and so does the case.
    pub async fn run(&self, call: &FunctionCall) -> FunctionResult {
        let answer = self.case.functions.answer(call, &*self.case.scope, &self.case.recorder);
        if !answer.delay.is_zero() {
            tokio::time::sleep(answer.delay).await;
        }
        if let Some(gate) = &answer.gate {
            self.case.gates.pass(gate).await;
        }
        answer.returned
    }
}

impl Drop for CaseHandle {
    fn drop(&mut self) {
        if !self.finished.swap(true, Ordering::SeqCst) {
            self.cases.close(&self.case);
            self.case.ending.end();
        }
    }
}
