//! Websocket, MCP and function fakes, as written.
//!
//! Owns: their keys.
//! Must not know: how they are served.

use crate::language::shape::{Any, Duration, Named, Or, Scalar, Templated, Text, Whole};
use crate::{document, words};

document! {
    /// One connection to a websocket fake: each row is sent after one frame was read.
    #[example("{rows: [[{type: session.updated}], []], then: close}")]
    pub struct ConnectionDoc as "connection" {
        /// The rows: what is sent after the n-th frame.
        #[example("[[{type: session.updated}], []]")]
        rows: Option<Or<Templated, Vec<Any>>>,
        /// What comes after the last row.
        #[example("close")]
        then: Option<ThenWord>,
        /// How long the handshake waits.
        #[example("50ms")]
        accept_delay: Option<Duration>,
        /// Refuses the handshake with this status.
        #[example("401")]
        status: Option<Whole>,
        /// Headers of the handshake's answer.
        #[example("{x-a: b}")]
        headers: Option<Named<Scalar>>,
    }

    /// A tool of an MCP or functions fake.
    #[example("{name: wallets.get, when: {id: 1}, result: {label: Main}}")]
    pub struct ToolDoc as "tool" {
        /// The tool's name.
        #[example("wallets.list")]
        name: Text,
        /// What it does, for the model.
        #[example("Lists the wallets.")]
        description: Option<Text>,
        /// The JSON Schema of its arguments.
        #[example("{type: object}")]
        schema: Option<Any>,
        /// A pattern over the arguments.
        #[example("{id: 1}")]
        when: Option<Any>,
        /// What it returns.
        #[example("{wallets: []}")]
        result: Option<Any>,
        /// How it fails.
        #[example("denied")]
        error: Option<Any>,
        /// Answers given in turn.
        #[example("[{result: 1}, {result: 2}]")]
        answers: Option<Vec<Any>>,
        /// How long it takes.
        #[example("20ms")]
        delay: Option<Duration>,
        /// Waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
    }
}

words! {
    /// What comes after the last row.
    pub enum ThenWord as "then" {
        /// The connection is closed.
        Close = "close",
        /// The connection stays open.
        Hold = "hold",
        /// The connection is reset.
        Reset = "reset",
    }
}
