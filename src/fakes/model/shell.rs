//! The tool by which an agent runs commands: which of those offered it is, and how it wants to be called.
//!
//! Owns: names and arguments of such tools, as agents have them.
//! Must not know: what is run, and why.

use crate::base::Span;
use crate::model::fake::PartKind;
use crate::model::tree::{Content, Entry, Node};
use serde_json::Value;
use std::sync::Arc;

/// Names of such tools that are in use, the likeliest first.
const NAMES: [&str; 10] = [
    "exec",
    "exec_command",
    "shell",
    "shell_command",
    "bash",
    "run_shell_command",
    "run_command",
    "execute_command",
    "run_terminal_cmd",
    "terminal",
];
/// Words in the names of others.
const WORDS: [&str; 5] = ["shell", "bash", "exec", "command", "terminal"];
/// The argument that holds the command.
const ARGUMENTS: [&str; 3] = ["command", "cmd", "script"];

/// The call that runs this command, if a tool for it is offered (the `tools` of a request, on any wire).
pub fn call(tools: &Value, command: &Arc<Node>) -> Option<PartKind> {
    let tools = tools.as_array()?;
    let fits = tools.iter().filter_map(|tool| Some((rank(name(tool)?)?, tool))).filter(|(_, tool)| argument(tool).is_some());
    let (_, tool) = fits.min_by_key(|(rank, _)| *rank)?;
    let args = arguments(tool, command)?;
    Some(PartKind::ToolCall { name: text(name(tool)?), args, id: None })
}

fn name(tool: &Value) -> Option<&str> {
    tool["name"].as_str().or_else(|| tool["function"]["name"].as_str())
}

fn rank(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let known = NAMES.iter().position(|known| *known == name);
    known.or_else(|| WORDS.iter().any(|word| name.contains(word)).then_some(NAMES.len()))
}

/// The schema of the arguments: each wire has another place for it.
fn schema(tool: &Value) -> &Value {
    [&tool["parameters"], &tool["input_schema"], &tool["function"]["parameters"]]
        .into_iter()
        .find(|schema| schema.is_object())
        .unwrap_or(&Value::Null)
}

fn argument(tool: &Value) -> Option<&'static str> {
    ARGUMENTS.into_iter().find(|name| schema(tool)["properties"][name].is_object())
}

/// The command in its place, and something harmless for every other argument that must be given.
fn arguments(tool: &Value, command: &Arc<Node>) -> Option<Arc<Node>> {
    let (schema, own) = (schema(tool), argument(tool)?);
    let is_list = is(&schema["properties"][own], "array") && !is(&schema["properties"][own], "string");
    let line = if is_list { node(Content::List(vec![text("bash"), text("-lc"), command.clone()])) } else { command.clone() };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|name| *name != own);
    let others = required.map(|name| (name, Node::from_value(Span::NONE, &harmless(&schema["properties"][name]))));
    let entries = [(own, line)].into_iter().chain(others);
    let entries = entries.map(|(name, value)| Entry { key: name.into(), key_span: Span::NONE, value }).collect();
    Some(node(Content::Map(entries)))
}

fn is(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
}

fn harmless(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match () {
        () if is(schema, "string") => "Run a command".into(),
        () if is(schema, "integer") || is(schema, "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        () if is(schema, "boolean") => false.into(),
        () if is(schema, "array") => Value::Array(vec![]),
        () => Value::Object(serde_json::Map::new()),
    }
}

fn text(text: &str) -> Arc<Node> {
    node(Content::Text(text.into()))
}

fn node(content: Content) -> Arc<Node> {
    Node::new(Span::NONE, content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn called(tools: Value) -> Option<Value> {
        match call(&tools, &text("ls -l"))? {
            PartKind::ToolCall { name, args, .. } => Some(json!([name.to_value(), args.to_value()])),
            _ => None,
        }
    }

    #[test]
    fn the_shells_of_known_agents_are_called_as_they_want() {
        let reference = json!([{"type": "function", "name": "exec", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}}]);
        assert_eq!(called(reference), Some(json!(["exec", {"command": "ls -l"}])));
        let codex = json!([{"type": "function", "name": "write_stdin", "parameters": {"properties": {"chars": {"type": "string"}}}},
            {"type": "function", "name": "exec_command", "parameters": {"properties": {"cmd": {"type": "string"}, "tty": {"type": "boolean"}}, "required": ["cmd"]}}]);
        assert_eq!(called(codex), Some(json!(["exec_command", {"cmd": "ls -l"}])));
        let claude = json!([{"name": "BashOutput", "input_schema": {"properties": {"bash_id": {"type": "string"}}}},
            {"name": "Bash", "input_schema": {"properties": {"command": {"type": "string"}, "description": {"type": "string"}}, "required": ["command"]}}]);
        assert_eq!(called(claude), Some(json!(["Bash", {"command": "ls -l"}])));
        let argv =
            json!([{"type": "function", "function": {"name": "container.exec", "parameters": {"properties": {"cmd": {"type": "array"}}}}}]);
        assert_eq!(called(argv), Some(json!(["container.exec", {"cmd": ["bash", "-lc", "ls -l"]}])));
    }

    #[test]
    fn what_must_be_given_besides_is_given() {
        let schema = json!({"properties": {"command": {"type": "string"}, "why": {"type": "string"}, "wait": {"type": "integer", "minimum": 5},
            "ask": {"type": "boolean"}, "mode": {"enum": ["fast"]}, "env": {"type": "object"}, "args": {"type": ["array", "null"]}},
            "required": ["why", "wait", "ask", "mode", "env", "args", "command"]});
        let expected = json!({"command": "ls -l", "why": "Run a command", "wait": 5, "ask": false, "mode": "fast", "env": {}, "args": []});
        assert_eq!(called(json!([{"name": "shell", "input_schema": schema}])), Some(json!(["shell", expected])));
    }

    #[test]
    fn a_tool_that_runs_no_command_is_not_taken_for_one() {
        let none = json!([{"name": "send", "input_schema": {"properties": {"command": {"type": "string"}}}}, {"name": "exec", "input_schema": {}}, {"type": "local_shell"}]);
        assert_eq!(called(none), None);
        assert_eq!(called(Value::Null), None);
    }

    #[test]
    fn the_likeliest_name_wins() {
        let tool = |name: &str| json!({"name": name, "input_schema": {"properties": {"command": {"type": "string"}}}});
        assert_eq!(called(json!([tool("my_shell"), tool("bash"), tool("exec")])), Some(json!(["exec", {"command": "ls -l"}])));
    }
}
