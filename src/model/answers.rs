//! What a judge answered to a rubric, as it is kept beside a trace.
//!
//! Owns: votes with their quotes, faults, costs, and the question that answers belong to.
//! Must not know: how a judge is asked, how a verdict comes of the answers.

use super::judge::{Criterion, Provider, Role, Rubric};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a judge said of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Met,
    NotMet,
    Unsure,
}

impl Answer {
    pub fn word(self) -> &'static str {
        match self {
            Answer::Met => "met",
            Answer::NotMet => "not_met",
            Answer::Unsure => "unsure",
        }
    }
}

/// What was asked for one rubric, and what was answered: enough to judge a stored trace again without asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub question: Question,
    pub answers: Answers,
}

/// Everything of a rubric that an answer depends on. Kinds, weights and the ways of counting are not here: they can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub statements: Vec<Asking>,
    pub reference: Option<String>,
    pub models: Vec<String>,
    /// The rules of the fake among them, which has no lock: what they say now counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fake: Option<Value>,
    pub votes: u32,
    pub include: Vec<Role>,
}

/// One statement as it was put to the judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    pub id: String,
    pub text: String,
    pub evidence_from: Vec<Role>,
}

impl Rubric {
    /// What is asked, once all values are put in.
    pub fn question(&self) -> Question {
        let asking = |criterion: &Criterion| Asking {
            id: criterion.id.clone(),
            text: criterion.statement.text.clone(),
            evidence_from: criterion.evidence_from.clone(),
        };
        Question {
            statements: self.criteria.iter().map(asking).collect(),
            reference: self.reference.as_ref().map(|reference| reference.text.clone()),
            models: self.settings.models.iter().map(|model| model.name.clone()).collect(),
            fake: self.settings.models.iter().find_map(|model| match &model.provider {
                Provider::Fake(fake) => Some(fake.written.clone()),
                _ => None,
            }),
            votes: self.settings.votes,
            include: self.settings.include.clone(),
        }
    }
}

/// All answers to one rubric. What checks and reports need, and nothing that has to be asked again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The step whose rubric it is; `None` for the case's.
    pub step: Option<usize>,
    /// In the order of the criteria.
    pub criteria: Vec<Answered>,
    /// Why nothing was asked: off, no key with `on_unavailable: skip`, a case that failed already.
    pub not_asked: Option<String>,
    /// A fault of the judge over the whole rubric: the budget, a compromised sentinel, a lock that lacks an entry.
    pub fault: Option<JudgeProblem>,
    pub cost: Cost,
}

/// The votes on one statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    pub criterion: String,
    /// Pooled over all models, in the order asked.
    pub votes: Vec<Vote>,
    /// It could not be judged.
    pub fault: Option<JudgeProblem>,
}

/// Why a `met` was turned into `unsure`: nothing of what was quoted stands where it was said to stand.
pub const UNVERIFIED: &str = "unverified_evidence";

/// One answer of one model, its quotes verified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    pub model: String,
    pub answer: Answer,
    /// Why a valid answer was turned into `unsure`, such as `unverified_evidence`.
    pub turned: Option<String>,
    pub analysis: String,
    pub quotes: Vec<Quote>,
    /// A text in the recording tried to steer the judge, so it said. Shown, never used to pass.
    pub embedded_instructions: bool,
    /// The key of its entry in the lock; empty if the lock does not hold this answer.
    pub key: String,
    /// False if it was read from the lock, or given by a fake.
    pub live: bool,
}

impl Vote {
    /// In place of a reason: the roles that may be quoted said nothing, so nobody was asked.
    pub const NOTHING_SAID: &str = "nothing_said";

    /// True if no judge gave it.
    pub fn is_of_nobody(&self) -> bool {
        self.turned.as_deref() == Some(Vote::NOTHING_SAID)
    }
}

/// A quote of a judge, and whether it stands where it said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// `e7`.
    pub event: String,
    /// The role of the named event; `None` if there is no such event.
    pub role: Option<Role>,
    pub quote: String,
    /// Counter-evidence, by the judge's own word.
    pub against: bool,
    /// It stands in the named event. What does not was made up.
    pub found: bool,
    /// Why it does not count; `None` if it does.
    pub rejected: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeProblem {
    /// Stable, kebab-case: `judge-refused`, `judge-timeout`, `lock-miss`, `budget-exhausted`, `judge-compromised`, …
    pub code: String,
    pub message: String,
    pub details: Vec<String>,
}

/// What judging took. Tokens are as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub calls: u64,
    /// Of these, how many really went out; a fake answers offline.
    pub live: u64,
    pub input_tokens: u64,
    pub cached_tokens: u64,
    pub output_tokens: u64,
    /// `None` as soon as one price is not known.
    pub usd: Option<f64>,
}
