//! The engine: from suites to outcomes.

pub mod outcome;
pub mod selection;
pub mod tags;
