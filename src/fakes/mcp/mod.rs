//! A Model Context Protocol server with scripted tools, over streamable HTTP and, by a bridge, over stdio.
//!
//! | module | what |
//! |---|---|
//! | [`running`] | the server of one case: its tools, its sessions, what was asked |
//! | [`methods`] | what each method of the protocol answers |
//! | [`message`] | JSON-RPC: what a message is, how an answer is framed |
//! | [`result`] | a scripted answer as the result of a call |
//! | [`http`] | the rules of streamable HTTP |
//! | [`stream`] | connections without an end: notifications, and the lines of a bridge |
//! | [`bridge`] | the program that an agent starts as an MCP server over stdio |

pub mod bridge;
pub mod http;
pub mod message;
pub mod methods;
pub mod result;
pub mod running;
pub mod stream;

pub use running::RunningMcp;

#[cfg(test)]
mod tests;
