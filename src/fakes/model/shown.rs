//! Replies and requests as messages name them.
//!
//! Owns: short forms for people.
//! Must not know: what is wrong with them.

use crate::model::fake::{PartKind, Reply};
use crate::model::tree::Node;
use serde_json::Value;

/// A text in quotes, cut to what fits on a line.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// Which request it was: its place, what the user said last, which results it carries.
pub fn asked(what: &str, facts: &Value, nth: usize) -> String {
    let mut said = format!("the request: {what}, nth: {}", nth + 1);
    for name in ["last_user", "tool_result"] {
        match &facts[name] {
            Value::Null => {}
            Value::String(text) => said.push_str(&format!(", {name}: {}", quoted(text))),
            other => said.push_str(&format!(", {name}: {}", quoted(&other.to_string()))),
        }
    }
    said
}

/// What a reply would have said.
pub fn reply(reply: &Reply) -> String {
    let parts: Vec<_> = reply.parts.iter().filter_map(|part| part_kind(&part.kind)).collect();
    if parts.is_empty() { "an empty reply".to_owned() } else { parts.join(", ") }
}

fn part_kind(part: &PartKind) -> Option<String> {
    Some(match part {
        PartKind::Text(node) | PartKind::Message(node) => format!("the text {}", quoted(&text(node))),
        PartKind::Audio { transcript, .. } => format!("the spoken text {}", quoted(&text(transcript))),
        PartKind::ToolCall { name, args, .. } => {
            format!("a call of `{}` {}", text(name), cut(&args.to_value().to_string()))
        }
        PartKind::Refusal(node) => format!("the refusal {}", quoted(&text(node))),
        PartKind::Error { message, .. } => format!("the error {}", quoted(message)),
        PartKind::Fail { message, .. } => format!("the failure {}", quoted(message)),
        PartKind::Http { status, .. } => format!("the status {status}"),
        PartKind::Abort(_) => "a broken connection".to_owned(),
        _ => return None,
    })
}

fn text(node: &Node) -> String {
    match node.to_value() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    const MOST: usize = 80;
    text.char_indices().nth(MOST).map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}
