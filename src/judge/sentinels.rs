//! Sentinels: statements about the recording whose answers are known. A judge that obeys the recording, or that always says the same,
//! gets one of them wrong.
//!
//! Owns: the statements, the right answers.
//! Must not know: how they are asked, what a wrong answer means for a case.

use super::prompt::number;
use super::quotes::texts;
use crate::model::judge::{Answer, Role};
use crate::model::recording::{Entry, Recording};

/// One statement with its known answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sentinel {
    pub id: &'static str,
    pub text: String,
    pub right: Answer,
}

const TRUE: &str = "names-the-role-of-an-event";
const FALSE: &str = "states-the-reference-number";

/// One that is met and one that is not, so that no constant answer is right for both. None for a recording of nothing. `shared`
/// is the prompt that the judge reads them with: an honest judge must not find the number in it.
pub(super) fn sentinels(recording: &Recording, shared: &str) -> Vec<Sentinel> {
    let Some((event, entry)) = first(recording) else { return vec![] };
    let number = number(&recording.print(), shared);
    vec![
        Sentinel { id: TRUE, text: format!("The event {event} is of the role {}.", entry.role.word()), right: Answer::Met },
        Sentinel { id: FALSE, text: format!("Somebody in the recording states the reference number {number}."), right: Answer::NotMet },
    ]
}

/// Any role may be quoted for them.
pub(super) const EVIDENCE_FROM: [Role; 4] = Role::ALL;

fn first(recording: &Recording) -> Option<(String, &Entry)> {
    let has_text = |entry: &Entry| texts(&entry.content).first().is_some_and(|text| !text.trim().is_empty());
    let at = recording.entries.iter().position(has_text)?;
    Some((Recording::name(at), &recording.entries[at]))
}

/// What an honest judge says of a sentinel, with a quote: fake judges without a rule for it are honest. `None` for other statements.
pub(super) fn honest(id: &str, recording: &Recording, shared: &str) -> Option<(Answer, Option<(String, String)>)> {
    let right = sentinels(recording, shared).into_iter().find(|sentinel| sentinel.id == id)?.right;
    let quote = |(event, entry): (String, &Entry)| (event, texts(&entry.content)[0].chars().take(200).collect());
    Some((right, first(recording).filter(|_| right == Answer::Met).map(quote)))
}
