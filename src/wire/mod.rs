//! Wire formats as pure functions: what a provider's bytes look like, whoever sends or reads them.
//!
//! | module | what |
//! |---|---|
//! | [`sse`], [`sse_read`] | server-sent events: one as bytes, and read from bytes |
//! | [`script`] | the parts of a reply, filled to plain values |
//! | [`stream`] | a reply as bytes and the steps in which they go out |
//! | [`frame`] | the form of WebSocket messages in traces and suites |
//! | [`json`] | JSON read into no more memory than it needs |
//! | [`core2`] | the events of a Core 2.0 run, and the response that they make |
//! | [`cut`] | how a text becomes deltas |
//! | [`faults`] | a rendered reply cut otherwise, and damaged on purpose |
//! | [`provider_error`] | the error body of the OpenAI wires |
//! | [`resp`] | commands to redis and its replies |
//! | [`responses`] | the OpenAI Responses wire |
//! | [`realtime`] | the OpenAI Realtime wire, event by event |
//! | [`chat`] | the chat completions wire, OpenAI's and OpenRouter's |
//! | [`messages`] | the Anthropic Messages wire |
//! | [`multipart`] | the parts of a form, by name |
//! | [`reading`] | answers of all wires, as their clients read them |

pub mod chat;
pub mod core2;
pub mod cut;
pub mod faults;
pub mod frame;
pub mod json;
pub mod messages;
pub mod multipart;
pub mod provider_error;
pub mod reading;
pub mod realtime;
pub mod resp;
pub mod responses;
pub mod script;
pub mod sse;
pub mod sse_read;
pub mod stream;
