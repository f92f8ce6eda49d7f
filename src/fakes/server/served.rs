//! The seam between the server and the kinds of fakes it serves.
//!
//! Owns: what a fake must be able to say, and the two ways to answer: with bytes, or by taking the connection over.
//! Must not know: which kinds there are.

use super::case::Case;
use crate::fakes::http::{Answer, Connection, Received};
use crate::model::trace::Problem;
use std::pin::Pin;
use std::sync::Arc;

/// A fake that is reached over HTTP, during one case. Requests may come at once.
pub trait Served: Send + Sync {
    fn name(&self) -> &str;

    /// The names of all gates at which its replies may wait.
    fn gates(&self) -> Vec<String>;

    /// Records a request and says what follows.
    fn answer(&self, received: Received, case: &Case) -> Response;

    /// Every sequence that was not used up, unless that is allowed. Asked once, when the case has ended.
    fn unused(&self) -> Vec<Problem>;

    /// What its author asked for and could not be done to anything, so that nobody may judge the agent by it. Asked once,
    /// when the case has ended, however it ended.
    fn misled(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// What follows a request.
pub enum Response {
    /// Bytes, with the steps in which they are written.
    Answer(Answer),
    /// From here on the connection is the fake's: a WebSocket, a stream without an end. The future is dropped when the case ends.
    Takeover(Takeover),
}

pub type Takeover = Box<dyn FnOnce(Connection, Arc<Case>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl From<Answer> for Response {
    fn from(answer: Answer) -> Response {
        Response::Answer(answer)
    }
}
