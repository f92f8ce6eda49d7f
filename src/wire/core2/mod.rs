//! Core 2.0: a run as a stream of events, and the Response object that they add up to.
//!
//! | file | what |
//! |---|---|
//! | [`names`] | one vocabulary for events, statuses and items, whichever spelling came |
//! | [`items`] | the output items, open and finished |
//! | [`reducer`] | events in, snapshots out |

pub mod items;
pub mod names;
pub mod reducer;

pub use reducer::Reducer;

#[cfg(test)]
mod tests;
