//! The fakes of a case: the scripted world around the agent.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | one HTTP server for the fakes of all cases |
//! | [`model`] | the scripted LLM provider |
//! | [`websocket`] | scripted WebSocket connections |
//! | [`command`] | command-line tools mocked by PATH |
//! | [`egress`] | a proxy that records and refuses what goes elsewhere |
//! | [`http`] | HTTP/1.1 over one connection, down to breaking it on purpose |

pub mod command;
pub mod egress;
pub mod http;
pub mod model;
pub mod server;
pub mod websocket;
