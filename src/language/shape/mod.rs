//! Document types: one definition gives the struct, its reading from a tree, its JSON Schema and its page for `explain`.

pub mod containers;
pub mod defs;
pub mod document;
pub mod form;
pub mod mistake;
pub mod reading;
pub mod scalars;
pub mod words;

pub use containers::{Named, Nullable, Or};
pub use defs::{Defs, Page};
pub use form::{Key, Shape};
pub use reading::Reading;
pub use scalars::{Any, Duration, Flag, ListNode, Mapping, Null, Number, PatternNode, Scalar, Templated, Text, Whole};
