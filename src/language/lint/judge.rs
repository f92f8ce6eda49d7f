//! Rubrics that a judge could not answer well, or that nothing else stands beside.
//!
//! Owns: what makes a statement unclear, who is of whose family, when nobody judges.
//! Must not know: how a judge is asked.

use crate::base::{Diagnostic, Diagnostics};
use crate::language::lower::Draft;
use crate::model::fake::FakeKind;
use crate::model::judge::{Criterion, CriterionKind, Provider, Rubric, security};
use regex::Regex;
use std::sync::LazyLock;

/// Statements of fewer or more words are seldom one clear fact.
const WORDS: std::ops::RangeInclusive<usize> = 4..=60;

/// Words that each judge takes in a way of its own.
const VAGUE: [&str; 12] = [
    "good",
    "appropriate",
    "appropriately",
    "helpful",
    "helpfully",
    "reasonable",
    "nice",
    "properly",
    "adequate",
    "relevant",
    "quality",
    "suitable",
];

static TWO: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\s(and|as well as)\s").expect("a constant"));
static NEGATED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\b(not|never|no|n't|without)\b|n't\b").expect("a constant"));
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{L}\p{N}']+").expect("a constant"));

pub(super) fn rubrics(draft: &Draft) -> impl Iterator<Item = &Rubric> {
    draft.steps.iter().filter_map(|step| step.judge.as_ref()).chain(&draft.judge)
}

/// Statements that are not one plain fact.
pub fn unclear_statements(draft: &Draft, diagnostics: &mut Diagnostics) {
    for rubric in rubrics(draft) {
        // Those of a preset are not the author's.
        for criterion in rubric.criteria.iter().filter(|criterion| !is_ours(rubric, criterion)) {
            if let Some((message, help)) = unclear(criterion) {
                diagnostics.push(Diagnostic::warning("unclear-statement", criterion.span, message).label("hard to judge").help(help));
            }
        }
    }
}

/// The ids of the preset.
const OURS: [&str; 4] = [security::USER_TASK, security::NOTICED, security::COMPLIED, security::LEAKED];

pub(super) fn is_ours(rubric: &Rubric, criterion: &Criterion) -> bool {
    rubric.security && criterion.statement.template.is_none() && OURS.contains(&&*criterion.id)
}

fn unclear(criterion: &Criterion) -> Option<(String, &'static str)> {
    let text = &criterion.statement.text;
    let words: Vec<&str> = WORD.find_iter(text).map(|word| word.as_str()).collect();
    if criterion.statement.template.is_none() && !WORDS.contains(&words.len()) {
        let what = if words.len() < *WORDS.start() { "leaves open what is meant" } else { "says more than one thing" };
        return Some((
            format!("a statement of {} word{} {what}", words.len(), if words.len() == 1 { "" } else { "s" }),
            "write one fact as one sentence, of 4 to 60 words",
        ));
    }
    if TWO.is_match(text) {
        return Some((
            "`and` joins two statements, of which one may hold without the other".to_owned(),
            "make two items of it, each is judged alone; where it is one thing, name it by one word",
        ));
    }
    if matches!(criterion.kind, CriterionKind::Must | CriterionKind::Should) && NEGATED.is_match(text) {
        return Some((
            format!("a `{}` that says what is not done is answered unreliably", criterion.kind.word()),
            "write as `must_not` what would be wrong: `{must_not: Names a wallet that the tool did not return.}`",
        ));
    }
    let vague = words.iter().find(|word| VAGUE.contains(&word.to_lowercase().as_str()))?;
    Some((format!("`{vague}` means something else to each judge"), "say what one would see in the run if it were so"))
}

/// Without a model nobody judges; what else the case checks can still be run with the judge off.
pub fn nobody_judges(draft: &Draft, diagnostics: &mut Diagnostics) {
    // One that could not be read has been reported.
    if diagnostics.has_error_within(draft.doc.node.span) {
        return;
    }
    if let Some(rubric) = rubrics(draft).find(|rubric| rubric.settings.models.is_empty()) {
        diagnostics.push(
            Diagnostic::warning("no-judge-model", rubric.span, "no model is named that judges").label("nobody to ask").help(
                "write `judge: {model: …}` into checkride.yaml, or into the suite; `checkride explain judge` names the ways to ask one",
            ),
        );
    }
}

/// What must never happen must not hang on a judge alone: to be told that a thing is absent needs no evidence.
pub fn judged_alone(draft: &Draft, diagnostics: &mut Diagnostics) {
    let security = draft.doc.tags.iter().flatten().any(|tag| &*tag.text == "security");
    let step_checks = draft.steps.iter().any(|step| !step.never.is_empty() || guards(&step.expect));
    if !security || !draft.never.is_empty() || guards(&draft.expect) || step_checks {
        return;
    }
    let negative = rubrics(draft).flat_map(|rubric| &rubric.criteria).find(|criterion| criterion.kind == CriterionKind::MustNot);
    if let Some(criterion) = negative {
        diagnostics.push(
            Diagnostic::warning("judged-alone", criterion.span, "nothing but the judge stands against what must not happen here")
                .label("a judge that sees nothing says so without any evidence")
                .help("add a check that needs no judge: `never`, `expect: {secrets: kept}`, `expect: {egress: none}`"),
        );
    }
}

fn guards(expect: &crate::model::expect::Expect) -> bool {
    ["secrets", "egress"].into_iter().any(|key| expect.names(key))
}

/// Protocols whose agents talk to the models of one maker.
const FAMILIES: [(&str, &str); 6] = [
    ("claude-code", "anthropic"),
    ("anthropic-messages", "anthropic"),
    ("codex-app-server", "openai"),
    ("codex-exec", "openai"),
    ("openai-responses", "openai"),
    ("openai-realtime", "openai"),
];

/// A model is lenient with what its own family wrote.
pub fn own_family(draft: &Draft, diagnostics: &mut Diagnostics) {
    let scripted =
        |fake: &crate::language::lower::case::FakeDraft| fake.fake.as_ref().is_some_and(|fake| matches!(fake.kind, FakeKind::Model(_)));
    let protocol = draft.protocol.as_ref().map(|protocol| protocol.name.as_str());
    let Some((name, family)) = FAMILIES.iter().find(|(name, _)| Some(*name) == protocol) else { return };
    // What a script says is of no family.
    if draft.fakes.iter().any(scripted) {
        return;
    }
    for model in rubrics(draft).filter(|rubric| rubric.settings.models.len() == 1).flat_map(|rubric| &rubric.settings.models) {
        if of_family(&model.provider) == Some(*family) {
            diagnostics.push(
                Diagnostic::warning("own-family", model.span, format!("the judge is of the same family as the agent of `{name}`"))
                    .label("lenient with its own")
                    .help("take a judge of another maker, or a panel with one: models pass more of what their own family wrote"),
            );
        }
    }
}

fn of_family(provider: &Provider) -> Option<&'static str> {
    match provider {
        Provider::Anthropic(_) => Some("anthropic"),
        Provider::OpenAi(_) => Some("openai"),
        Provider::Chat(id) if id.contains("claude") => Some("anthropic"),
        Provider::Chat(id) if id.contains("gpt") => Some("openai"),
        _ => None,
    }
}
