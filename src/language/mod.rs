//! Loading: from bytes to typed suites, with all mistakes of all files in one go.

pub mod docs;
pub mod shape;
pub mod yaml;
