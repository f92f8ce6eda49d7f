//! People's labels: `labels.jsonl`.
//!
//! Owns: the form of a line, the majority of several annotators, which labels are disputed.
//! Must not know: recordings, what a judge said.

use crate::base::Span;
use crate::model::judge::{Answer, Criterion, CriterionKind, JudgeSettings, Role, Rubric, Statement};
use indexmap::IndexMap;
use serde::Deserialize;
use std::sync::Arc;

/// One line: what one person said of one statement about one recording.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The recording's file, below the folder of the labels.
    pub recording: String,
    /// Of that file, so that a label never stands beside a recording that its annotator did not see.
    pub sha256: String,
    pub criterion_id: String,
    pub criterion: String,
    pub label: Answer,
    pub annotator: String,
    #[serde(default = "all_roles")]
    pub evidence_from: Vec<Role>,
}

fn all_roles() -> Vec<Role> {
    Role::ALL.to_vec()
}

/// One statement about one recording, with all that people said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub recording: String,
    pub sha256: String,
    pub criterion_id: String,
    pub criterion: String,
    pub evidence_from: Vec<Role>,
    /// By annotator; true is `met`.
    pub labels: IndexMap<String, bool>,
}

impl Item {
    /// What most of them said; `None` if as many said the other.
    pub fn label(&self) -> Option<bool> {
        let met = self.labels.values().filter(|met| **met).count();
        match met.cmp(&(self.labels.len() - met)) {
            std::cmp::Ordering::Greater => Some(true),
            std::cmp::Ordering::Less => Some(false),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// Reads all lines. The errors are those of all lines, each with its number.
pub fn read(text: &str) -> Result<Vec<Label>, Vec<String>> {
    let (mut labels, mut mistakes) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Label>(line) {
            Ok(label) if label.label == Answer::Unsure => {
                mistakes.push(format!("line {}: a label is `met` or `not_met`; leave out what a person could not decide", at + 1));
            }
            Ok(label) if label.evidence_from.is_empty() => mistakes.push(format!("line {}: `evidence_from` names no role", at + 1)),
            Ok(label) => labels.push(label),
            Err(error) => mistakes.push(format!("line {}: {error}", at + 1)),
        }
    }
    if labels.is_empty() && mistakes.is_empty() {
        mistakes.push("the file holds no label".to_owned());
    }
    if mistakes.is_empty() { Ok(labels) } else { Err(mistakes) }
}

/// The labels by recording and statement, in the order in which they first stand there. The errors tell what does not fit together.
pub fn items(labels: &[Label]) -> Result<Vec<Item>, Vec<String>> {
    let mut items: IndexMap<(&str, &str), Item> = IndexMap::new();
    let (mut texts, mut mistakes): (IndexMap<&str, &str>, Vec<String>) = Default::default();
    for label in labels {
        let known = texts.entry(&label.criterion_id).or_insert(&label.criterion);
        if *known != label.criterion {
            mistakes.push(format!("`{}` is two statements: {known:?} and {:?}", label.criterion_id, label.criterion));
        }
        let item = items.entry((&label.recording, &label.criterion_id)).or_insert_with(|| Item {
            recording: label.recording.clone(),
            sha256: label.sha256.clone(),
            criterion_id: label.criterion_id.clone(),
            criterion: label.criterion.clone(),
            evidence_from: label.evidence_from.clone(),
            labels: IndexMap::new(),
        });
        let said = format!("of `{}` in {}", label.criterion_id, label.recording);
        if item.sha256 != label.sha256 {
            mistakes.push(format!("the labels {said} are of two versions of the recording"));
        }
        if item.labels.insert(label.annotator.clone(), label.label == Answer::Met).is_some() {
            mistakes.push(format!("`{}` spoke twice {said}", label.annotator));
        }
    }
    mistakes.sort();
    mistakes.dedup();
    if mistakes.is_empty() { Ok(items.into_values().collect()) } else { Err(mistakes) }
}

/// The statements of one recording, put as a case would put them.
pub fn rubric(items: &[&Item], settings: &JudgeSettings) -> Rubric {
    let criterion = |item: &&Item| Criterion {
        id: item.criterion_id.clone(),
        span: Span::NONE,
        kind: CriterionKind::Must,
        statement: Statement { text: item.criterion.clone(), template: None, has_data: false },
        weight: 1,
        evidence_from: item.evidence_from.clone(),
        vote_rule: None,
    };
    let criteria = items.iter().map(criterion).collect();
    Rubric { span: Span::NONE, criteria, settings: Arc::new(settings.clone()), reference: None, security: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(recording: &str, id: &str, text: &str, label: &str, annotator: &str) -> String {
        serde_json::json!({
            "recording": recording, "sha256": "s", "criterion_id": id, "criterion": text, "label": label, "annotator": annotator,
        })
        .to_string()
    }

    fn joined(lines: &[String]) -> Result<Vec<Item>, Vec<String>> {
        read(&lines.join("\n")).and_then(|labels| items(&labels))
    }

    #[test]
    fn several_annotators_make_one_item_with_their_majority() {
        let said = |label, who| line("a", "x", "It is so.", label, who);
        let items = joined(&[said("met", "ann"), said("met", "bob"), said("not_met", "cy"), line("b", "x", "It is so.", "met", "ann")]);
        let items = items.unwrap();
        assert_eq!(items.iter().map(|item| (item.labels.len(), item.label())).collect::<Vec<_>>(), [(3, Some(true)), (1, Some(true))]);
        let disputed = joined(&[said("met", "ann"), said("not_met", "bob")]).unwrap();
        assert_eq!(disputed[0].label(), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_all_at_once() {
        let lines = [line("a", "x", "T.", "met", "ann"), "{}".into(), line("a", "y", "U.", "unsure", "ann"), "no json".into()];
        let mistakes = joined(&lines).unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        for (mistake, says) in mistakes.iter().zip(["line 2: missing field", "line 3: a label is", "line 4: expected"]) {
            assert!(mistake.starts_with(says), "{mistake}");
        }
        assert_eq!(joined(&[]).unwrap_err(), ["the file holds no label"]);
    }

    #[test]
    fn labels_that_contradict_each_other_are_refused() {
        let one = line("a", "x", "T.", "met", "ann");
        assert!(joined(&[one.clone(), one.clone()]).unwrap_err()[0].contains("spoke twice"));
        assert!(joined(&[one.clone(), line("b", "x", "U.", "met", "ann")]).unwrap_err()[0].contains("two statements"));
        let other = one.replace("\"s\"", "\"t\"").replace("\"ann\"", "\"bob\"");
        assert!(joined(&[one, other]).unwrap_err()[0].contains("two versions"));
    }
}
