//! The rows of tools, as `mcp` and `functions` fakes share them.
//!
//! | module | what |
//! |---|---|
//! | [`choice`] | which answer a call gets, the nearest row of a call that gets none, what was left over |
//! | [`offer`] | the tools that rows make together, and arguments held against their schema |
//! | [`fill`] | an answer with its templates filled |

pub mod choice;
pub mod fill;
pub mod offer;

pub use choice::{Call, Chosen, Given};
pub use fill::Filled;
pub use offer::Tool;
