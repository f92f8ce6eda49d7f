//! `match`: which requests a fixture answers, as the `when` of a rule.
//!
//! Owns: what each key of `match` is in a rule; which cannot be said.
//! Must not know: order, answers.

use serde_json::{Map, Value, json};

/// Which requests a fixture answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The `when` of a rule, without the place in a conversation.
    pub when: Map<String, Value>,
    /// How many answers of the model came before.
    pub turn: Option<i64>,
    /// The n-th of the fixtures that ask for the same.
    pub sequence: Option<u64>,
}

/// Reads `match`. The error is why the fixture cannot be imported; `notes` are about keys that change nothing.
pub fn read(of: &Value, notes: &mut Vec<String>) -> Result<Asked, String> {
    let Value::Object(of) = of else { return Err("it has no `match`".to_owned()) };
    let mut asked = Asked::default();
    for (key, value) in of {
        condition(key, value, &mut asked, notes)?;
    }
    Ok(asked)
}

fn condition(key: &str, value: &Value, asked: &mut Asked, notes: &mut Vec<String>) -> Result<(), String> {
    let text = || value.as_str().ok_or_else(|| format!("`match.{key}` is no text"));
    let (name, pattern) = match key {
        "userMessage" => ("last_user", json!({"contains": text()?})),
        "systemMessage" => match value {
            Value::Array(texts) if texts.is_empty() => return Ok(()),
            Value::Array(texts) if texts.iter().all(Value::is_string) => ("system", json!({"contains": texts})),
            Value::Array(_) => return Err("`match.systemMessage` holds something that is no text".to_owned()),
            _ => ("system", json!({"contains": text()?})),
        },
        "model" => ("model", json!({"matches": format!("^{}(-[0-9](?s:.)*)?$", literal(text()?))})),
        "toolName" => ("tool_offered", json!(text()?)),
        "toolCallId" => ("last_result", json!({"id": text()?})),
        "toolResultContains" => ("last_result", json!({"text": {"contains": text()?}})),
        "hasToolResult" => ("has_tool_result", json!(value.as_bool().ok_or("`match.hasToolResult` is not true or false")?)),
        "responseFormat" => ("body", json!({"response_format": {"type": text()?}})),
        "context" => ("headers", json!({"x-aimock-context": text()?})),
        "turnIndex" => {
            asked.turn = Some(value.as_i64().ok_or("`match.turnIndex` is no whole number")?);
            return Ok(());
        }
        "sequenceIndex" => {
            asked.sequence = Some(value.as_u64().ok_or("`match.sequenceIndex` is no whole number from 0 on")?);
            return Ok(());
        }
        "endpoint" if value == "chat" => return Ok(()),
        "endpoint" => return Err(format!("the endpoint {value} is not served; a script serves conversations")),
        "inputText" => return Err("`match.inputText` asks for an embedding; a script serves conversations".to_owned()),
        _ => {
            notes.push(format!("`match.{key}` is not known, and aimock leaves it out as well"));
            return Ok(());
        }
    };
    match (asked.when.get_mut(name).and_then(Value::as_object_mut), pattern) {
        (Some(there), Value::Object(more)) => there.extend(more),
        (_, pattern) => drop(asked.when.insert(name.to_owned(), pattern)),
    }
    Ok(())
}

/// Braces are escaped too, so that two of them are no hole.
fn literal(text: &str) -> String {
    regex::escape(text)
}

impl Asked {
    /// True if whatever this answers, `other` answers too, by the texts they ask for.
    pub fn implies(&self, other: &Asked) -> bool {
        let contains = |pattern: &Value| pattern.get("contains").and_then(Value::as_str).map(str::to_owned);
        other.when.iter().all(|(key, wanted)| {
            self.when.get(key).is_some_and(|own| {
                own == wanted || matches!((contains(own), contains(wanted)), (Some(own), Some(wanted)) if own.contains(&wanted))
            })
        })
    }

    /// True if both ask for the same, whatever their place in a sequence.
    pub fn same(&self, other: &Asked) -> bool {
        self.turn == other.turn && self.when == other.when
    }
}
