//! Testing one value against a value pattern (language §4.1).
//!
//! Owns: the answer, and how a difference is told.
//! Must not know: how the pattern is walked (`tester`), where the value came from.

use super::tester::Tester;
use crate::model::pattern::Pattern;
use crate::model::template::Scope;
use serde_json::Value;

/// One thing that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where, from the value that was tested: `args.id`, `[0].name`; empty for the value itself.
    pub path: String,
    pub expected: String,
    pub actual: String,
    pub fault: Option<Fault>,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.fault {
            Some(Fault::Suite(reason)) => f.write_str(reason),
            _ if self.path.is_empty() => write!(f, "expected {}, got {}", self.expected, self.actual),
            _ => write!(f, "{}: expected {}, got {}", self.path, self.expected, self.actual),
        }
    }
}

/// A mismatch that is more than a plain difference.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The pattern met a value of another shape, such as a mapping against a text: a negative pattern with it could never match.
    Shape,
    /// The suite is at fault: a template without a value, a bound that is no number.
    Suite(String),
}

/// Tests a value; `None` is a missing key. The error is the first difference, or the suite's fault if there is one.
pub fn test(pattern: &Pattern, value: Option<&Value>, scope: &dyn Scope) -> Result<(), Mismatch> {
    match Tester::new(scope).run(pattern, value) {
        Ok(true) => Ok(()),
        _ => {
            let mut all = differences(pattern, value, scope);
            let worst = all.iter().position(|mismatch| matches!(mismatch.fault, Some(Fault::Suite(_)))).unwrap_or(0);
            Err(all.swap_remove(worst))
        }
    }
}

/// Whether the pattern holds, without an explanation. The error is a fault of the suite.
pub fn holds(pattern: &Pattern, value: Option<&Value>, scope: &dyn Scope) -> Result<bool, String> {
    Tester::new(scope).run(pattern, value)
}

