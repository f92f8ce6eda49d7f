//! A stored trace for people: its document with the paths that a suite may name, or its records with their times.
//!
//! Owns: the spelling of paths, what is cut short.
//! Must not know: how the document comes of the trace.

use crate::model::trace::Trace;
use crate::report::clean;
use serde_json::Value;

/// More of one value is left out; `--at` and `--json` show it whole.
const MOST: usize = 300;

/// Each value of the document with its JSONPath, one a line, ready to be copied into `at`.
pub fn document(document: &Value) -> String {
    let mut out = String::new();
    leaves("$", document, &mut out);
    out
}

fn leaves(path: &str, value: &Value, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => map.iter().for_each(|(key, item)| leaves(&format!("{path}{}", step(key)), item, out)),
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| leaves(&format!("{path}[{at}]"), item, out))
        }
        _ => *out += &format!("{}: {}\n", shown(path), clean::shorten(&shown(&value.to_string()), MOST)),
    }
}

/// A key as RFC 9535 spells it: `.name`, or `['any text']`.
fn step(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    match key.chars().next() {
        Some(first) if !first.is_ascii_digit() && key.chars().all(plain) => format!(".{key}"),
        _ => format!("['{}']", key.replace('\\', r"\\").replace('\'', r"\'").replace('\n', r"\n")),
    }
}

/// One value as it is: a text without quotes, anything else as indented JSON.
pub fn one(value: &Value) -> String {
    match value {
        Value::String(text) => clean::log(text) + "\n",
        other => shown(&serde_json::to_string_pretty(other).expect("a value holds only JSON")) + "\n",
    }
}

/// Values of a path that may name many, each as JSON on its own line.
pub fn many(values: &[Value]) -> String {
    values.iter().map(|value| shown(&value.to_string()) + "\n").collect()
}

/// Each record in one line: number, time, kind, content.
pub fn records(trace: &Trace) -> String {
    let line = |record: &crate::model::trace::Record| {
        let what = serde_json::to_value(&record.what).expect("records hold only JSON");
        let (kind, content) = what
            .as_object()
            .and_then(|what| what.iter().next())
            .map(|(kind, content)| (kind.clone(), content.to_string()))
            .unwrap_or_default();
        format!("{:>5} {:>10.1} ms  {kind:<10} {}\n", record.n, record.t_ms, shown(&content))
    };
    trace.records.iter().map(line).collect()
}

/// JSON text holds no control characters but may hold commands to a CI system.
fn shown(text: &str) -> String {
    clean::log(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::{Record, What};
    use serde_json::json;

    #[test]
    fn each_value_has_the_path_that_names_it() {
        let value = json!({"reply": "hi", "calls": [{"name": "exec", "args": {}}], "requests": {"my-llm": [1]}, "odd": {"it's": null, "1a": true, "größe": 1}});
        assert_eq!(
            document(&value),
            "$.reply: \"hi\"\n$.calls[0].name: \"exec\"\n$.calls[0].args: {}\n$.requests['my-llm'][0]: 1\n\
             $.odd['it\\'s']: null\n$.odd['1a']: true\n$.odd.größe: 1\n"
        );
    }

    #[test]
    fn a_long_value_is_cut_and_nothing_steers_the_terminal() {
        let text = document(&json!({"reply": format!("##vso[x\u{9b}2J{}", "ä".repeat(1000))}));
        assert!(text.starts_with("$.reply: \"## vso[x\u{e4}") && text.ends_with("…\n") && text.chars().count() < 400, "{text}");
    }

    #[test]
    fn one_text_is_printed_as_it_is() {
        assert_eq!(one(&json!("a\n\u{1b}[1mb")), "a\nb\n");
        assert_eq!(one(&json!([1])), "[\n  1\n]\n");
        assert_eq!(many(&[json!("a"), json!(1)]), "\"a\"\n1\n");
    }

    #[test]
    fn records_stand_one_in_a_line_with_their_times() {
        let what = What::Note { message: "two\nlines".into() };
        let trace = Trace { records: vec![Record { n: 7, t_ms: 1234.56, what }] };
        assert_eq!(records(&trace), "    7     1234.6 ms  note       {\"message\":\"two\\nlines\"}\n");
    }
}
