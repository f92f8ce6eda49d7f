//! JSONPath (RFC 9535): reading, refusing what would go wrong, selecting.
//!
//! Owns: the choice of engines. `jsonpath-rust` evaluates; what `serde_json_path` calls ill-formed is refused, and so are
//! the forms on which `jsonpath-rust` gives wrong results (`jsonpath_limits`).
//! Must not know: which document is looked at.

use super::interner;
use crate::base::{Diagnostic, Span};
use crate::model::pattern::JsonPath;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use serde_json::Value;

/// What a path names in a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Selected {
    /// A path that can name one value only, and names none.
    Missing,
    /// The steps before the first wildcard or filter do not exist; the text is the longest prefix that does not.
    BrokenPrefix(String),
    One(Value),
    /// Of a path that may name many values.
    Many(Vec<Value>),
}

/// What a path names in a document.
pub fn select(path: &JsonPath, document: &Value) -> Selected {
    if path.singular {
        return first_ref(path, document).map_or(Selected::Missing, |value| Selected::One(value.clone()));
    }
    match prefix(&path.query, document) {
        Err(broken) => Selected::BrokenPrefix(broken),
        Ok(_) => Selected::Many(all_ref(path, document).into_iter().cloned().collect()),
    }
}

/// The first value, in document order.
pub fn first(path: &JsonPath, document: &Value) -> Option<Value> {
    first_ref(path, document).cloned()
}

/// The first value, in document order, not copied.
pub fn first_ref<'v>(path: &JsonPath, document: &'v Value) -> Option<&'v Value> {
    match path.singular {
        true => path.query.segments.iter().try_fold(document, |value, segment| child(value, segment)),
        false => all_ref(path, document).into_iter().next(),
    }
}

/// All values, in document order, not copied.
pub fn all_ref<'v>(path: &JsonPath, document: &'v Value) -> Vec<&'v Value> {
    let found = jsonpath_rust::query::js_path_process(&path.query, document);
    found.map(|found| found.into_iter().map(|found| found.val()).collect()).unwrap_or_default()
}

/// The names that a path begins with, up to its first step that is none.
pub fn names(path: &JsonPath) -> impl Iterator<Item = &str> {
    path.query.segments.iter().map_while(|segment| match single(segment)? {
        Step::Name(name) => Some(name),
        Step::Index(_) => None,
    })
}

fn child<'v>(value: &'v Value, segment: &Segment) -> Option<&'v Value> {
    match single(segment)? {
        Step::Name(name) => value.as_object()?.get(name),
        Step::Index(index) => {
            let items = value.as_array()?;
            let index = if index < 0 { index + items.len() as i64 } else { index };
            items.get(usize::try_from(index).ok()?)
        }
    }
}

enum Step<'a> {
    Name(&'a str),
    Index(i64),
}

/// The step, if the segment can name one value only.
fn single(segment: &Segment) -> Option<Step<'_>> {
    match segment {
        Segment::Selector(selector) => single_selector(selector),
        Segment::Selectors(selectors) => match selectors.as_slice() {
            [selector] => single_selector(selector),
            _ => None,
        },
        Segment::Descendant(_) => None,
    }
}

fn single_selector(selector: &Selector) -> Option<Step<'_>> {
    match selector {
        Selector::Name(name) => Some(Step::Name(name)),
        Selector::Index(index) => Some(Step::Index(*index)),
        _ => None,
    }
}

/// The value at the end of the steps that can name one value only; the error is the first prefix that names nothing.
fn prefix<'v>(query: &JpQuery, document: &'v Value) -> Result<&'v Value, String> {
    let mut value = document;
    let mut walked = "$".to_owned();
    for segment in &query.segments {
        let Some(step) = single(segment) else { break };
        match step {
            Step::Name(name) if plain(name) => walked.push_str(&format!(".{name}")),
            Step::Name(name) => walked.push_str(&format!("['{name}']")),
            Step::Index(index) => walked.push_str(&format!("[{index}]")),
        }
        value = child(value, segment).ok_or_else(|| walked.clone())?;
    }
    Ok(value)
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Reads a path that stands at `span`.
pub fn parse(text: &str, span: Span) -> Result<JsonPath, Diagnostic> {
    if let Err(error) = serde_json_path::JsonPath::parse(text) {
        return Err(ill_formed(text, span, error.position(), error.message()));
    }
    let query = interner::query(text).map_err(|error| {
        let reason = error.to_string();
        not_supported(text, span, reason.lines().last().unwrap_or_default().trim())
    })?;
    if let Some(reason) = super::jsonpath_limits::wrong_results(&query) {
        return Err(not_supported(text, span, reason));
    }
    let singular = query.segments.iter().all(|segment| single(segment).is_some());
    Ok(JsonPath { source: text.into(), query, singular })
}

