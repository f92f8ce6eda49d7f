//! The chat completions wire: a scripted reply as its chunks, or as the one JSON document.
//!
//! | module | what |
//! |---|---|
//! | [`asked`] | what a request decides about its reply |
//! | [`chunk`] | the chunks of a stream, and usage |
//! | [`completion`] | the document of a reply that is no stream |
//! | [`router`] | what OpenRouter adds |
//! | [`said`] | what holds for a reply as a whole |
//! | [`render`](fn@render) | the reply itself |
//! | [`document`] | the reply that is no stream |

pub mod asked;
pub mod chunk;
pub mod completion;
mod document;
mod render;
pub mod router;
mod said;

pub use asked::{Asked, Variant};
pub use render::render;
