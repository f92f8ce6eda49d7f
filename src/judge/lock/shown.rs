//! An entry as people read it.
//!
//! Owns: its lines.
//! Must not know: where it lies, which run asked for it.

use super::entry::Entry;
use crate::judge::reply;
use crate::model::judge::Answer;
use std::fmt::Write as _;

impl Entry {
    /// The whole entry as text. Quotes are as the judge gave them; whether they stand there is for a run to say, which has the recording.
    pub fn shown(&self, key: &str) -> String {
        let asked = &self.asked;
        let mut out = format!("entry      {key}\n");
        let mut row = |name: &str, text: String| {
            let _ = writeln!(out, "{name:<10} {text}");
        };
        let returned = self.returned_model.as_ref().map(|model| format!(" (answered as {model})")).unwrap_or_default();
        let host = asked.host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default();
        row("model", format!("{}/{}{host}{returned}", asked.provider, asked.model));
        row("asked", format!("{}, vote {}, try {}", self.created_at, asked.vote_index + 1, asked.reask_index + 1));
        row("statement", format!("{}: {:?}", asked.criterion_id, asked.criterion_text));
        row("evidence", asked.evidence_from.iter().map(|role| role.word()).collect::<Vec<_>>().join(", "));
        row("recording", format!("{} events, sha256 {}…", self.lines.len(), start(&asked.recording_sha256)));
        if let Some(reference) = &asked.reference_sha256 {
            row("reference", format!("sha256 {}…", start(reference)));
        }
        let temperature = asked.params.temperature.map(|t| format!(", temperature {t}")).unwrap_or_default();
        row("limits", format!("{} output tokens{temperature}", asked.params.max_output_tokens));
        let usage = &self.usage;
        row("tokens", format!("{} in ({} of them cached), {} out", usage.input, usage.cached, usage.output));
        match reply::read(&self.reply, &asked.criterion_id) {
            _ if self.truncated => row("reply", "cut at its limit, and asked for again with more room".to_owned()),
            Err(fault) => row("reply", format!("of no use: {fault}; the judge was asked once more")),
            Ok(reply) => {
                let verdict: Answer = reply.verdict;
                row("verdict", verdict.word().to_owned());
                reply.evidence.iter().for_each(|cited| row("  for", format!("{} {:?}", cited.event, cited.quote)));
                reply.counter_evidence.iter().for_each(|cited| row("  against", format!("{} {:?}", cited.event, cited.quote)));
                if reply.embedded_instructions {
                    row("note", "the judge says that a text in the recording tried to steer it".to_owned());
                }
                row("analysis", reply.analysis);
            }
        }
        out
    }
}

fn start(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