/// Everything that differs; empty if and only if the pattern holds.
pub fn differences(pattern: &Pattern, value: Option<&Value>, scope: &dyn Scope) -> Vec<Mismatch> {
    Tester::new(scope).explain(pattern, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::testing::read_well;
    use serde_json::json;

    fn scope() -> indexmap::IndexMap<String, Value> {
        [("id", json!(7)), ("text", json!("a.b")), ("doc", json!({"contains": 1})), ("none", Value::Null), ("list", json!([1]))]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    fn tested(pattern: &str, value: &Value) -> Result<(), Mismatch> {
        let pattern = read_well(pattern, |reader, node| reader.pattern(node));
        let outcome = test(&pattern, Some(value), &scope());
        assert_eq!(holds(&pattern, Some(value), &scope()).unwrap_or(false), outcome.is_ok(), "the quick and the slow answer are one");
        assert_eq!(differences(&pattern, Some(value), &scope()).is_empty(), outcome.is_ok());
        outcome
    }

    fn passes(pattern: &str, value: Value) {
        assert_eq!(tested(pattern, &value), Ok(()), "{pattern} on {value}");
    }

    /// Gives the difference as text.
    fn fails(pattern: &str, value: Value) -> String {
        tested(pattern, &value).expect_err(pattern).to_string()
    }

    #[test]
    fn a_mapping_is_a_recursive_subset() {
        passes("{f: {city: Paris}}", json!({"f": {"city": "Paris", "k": 1}, "z": 2}));
        passes("{}", json!({"a": 1}));
        assert_eq!(fails("{f: {city: Paris}}", json!({"f": {"city": "Rome"}})), "f.city: expected \"Paris\", got \"Rome\"");
        assert_eq!(fails("{f: {city: Paris}}", json!({"f": {}})), "f.city: expected \"Paris\", got nothing");
        assert_eq!(fails("{f: {city: Paris}}", json!({})), "f: expected {city: \"Paris\"}, got nothing");
    }

    #[test]
    fn a_list_has_the_same_length_element_by_element() {
        passes("[1, {a: 1}]", json!([1.0, {"a": 1, "b": 2}]));
        assert_eq!(fails("{ids: [1, 2]}", json!({"ids": [1, 2, 3]})), "ids: expected [1, 2] (2 elements), got [1,2,3]");
        assert_eq!(fails("{ids: [1, {a: 2}]}", json!({"ids": [1, {"a": 3}]})), "ids[1].a: expected 2, got 3");
    }

    #[test]
    fn only_explicit_null_is_null() {
        passes("{note: null}", json!({"note": null}));
        fails("{note: null}", json!({}));
        fails("{note: null}", json!({"note": 0}));
    }

    #[test]
    fn what_is_inserted_is_data() {
        passes("{a: '{{id}}'}", json!({"a": 7.0}));
        passes("'{{doc}}'", json!({"contains": 1, "more": 2}));
        passes("{exactly: '{{doc}}'}", json!({"contains": 1}));
        fails("{exactly: '{{doc}}'}", json!({"contains": 1, "more": 2}));
        fails("{a: '{{id}}'}", json!({"a": "7"}));
        passes("{a: 'x{{id}}'}", json!({"a": "x7"}));
        passes("{contains: '{{text}}!'}", json!("say a.b!"));
        passes("{gt: '{{id}}'}", json!(8));
        fails("{gt: '{{id}}'}", json!(7));
    }

    #[test]
    fn what_is_inserted_into_a_regular_expression_is_escaped() {
        passes("{matches: '^{{text}}$'}", json!("a.b"));
        fails("{matches: '^{{text}}$'}", json!("aXb"));
    }

    #[test]
    fn an_optional_hole_leaves_its_key_out() {
        passes("{a: '{{none?}}', b: 1}", json!({"a": 5, "b": 1}));
        passes("{exactly: {a: '{{none?}}', b: 1}}", json!({"b": 1}));
        passes("[1, '{{none?}}']", json!([1]));
        fails("{exactly: {a: '{{none?}}', b: 1}}", json!({"a": 5, "b": 1}));
        fails("[1, '{{none?}}']", json!([1, 2]));
    }

    #[test]
    fn a_hole_without_a_value_is_a_fault_of_the_suite() {
        for pattern in
            ["{a: '{{nobody}}'}", "{contains: '{{nobody}}'}", "{matches: '{{nobody}}'}", "{gt: '{{nobody}}'}", "{literal: ['{{nobody}}']}"]
        {
            let value = if pattern.starts_with("{a") { json!({"a": 1}) } else { json!(1) };
            let value = if pattern.contains("contains") || pattern.contains("matches") { json!("x") } else { value };
            let mismatch = tested(pattern, &value).expect_err(pattern);
            assert!(matches!(&mismatch.fault, Some(Fault::Suite(reason)) if reason.contains("nobody")), "{pattern}: {mismatch:?}");
        }
        let not_a_number = tested("{gt: '{{text}}'}", &json!(1)).expect_err("a.b is no number");
        assert!(matches!(not_a_number.fault, Some(Fault::Suite(_))), "{not_a_number:?}");
        let not_a_text = tested("{contains: '{{list}}'}", &json!("x")).expect_err("a list is no text");
        assert!(matches!(not_a_text.fault, Some(Fault::Suite(_))), "{not_a_text:?}");
    }

    #[test]
    fn another_shape_is_told_apart_from_another_value() {
        let shape = |pattern: &str, value: Value| tested(pattern, &value).expect_err(pattern).fault == Some(Fault::Shape);
        for (pattern, value) in
            [("{a: 1}", json!("text")), ("[1]", json!({})), ("x", json!(["x"])), ("{gt: 1}", json!("5")), ("{contains: x}", json!(5))]
        {
            assert!(shape(pattern, value.clone()), "{pattern} on {value}");
        }
        for (pattern, value) in
            [("{a: 1}", json!({"a": 2})), ("x", json!(5)), ("{gt: 1}", json!(null)), ("{contains: x}", json!("y")), ("[1]", json!([]))]
        {
            assert!(!shape(pattern, value.clone()), "{pattern} on {value}");
        }
    }

    #[test]
    fn all_that_differs_is_told() {
        let pattern = read_well("{a: 1, b: {c: 2}, d: [3]}", |reader, node| reader.pattern(node));
        let found = differences(&pattern, Some(&json!({"a": 0, "b": {"c": 2}, "d": [4]})), &scope());
        assert_eq!(found.iter().map(|mismatch| mismatch.path.as_str()).collect::<Vec<_>>(), ["a", "d[0]"]);
    }

    #[test]
    fn a_long_value_is_cut() {
        let told = fails("x", Value::from("y".repeat(5000)));
        assert!(told.chars().count() < 300, "{told}");
    }

    #[test]
    fn the_bytes_of_a_file_are_compared() {
        passes("{same_as: hello.txt}", json!("hello"));
        passes("{same_as: hello.txt}", json!({"bytes": "aGVsbG8="}));
        fails("{same_as: hello.txt}", json!("hello\n"));
        fails("{same_as: hello.txt}", json!({"bytes": "aGVsbG8h"}));
        passes("{json_schema: schema.json}", json!(1));
        fails("{json_schema: schema.json}", json!("1"));
    }
}
