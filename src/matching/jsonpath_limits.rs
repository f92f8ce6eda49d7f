//! The well-formed JSONPaths that are refused, since `jsonpath-rust` 1.0.12 gives wrong results for them.
//!
//! Owns: the list of these forms. They were found by the compliance suite and by comparison with a second engine on random
//! paths (`tests/vectors/differential.rs`); each can go when it is right upstream.
//! Must not know: anything else about paths.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Literal, Segment, Selector, Test, TestFunction,
};

const MANY_SELECTORS: &str =
    "several selectors in one bracket after a step that may name many values come in the wrong order; write one path for each";
const NESTED_FILTER: &str = "a filter inside a filter is not supported";
const COUNT: &str = "`count()` of nothing is wrong here; compare it with a number that 0 does not satisfy, such as `count(…) > 0`";

/// Why the path is refused, if it is.
pub(super) fn wrong_results(query: &JpQuery) -> Option<&'static str> {
    in_order(&query.segments).or_else(|| segments(&query.segments, false))
}

/// Several selectors are evaluated one after the other over all values, not over each value in turn.
fn in_order(segments: &[Segment]) -> Option<&'static str> {
    let mut many = false;
    for segment in segments {
        let (descends, segment) = match segment {
            Segment::Descendant(inner) => (true, &**inner),
            segment => (false, segment),
        };
        let selectors = if let Segment::Selectors(selectors) = segment { selectors.as_slice() } else { &[] };
        if selectors.len() > 1 && (many || descends) {
            return Some(MANY_SELECTORS);
        }
        let single = |selector: &Selector| matches!(selector, Selector::Name(_) | Selector::Index(_));
        many |= descends || selectors.len() > 1 || selectors.iter().any(|selector| !single(selector));
        many |= matches!(segment, Segment::Selector(selector) if !single(selector));
    }
    None
}

fn segments(segments: &[Segment], in_filter: bool) -> Option<&'static str> {
    segments.iter().find_map(|each| segment(each, in_filter))
}

fn segment(of: &Segment, in_filter: bool) -> Option<&'static str> {
    match of {
        Segment::Descendant(inner) => segment(inner, in_filter),
        Segment::Selector(of) => selector(of, in_filter),
        Segment::Selectors(selectors) => selectors.iter().find_map(|of| selector(of, in_filter)),
    }
}

fn selector(selector: &Selector, in_filter: bool) -> Option<&'static str> {
    match selector {
        Selector::Filter(_) if in_filter => Some(NESTED_FILTER),
        Selector::Filter(of) => filter(of),
        _ => None,
    }
}

fn filter(of: &Filter) -> Option<&'static str> {
    match of {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().find_map(filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => test(expr),
        Filter::Atom(FilterAtom::Comparison(of)) => comparison(of),
    }
}

fn comparison(of: &Comparison) -> Option<&'static str> {
    let (left, right) = of.vals();
    let is_count = |side: &Comparable| matches!(side, Comparable::Function(TestFunction::Count(_)));
    if (is_count(left) || is_count(right)) && !right_for_nothing(of) {
        return Some(COUNT);
    }
    [left, right].into_iter().find_map(|side| match side {
        Comparable::Function(of) => function(of),
        Comparable::Literal(_) | Comparable::SingularQuery(_) => None,
    })
}

/// The count of nothing is no value there, where it should be 0: that is the same if 0 satisfies the comparison exactly when
/// no value does, which only `!=` lets it.
fn right_for_nothing(comparison: &Comparison) -> bool {
    let number = |side: &Comparable| match side {
        Comparable::Literal(Literal::Int(n)) => Some(*n as f64),
        Comparable::Literal(Literal::Float(n)) => Some(*n),
        _ => None,
    };
    let (left, right) = comparison.vals();
    let (left, right) = match (number(left), number(right)) {
        (None, Some(right)) => (0.0, right),
        (Some(left), None) => (left, 0.0),
        _ => return false,
    };
    match comparison {
        Comparison::Eq(..) => left != right,
        Comparison::Ne(..) => left != right,
        Comparison::Gt(..) => left <= right,
        Comparison::Gte(..) => left < right,
        Comparison::Lt(..) => left >= right,
        Comparison::Lte(..) => left > right,
    }
}

fn test(of: &Test) -> Option<&'static str> {
    match of {
        Test::RelQuery(of) => segments(of, true),
        Test::AbsQuery(query) => segments(&query.segments, true),
        Test::Function(of) => function(of),
    }
}

fn function(of: &TestFunction) -> Option<&'static str> {
    let argument = |argument: &FnArg| match argument {
        FnArg::Literal(_) => None,
        FnArg::Test(of) => test(of),
        FnArg::Filter(_) => Some("a filter as an argument is not supported"),
    };
    match of {
        TestFunction::Custom(..) => Some("this function is not one of RFC 9535"),
        TestFunction::Length(only) => argument(only),
        TestFunction::Value(only) | TestFunction::Count(only) => argument(only),
        TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => argument(text).or_else(|| argument(pattern)),
    }
}
