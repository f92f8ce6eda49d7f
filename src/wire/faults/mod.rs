//! A rendered reply, cut otherwise than in one write, and damaged on purpose. No reply passes here that is neither.
//!
//! | module | what |
//! |---|---|
//! | [`piece`] | a reply taken apart into its events, and their types |
//! | [`stream`] | what a fault does to an event stream |
//! | [`place`] | at which events a fault happens |
//! | [`identity`] | ids that change in the middle |
//! | [`document`] | what a fault does to a reply that is one document |
//! | [`layout`] | events as bytes again, and where one write ends |
//! | [`shape`](fn@shape) | all of it, for one reply |

mod document;
mod identity;
mod layout;
mod piece;
mod place;
mod shaping;
mod stream;

pub use shaping::{Miss, is_needed, shape};

#[cfg(test)]
mod tests;
