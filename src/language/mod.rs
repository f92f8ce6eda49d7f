//! (being written)
pub mod agents;
mod arguments;
pub mod define;
pub mod discover;
mod holes;
pub mod insert;
pub mod instances;
pub mod lookup;
pub mod merge;
pub mod names;
pub mod open;
pub mod project;
pub mod rows;
pub mod vars;
pub mod yaml;

#[cfg(test)]
mod discover_tests;
#[cfg(test)]
mod instances_tests;
