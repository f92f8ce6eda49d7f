//! What rules can see of a request, the same for every wire.
//!
//! Owns: finding user, system and tool texts in the bodies of all wires.
//! Must not know: patterns, which rule is which.

use super::route::Wire;
use crate::model::fake::MODEL_FACTS;
use serde_json::{Map, Value, json};

/// What somebody said in the history that a request carries.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    User(String),
    System(String),
    /// The model itself, words or calls.
    Model,
    ToolResult {
        id: Value,
        text: String,
    },
}

/// The facts of a request. `body` is among them and can be taken out again with [`take_body`].
///
/// `nth` is 1 for the first request, as for mocked commands (the argument counts from 0); `turn` is how many messages the user has said,
/// and `answers` how often the model answered, whatever number of items an answer has. `has_tool_result` and
/// `tool_result` speak of what came after the last user message; `tool_result` is the text of the results that
/// came last, or their list if there are several; `last_result` is the one that ends the request, if one does. What a request has not is missing.
pub fn facts(wire: Wire, body: Value, nth: usize) -> Value {
    let history = history(wire, &body);
    let mut facts = Map::with_capacity(MODEL_FACTS.len());
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), value);
        }
    };
    let last_user = history.iter().rposition(|said| matches!(said, Said::User(_)));
    put("last_user", last_user.and_then(|at| if let Said::User(text) = &history[at] { Some(text.as_str().into()) } else { None }));
    let system: Vec<_> = history.iter().filter_map(|said| if let Said::System(text) = said { Some(text.as_str()) } else { None }).collect();
    put("system", (!system.is_empty()).then(|| system.join("\n").into()));
    put("model", body.get("model").cloned());
    put("tool_offered", Some(tool_names(&body)));
    let latest = &history[last_user.map_or(0, |at| at + 1)..];
    let results = last_results(latest);
    put("has_tool_result", Some((!results.is_empty()).into()));
    put(
        "tool_result",
        match results.as_slice() {
            [] => None,
            [text] => Some((*text).into()),
            texts => Some(texts.iter().map(|text| Value::from(*text)).collect()),
        },
    );
    put("nth", Some((nth + 1).into()));
    put("turn", Some(history.iter().filter(|said| matches!(said, Said::User(_))).count().into()));
    put("answers", Some(answers(&history).into()));
    if let Some(Said::ToolResult { id, text }) = history.last() {
        put("last_result", Some(json!({"id": id, "text": text})));
    }
    put("body", Some(body));
    Value::Object(facts)
}

/// Takes the body out of the facts that it was put into.
pub fn take_body(facts: &mut Value) -> Value {
    facts.get_mut("body").map(Value::take).unwrap_or_default()
}

/// What the model said between two words of others is one answer.
pub(super) fn answers(history: &[Said]) -> usize {
    let begins = |at: usize| history[at] == Said::Model && (at == 0 || history[at - 1] != Said::Model);
    (0..history.len()).filter(|at| begins(*at)).count()
}

/// The last run of tool results that nothing else interrupts.
fn last_results(history: &[Said]) -> Vec<&str> {
    let end = history.iter().rposition(|said| matches!(said, Said::ToolResult { .. })).map_or(0, |at| at + 1);
    let start = history[..end].iter().rposition(|said| !matches!(said, Said::ToolResult { .. })).map_or(0, |at| at + 1);
    history[start..end]
        .iter()
        .filter_map(|said| if let Said::ToolResult { text, .. } = said { Some(text.as_str()) } else { None })
        .collect()
}

pub(super) fn history(wire: Wire, body: &Value) -> Vec<Said> {
    match wire {
        Wire::Responses => {
            let instructions = body["instructions"].as_str().map(|text| Said::System(text.to_owned()));
            let input = match &body["input"] {
                Value::String(text) => vec![Said::User(text.clone())],
                Value::Array(items) => items.iter().filter_map(response_item).collect(),
                _ => vec![],
            };
            instructions.into_iter().chain(input).collect()
        }
        Wire::Chat | Wire::Router => body["messages"].as_array().into_iter().flatten().filter_map(message).collect(),
        Wire::Messages => {
            let system = Some(text_of(&body["system"])).filter(|text| !text.is_empty()).map(Said::System);
            system.into_iter().chain(body["messages"].as_array().into_iter().flatten().flat_map(messages_message)).collect()
        }
    }
}

/// A message of the Messages wire. One that carries tool results is no word of the user; what clients write beside the
/// results (reminders, notes) is for the model alone.
fn messages_message(message: &Value) -> Vec<Said> {
    let results = message["content"].as_array().into_iter().flatten().filter(|block| block["type"] == "tool_result");
    let results: Vec<_> = results.map(|block| tool_result(&block["tool_use_id"], &block["content"])).collect();
    match message["role"].as_str() {
        Some("user") if !results.is_empty() => results,
        Some("user") => vec![Said::User(text_of(&message["content"]))],
        Some("system") => vec![Said::System(text_of(&message["content"]))],
        Some(_) => vec![Said::Model],
        None => vec![],
    }
}

fn response_item(item: &Value) -> Option<Said> {
    match item["type"].as_str() {
        None | Some("message") => message(item),
        Some("function_call_output" | "custom_tool_call_output" | "local_shell_call_output") => {
            Some(tool_result(&item["call_id"], &item["output"]))
        }
        Some(_) => Some(Said::Model),
    }
}

