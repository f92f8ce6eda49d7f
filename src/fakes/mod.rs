//! The fakes of a case: the scripted world around the agent.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | one HTTP server for the fakes of all cases |
//! | [`model`] | the scripted LLM provider |
//! | [`mcp`] | a Model Context Protocol server |
//! | [`tools`] | the rows of tools, as `mcp` and `functions` fakes share them |
//! | [`standalone`] | a scripted provider on a port of its own, for people's own tests |
//! | [`command`] | command-line tools mocked by PATH |
//! | [`egress`] | a proxy that records and refuses what goes elsewhere |
//! | [`http`] | HTTP/1.1 over one connection, down to breaking it on purpose |

pub mod command;
pub mod egress;
pub mod http;
pub mod mcp;
pub mod model;
pub mod server;
pub mod standalone;
pub mod tools;
