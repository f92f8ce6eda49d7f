//! The built-in executor: the tools that the model may call.
//!
//! Owns: their schemas, what they return.
//! Must not know: wires, runs.

use crate::reference_agent::exec;
use serde_json::{Value, json};
use std::path::{Component, Path};

/// A call, as the model asked for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: String,
    pub name: String,
    /// JSON as the model wrote it; models do make mistakes.
    pub arguments: String,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub text: String,
    pub success: bool,
}

/// A model that reads larger files has no use for them.
const MOST: u64 = 1 << 20;

/// Name, description, parameters.
pub fn offered() -> Vec<(&'static str, &'static str, Value)> {
    let path = json!({
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Relative to the working folder."}},
        "required": ["path"],
        "additionalProperties": false,
    });
    vec![("readFile", "Reads a file of the working folder.", path), (exec::NAME, exec::DESCRIPTION, exec::parameters())]
}

/// Runs a call. Whatever goes wrong is told in the text, for the model to deal with.
pub async fn run(call: &Call) -> Output {
    match attempt(call).await {
        Ok(text) => Output { text, success: true },
        Err(text) => Output { text, success: false },
    }
}

async fn attempt(call: &Call) -> Result<String, String> {
    let arguments: Value = serde_json::from_str(&call.arguments).map_err(|e| format!("the arguments are not JSON: {e}"))?;
    let argument = |key: &str| arguments[key].as_str().ok_or_else(|| format!("the argument `{key}` is missing or not a text"));
    match call.name.as_str() {
        "readFile" => read(argument("path")?).await,
        exec::NAME => Ok(exec::run(argument("command")?).await),
        other => Err(format!("there is no tool `{other}`")),
    }
}

async fn read(path: &str) -> Result<String, String> {
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside {
        return Err(format!("EACCES: {path} is not in the working folder"));
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("ENOENT: no such file or directory, open '{path}'"),
        _ => format!("failed to read {path}: {error}"),
    };
    let known = tokio::fs::metadata(path).await.map_err(failed)?;
    if known.len() > MOST {
        return Err(format!("{path} is larger than {MOST} bytes"));
    }
    tokio::fs::read(path).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ran(name: &str, arguments: &str) -> Output {
        run(&Call { id: "c".into(), name: name.into(), arguments: arguments.into() }).await
    }

    #[tokio::test]
    async fn a_file_is_read_and_a_missing_one_is_a_result() {
        assert!(ran("readFile", r#"{"path": "Cargo.toml"}"#).await.text.contains("[package]"));
        let missing = ran("readFile", r#"{"path": "missing.txt"}"#).await;
        assert!(!missing.success && missing.text.starts_with("ENOENT"));
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_is_read_and_nonsense_fails() {
        for (name, arguments) in [
            ("readFile", r#"{"path": "/etc/passwd"}"#),
            ("readFile", r#"{"path": "../x"}"#),
            ("readFile", "{"),
            ("readFile", "{}"),
            ("no-such", "{}"),
        ] {
            assert!(!ran(name, arguments).await.success, "{name} {arguments}");
        }
    }
}
