//! The fakes of a case: the scripted world around the agent.
//!
//! | module | what |
//! |---|---|
//! | [`server`] | one HTTP server for the fakes of all cases |
//! | [`model`] | the scripted LLM provider |
//! | [`standalone`] | a scripted provider on a port of its own, for people's own tests |
//! | [`routes`] | the HTTP server, and routes beside a model |
//! | [`rules`] | the first rule that matches, or nearly does |
//! | [`websocket`] | scripted WebSocket connections |
//! | [`mcp`] | a Model Context Protocol server |
//! | [`tools`] | the rows of tools, as `mcp` and `functions` fakes share them |
//! | [`functions`] | tools that the client runs |
//! | [`command`] | command-line tools mocked by PATH |
//! | [`redis`] | a real redis-server: its arguments, and one command to it |
//! | [`egress`] | a proxy that leads hosts to fakes, and records and refuses what goes elsewhere |
//! | [`http`] | HTTP/1.1 over one connection, down to breaking it on purpose |

pub mod command;
pub mod egress;
pub mod functions;
pub mod http;
pub mod mcp;
pub mod model;
pub mod redis;
pub mod routes;
pub mod rules;
pub mod server;
pub mod standalone;
pub mod tools;
pub mod websocket;
