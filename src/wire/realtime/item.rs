//! One item as a client writes it.
//!
//! Owns: which items and contents there are, and what each of them needs.
//! Must not know: the conversation it is for.

use super::mistake::Mistake;
use crate::model::wire::Names;
use serde_json::{Value, json};

const TYPES: [&str; 6] = ["message", "function_call", "function_call_output", "mcp_approval_response", "mcp_call", "mcp_list_tools"];

/// The item as the conversation keeps it, without an id unless the client gave one.
pub fn read(names: Names, given: &Value) -> Result<Value, Mistake> {
    let Value::Object(given) = given else { return Err(Mistake::missing("item")) };
    let kind = match given.get("type") {
        None => return Err(Mistake::missing("item.type")),
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => kind.as_str(),
        Some(other) => return Err(Mistake::invalid("item.type", other, &TYPES)),
    };
    if given.get("id").is_some_and(|id| !id.is_string() && !id.is_null()) {
        return Err(Mistake::new("invalid_type", "Invalid type for 'item.id': expected a string.").at("item.id"));
    }
    let needs: &[&str] = match kind {
        "message" => &["role", "content"],
        "function_call" => &["name", "arguments"],
        "function_call_output" => &["call_id", "output"],
        "mcp_approval_response" => &["approval_request_id", "approve"],
        _ => &[],
    };
    if let Some(key) = needs.iter().find(|key| given.get(**key).is_none()) {
        return Err(Mistake::missing(&format!("item.{key}")));
    }
    let mut item = given.clone();
    if kind == "message" {
        let content = contents(names, &given["role"], &given["content"])?;
        item.insert("content".to_owned(), content);
    }
    if kind == "function_call_output" && !given["output"].is_string() {
        return Err(Mistake::new("invalid_type", "Invalid type for 'item.output': expected a string.").at("item.output"));
    }
    item.insert("object".to_owned(), "realtime.item".into());
    if ["message", "function_call", "function_call_output"].contains(&kind) {
        item.entry("status").or_insert_with(|| "completed".into());
    }
    Ok(Value::Object(item))
}

fn contents(names: Names, role: &Value, content: &Value) -> Result<Value, Mistake> {
    let known: &[&str] = match (role.as_str(), names) {
        (Some("user"), _) => &["input_text", "input_audio", "input_image"],
        (Some("system"), _) => &["input_text"],
        (Some("assistant"), Names::Ga) => &["output_text", "output_audio"],
        (Some("assistant"), Names::Beta) => &["text", "audio"],
        _ => return Err(Mistake::invalid("item.role", role, &["user", "assistant", "system"])),
    };
    let Some(parts) = content.as_array() else {
        return Err(Mistake::new("invalid_type", "Invalid type for 'item.content': expected an array.").at("item.content"));
    };
    let part = |(at, part): (usize, &Value)| {
        let place = format!("item.content[{at}]");
        match part.get("type") {
            None => return Err(Mistake::missing(&format!("{place}.type"))),
            Some(kind) if !known.iter().any(|known| kind == known) => return Err(Mistake::invalid(&format!("{place}.type"), kind, known)),
            Some(_) => {}
        }
        if part["type"] == "input_text" && !part["text"].is_string() {
            return Err(Mistake::missing(&format!("{place}.text")));
        }
        Ok(kept(part))
    };
    parts.iter().enumerate().map(part).collect()
}

/// Audio is not given back, only what was said in it.
fn kept(part: &Value) -> Value {
    match part["type"].as_str() {
        Some("input_audio") => json!({"type": "input_audio", "transcript": part["transcript"]}),
        _ => part.clone(),
    }
}
