//! What the lock has instead of an entry that it lacks.
//!
//! Owns: which entry is nearest, and what differs, in words.
//! Must not know: files, modes.

use super::entry::{Asked, Entry};
use crate::model::recording::Recording;

/// The nearest entry and what differs in it, most telling first; `None` if the lock holds nothing about anything alike.
pub(in crate::judge) fn nearest<'e>(asked: &Asked, lines: &[String], entries: &'e [(String, Entry)]) -> Option<(&'e str, Vec<String>)> {
    let is_alike = |was: &Asked| was.criterion_id == asked.criterion_id || was.criterion_text == asked.criterion_text;
    let alike = entries.iter().filter(|(_, entry)| is_alike(&entry.asked));
    let candidates = alike.map(|(key, entry)| (key.as_str(), differences(asked, lines, entry), common(lines, &entry.lines)));
    // Fewest differences, then the longest part of the recording in common, then the key, so that the choice is the same each time.
    let best = candidates.min_by_key(|(key, differences, common)| (differences.len(), std::cmp::Reverse(*common), *key));
    best.map(|(key, differences, _)| (key, differences))
}

fn common(a: &[String], b: &[String]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn differences(asked: &Asked, lines: &[String], entry: &Entry) -> Vec<String> {
    let was = &entry.asked;
    let mut out = Vec::new();
    let mut tell = |differs: bool, text: &dyn Fn() -> String| {
        if differs {
            out.push(text());
        }
    };
    tell(was.recording_sha256 != asked.recording_sha256, &|| recording(lines, &entry.lines));
    tell(was.criterion_text != asked.criterion_text, &|| {
        format!("the statement was {:?}, and is {:?} now", was.criterion_text, asked.criterion_text)
    });
    tell(was.criterion_id != asked.criterion_id, &|| format!("the id was `{}`, and is `{}` now", was.criterion_id, asked.criterion_id));
    tell(was.evidence_from != asked.evidence_from, &|| "the roles of `evidence_from` changed".to_owned());
    tell((&was.provider, &was.model) != (&asked.provider, &asked.model), &|| {
        format!("the model was {}/{}, and is {}/{} now", was.provider, was.model, asked.provider, asked.model)
    });
    tell(was.host != asked.host, &|| {
        let place = |host: &Option<String>| host.clone().unwrap_or_else(|| "the default address".to_owned());
        format!("it was asked at {}, and OPENAI_BASE_URL means {} now", place(&was.host), place(&asked.host))
    });
    tell(was.model == asked.model && was.program_sha256 != asked.program_sha256, &|| {
        "the judge's program was changed, or is another one of this name".to_owned()
    });
    tell(was.params.temperature != asked.params.temperature, &|| "the temperature changed".to_owned());
    tell(was.params.max_output_tokens != asked.params.max_output_tokens, &|| {
        format!("max_output_tokens was {}, and is {} now", was.params.max_output_tokens, asked.params.max_output_tokens)
    });
    tell(was.reference_sha256 != asked.reference_sha256, &|| "the reference changed".to_owned());
    tell(was.vote_index != asked.vote_index, &|| format!("it is vote {}, and vote {} is asked", was.vote_index + 1, asked.vote_index + 1));
    tell(was.reask_index != asked.reask_index, &|| "it answers another try of the same vote".to_owned());
    tell(was.reask_index == asked.reask_index && was.again_sha256 != asked.again_sha256, &|| {
        "what was replied before, in the same vote, was something else".to_owned()
    });
    tell((was.v, &was.template_sha256, &was.schema_sha256) != (asked.v, &asked.template_sha256, &asked.schema_sha256), &|| {
        "the prompt of this version of checkride is another one".to_owned()
    });
    out
}

/// Where two recordings part. The name is that of the event now.
fn recording(now: &[String], was: &[String]) -> String {
    let at = common(now, was);
    match (now.get(at), was.get(at)) {
        (Some(_), Some(_)) => format!("the recording changed at {}", Recording::name(at)),
        (Some(_), None) => format!("the recording goes on after {}, where it ended before", Recording::name(at.saturating_sub(1))),
        (None, None) => "the recording is about another session".to_owned(),
        (None, Some(_)) => format!("the recording ends after {}; before it went on", Recording::name(at.saturating_sub(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn asked(criterion: &str) -> Asked {
        Asked::example(criterion, &format!("The agent does {criterion}."))
    }

    #[test]
    fn the_nearest_of_those_alike_is_found() {
        let entries = [
            ("k1".to_owned(), asked("b").answered()),
            ("k2".to_owned(), Asked { model: "n".into(), vote_index: 1, ..asked("a") }.answered()),
            ("k3".to_owned(), Asked { vote_index: 1, ..asked("a") }.answered()),
        ];
        let told = vec!["it is vote 2, and vote 1 is asked".to_owned()];
        assert_eq!(nearest(&asked("a"), &[], &entries), Some(("k3", told)));
        assert_eq!(nearest(&asked("c"), &[], &entries), None);
    }

    #[test]
    fn a_large_lock_is_looked_through_once() {
        let entries: Vec<_> = (0..1 << 15).map(|at| (format!("{at:064}"), asked("b").answered())).collect();
        let began = Instant::now();
        assert_eq!(nearest(&asked("a"), &[], &entries), None);
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
