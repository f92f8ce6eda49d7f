//! Which cases a run takes: filters, tags, and what the user wants of skipped ones.
//!
//! Owns: the rules of `FILTER`, `--exact`, `--skip`, `--tag`.
//! Must not know: where the wishes come from (command line, environment).

use super::tags::TagExpression;
use crate::base::suggest::did_you_mean;
use crate::model::suite::Case;

/// What the user asked for. Everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A case is taken if its id contains one of these, or equals one with `exact`; none given takes all.
    pub filters: Vec<String>,
    pub exact: bool,
    pub skip: Vec<String>,
    pub tags: Option<TagExpression>,
}

impl Selection {
    pub fn takes(&self, case: &Case) -> bool {
        let hits = |wish: &String| if self.exact { case.id == *wish } else { case.id.contains(wish.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(hits))
            && !self.skip.iter().any(hits)
            && self.tags.as_ref().is_none_or(|tags| tags.holds(&case.tags))
    }

    /// A tag that no case has is a mistake, not an empty selection.
    pub fn check_tags<'a>(&self, cases: impl Iterator<Item = &'a Case> + Clone) -> Result<(), String> {
        let known = || cases.clone().flat_map(|case| case.tags.iter().map(String::as_str));
        for name in self.tags.iter().flat_map(TagExpression::names) {
            if !known().any(|tag| tag == name) {
                let hint = did_you_mean(name, known()).unwrap_or_else(|| {
                    let mut all: Vec<_> = known().collect();
                    all.sort_unstable();
                    all.dedup();
                    if all.is_empty() { "no case has a tag".to_owned() } else { format!("the tags are {}", all.join(", ")) }
                });
                return Err(format!("no case has the tag `{name}`; {hint}"));
            }
        }
        Ok(())
    }
}
