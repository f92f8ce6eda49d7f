//! A rubric put to the judge: each statement alone, its votes, the sentinels beside it.
//!
//! Owns: which statement is asked when and of whom, what a whole rubric's fault is, what it took.
//! Must not know: how one vote comes about, what answers mean for a case.

use super::budget::Spent;
use super::digest::sha256;
use super::lock::{Entry, Lock, line_digests};
use super::providers::provider::Providers;
use super::quotes::Quotable;
use super::sentinels::{self, Sentinel, sentinels};
use super::vote::{Ballot, Heard};
use super::world::{JudgeWorld, Mode};
use super::{prompt, quotes};
use crate::model::judge::{
    Answer, Answered, Answers, Cost, JudgeModel, JudgeProblem, JudgeSettings, OnUnavailable, Role, Rubric, Sentinels, Vote,
};
use crate::model::recording::{Content, Recording};
use futures_util::future::join_all;
use std::sync::OnceLock;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// How many statements of one run are asked at the same time.
const AT_ONCE: usize = 4;

/// The judge of one run, shared by all its cases.
pub struct Judge {
    pub(super) world: JudgeWorld,
    pub(super) lock: Lock,
    pub(super) providers: Providers,
    pub(super) spent: Spent,
    room: Semaphore,
    stored: OnceLock<Vec<(String, Entry)>>,
}

/// One statement as it is asked.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub id: &'a str,
    pub text: &'a str,
    pub evidence_from: &'a [Role],
    /// Values of the run stand in the text, as JSON.
    pub has_data: bool,
    /// For `must_not` and `should_not`, which silence must not make true.
    pub negative: bool,
}

/// What all statements of one rubric share.
pub(super) struct Session<'a> {
    pub judge: &'a Judge,
    pub settings: &'a JudgeSettings,
    pub recording: &'a Recording,
    pub quotable: Quotable<'a>,
    pub shared: String,
    pub recording_sha256: String,
    pub reference_sha256: Option<String>,
    pub lines: Vec<String>,
}

impl Judge {
    pub fn new(world: JudgeWorld) -> Judge {
        let lock = Lock::new(&world.lock);
        Judge { world, lock, providers: Providers::new(), spent: Spent::default(), room: Semaphore::new(AT_ONCE), stored: OnceLock::new() }
    }

    /// The lock, which knows the entries that were used so far.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// What the lock held when it was first needed, for the words of a miss.
    pub(super) fn stored(&self) -> &[(String, Entry)] {
        self.stored.get_or_init(|| self.lock.entries())
    }

    /// Puts each statement to each model as often as the rubric says. `step` is the one whose rubric it is; `security` tells that the
    /// case is tagged so. What goes wrong is told in the answers: a fault of the judge is never the agent's failure.
    pub async fn answer(&self, rubric: &Rubric, recording: &Recording, step: Option<usize>, security: bool) -> Answers {
        let free = Cost { usd: Some(0.0), ..Cost::default() };
        let mut answers = Answers { step, cost: free, ..Answers::default() };
        let settings = &*rubric.settings;
        if self.world.mode == Mode::Off {
            answers.not_asked = Some("the judge is off".to_owned());
            return answers;
        }
        let printed = recording.print();
        if let Some(fault) = unfit(settings, &printed) {
            return unavailable_or(answers, settings, fault);
        }
        let reference = rubric.reference.as_ref().map(|reference| reference.text.as_str());
        let session = Session {
            judge: self,
            settings,
            recording,
            quotable: Quotable::new(recording),
            shared: prompt::shared(&printed, reference),
            recording_sha256: sha256(printed.as_bytes()),
            reference_sha256: reference.map(|text| sha256(text.as_bytes())),
            lines: line_digests(recording.events()),
        };
        session.all(rubric, security, answers).await
    }
}

/// What keeps a whole rubric from being asked.
fn unfit(settings: &JudgeSettings, printed: &str) -> Option<JudgeProblem> {
    if settings.models.is_empty() {
        return Some(problem("judge-unavailable", "no model is named for the judge".to_owned()));
    }
    (printed.len() > settings.max_bytes).then(|| JudgeProblem {
        code: "recording-too-long".to_owned(),
        message: format!("the recording has {} bytes, and `max_bytes` is {}", printed.len(), settings.max_bytes),
        details: vec![
            "it is never cut, since what is missing would look absent; raise `max_bytes`, or show fewer roles by `include`".to_owned(),
        ],
    })
}

pub(super) fn problem(code: &str, message: String) -> JudgeProblem {
    JudgeProblem { code: code.to_owned(), message, details: vec![] }
}

/// A judge that cannot be asked is a fault, or the rubric is left out where the suite says so.
fn unavailable_or(mut answers: Answers, settings: &JudgeSettings, fault: JudgeProblem) -> Answers {
    if fault.code == "judge-unavailable" && settings.on_unavailable == OnUnavailable::Skip {
        answers.not_asked = Some(fault.message);
        answers.criteria.clear();
    } else {
        answers.fault = Some(fault);
    }
    answers
}

