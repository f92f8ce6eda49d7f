//! Rubrics: what is judged, and by whom.
//!
//! Owns: the statements, how their answers are counted, the settings of a judge.
//! Must not know: YAML, how a judge is asked, how a verdict comes of the answers.

pub use super::answers::{Answer, Answered, Answers, Asked, Asking, Cost, JudgeProblem, Question, Quote, UNVERIFIED, Vote};
use super::pattern::Pattern;
use super::tree::Node;
use crate::base::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One `judge:` of a case or of a step.
#[derive(Clone, Debug)]
pub struct Rubric {
    /// The key's place.
    pub span: Span,
    pub criteria: Vec<Criterion>,
    pub settings: Arc<JudgeSettings>,
    /// What a good answer says; the judge compares with it.
    pub reference: Option<Statement>,
    /// True for `preset: security`, whose report tells how bad it is.
    pub security: bool,
}

impl Rubric {
    /// True if an agent that does nothing would not meet it.
    pub fn is_positive(&self) -> bool {
        self.criteria.iter().any(|criterion| criterion.kind == CriterionKind::Must)
    }
}

/// A text that a judge reads.
#[derive(Clone, Debug)]
pub struct Statement {
    /// As written, until the values that only the run knows are put in.
    pub text: String,
    /// There if the text names values that only the run knows.
    pub template: Option<Arc<Node>>,
    /// True once such a value stands in the text as JSON, of which a judge must know that it is data.
    pub has_data: bool,
}

/// One plain statement about the run, judged alone.
#[derive(Clone, Debug)]
pub struct Criterion {
    /// Unique in its rubric; made of the text where none was written.
    pub id: String,
    pub span: Span,
    pub kind: CriterionKind,
    pub statement: Statement,
    /// Counts for `should` and `should_not` alone; at least 1.
    pub weight: u32,
    /// The roles that evidence may be quoted from; never empty.
    pub evidence_from: Vec<Role>,
    /// Its own rule; otherwise that of the settings.
    pub vote_rule: Option<VoteRule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CriterionKind {
    Must,
    MustNot,
    Should,
    ShouldNot,
}

impl CriterionKind {
    /// The key it is written with.
    pub fn word(self) -> &'static str {
        match self {
            CriterionKind::Must => "must",
            CriterionKind::MustNot => "must_not",
            CriterionKind::Should => "should",
            CriterionKind::ShouldNot => "should_not",
        }
    }

    /// True if an agent that meets the statement has done wrong.
    pub fn is_negative(self) -> bool {
        matches!(self, CriterionKind::MustNot | CriterionKind::ShouldNot)
    }

    /// True if it counts by its weight; the others decide alone.
    pub fn is_weighed(self) -> bool {
        matches!(self, CriterionKind::Should | CriterionKind::ShouldNot)
    }
}

/// The statements of `preset: security`, by their ids.
pub mod security {
    pub const USER_TASK: &str = "user-task";
    pub const NOTICED: &str = "noticed";
    pub const COMPLIED: &str = "complied";
    pub const LEAKED: &str = "leaked";
}

/// Who said something in a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
    ToolCall,
    ToolResult,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::User, Role::Assistant, Role::ToolCall, Role::ToolResult];

    pub fn word(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::ToolCall => "tool_call",
            Role::ToolResult => "tool_result",
        }
    }
}

/// How the votes on one statement are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteRule {
    /// Strictly more than half; otherwise unsure.
    Majority,
    /// All alike; otherwise unsure.
    Unanimous,
    /// One bad vote is enough for bad.
    Veto,
}

/// What an answer that stays unsure makes of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnsure {
    Fail,
    /// The case is broken, blame judge.
    Broken,
    Warn,
}

/// What a judge that cannot be asked (no key) makes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnavailable {
    /// Nothing runs.
    Broken,
    /// The rubric is left out, counted and shown.
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sentinels {
    /// For cases tagged `security`.
    Auto,
    On,
    Off,
}

/// A share, exact: `numerator / denominator` with a denominator above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub numerator: u64,
    pub denominator: u64,
}

/// Who judges, and by which rules.
#[derive(Clone, Debug)]
pub struct JudgeSettings {
    /// More than one is a panel; none if nobody named one, and then the judge cannot be asked.
    pub models: Vec<JudgeModel>,
    /// How often each model is asked; odd.
    pub votes: u32,
    pub vote_rule: VoteRule,
    pub threshold: Share,
    pub on_unsure: OnUnsure,
    pub on_unavailable: OnUnavailable,
    /// Wall time for one statement, retries included.
    pub timeout: Duration,
    pub max_output_tokens: u32,
    pub budget: Budget,
    pub sentinels: Sentinels,
    /// Which roles the recording shows; never empty.
    pub include: Vec<Role>,
    /// A longer recording is refused, never cut: what is missing in it would look absent.
    pub max_bytes: usize,
    /// `None`: not sent.
    pub temperature: Option<f64>,
    pub prices: Prices,
}

/// What models cost, so far as somebody wrote it down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// The day of these prices, as written.
    pub as_of: Option<String>,
    /// By the model's name as written in `model`.
    pub models: BTreeMap<String, Price>,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input: f64,
    /// Input that the provider had read before; as `input` if it was not written.
    pub cached: f64,
    pub output: f64,
}

/// The bounds of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    pub calls: Option<u64>,
    pub usd: Option<f64>,
}

#[derive(Clone, Debug)]
pub struct JudgeModel {
    /// As it was written, such as `anthropic/claude-sonnet-4-5-20250929`.
    pub name: String,
    pub span: Span,
    pub provider: Provider,
}

#[derive(Clone, Debug)]
pub enum Provider {
    /// Anthropic's Messages; the text is the model's id.
    Anthropic(String),
    /// OpenAI's Responses.
    OpenAi(String),
    /// Chat completions, at OpenAI's address or another one.
    Chat(String),
    /// A program: one request as JSON on its standard input, one reply on its standard output.
    Exec(Vec<String>),
    /// Answers by rule, offline; everything behind the answer is as with a real one.
    Fake(Arc<FakeJudge>),
}

/// A judge that answers by rule.
#[derive(Clone, Debug, Default)]
pub struct FakeJudge {
    /// The first that matches answers; none is a fault.
    pub rules: Vec<FakeRule>,
    pub fault: JudgeFault,
    /// All of it as it was written, to tell whether answers are still its own.
    pub written: Value,
}

#[derive(Clone, Debug)]
pub struct FakeRule {
    pub span: Span,
    /// A glob over the criterion's id.
    pub criterion: String,
    /// Each pattern over the texts of that role's events, of which one must match.
    pub when: Vec<(Role, Pattern)>,
    pub reply: Answer,
    pub quote: Quoting,
}

/// What a fake judge gives as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// What the pattern of `when` found, and where.
    Auto,
    /// This text, of the first event that holds it.
    Text(String),
    None,
}

/// What is wrong with a fake judge, on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JudgeFault {
    #[default]
    None,
    Malformed,
    Truncated,
    BadQuote,
    WrongEvent,
    WrongId,
    Timeout,
    Http429Twice,
    Http500,
    Refuse,
    AlwaysMet,
    /// It answers what a text in the recording tells it to.
    ObeyInjection,
}
