//! From a word to its test.
//!
//! Owns: the one match over all words that need a value.
//! Must not know: what any of them does.

use super::{comparisons, lists, logic, safety, structure, texts};
use crate::matching::tester::Tester;
use crate::model::pattern::Test;
use serde_json::Value;

/// Whether the word holds for a value that is there. What differs is noted in the tester.
pub(crate) fn holds(tester: &mut Tester<'_>, test: &Test, value: &Value) -> bool {
    match test {
        Test::Not(inner) => logic::not(tester, test, inner, value),
        Test::OneOf(options) => logic::one_of(tester, test, options, value),
        Test::Matches(regex) => texts::matches(tester, test, regex, value),
        Test::MatchesFilled { pattern, fold } => texts::matches_filled(tester, test, pattern, *fold, value),
        Test::Contains(needles) => texts::contains(tester, test, needles, value),
        Test::StartsWith(start) => texts::edge(tester, test, start, value, |start, text| text.starts_with(start)),
        Test::EndsWith(end) => texts::edge(tester, test, end, value, |end, text| text.ends_with(end)),
        Test::Similar { to, measure, at_least } => texts::similar(tester, test, to, (*measure, *at_least), value),
        Test::NoCredentials(allow) => safety::no_credentials(tester, test, allow, value),
        Test::UrlHosts { allow, deny } => safety::url_hosts(tester, test, allow.as_deref(), deny, value),
        Test::Compare(comparison, bound) => comparisons::compare(tester, test, *comparison, bound, value),
        Test::Approx { value: bound, within } => comparisons::approx(tester, test, bound, *within, value),
        Test::Is(kind) => structure::is(tester, test, *kind, value),
        Test::Present(_) | Test::Absent(_) => unreachable!("the tester answers these for present and missing values alike"),
        Test::Optional(inner) => tester.pattern(inner, Some(value)),
        Test::Length(inner) => lists::length(tester, test, inner, value),
        Test::Each(inner) => lists::each(tester, test, inner, value),
        Test::Has(inner) => lists::has(tester, test, inner, value),
        Test::Ascending(_) => lists::ascending(tester, test, value),
        Test::Exactly(inner) => tester.closed(inner, Some(value)),
        Test::JsonText(inner) => structure::json_text(tester, test, inner, value),
        Test::JsonSchema(schema) => structure::json_schema(tester, test, schema, value),
        Test::Glob(glob) => texts::glob(tester, test, glob, value),
        Test::Literal(data) => structure::literal(tester, data, value),
        Test::SameAs { bytes, .. } => structure::same_as(tester, test, bytes, value),
    }
}
