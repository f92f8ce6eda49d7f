//! The reference agent as Dexter's API: a chat over an agent with hosted MCP tools, and short-lived realtime sessions.
//!
//! | file | what |
//! |---|---|
//! | [`options`] | what it is told on the command line and by variables |
//! | [`server`] | the HTTP surface: which path is answered by what |
//! | [`openai`] | the requests to the provider, and how they fail |
//! | [`specialists`] | the tools that the chat's model has: three specialists, and the hosted MCP server |
//! | [`chat`] | `POST /chat`: a run to its end, and the state of it |
//! | [`stream`] | `GET /chat/stream`: the events of a run while it goes on |
//! | [`items`] | output items as a run shows them |
//! | [`sessions`] | `POST /realtime/sessions`: for a guest, or for whom a token names |
//! | [`mcp`] | the MCP server: its health, its tools |
//! | [`faults`] | deliberately broken variants |

pub mod chat;
pub mod faults;
pub mod items;
pub mod mcp;
pub mod openai;
pub mod options;
pub mod server;
pub mod sessions;
pub mod specialists;
pub mod stream;
