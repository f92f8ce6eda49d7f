//! What is submitted: a prompt, and who is to answer it.
//!
//! Owns: which submissions are refused, with which code.
//! Must not know: providers' wires, the log.

use super::provider::Provider;
use super::publisher::uuid;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Submission {
    pub run: String,
    pub turn: String,
    pub thread: String,
    pub agent: Option<String>,
    pub prompt: String,
    pub provider: Provider,
    pub model: String,
    /// Runs the tools that the model asks for; without it the calls stay open.
    pub executes: bool,
}

/// A refusal: status, code, words.
pub type Refused = (u16, &'static str, String);

/// The body of an answer that refuses.
pub fn refusal(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

impl Submission {
    /// Not `strict`: an empty prompt is taken.
    pub fn read(body: &[u8], strict: bool) -> Result<Submission, Refused> {
        let body: Value = serde_json::from_slice(body).map_err(|e| invalid(format!("the body is not JSON: {e}")))?;
        let prompt = match body["prompt"].as_str() {
            Some(prompt) if !(strict && prompt.trim().is_empty()) => prompt.to_owned(),
            _ => return Err(invalid("`prompt` is missing, empty or not a text".to_owned())),
        };
        let provider = body["providerId"].as_str().unwrap_or("openai");
        let provider = Provider::by_name(provider).ok_or_else(|| {
            (400, "UNKNOWN_PROVIDER", format!("there is no provider `{provider}`; there are openai, anthropic, openrouter"))
        })?;
        let model = match &body["model"] {
            Value::Null => provider.default_model().to_owned(),
            Value::String(model) if is_model(model) => model.clone(),
            other => return Err((400, "INVALID_MODEL", format!("{other} is no name of a model"))),
        };
        let executes = match body["executor"].as_str() {
            None | Some("builtin") => true,
            Some("none") => false,
            Some(other) => return Err(invalid(format!("there is no executor `{other}`; there are builtin, none"))),
        };
        Ok(Submission {
            run: id(&body, "runId")?,
            turn: id(&body, "turnId")?,
            thread: id(&body, "threadId")?,
            agent: body["agentId"].as_str().map(str::to_owned),
            prompt,
            provider,
            model,
            executes,
        })
    }
}

fn invalid(why: String) -> Refused {
    (400, "VALIDATION_ERROR", why)
}

/// The client may choose ids; what it does not choose is new.
fn id(body: &Value, key: &str) -> Result<String, Refused> {
    match &body[key] {
        Value::Null => Ok(uuid()),
        Value::String(id) if is_uuid(id) => Ok(id.clone()),
        other => Err(invalid(format!("`{key}` is no UUID: {other}"))),
    }
}

pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_model(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> &'static str {
        Submission::read(body.as_bytes(), true).map_or_else(|(status, code, _)| if status == 400 { code } else { "?" }, |_| "")
    }

    #[test]
    fn what_is_complete_is_taken() {
        assert_eq!(code(r#"{"prompt": "Hi"}"#), "");
        let given = r#"{"prompt": "Hi", "runId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "providerId": "anthropic", "executor": "none"}"#;
        let submission = Submission::read(given.as_bytes(), true).unwrap();
        assert_eq!(submission.run, "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
        assert!(!submission.executes && submission.provider == Provider::Anthropic);
    }

    #[test]
    fn each_mistake_has_its_code() {
        for body in [
            "",
            "[",
            "{}",
            r#"{"prompt": ""}"#,
            r#"{"prompt": 1}"#,
            r#"{"prompt": "x", "runId": "r1"}"#,
            r#"{"prompt": "x", "threadId": 7}"#,
        ] {
            assert_eq!(code(body), "VALIDATION_ERROR", "{body}");
        }
        assert_eq!(code(r#"{"prompt": "x", "executor": "magic"}"#), "VALIDATION_ERROR");
        assert_eq!(code(r#"{"prompt": "x", "providerId": "nobody"}"#), "UNKNOWN_PROVIDER");
        assert_eq!(code(r#"{"prompt": "x", "model": "no such model!"}"#), "INVALID_MODEL");
        assert_eq!(code(r#"{"prompt": "x", "model": 7}"#), "INVALID_MODEL");
    }
}
