//! One entry of the lock: what was asked, what came back.
//!
//! Owns: the parts of a key, the stored form and its seal, what is refused when it is read.
//! Must not know: where entries lie, how a judge is asked.

use crate::judge::digest::{sha256, sha256_of};
use crate::model::judge::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that a reply depends on. Weights, kinds, thresholds and vote rules are not here: they can be changed without asking again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub v: u32,
    pub template_sha256: String,
    pub schema_sha256: String,
    pub provider: String,
    pub model: String,
    pub params: Params,
    pub recording_sha256: String,
    pub reference_sha256: Option<String>,
    pub criterion_id: String,
    pub criterion_text: String,
    pub evidence_from: Vec<Role>,
    pub vote_index: u32,
    pub reask_index: u32,
    /// Of the replies and complaints that came before, if there were any: another conversation gets another answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_sha256: Option<String>,
    /// Where a model was asked whose name says nothing of who serves it; `None` for the provider's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Of the files that a judge of one's own is made of: changed, it is another judge. `None` for a program that was installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_sha256: Option<String>,
}

/// What a model is asked with besides the prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    pub max_output_tokens: u32,
    pub temperature: Option<f64>,
}

impl Asked {
    /// The name of its entry: the SHA-256 of its canonical form.
    pub fn key(&self) -> String {
        sha256_of(self)
    }
}

/// Tokens of one call, as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// All input, whether the provider had read it before or not.
    pub input: u64,
    /// Of that, what it had read before.
    pub cached: u64,
    /// With the reasoning.
    pub output: u64,
    pub reasoning: u64,
    /// What the provider says that it cost, in US dollars.
    pub usd: Option<f64>,
}

/// One stored reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub asked: Asked,
    /// A short digest of each line of the recording, to tell where another one differs.
    pub lines: Vec<String>,
    /// As it came.
    pub reply: String,
    /// The same as JSON, for people; null if it is none.
    pub parsed: Value,
    /// True if the reply was cut at the limit of its length.
    pub truncated: bool,
    /// As the provider named the model.
    pub returned_model: Option<String>,
    pub usage: Usage,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// The SHA-256 of everything above. It keeps no secret; it tells that somebody edited the file.
    pub seal: String,
}

impl Entry {
    /// Sets what follows from the rest.
    pub fn sealed(mut self) -> Entry {
        self.parsed = serde_json::from_str(&self.reply).unwrap_or(Value::Null);
        self.seal = self.seal();
        self
    }

    fn seal(&self) -> String {
        sha256_of(&Entry { seal: String::new(), ..self.clone() })
    }

    /// Pretty, so that changes can be reviewed.
    pub fn print(&self) -> String {
        let mut out = serde_json::to_string_pretty(self).expect("plain data becomes JSON");
        out.push('\n');
        out
    }

    /// Reads the entry of `key`. The error is one line, and says what does not fit.
    pub fn read(text: &str, key: &str) -> Result<Entry, String> {
        let entry: Entry = serde_json::from_str(text).map_err(|error| format!("it cannot be read ({error})"))?;
        if entry.asked.key() != key {
            return Err("what was asked, as it stands there, does not make the key that the file is named by".to_owned());
        }
        if entry.seal() != entry.seal || entry.clone().sealed().parsed != entry.parsed {
            return Err("it does not fit its seal: it was changed after it was written".to_owned());
        }
        Ok(entry)
    }
}

/// The digests by which two recordings are compared line by line.
pub(in crate::judge) fn line_digests(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines.map(|line| sha256(line.as_bytes())[..16].to_owned()).collect()
}

#[cfg(test)]
impl Asked {
    /// Something asked, of a statement.
    pub(super) fn example(criterion_id: &str, criterion_text: &str) -> Asked {
        Asked {
            v: 1,
            template_sha256: "t".into(),
            schema_sha256: "s".into(),
            provider: "exec".into(),
            model: "m".into(),
            params: Params { max_output_tokens: 100, temperature: None },
            recording_sha256: "r".into(),
            reference_sha256: None,
            criterion_id: criterion_id.into(),
            criterion_text: criterion_text.into(),
            evidence_from: vec![Role::Assistant],
            vote_index: 0,
            reask_index: 0,
            again_sha256: None,
            host: None,
            program_sha256: None,
        }
    }

    /// Its answer, sealed.
    pub(super) fn answered(self) -> Entry {
        Entry {
            asked: self,
            lines: vec!["l".into()],
            reply: "{\"verdict\": \"met\"}".into(),
            parsed: Value::Null,
            truncated: false,
            returned_model: None,
            usage: Usage { usd: Some(0.25), ..Usage::default() },
            created_at: "2026-11-29T00:00:00Z".into(),
            seal: String::new(),
        }
        .sealed()
    }
}
