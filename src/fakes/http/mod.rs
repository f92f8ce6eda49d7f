//! A small HTTP/1.1 server side over one TCP connection, close enough to the socket to break it on purpose.
//!
//! | module | what |
//! |---|---|
//! | [`accept`] | the next connection of a listener |
//! | [`request`] | a request as read, and how its head is parsed |
//! | [`body`] | bodies of a known length and chunked ones |
//! | [`connection`] | reading requests one after the other, with limits |
//! | [`received`] | a request below a fake's base URL, as fakes see it and traces keep it |
//! | [`answer`] | an answer, and how it is written, paced or broken off |

pub mod accept;
pub mod answer;
pub mod body;
pub mod connection;
pub mod received;
pub mod request;

pub use answer::Answer;
pub use connection::{Connection, Limits, Refusal};
pub use received::Received;
pub use request::HttpRequest;
