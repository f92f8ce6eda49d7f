//! Tools of `mcp` and `functions` fakes: rows and what they answer.
//!
//! Owns: from rows to tools; what only one row of a name may say.
//! Must not know: who calls a tool, how an answer reaches the caller.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::key_span;
use crate::base::Diagnostic;
use crate::language::docs::server::{ToolAnswerDoc, ToolDoc};
use crate::language::shape::{Any, Duration as Written, Mapping, Text, mistake};
use crate::model::tool::{ToolAnswer, ToolOutcome, ToolRow};
use crate::model::tree::Node;
use std::sync::Arc;
use std::time::Duration;

/// Which kind of fake the rows belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolsOf {
    Mcp,
    Functions,
}

/// Lowers the rows of a fake.
pub fn rows(docs: &[ToolDoc], of: ToolsOf, low: &mut Lowering<'_>) -> Vec<ToolRow> {
    docs.iter().enumerate().for_each(|(at, doc)| said_once(&docs[..at], doc, low));
    docs.iter().map(|doc| row(doc, of, low)).collect()
}

/// Rows of one name are one tool, which has one description, one schema and appears once.
fn said_once(before: &[ToolDoc], doc: &ToolDoc, low: &mut Lowering<'_>) {
    for key in ["description", "schema", "appears"] {
        let said = before.iter().any(|other| *other.name.text == *doc.name.text && other.node.get(key).is_some());
        if said && doc.node.get(key).is_some() {
            let help = format!("rows of one name are one tool; another row of `{}` has `{key}`", &*doc.name);
            low.push(wrong_place(key_span(&doc.node, key), key, &help));
        }
    }
}

fn row(doc: &ToolDoc, of: ToolsOf, low: &mut Lowering<'_>) -> ToolRow {
    if doc.name.text.is_empty() {
        low.push(mistake::wrong_value(doc.name.span, "a tool without a name cannot be called", "the name of a tool"));
    }
    if let (Some(gate), ToolsOf::Functions) = (&doc.appears, of) {
        low.push(wrong_place(gate.span, "appears", "only an `mcp` server can tell its clients that the list of tools has changed"));
    }
    if let Some(schema) = &doc.schema {
        well_formed(&schema.0, low);
    }
    let answers = match &doc.answers {
        Some(answers) => {
            for key in ["result", "error", "rpc_error", "delay", "gate"] {
                if doc.node.get(key).is_some() {
                    low.push(wrong_place(key_span(&doc.node, key), key, "with `answers`, write it into each of them"));
                }
            }
            answers.iter().filter_map(|doc| of_list(doc, of, low)).collect()
        }
        None => Spoken {
            node: &doc.node,
            result: doc.result.as_ref(),
            error: doc.error.as_ref(),
            rpc_error: doc.rpc_error.as_ref(),
            delay: doc.delay,
            gate: doc.gate.as_ref(),
        }
        .answer("tool", of, low)
        .into_iter()
        .collect(),
    };
    ToolRow {
        span: doc.node.span,
        name: doc.name.to_string(),
        description: doc.description.as_ref().map(|text| text.to_string()),
        schema: doc.schema.as_ref().map(|schema| schema.0.clone()),
        when: doc.when.as_ref().map(|when| low.pattern(&when.0)),
        answers,
        sequence: doc.answers.is_some(),
        appears: doc.appears.as_ref().map(|gate| gate.to_string()),
    }
}

/// A schema that cannot be read would let everything through.
fn well_formed(schema: &Arc<Node>, low: &mut Lowering<'_>) {
    let mut templates = false;
    schema.templates(&mut |_, _| templates = true);
    if templates {
        return;
    }
    if let Err(error) = jsonschema::draft202012::options().build(&schema.to_value()) {
        low.push(mistake::wrong_value(schema.span, format!("this is no JSON Schema: {error}"), "a JSON Schema (2020-12)"));
    }
}

fn of_list(doc: &ToolAnswerDoc, of: ToolsOf, low: &mut Lowering<'_>) -> Option<ToolAnswer> {
    Spoken {
        node: &doc.node,
        result: doc.result.as_ref(),
        error: doc.error.as_ref(),
        rpc_error: doc.rpc_error.as_ref(),
        delay: doc.delay,
        gate: doc.gate.as_ref(),
    }
    .answer("tool_answer", of, low)
}

/// What rows and items of `answers` have in common.
struct Spoken<'a> {
    node: &'a Arc<Node>,
    result: Option<&'a Any>,
    error: Option<&'a Any>,
    rpc_error: Option<&'a Mapping>,
    delay: Option<Written>,
    gate: Option<&'a Text>,
}

impl Spoken<'_> {
    fn answer(self, owner: &str, of: ToolsOf, low: &mut Lowering<'_>) -> Option<ToolAnswer> {
        let given: Vec<_> = ["result", "error", "rpc_error"].into_iter().filter(|key| self.node.get(key).is_some()).collect();
        if let [first, second, ..] = given.as_slice() {
            let message = format!("`{first}` and `{second}` are both answers; a call has one");
            low.push(Diagnostic::error("one-kind", key_span(self.node, second), message).label("the second answer"));
            return None;
        }
        let outcome = match (self.result, self.error, self.rpc_error) {
            (Some(Any(node)), ..) => ToolOutcome::Result(node.clone()),
            (_, Some(Any(node)), _) => ToolOutcome::Error(node.clone()),
            (.., Some(Mapping(node))) => {
                if of == ToolsOf::Functions {
                    let span = key_span(self.node, "rpc_error");
                    low.push(wrong_place(span, "rpc_error", "only calls of an `mcp` server are requests of JSON-RPC; write `error`"));
                }
                rpc_error(node, low);
                ToolOutcome::RpcError(node.clone())
            }
            (None, None, None) => {
                // A key that could not be read has been reported.
                if given.is_empty() {
                    low.push(
                        Diagnostic::error("missing-key", self.node.span, "missing key `result`")
                            .label(format!("`{owner}` needs `result` or `error`"))
                            .help("a tool that returns nothing has `result: null`"),
                    );
                }
                return None;
            }
        };
        let delay = self.delay.map_or(Duration::ZERO, |delay| delay.duration);
        Some(ToolAnswer { span: self.node.span, outcome, delay, gate: self.gate.map(|gate| gate.to_string()) })
    }
}

/// `{code, message, data}`, as JSON-RPC has it.
fn rpc_error(node: &Arc<Node>, low: &mut Lowering<'_>) {
    if !node.is_map() {
        return;
    }
    mistake::keys(node, "tool", &["code", "message", "data"], &["code", "message"], low.diagnostics);
    if let Some(code) = node.get("code").filter(|code| !code.to_value().is_i64() && code.text().is_some()) {
        low.push(mistake::wrong_type(code, "a whole number"));
    }
}
