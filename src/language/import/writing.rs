//! Values as YAML: in flow style, each text in quotes, no text a template.
//!
//! Owns: quoting, and how `{{` is kept from being a hole.
//! Must not know: what is written.

use serde_json::Value;
use std::fmt::Write as _;

/// A value in flow style, on one line.
pub fn flow(value: &Value) -> String {
    let mut out = String::new();
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => quoted(&text.replace("{{", "{{'{{'}}"), out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                put(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                if is_plain(key) {
                    out.push_str(key)
                } else {
                    quoted(key, out)
                }
                out.push_str(": ");
                put(value, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// A key that YAML takes for a text without quotes.
fn is_plain(key: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        && !words.contains(&key.to_ascii_lowercase().as_str())
}

/// JSON's quotes are YAML's; what YAML does not take as it is, is escaped.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("a text takes everything");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