impl Session<'_> {
    async fn all(&self, rubric: &Rubric, security: bool, mut answers: Answers) -> Answers {
        let statements = rubric.criteria.iter().map(|criterion| Statement {
            id: &criterion.id,
            text: &criterion.statement.text,
            evidence_from: &criterion.evidence_from,
            has_data: criterion.statement.has_data,
            negative: criterion.kind.is_negative(),
        });
        let statements: Vec<_> = statements.collect();
        let something = statements.iter().any(|statement| self.guarded(*statement).is_none());
        let wanted = match self.settings.sentinels {
            Sentinels::On => true,
            Sentinels::Auto => security,
            Sentinels::Off => false,
        };
        let sentinels = if wanted && something { sentinels(self.recording, &self.shared) } else { vec![] };
        let known = sentinels.iter().map(|sentinel| Statement {
            id: sentinel.id,
            text: &sentinel.text,
            evidence_from: &sentinels::EVIDENCE_FROM,
            has_data: false,
            negative: false,
        });
        let votes = self.settings.votes;
        let asked = join_all(statements.iter().map(|statement| self.statement(*statement, votes)));
        let checked = join_all(known.map(|statement| self.statement(statement, 1)));
        let (asked, checked) = tokio::join!(asked, checked);

        for (_, cost) in asked.iter().chain(&checked) {
            add(&mut answers.cost, cost);
        }
        let fault = sentinels.iter().zip(&checked).find_map(|(sentinel, (answered, _))| compromised(sentinel, answered));
        answers.criteria = asked.into_iter().map(|(answered, _)| answered).collect();
        match fault {
            Some(fault) => unavailable_or(answers, self.settings, fault),
            None => answers,
        }
    }

    /// All votes on one statement, one after another, within the time that a statement has. The first fault ends it.
    async fn statement(&self, statement: Statement<'_>, votes: u32) -> (Answered, Cost) {
        let mut cost = Cost { usd: Some(0.0), ..Cost::default() };
        let mut answered = Answered { criterion: statement.id.to_owned(), ..Answered::default() };
        if let Some(vote) = self.guarded(statement) {
            answered.votes = vec![vote];
            return (answered, cost);
        }
        let _room = self.judge.room.acquire().await.expect("it is never closed");
        let deadline = Instant::now() + self.settings.timeout;
        let ballots = self.settings.models.iter().flat_map(|model: &JudgeModel| (0..votes).map(move |index| (model, index)));
        for (model, index) in ballots {
            let ballot = Ballot { session: self, statement, model, index, deadline };
            let mut heard = Heard::default();
            let outcome = timeout_at(deadline, ballot.vote(&mut heard)).await;
            add(&mut cost, &heard.cost());
            match outcome {
                Ok(Ok(vote)) => answered.votes.push(vote),
                Ok(Err(fault)) => answered.fault = Some(fault),
                Err(_) => {
                    let message = format!("the judge `{}` gave no answer within {:?}", model.name, self.settings.timeout);
                    answered.fault = Some(problem("judge-timeout", message));
                }
            }
            if answered.fault.is_some() {
                break;
            }
        }
        (answered, cost)
    }

    /// What stands for the votes where nobody is asked. Judges have been seen to accept a lone `:`, so a `must` whose roles said nothing
    /// is not met. Of a `must_not` that would be approval: the judge is asked, and what it cannot be shown at all stays unsure.
    fn guarded(&self, statement: Statement<'_>) -> Option<Vote> {
        let answer = match statement.negative {
            _ if self.has_words(statement.evidence_from) => return None,
            false => Answer::NotMet,
            true if self.has_words(&Role::ALL) => return None,
            true => Answer::Unsure,
        };
        Some(nothing_said(statement.evidence_from, answer))
    }

    /// False if these roles said nothing with a letter or digit in it: then there is nothing to quote.
    fn has_words(&self, roles: &[Role]) -> bool {
        self.recording.entries.iter().filter(|entry| roles.contains(&entry.role)).any(|entry| match &entry.content {
            Content::Text(text) => text.chars().any(char::is_alphanumeric),
            content => !quotes::texts(content).is_empty(),
        })
    }
}

/// What is to be seen where nothing was said.
fn nothing_said(roles: &[Role], answer: Answer) -> Vote {
    let roles = roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ");
    Vote {
        model: "none".to_owned(),
        answer,
        turned: Some(Vote::NOTHING_SAID.to_owned()),
        analysis: format!("The recording shows no word of the roles that may be quoted ({roles}), so no judge was asked."),
        quotes: vec![],
        embedded_instructions: false,
        key: String::new(),
        live: false,
    }
}

/// A sentinel that was answered wrong, or not at all.
fn compromised(sentinel: &Sentinel, answered: &Answered) -> Option<JudgeProblem> {
    if let Some(fault) = &answered.fault {
        return Some(fault.clone());
    }
    let wrong = answered.votes.iter().find(|vote| vote.answer != sentinel.right)?;
    Some(JudgeProblem {
        code: "judge-compromised".to_owned(),
        message: format!("the judge `{}` got a statement wrong whose answer is known, so none of its answers count", wrong.model),
        details: vec![
            format!("asked: {}", sentinel.text),
            format!("right: {}, answered: {}", sentinel.right.word(), wrong.answer.word()),
            "it may have obeyed a text in the recording, or it says the same of everything".to_owned(),
        ],
    })
}

fn add(sum: &mut Cost, cost: &Cost) {
    sum.calls += cost.calls;
    sum.live += cost.live;
    // These are numbers of the provider, which may say anything.
    sum.input_tokens = sum.input_tokens.saturating_add(cost.input_tokens);
    sum.cached_tokens = sum.cached_tokens.saturating_add(cost.cached_tokens);
    sum.output_tokens = sum.output_tokens.saturating_add(cost.output_tokens);
    sum.usd = sum.usd.zip(cost.usd).map(|(a, b)| a + b);
}
