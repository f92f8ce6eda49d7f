//! Loading: from bytes to typed suites, with all mistakes of all files in one go.

pub mod agents;
mod arguments;
mod attacked;
pub mod builtin;
pub mod codes;
mod consequences;
mod credentials;
pub mod define;
pub mod discover;
pub mod docs;
pub mod explain;
mod holes;
pub mod import;
pub mod insert;
pub mod instances;
pub mod judge;
pub mod lint;
pub mod load;
pub mod lookup;
pub mod lower;
pub mod merge;
pub mod names;
pub mod open;
mod overrides;
pub mod project;
pub mod rows;
pub mod schema;
mod schema_mistake;
pub mod shape;
pub mod vars;
pub mod yaml;

#[cfg(test)]
mod discover_tests;
#[cfg(test)]
mod instances_tests;
#[cfg(test)]
mod tests;

pub use explain::explain;
pub use load::{Loaded, Options, load, script};
