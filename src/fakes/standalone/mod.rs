//! A scripted provider on a port of its own, for people's own tests: no suite, no case, no end.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | the port, and who answers: a run's provider, or the server itself below `/__checkride` |
//! | [`runs`] | conversations kept apart, each with the script from its beginning |
//! | [`journal`] | what was asked and answered lately, as JSON |

pub mod journal;
pub mod runs;
pub mod server;

pub use server::{Options, Standalone};
