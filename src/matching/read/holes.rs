//! The templates inside a pattern.
//!
//! Owns: the walk over all places of a pattern that may hold one.
//! Must not know: which names mean what.

use crate::model::pattern::{Bound, Form, Glob, Pattern, Test};
use crate::model::template::Template;

/// Calls `visit` for each template inside.
pub(crate) fn templates<'p>(pattern: &'p Pattern, visit: &mut dyn FnMut(&'p Template)) {
    match &pattern.form {
        Form::Plain(_) => {}
        Form::Hole(node) => node.templates(&mut |_, template| visit(template)),
        Form::Subset(fields) => fields.iter().for_each(|(_, pattern)| templates(pattern, visit)),
        Form::Elements(items) => items.iter().for_each(|item| templates(item, visit)),
        Form::Words(words) => words.iter().for_each(|word| in_test(&word.test, visit)),
    }
}

fn in_test<'p>(test: &'p Test, visit: &mut dyn FnMut(&'p Template)) {
    match test {
        Test::Not(inner)
        | Test::Optional(inner)
        | Test::Length(inner)
        | Test::Each(inner)
        | Test::Has(inner)
        | Test::Exactly(inner)
        | Test::JsonText(inner) => templates(inner, visit),
        Test::OneOf(options) => options.iter().for_each(|option| templates(option, visit)),
        Test::MatchesFilled { pattern: node, .. } | Test::Literal(node) | Test::Glob(Glob { pattern: node }) => {
            node.templates(&mut |_, template| visit(template))
        }
        Test::Contains(needles) => needles.iter().for_each(|needle| needle.text.templates(&mut |_, template| visit(template))),
        Test::StartsWith(text) | Test::EndsWith(text) | Test::Similar { to: text, .. } => {
            text.text.templates(&mut |_, template| visit(template));
        }
        Test::Compare(_, Bound::Hole(node)) | Test::Approx { value: Bound::Hole(node), .. } => {
            node.templates(&mut |_, template| visit(template));
        }
        Test::Matches(_)
        | Test::Compare(_, Bound::Number(_))
        | Test::Approx { value: Bound::Number(_), .. }
        | Test::Is(_)
        | Test::Present(_)
        | Test::Absent(_)
        | Test::Ascending(_)
        | Test::JsonSchema(_)
        | Test::NoCredentials(_)
        | Test::UrlHosts { .. }
        | Test::SameAs { .. } => {}
    }
}
