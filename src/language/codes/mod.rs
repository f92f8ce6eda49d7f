//! Every diagnostic code: what it means, what to do, an example. Codes are stable.

mod case;
mod files;
mod judge;
mod names;
mod patterns;
mod run;
mod shape;

/// The page of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Kebab-case; what stands beside a vote in reports has `_`.
    pub name: &'static str,
    pub about: &'static str,
    /// What brings it about, or what sets it right.
    pub example: &'static str,
}

/// All codes, by subject.
pub const CODES: [&[Code]; 7] = [files::CODES, names::CODES, shape::CODES, patterns::CODES, case::CODES, run::CODES, judge::CODES];

/// All codes.
pub fn all() -> impl Iterator<Item = &'static Code> {
    CODES.into_iter().flatten()
}

#[cfg(test)]
mod tests;
