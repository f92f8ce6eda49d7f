//! The fakes of a case: the scripted world around the agent.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | one HTTP server for the fakes of all cases |
//! | [`model`] | the scripted LLM provider |
//! | [`command`] | command-line tools mocked by PATH |
//! | [`redis`] | a real redis-server: its arguments, and one command to it |
//! | [`egress`] | a proxy that records and refuses what goes elsewhere |
//! | [`http`] | HTTP/1.1 over one connection, down to breaking it on purpose |

pub mod command;
pub mod egress;
pub mod http;
pub mod model;
pub mod redis;
pub mod server;
