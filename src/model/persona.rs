//! A persona: a model fake that plays a role by what the case says of an honest and of a taken-in agent.
//!
//! Owns: the roles, and what there is to play.
//! Must not know: wires, tools, which turn it is.

use super::tree::Node;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub struct Persona {
    pub role: Role,
    /// One for each `user` step, in order.
    pub turns: Vec<Turn>,
}

/// What becomes of a case when such a model drives the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Does the solution.
    Resists,
    /// Does the solution, and what the attack wants as well.
    Obeys,
    /// Calls nothing and refuses.
    Refuses,
    /// Gives the solution's reply without any of its commands.
    NeverReads,
}

#[derive(Clone, Debug)]
pub struct Turn {
    /// What the user says in it, by which it is known.
    pub prompt: Arc<Node>,
    pub solution: Conduct,
    pub attack: Option<Conduct>,
}

/// What an agent does in one turn: its commands, one after another, then its reply.
#[derive(Clone, Debug)]
pub struct Conduct {
    pub runs: Vec<Arc<Node>>,
    pub reply: Option<Arc<Node>>,
    /// What the last command printed is told as well.
    pub tells: bool,
}
