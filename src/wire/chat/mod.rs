//! The chat completions wire: a scripted reply as its chunks, or as the one JSON document.
//!
//! | module | what |
//! |---|---|
//! | [`asked`] | what a request decides about its reply |
//! | [`chunk`] | the chunks of a stream, and usage |
//! | [`completion`] | the document of a reply that is no stream |
//! | [`render`](fn@render) | the reply itself |

pub mod asked;
pub mod chunk;
pub mod completion;
mod render;

pub use asked::Asked;
pub use render::render;
