//! Who can judge: each provider is one file with the request it takes and the reading of its answer.
//!
//! | file | what |
//! |---|---|
//! | [`call`] | what is asked, what comes back, what goes wrong, for all of them |
//! | [`anthropic`], [`responses`], [`chat`] | bodies and answers of the three wires |
//! | [`http`] | one request to one of them, and the form that it takes |
//! | [`exec`], [`fake`] | a program; rules |
//! | [`provider`] | which of them answers, and how often it is tried |

mod anthropic;
pub(super) mod call;
mod chat;
mod exec;
pub(super) mod fake;
mod http;
pub(super) mod provider;
mod responses;

pub(super) use call::{Call, Raw, Trouble};
