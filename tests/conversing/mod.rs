//! A shipped protocol spoken without a suite: what a conversation needs, and nothing more.
//!
//! Owns: the agent that is spoken to, named by its protocol alone.
//! Must not know: where it is reached, what it says.

use checkride::base::Span;
use checkride::language::builtin;
use checkride::model::agent::{Agent, AgentScope, ApprovalRule, Ready, ReadyHow, Stop, StopSignal};
use checkride::model::egress::Egress;
use checkride::model::template::Nothing;
use checkride::protocol::Setup;
use checkride::recorder::Recorder;
use std::sync::Arc;
use std::time::Duration;

/// A conversation with nobody yet: the caller gives it a URL or a process. All approvals are declined.
pub fn setup(protocol: &str) -> Setup {
    let agent = Agent {
        span: Span::NONE,
        name: None,
        protocol: builtin::protocol(protocol).expect("a built-in protocol"),
        command: None,
        url: None,
        env: vec![],
        files: vec![],
        ready: Ready { how: ReadyHow::Connect, within: Duration::from_secs(5), span: Span::NONE },
        version: None,
        scope: AgentScope::Case,
        settings: vec![],
        from_env: vec![],
        approvals: vec![ApprovalRule { span: Span::NONE, when: None, accept: false }],
        egress: Egress::Open,
        stop: Stop { signal: StopSignal::Term, grace: Duration::from_secs(1) },
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
