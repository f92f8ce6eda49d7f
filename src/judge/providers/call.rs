//! One call of a judge, whoever it is.
//!
//! Owns: what is asked, what comes back, what goes wrong and whether another try may help.
//! Must not know: wires, addresses, how often is tried.

use crate::judge::lock::Usage;
use crate::judge::prompt::Prompt;
use crate::model::judge::Role;
use crate::model::recording::Recording;
use serde_json::Value;
use std::time::Duration;

/// A call with everything that some provider needs.
#[derive(Clone, Copy)]
pub(in crate::judge) struct Call<'a> {
    pub prompt: &'a Prompt,
    pub schema: &'a Value,
    pub max_output_tokens: u32,
    pub temperature: Option<f64>,
    pub criterion: &'a str,
    pub statement: &'a str,
    pub evidence_from: &'a [Role],
    pub recording: &'a Recording,
    /// Counted from 0 over the tries of this very call.
    pub attempt: u32,
}

/// What came back: not yet read, not yet believed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::judge) struct Raw {
    pub text: String,
    /// Cut at the limit of its length.
    pub truncated: bool,
    pub returned_model: Option<String>,
    pub usage: Usage,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::judge) struct Trouble {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// As long as it came; who makes it hides keys in it and then cuts it.
    pub message: String,
    pub again: Again,
}

/// Whether another try may help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::judge) enum Again {
    No,
    /// Not before this time, if the provider named one.
    Later(Option<Duration>),
    /// The provider does not know the form that was asked for.
    OtherForm,
}

impl Trouble {
    pub(super) fn last(code: &'static str, message: impl Into<String>) -> Trouble {
        Trouble { code, message: message.into(), again: Again::No }
    }

    pub(super) fn refused(why: &str) -> Trouble {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        Trouble::last("judge-refused", format!("the judge refused to answer{why}"))
    }

    /// An answer of 200 that is not as the provider documents it.
    pub(super) fn odd(what: &str) -> Trouble {
        Trouble::last("judge-odd-answer", format!("the judge's provider answered without {what}"))
    }
}

/// At most 300 characters on one line.
pub(super) fn cut(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// A count of tokens at a JSON pointer; nothing counts as 0.
pub(super) fn tokens(body: &Value, pointer: &str) -> u64 {
    body.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

/// A cost at a JSON pointer; what nobody can have paid is no cost, so that no answer gives a budget back.
pub(super) fn dollars(body: &Value, pointer: &str) -> Option<f64> {
    body.pointer(pointer).and_then(Value::as_f64).filter(|usd| usd.is_finite() && *usd >= 0.0)
}

/// The model as the answer names it.
pub(super) fn returned_model(body: &Value) -> Option<String> {
    body["model"].as_str().map(str::to_owned)
}
