//! The edge: a proxy that leads some hosts to fakes, lets some through, and records and refuses all others.
//!
//! | module | what |
//! |---|---|
//! | [`edge`] | the socket, and what becomes of each proxy request |
//! | [`routes`] | which host leads where |
//! | [`wanted`] | where a proxy request wants to go |
//! | [`tls`] | ending TLS in a tunnel to a fake |
//! | [`authority`] | the certificate authority of a run |
//! | [`bundle`] | the file of authorities that clients are told to trust |
//! | [`relay`] | carrying requests on, and answers back as they come |
//! | [`requests`] | the client's side of a relay: heads rewritten, bodies as they are |

pub mod authority;
pub mod bundle;
pub mod edge;
pub mod relay;
pub mod requests;
pub mod routes;
pub mod tls;
pub mod wanted;

pub use authority::Authority;
pub use edge::{Edge, EdgeSetup, HANDSHAKE};
pub use routes::{Destination, Route};

#[cfg(test)]
mod tests;
