//! The fakes of a case: the scripted world around the agent.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | one HTTP server for the fakes of all cases |
//! | [`model`] | the scripted LLM provider |
//! | [`command`] | command-line tools mocked by PATH |
//! | [`egress`] | a proxy that leads hosts to fakes, and records and refuses what goes elsewhere |
//! | [`http`] | HTTP/1.1 over one connection, down to breaking it on purpose |

pub mod command;
pub mod egress;
pub mod http;
pub mod model;
pub mod server;
