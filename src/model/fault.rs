//! What goes wrong on a model's wire, on purpose.
//!
//! Owns: the faults, and where in a reply each happens.
//! Must not know: wire formats, sockets, how a fault is carried out.

use super::fake::Abort;
use crate::base::Span;
use std::sync::Arc;
use std::time::Duration;

/// One fault of a model fake.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub span: Span,
    /// Its kind as it is written, for messages.
    pub word: &'static str,
    /// Which replies it happens to, from 1, as the script counts them. `None`: each in which there is something to act on.
    pub requests: Option<Vec<usize>>,
    pub kind: FaultKind,
}

impl Fault {
    /// True if the `nth` reply (from 0) is one that it may happen to.
    pub fn is_for(&self, nth: usize) -> bool {
        self.requests.as_ref().is_none_or(|requests| requests.contains(&(nth + 1)))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// What the first `times` attempts of a request get; the script does not count them.
    Before { instead: Instead, times: usize },
    /// Happens at one event, or at each of several.
    At { act: Act, on: Option<Arc<str>>, nth: Nth },
    /// Happens to the reply as a whole.
    Whole(Whole),
}

/// What a client gets before the reply that was scripted.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead {
    /// An error of the provider; `body` is a JSON value, or a text as it is.
    Status { status: u16, retry_after: Option<Duration>, body: Option<serde_json::Value> },
    /// A page, as gateways in front of providers send.
    Html { status: u16 },
    /// The connection ends before any header.
    NoHeaders,
}

/// Which of the events that `on` matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nth {
    /// From 1.
    At(usize),
    Last,
    All,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The data is no JSON.
    Malformed,
    /// The data ends in the middle.
    Truncated,
    /// The event comes twice.
    Duplicate,
    /// The event and the next of its kind change places.
    Swap,
    /// The event does not come.
    Drop,
    /// Something stands before the event.
    Extra(Extra),
    /// The connection ends after the event.
    Cut(Abort),
    /// Silence after the event; without a time until the case ends.
    Stall(Option<Duration>),
    /// After the event nobody is there any more: no byte, and no end even for a client that hangs up.
    HalfOpen,
    /// From the event on the response has another id.
    ResponseId,
    /// From the event on the item has another id.
    ItemId,
}

/// What may stand between two events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// An event of a type that no client knows.
    Unknown(String),
    /// A block with an id and nothing else.
    IdOnly,
    /// A block with a retry time and nothing else.
    RetryOnly,
    /// An event whose data is empty.
    EmptyData,
    Comment(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Whole {
    /// The stream ends in order, but without what says that the reply is complete.
    NoTerminal,
    /// The `[DONE]` of chat completions is missing.
    NoDone,
    /// No event has its name.
    NoNames,
    /// A byte order mark comes first.
    Bom,
    /// Each event is a write of its own, with this time between two.
    Slow(Duration),
    /// The head, and no byte after it.
    EmptyBody,
    /// Another content type, or none.
    ContentType(Option<String>),
    /// All is sent, but the body never ends.
    NoEnd,
    /// Nothing goes wrong, but there must be a character longer than a byte: what `write: split_utf8` needs.
    BeyondAscii,
}
