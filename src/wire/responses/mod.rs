//! The OpenAI Responses wire: a scripted reply as its event stream, or as the one JSON document.
//!
//! | module | what |
//! |---|---|
//! | [`asked`] | what a request decides about its reply |
//! | [`item`] | output items and their content parts |
//! | [`object`] | the response object and the events that carry it |
//! | [`event`] | the events that belong to one item |
//! | [`mcp`] | calls that the provider runs itself |
//! | [`render`](fn@render) | the reply itself |

pub mod asked;
mod ending;
pub mod event;
pub mod item;
mod mcp;
pub mod object;
mod render;

pub use asked::Asked;
pub use render::render;
