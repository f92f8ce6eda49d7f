//! The order of rules, and quoting.

use super::writing::flow;
use serde_json::json;

#[test]
fn no_text_is_a_template() {
    assert_eq!(flow(&json!({"a": "{{x}}", "on": ["\u{7f}\n\"", 1.0, null]})), r#"{a: "{{'{{'}}x}}", "on": ["\u007f\n\"", 1.0, null]}"#);
}

#[test]
fn a_place_that_was_reached_comes_before_what_has_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let fixture = |user: &str, turn: &str, text: &str| {
        format!(r#"{{"match": {{"userMessage": "{user}"{turn}}}, "response": {{"content": "{text}"}}}}"#)
    };
    let fixtures =
        [fixture("a", "", "fallback"), fixture("a", ", \"turnIndex\": 2", "placed"), fixture("b", ", \"turnIndex\": 1", "ahead")];
    std::fs::write(file.path(), format!("{{\"fixtures\": [{}]}}", fixtures.join(","))).unwrap();
    let script = super::import(file.path()).unwrap().script;
    let replies: Vec<_> = script.lines().filter_map(|line| line.trim().strip_prefix("reply: ")).collect();
    assert_eq!(replies, ["\"fallback\"", "\"placed\"", "\"ahead\"", "\"fallback\"", "\"ahead\""]);
}