fn message(message: &Value) -> Option<Said> {
    match message["role"].as_str()? {
        "user" => Some(Said::User(text_of(&message["content"]))),
        "system" | "developer" => Some(Said::System(text_of(&message["content"]))),
        "tool" | "function" => Some(tool_result(&message["tool_call_id"], &message["content"])),
        _ => Some(Said::Model),
    }
}

fn tool_result(id: &Value, content: &Value) -> Said {
    Said::ToolResult { id: id.clone(), text: text_of(content) }
}

/// The text of a content: itself, or the texts of its parts joined; what is no text stays JSON.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part["text"].as_str()).or_else(|| part["transcript"].as_str()))
            .collect(),
        other => other.to_string(),
    }
}

/// The names of the tools that are offered; a tool without a name by its type.
pub(super) fn tool_names(body: &Value) -> Value {
    let name = |tool: &Value| [&tool["name"], &tool["function"]["name"], &tool["type"]].into_iter().find(|name| name.is_string()).cloned();
    body["tools"].as_array().into_iter().flatten().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wire: Wire, body: Value, expected: Value) {
        let mut facts = facts(wire, body.clone(), 3);
        assert_eq!(take_body(&mut facts), body);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(facts.get(name).unwrap_or(&json!("missing")), value, "{name}");
        }
    }

    #[test]
    fn a_plain_input_is_what_the_user_said() {
        let expected = json!({"last_user": "hi", "system": "be kind", "turn": 1, "nth": 4, "model": "m", "tool_offered": [],
            "has_tool_result": false, "tool_result": "missing", "answers": 0, "last_result": "missing"});
        check(Wire::Responses, json!({"model": "m", "instructions": "be kind", "input": "hi"}), expected);
    }

    #[test]
    fn responses_items_are_told_apart() {
        let body = json!({"instructions": "A", "tools": [{"type": "function", "name": "exec"}, {"type": "web_search"}], "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "B"}]},
            {"role": "user", "content": "one"},
            {"type": "function_call", "call_id": "c", "name": "exec", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "old"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "t"}, {"type": "input_text", "text": "wo"}]},
            {"type": "function_call", "call_id": "d", "name": "exec", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "d", "output": [{"type": "input_text", "text": "new"}]},
        ]});
        let expected = json!({"last_user": "two", "system": "A\nB", "turn": 2, "tool_offered": ["exec", "web_search"],
            "has_tool_result": true, "tool_result": "new", "model": "missing", "answers": 3, "last_result": {"id": "d", "text": "new"}});
        check(Wire::Responses, body, expected);
    }

    #[test]
    fn a_tool_result_of_an_earlier_turn_is_old() {
        let body = json!({"messages": [
            {"role": "user", "content": "one"}, {"role": "tool", "content": "r"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "two"},
        ]});
        check(Wire::Chat, body, json!({"has_tool_result": false, "tool_result": "missing", "last_user": "two", "system": "missing"}));
    }

    #[test]
    fn several_results_at_once_are_a_list() {
        let body = json!({"tools": [{"type": "function", "function": {"name": "exec"}}], "messages": [
            {"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "go"}]},
            {"role": "assistant", "tool_calls": []}, {"role": "tool", "content": "a"}, {"role": "tool", "tool_call_id": "c2", "content": "b"},
        ]});
        check(
            Wire::Chat,
            body,
            json!({"tool_result": ["a", "b"], "last_result": {"id": "c2", "text": "b"}, "answers": 1, "has_tool_result": true, "tool_offered": ["exec"], "system": "S", "last_user": "go"}),
        );
    }

    #[test]
    fn blocks_of_messages_are_told_apart() {
        let body = json!({"model": "m", "system": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}],
            "tools": [{"name": "Bash", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}], "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "tool_use", "id": "t0", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t0", "content": "old"}]},
            {"role": "assistant", "content": "done"},
            {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "text", "text": "wo"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "new"}]},
                {"type": "text", "text": "<system-reminder>be brief</system-reminder>"}]},
        ]});
        let expected = json!({"last_user": "two", "system": "AB", "turn": 2, "tool_offered": ["Bash", "web_search"], "has_tool_result": true,
            "tool_result": "new", "last_result": {"id": "t1", "text": "new"}, "answers": 3, "model": "m", "nth": 4});
        check(Wire::Messages, body, expected);
        let parallel = json!({"system": "S", "messages": [{"role": "user", "content": "go"}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": "1"}, {"type": "tool_result", "tool_use_id": "b", "is_error": true}]}]});
        check(Wire::Messages, parallel, json!({"tool_result": ["1", ""], "system": "S", "last_user": "go", "turn": 1}));
    }

    #[test]
    fn a_body_of_another_shape_has_few_facts_and_no_panic() {
        for body in [json!({"input": 5, "tools": {}}), json!({"messages": "x"}), json!({"messages": [1, {"role": 2}]})] {
            check(Wire::Chat, body.clone(), json!({"last_user": "missing", "turn": 0}));
            check(Wire::Messages, body.clone(), json!({"last_user": "missing", "turn": 0}));
            check(Wire::Responses, body, json!({"last_user": "missing", "turn": 0}));
        }
    }
}
