//! Mocked commands: rules and what they answer.
//!
//! Owns: from a command's rules to plain answers.
//! Must not know: PATH, processes, how a rule is matched.

use super::Lowering;
use super::check::wrong_place;
use super::fake::{CALL, fields};
use super::lowering::key_span;
use crate::base::Diagnostic;
use crate::language::docs::fake::{CommandAnswerDoc, CommandRuleDoc, FakeDoc, OtherwiseWord, OutputDoc};
use crate::language::shape::{Any, Or, Templated, Text, Whole, mistake};
use crate::model::fake::{CommandAnswer, CommandFake, CommandRule, CommandWhen, Otherwise, Output};
use std::time::Duration;

/// What is mocked is found on PATH, by a name that is no path.
pub fn name(name: &Text, low: &mut Lowering<'_>) {
    if name.text.is_empty() || name.text.contains(['/', '\0']) || matches!(&*name.text, "." | "..") {
        low.push(
            mistake::wrong_value(name.span, format!("`{}` cannot be the name of a mocked command", name.text), "the name of a program")
                .help("a command is mocked by PATH; a program that is called by its path cannot be mocked"),
        );
    }
}

pub fn command(doc: &FakeDoc, low: &mut Lowering<'_>) -> CommandFake {
    let rules = doc.command.as_deref().unwrap_or_default();
    CommandFake {
        rules: rules.iter().map(|doc| rule(doc, low)).collect(),
        otherwise: match doc.otherwise {
            None | Some(OtherwiseWord::Fail) => Otherwise::Fail,
            Some(OtherwiseWord::Empty) => Otherwise::Empty,
            Some(OtherwiseWord::Refuse) => Otherwise::Refuse,
        },
    }
}

fn rule(doc: &CommandRuleDoc, low: &mut Lowering<'_>) -> CommandRule {
    let answers = match &doc.answers {
        Some(answers) => {
            for key in ["stdout", "stderr", "exit", "delay"] {
                if doc.node.get(key).is_some() {
                    low.push(wrong_place(key_span(&doc.node, key), key, "with `answers`, write it into each of them"));
                }
            }
            answers.iter().map(|doc| answer(doc, low)).collect()
        }
        None => vec![CommandAnswer {
            stdout: output(doc.stdout.as_ref(), low),
            stderr: output(doc.stderr.as_ref(), low),
            exit: status(doc.exit, low),
            delay: doc.delay.map_or(Duration::ZERO, |delay| delay.duration),
        }],
    };
    CommandRule { span: doc.node.span, when: when(doc.when.as_ref(), low), answers, sequence: doc.answers.is_some() }
}

fn when(doc: Option<&Any>, low: &mut Lowering<'_>) -> CommandWhen {
    let Some(Any(node)) = doc else { return CommandWhen::Always };
    if node.is_map() {
        fields(node, &CALL, "a command's rule", low);
        // The shim reads it again, in another process; here it is only checked.
        low.pattern(node);
        return CommandWhen::Pattern(node.clone());
    }
    CommandWhen::Glob(low.glob(node))
}

fn answer(doc: &CommandAnswerDoc, low: &mut Lowering<'_>) -> CommandAnswer {
    CommandAnswer {
        stdout: output(doc.stdout.as_ref(), low),
        stderr: output(doc.stderr.as_ref(), low),
        exit: status(doc.exit, low),
        delay: doc.delay.map_or(Duration::ZERO, |delay| delay.duration),
    }
}

fn status(doc: Option<Whole>, low: &mut Lowering<'_>) -> i32 {
    let Some(exit) = doc else { return 0 };
    if exit.number > 255 {
        low.push(mistake::wrong_value(exit.span, format!("{} is not an exit status", exit.number), "a number from 0 to 255"));
    }
    i32::try_from(exit.number).unwrap_or(255)
}

fn output(doc: Option<&Or<Templated, OutputDoc>>, low: &mut Lowering<'_>) -> Option<Output> {
    let doc = match doc? {
        Or::This(text) => return Some(Output::Text(text.0.clone())),
        Or::That(doc) => doc,
    };
    match (&doc.json, &doc.bytes) {
        (Some(json), None) => Some(Output::Json(json.0.clone())),
        (None, Some(bytes)) => Some(Output::Bytes(bytes.0.clone())),
        _ => {
            low.push(Diagnostic::error("one-kind", doc.node.span, "an output is one of `json` and `bytes`").label("exactly one of them"));
            None
        }
    }
}
