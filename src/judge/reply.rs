//! The form of a judge's reply, and reading one.
//!
//! Owns: the schema, what is refused and in which words.
//! Must not know: whether what a reply says is true.

use super::digest::sha256_of;
use crate::model::judge::Answer;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// The longest text of an error of the reader that is told to the judge and to people.
const LONGEST_FAULT: usize = 200;

/// A reply as the schema says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub criterion_id: String,
    pub analysis: String,
    pub evidence: Vec<Citation>,
    pub counter_evidence: Vec<Citation>,
    pub embedded_instructions: bool,
    pub verdict: Answer,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Citation {
    pub event: String,
    pub quote: String,
}

/// In the subset that strict modes of all providers take. The analysis comes before the verdict: what decodes by schema keeps the order.
pub(super) fn schema() -> Value {
    let citations = || {
        json!({
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["event", "quote"],
                "properties": {"event": {"type": "string"}, "quote": {"type": "string"}},
            },
        })
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["criterion_id", "analysis", "evidence", "counter_evidence", "embedded_instructions", "verdict"],
        "properties": {
            "criterion_id": {"type": "string"},
            "analysis": {"type": "string"},
            "evidence": citations(),
            "counter_evidence": citations(),
            "embedded_instructions": {"type": "boolean"},
            "verdict": {"type": "string", "enum": ["met", "not_met", "unsure"]},
        },
    })
}

pub(super) fn schema_sha256() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| sha256_of(&schema()))
}

/// Reads a reply to the statement `id`. The error is told to the judge, which may reply once more.
pub(super) fn read(text: &str, id: &str) -> Result<Reply, String> {
    let reply: Reply = serde_json::from_str(text.trim()).map_err(|error| {
        let fault: String = error.to_string().chars().take(LONGEST_FAULT).collect();
        format!("it is not the JSON that the schema asks for ({fault})")
    })?;
    if reply.criterion_id != id {
        let named: String = reply.criterion_id.chars().take(60).collect();
        return Err(format!("it is about the criterion `{named}`, and `{id}` was asked"));
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Value {
        json!({
            "criterion_id": "a", "analysis": "x", "evidence": [{"event": "e1", "quote": "hello there"}],
            "counter_evidence": [], "embedded_instructions": false, "verdict": "met",
        })
    }

    #[test]
    fn a_reply_by_the_schema_is_read() {
        let reply = read(&format!(" {} \n", good()), "a").unwrap();
        assert_eq!((reply.verdict, reply.evidence[0].event.as_str()), (Answer::Met, "e1"));
        assert!(jsonschema::draft202012::is_valid(&schema(), &good()));
    }

    #[test]
    fn what_the_schema_refuses_the_reader_refuses() {
        let changed = |place: &str, value: Value| {
            let mut reply = good();
            match value {
                Value::Null => drop(reply.as_object_mut().unwrap().remove(place)),
                value => reply[place] = value,
            }
            reply
        };
        for reply in [
            changed("verdict", json!("pass")),
            changed("verdict", Value::Null),
            changed("analysis", Value::Null),
            changed("score", json!(1)),
            changed("embedded_instructions", json!("no")),
            changed("evidence", json!(["e1"])),
            changed("evidence", json!([{"event": "e1", "quote": "q", "sure": true}])),
            changed("evidence", json!([{"event": 1, "quote": "q"}])),
            json!([]),
            json!("met"),
        ] {
            assert!(read(&reply.to_string(), "a").is_err(), "{reply}");
            assert!(!jsonschema::draft202012::is_valid(&schema(), &reply), "{reply}");
        }
    }

    #[test]
    fn a_reply_that_is_no_json_or_about_another_statement_is_refused() {
        for text in ["", "met", "{\"criterion_id\": \"a\"", "```json\n{}\n```"] {
            assert!(read(text, "a").unwrap_err().contains("not the JSON"), "{text}");
        }
        assert!(read(&good().to_string(), "b").unwrap_err().contains("about the criterion `a`, and `b` was asked"));
    }
}