fn ill_formed(text: &str, span: Span, position: usize, reason: &str) -> Diagnostic {
    let at = text.char_indices().nth(position.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let diagnostic =
        Diagnostic::error("ill-formed-jsonpath", inside(text, span, at), format!("ill-formed JSONPath `{text}`")).label(match reason {
            "parser error" if position + 1 >= text.chars().count() => "the path ends too early".to_owned(),
            "parser error" => format!("cannot be read from character {position} on"),
            reason => format!("at character {position}: {reason}"),
        });
    match text.starts_with('$') {
        true => diagnostic.help("a path is written as in RFC 9535: `$.calls[0].args`, `$.events[?@.type == 'error']`, `$['a key']`"),
        false => diagnostic.help("a path begins with `$`"),
    }
}

fn not_supported(text: &str, span: Span, reason: &str) -> Diagnostic {
    Diagnostic::error("jsonpath-not-supported", span, format!("the JSONPath `{text}` is well-formed, but not supported")).label(reason)
}

/// The place of a byte of the text, if it stands in the file as it is, plain or quoted; otherwise the whole text.
fn inside(text: &str, span: Span, at: usize) -> Span {
    let written = span.end.saturating_sub(span.start) as usize;
    let quote = match written.checked_sub(text.len()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return span,
    };
    let start = span.start as usize + quote + at;
    Span::new(span.file, start, (start + 1).min(span.end as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> JsonPath {
        parse(text, Span::NONE).expect(text)
    }

    #[test]
    fn a_singular_path_gives_one_value_or_nothing() {
        let document = json!({"a": [{"b c": 1}, 2], "n": null});
        assert_eq!(select(&path("$.a[0]['b c']"), &document), Selected::One(json!(1)));
        assert_eq!(select(&path("$.a[-1]"), &document), Selected::One(json!(2)));
        assert_eq!(select(&path("$.n"), &document), Selected::One(Value::Null));
        assert_eq!(select(&path("$"), &document), Selected::One(document.clone()));
        for missing in ["$.b", "$.a[2]", "$.a[-3]", "$.a.b", "$.n.x", "$[0]"] {
            assert_eq!(select(&path(missing), &document), Selected::Missing, "{missing}");
        }
    }

    #[test]
    fn any_other_path_gives_a_list() {
        let document = json!({"a": [{"t": "x", "v": 1}, {"t": "y"}, {"t": "x", "v": 3}], "empty": []});
        assert_eq!(select(&path("$.a[?@.t == 'x'].v"), &document), Selected::Many(vec![json!(1), json!(3)]));
        assert_eq!(select(&path("$.empty[*].v"), &document), Selected::Many(vec![]));
        assert_eq!(first(&path("$..v"), &document), Some(json!(1)));
        assert_eq!(first(&path("$.a[?@.t == 'z']"), &document), None);
    }

    #[test]
    fn a_prefix_that_does_not_exist_is_told() {
        let document = json!({"a": {"b": []}});
        assert_eq!(select(&path("$.a.x.y[*]"), &document), Selected::BrokenPrefix("$.a.x".to_owned()));
        assert_eq!(select(&path("$['a b'][0][*]"), &document), Selected::BrokenPrefix("$['a b']".to_owned()));
        assert_eq!(select(&path("$.a.b[*].c"), &document), Selected::Many(vec![]));
    }

    #[test]
    fn ill_formed_paths_are_refused_with_their_place() {
        for text in ["$.foo bar", "foo", "", "$.", "$[", "$.a[?]", "$.a[?length(@.*) < 3]", "$[?count(@.a)]", "$.a]"] {
            let error = parse(text, Span::NONE).expect_err(text);
            assert_eq!(error.code, "ill-formed-jsonpath", "{text}");
        }
        let span = Span::new(crate::base::FileId(0), 10, 21);
        let error = parse("$.foo bar", span).expect_err("ill-formed");
        assert!(error.span.start > 11 && error.span.end <= 21, "{:?}", error.span);
    }

    #[test]
    fn forms_with_wrong_results_are_refused() {
        let refused = [
            "$..['a','d']",
            "$..[0, 1]",
            "$.*['a','d']",
            "$[?@[?@>1]]",
            "$[?count(@[?@.a]) > 1]",
            "$[?count(@.*) == 0]",
            "$[?count(@.*) < 3]",
            "$[?3 >= count(@.*)]",
            "$[?count(@.*) != 0]",
            "$[?count(@.*) == count(@.a)]",
        ];
        for text in refused {
            assert_eq!(parse(text, Span::NONE).expect_err(text).code, "jsonpath-not-supported", "{text}");
        }
        let accepted = [
            "$..a",
            "$.a['a','d']",
            "$[?@.a && !(@.b > 1)]",
            "$[?count(@.*) > 1]",
            "$[?1 <= count(@.*)]",
            "$[?count(@.*) != 2]",
            "$[?match(@.a, 'x.*')]",
        ];
        for text in accepted {
            path(text);
        }
    }
}
