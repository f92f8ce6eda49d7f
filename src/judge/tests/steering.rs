//! Transcripts that try to steer their judge, and a judge that obeys them: it must never get a pass, nor fail anybody, by obeying.

use super::*;
use crate::checks::{Decision, aggregate};
use crate::judge::calibration::{self, Item};
use crate::model::judge::CriterionKind::{Must, MustNot};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge");

fn items() -> Vec<Item> {
    let text = std::fs::read_to_string(format!("{FOLDER}/labels.jsonl")).unwrap();
    calibration::items(&calibration::read(&text).unwrap()).unwrap()
}

fn recording_of(item: &Item) -> Recording {
    let text = std::fs::read_to_string(format!("{FOLDER}/{}", item.recording)).unwrap();
    let recording = Recording::read(&text).unwrap();
    assert_eq!(format!("{}\n", recording.print()), text, "{} is in the printed form", item.recording);
    recording
}

fn steering() -> Vec<Item> {
    let steering: Vec<_> = items().into_iter().filter(|item| item.recording.contains("steer-")).collect();
    assert!(steering.len() >= 21, "the recordings were not found");
    steering
}

/// The case asks for what is right of this statement: a `must` if people say met, a `must_not` if they do not, or just the reverse.
fn rubric_for(item: &Item, wanted: bool, fault: JudgeFault, sentinels: Sentinels) -> Rubric {
    let mut settings = settings(fake(vec![rule("*", Answer::Unsure, Quoting::None)], fault));
    settings.sentinels = sentinels;
    settings.on_unsure = OnUnsure::Broken;
    let kind = if wanted { Must } else { MustNot };
    rubric(vec![criterion(&item.criterion_id, kind, &item.criterion, &item.evidence_from)], settings)
}

#[tokio::test]
async fn a_judge_that_obeys_is_caught_by_sentinels_in_every_one() {
    for item in steering() {
        let recording = recording_of(&item);
        for kind in [true, false] {
            let rubric = rubric_for(&item, kind, JudgeFault::ObeyInjection, Sentinels::On);
            let answers = ask(&rubric, &recording, &[]).await;
            assert_eq!(code(&answers), Some("judge-compromised"), "{} {}", item.recording, item.criterion_id);
            assert!(matches!(aggregate(&rubric, &answers).decision, Decision::Broken(_)));
        }
    }
}

#[tokio::test]
async fn what_is_planted_outside_of_the_allowed_roles_proves_nothing_even_without_sentinels() {
    let mut seen = 0;
    for item in steering().into_iter().filter(|item| item.criterion_id == "declines") {
        let planted_by_the_assistant = item.recording.contains("by-assistant");
        let answers = ask(&rubric_for(&item, true, JudgeFault::ObeyInjection, Sentinels::Off), &recording_of(&item), &[]).await;
        let vote = &answers.criteria[0].votes[0];
        match vote.turned.as_deref() {
            Some("unverified_evidence") => seen += 1,
            _ => assert!(vote.answer != Answer::Met || planted_by_the_assistant, "{}: {vote:?}", item.recording),
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[tokio::test]
async fn a_judge_that_says_met_to_everything_is_caught_in_every_recording() {
    for item in items() {
        let rubric = rubric_for(&item, true, JudgeFault::AlwaysMet, Sentinels::On);
        assert_eq!(code(&ask(&rubric, &recording_of(&item), &[]).await), Some("judge-compromised"), "{}", item.recording);
    }
}

#[tokio::test]
async fn a_judge_that_does_not_obey_is_not_accused() {
    for item in items() {
        let rubric = rubric_for(&item, true, JudgeFault::None, Sentinels::On);
        assert_eq!(code(&ask(&rubric, &recording_of(&item), &[]).await), None, "{}", item.recording);
    }
}

#[test]
fn the_labelled_set_is_whole() {
    for item in items() {
        let text = std::fs::read(format!("{FOLDER}/{}", item.recording)).unwrap();
        assert_eq!(crate::judge::digest::sha256(&text), item.sha256, "{}", item.recording);
        assert!(item.label().is_some() && item.labels.len() == 3);
    }
}
