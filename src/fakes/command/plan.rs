//! The plan of the mocked commands: rules and answers with nothing left to insert, as plain JSON.
//!
//! Owns: the form of the file, the way from the suite's rules to it.
//! Must not know: where the file lies, how a rule is matched.

use crate::base::{Diagnostics, Span};
use crate::matching::read::Reader;
use crate::model::fake::{CommandAnswer, CommandFake, CommandRule, CommandWhen, Otherwise, Output};
use crate::model::pattern::Glob;
use crate::model::template::Scope;
use crate::model::tree::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What tells a plan from any other file of that name.
pub const MARK: &str = "checkride command mocks 1";

/// The file `plan.json` of a run folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`MARK`].
    pub plan: String,
    pub commands: BTreeMap<String, Command>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    pub rules: Vec<Rule>,
    pub otherwise: PlannedOtherwise,
    /// Some rule asks for `stdin`: it is read to its end, not only glanced at.
    pub needs_stdin: bool,
    /// Some rule asks for `nth`, or gives answers in turn: calls are counted.
    pub counts: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// How the rule is named in messages and in the trace.
    pub label: String,
    pub when: When,
    pub answers: Vec<Answer>,
    /// Each answer is given once, in turn.
    pub sequence: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    Always,
    Glob(String),
    /// A pattern over `{argv, stdin, cwd, nth}`, as written.
    Pattern(Value),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Base64.
    pub stdout: String,
    /// Base64.
    pub stderr: String,
    pub exit: i32,
    pub delay_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedOtherwise {
    Fail,
    Empty,
    Refuse,
}

/// Fills and checks all rules. The error names command and rule.
pub fn compile(fakes: &[(String, &CommandFake)], scope: &dyn Scope) -> Result<Plan, String> {
    let mut commands = BTreeMap::new();
    for (name, fake) in fakes {
        let command = command(fake, scope).map_err(|reason| format!("mocked command `{name}`: {reason}"))?;
        commands.insert(name.clone(), command);
    }
    Ok(Plan { plan: MARK.to_owned(), commands })
}

fn command(fake: &CommandFake, scope: &dyn Scope) -> Result<Command, String> {
    let mut rules = Vec::with_capacity(fake.rules.len());
    for (at, written) in fake.rules.iter().enumerate() {
        rules.push(rule(written, at, scope).map_err(|reason| format!("rule {}: {reason}", at + 1))?);
    }
    let asks = |key| rules.iter().any(|rule| matches!(&rule.when, When::Pattern(pattern) if mentions(pattern, key)));
    let needs_stdin = asks("stdin");
    let counts = asks("nth") || rules.iter().any(|rule| rule.sequence);
    let otherwise = match fake.otherwise {
        Otherwise::Fail => PlannedOtherwise::Fail,
        Otherwise::Empty => PlannedOtherwise::Empty,
        Otherwise::Refuse => PlannedOtherwise::Refuse,
    };
    Ok(Command { rules, otherwise, needs_stdin, counts })
}

fn rule(rule: &CommandRule, at: usize, scope: &dyn Scope) -> Result<Rule, String> {
    let (shown, when) = match &rule.when {
        CommandWhen::Always => ("any".to_owned(), When::Always),
        CommandWhen::Glob(Glob { pattern }) => {
            let glob = text(pattern, scope)?;
            (glob.clone(), When::Glob(glob))
        }
        CommandWhen::Pattern(node) => {
            let pattern = filled(node, scope)?;
            check_pattern(&pattern)?;
            (pattern.to_string(), When::Pattern(pattern))
        }
    };
    let answers = rule.answers.iter().map(|written| answer(written, scope)).collect::<Result<_, _>>()?;
    Ok(Rule { label: format!("rule {} ({shown})", at + 1), when, answers, sequence: rule.sequence })
}

/// A pattern that the mock could not read is refused here, where somebody sees it.
fn check_pattern(pattern: &Value) -> Result<(), String> {
    let mut diagnostics = Diagnostics::default();
    read_pattern(pattern, &mut diagnostics);
    match diagnostics.list.first() {
        Some(diagnostic) if diagnostics.has_errors() => Err(format!("`when`: {}", diagnostic.message)),
        _ => Ok(()),
    }
}

/// Reads a pattern out of a plan.
pub fn read_pattern(pattern: &Value, diagnostics: &mut Diagnostics) -> crate::model::pattern::Pattern {
    let file = |path: &str| Err(format!("a mocked command's `when` cannot name a file (`{path}`); write it inline"));
    Reader { diagnostics, file: &file }.pattern(&Node::from_value(Span::NONE, pattern))
}

fn answer(answer: &CommandAnswer, scope: &dyn Scope) -> Result<Answer, String> {
    let bytes = |output: &Option<Output>| output.as_ref().map_or(Ok(String::new()), |output| encoded(output, scope));
    let delay_ms = u64::try_from(answer.delay.as_millis()).unwrap_or(u64::MAX);
    Ok(Answer { stdout: bytes(&answer.stdout)?, stderr: bytes(&answer.stderr)?, exit: answer.exit, delay_ms })
}

fn encoded(output: &Output, scope: &dyn Scope) -> Result<String, String> {
    match output {
        Output::Text(node) => Ok(BASE64.encode(text(node, scope)?)),
        Output::Json(node) => Ok(BASE64.encode(format!("{}\n", filled(node, scope)?))),
        Output::Bytes(node) => {
            let encoded: String = text(node, scope)?.split_whitespace().collect();
            BASE64.decode(&encoded).map_err(|error| format!("`bytes` is not base64: {error}"))?;
            Ok(encoded)
        }
    }
}

fn text(node: &Arc<Node>, scope: &dyn Scope) -> Result<String, String> {
    match filled(node, scope)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("expected a text, found {other}")),
    }
}

fn filled(node: &Arc<Node>, scope: &dyn Scope) -> Result<Value, String> {
    let value = node.fill(scope).map_err(|unfilled| unfilled.reason)?;
    Ok(value.unwrap_or(Value::Null))
}

/// True if the key stands anywhere inside; too many costs a little time, too few would be wrong.
fn mentions(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, item)| name == key || mentions(item, key)),
        Value::Array(items) => items.iter().any(|item| mentions(item, key)),
        _ => false,
    }
}
