//! One vote of one model on one statement: asked, read, its quotes verified, asked once more where that may help.
//!
//! Owns: the re-asks, what of a vote is stored, what is a fault.
//! Must not know: other votes, what answers mean.

use super::asking::{Session, Statement, problem};
use super::budget::cost;
use super::digest::sha256_of;
use super::lock::{Asked, Entry, LockProblem, Params, nearest};
use super::prompt::{self, Prompt, template_sha256};
use super::providers::{Call, Raw, Trouble};
use super::reply::{self, Reply, schema, schema_sha256};
use super::world::{Mode, host, program_sha256};
use crate::base::clock::now_rfc3339;
use crate::model::judge::{Answer, Cost, JudgeModel, JudgeProblem, Provider, Quote, UNVERIFIED, Vote};
use serde_json::Value;
use tokio::time::Instant;

pub(super) struct Ballot<'a> {
    pub session: &'a Session<'a>,
    pub statement: Statement<'a>,
    pub model: &'a JudgeModel,
    pub index: u32,
    pub deadline: Instant,
}

/// What was heard during a vote; it stands also when the vote came to nothing.
#[derive(Default)]
pub(super) struct Heard {
    calls: u64,
    /// Of these, how many the lock did not answer; one that did not come back has no usage.
    asked: u64,
    /// Of these, how many really went out: those to a fake do not.
    live: u64,
    /// Of those that came back, with what each cost.
    usage: Vec<(super::lock::Usage, Option<f64>)>,
    fresh: Vec<Entry>,
}

impl Heard {
    pub(super) fn cost(&self) -> Cost {
        let sum = |count: fn(&super::lock::Usage) -> u64| self.usage.iter().map(|(usage, _)| count(usage)).fold(0, u64::saturating_add);
        // A call that did not come back has no cost that anybody knows.
        let came_back = self.usage.len() as u64 == self.asked;
        let usd = self.usage.iter().try_fold(0.0, |sum, (_, usd)| usd.map(|usd| sum + usd));
        Cost {
            calls: self.calls,
            live: self.live,
            input_tokens: sum(|usage| usage.input),
            cached_tokens: sum(|usage| usage.cached),
            output_tokens: sum(|usage| usage.output),
            usd: usd.filter(|_| came_back),
        }
    }
}

impl Ballot<'_> {
    /// Asks until there is a verdict whose evidence can be trusted, at most once more for each kind of fault. A verdict that can be
    /// trusted is never asked for again.
    pub(super) async fn vote(&self, heard: &mut Heard) -> Result<Vote, JudgeProblem> {
        let mut cap = self.session.settings.max_output_tokens;
        let (mut again, mut made_up) = (Vec::new(), Vec::new());
        let (mut grown, mut mended, mut proved) = (false, false, false);
        loop {
            let (raw, key) = self.reply(cap, &again, heard).await?;
            if raw.truncated {
                if grown {
                    return Err(self.fault("judge-truncated", format!("gave no whole reply in {cap} tokens"), &raw.text));
                }
                (grown, cap) = (true, cap.saturating_mul(2));
                continue;
            }
            let reply = match reply::read(&raw.text, self.statement.id) {
                Ok(reply) => reply,
                Err(why) if mended => {
                    return Err(self.fault("judge-malformed", format!("replied twice in no usable form: {why}"), &raw.text));
                }
                Err(why) => {
                    mended = true;
                    again.push((raw.text, prompt::malformed(&why)));
                    continue;
                }
            };
            let quotes = self.session.quotable.verify(&reply, self.statement.evidence_from);
            let proven = reply.verdict != Answer::Met || quotes.iter().any(|quote| !quote.against && quote.rejected.is_none());
            if !proven && !proved {
                proved = true;
                again.push((raw.text, prompt::bad_quotes(&faults(&quotes))));
                made_up.extend(quotes.into_iter().filter(|quote| !quote.found));
                continue;
            }
            self.store(heard)?;
            return Ok(self.counted(reply, proven, quotes.into_iter().chain(made_up).collect(), key, heard.live > 0));
        }
    }

    fn counted(&self, reply: Reply, proven: bool, quotes: Vec<Quote>, key: String, live: bool) -> Vote {
        Vote {
            model: self.model.name.clone(),
            answer: if proven { reply.verdict } else { Answer::Unsure },
            turned: (!proven).then(|| UNVERIFIED.to_owned()),
            analysis: reply.analysis,
            quotes,
            embedded_instructions: reply.embedded_instructions,
            key,
            live,
        }
    }

    /// A reply from the lock, or a fresh one, as the mode says.
    async fn reply(&self, cap: u32, again: &[(String, String)], heard: &mut Heard) -> Result<(Raw, String), JudgeProblem> {
        let judge = self.session.judge;
        let mode = judge.world.mode;
        // The rules of a fake stand in the suite: what they say now counts, so there is nothing to keep.
        let is_fake = matches!(self.model.provider, Provider::Fake(_));
        let asked = self.asked(cap, again);
        // An answer that is not kept is not what the lock may have under this key.
        let key = if is_fake || !(mode.reads() || mode.writes()) { String::new() } else { asked.key() };
        heard.calls += 1;
        if !is_fake && mode.reads() {
            if let Some(entry) = judge.lock.get(&key).map_err(lock_problem)? {
                let Entry { reply: text, truncated, returned_model, usage, .. } = entry;
                return Ok((Raw { text, truncated, returned_model, usage }, key));
            }
            if mode == Mode::Replay {
                return Err(self.miss(&asked));
            }
        }
        if !is_fake && mode.writes() {
            judge.lock.is_writable().map_err(lock_problem)?;
        }
        let raw = self.ask(cap, again, heard).await?;
        if !is_fake && mode.writes() {
            heard.fresh.push(self.entry(asked, &raw));
        }
        Ok((raw, key))
    }

    async fn ask(&self, cap: u32, again: &[(String, String)], heard: &mut Heard) -> Result<Raw, JudgeProblem> {
        let (session, judge) = (self.session, self.session.judge);
        let is_fake = matches!(self.model.provider, Provider::Fake(_));
        let free = crate::model::judge::Price { input: 0.0, cached: 0.0, output: 0.0 };
        let price = if is_fake { Some(&free) } else { session.settings.prices.models.get(&self.model.name) };
        let prompt = Prompt {
            system: prompt::system(),
            shared: session.shared.clone(),
            question: prompt::question(&self.statement),
            again: again.to_vec(),
        };
        let words = prompt.system.len() + prompt.shared.len() + prompt.question.len();
        let bytes = words + again.iter().map(|(reply, complaint)| reply.len() + complaint.len()).sum::<usize>();
        let room = judge.spent.reserve(&session.settings.budget, price, bytes, cap)?;
        heard.asked += 1;
        heard.live += u64::from(!is_fake);
        let call = Call {
            prompt: &prompt,
            schema: &schema(),
            max_output_tokens: cap,
            temperature: session.settings.temperature,
            criterion: self.statement.id,
            statement: self.statement.text,
            evidence_from: self.statement.evidence_from,
            recording: session.recording,
            attempt: 0,
        };
        let raw = judge.providers.ask(&judge.world, self.model, call, self.deadline).await.map_err(|trouble| self.trouble(trouble))?;
        let usd = cost(&raw.usage, price);
        judge.spent.settle(room, usd);
        heard.usage.push((raw.usage, usd));
        Ok(raw)
    }

    fn asked(&self, cap: u32, again: &[(String, String)]) -> Asked {
        let (session, statement) = (self.session, self.statement);
        let (provider, model) = match &self.model.provider {
            Provider::Anthropic(model) => ("anthropic", model.clone()),
            Provider::OpenAi(model) => ("openai", model.clone()),
            Provider::Chat(model) => ("chat", model.clone()),
            // As it was written: where the program lies on this machine is no part of what it is. What is in it, is: below.
            Provider::Exec(_) => ("exec", self.model.name.trim_start_matches("exec:").trim().to_owned()),
            Provider::Fake(_) => ("fake", String::new()),
        };
        Asked {
            v: 1,
            template_sha256: template_sha256(statement.has_data).to_owned(),
            schema_sha256: schema_sha256().to_owned(),
            provider: provider.to_owned(),
            model,
            params: Params { max_output_tokens: cap, temperature: session.settings.temperature },
            recording_sha256: session.recording_sha256.clone(),
            reference_sha256: session.reference_sha256.clone(),
            criterion_id: statement.id.to_owned(),
            criterion_text: statement.text.to_owned(),
            evidence_from: statement.evidence_from.to_vec(),
            vote_index: self.index,
            reask_index: again.len() as u32,
            again_sha256: (!again.is_empty()).then(|| sha256_of(&again)),
            host: host(&self.model.provider, &session.judge.world.environment),
            program_sha256: program_sha256(&self.model.provider, &session.judge.world.folder),
        }
    }

    fn entry(&self, asked: Asked, raw: &Raw) -> Entry {
        Entry {
            asked,
            lines: self.session.lines.clone(),
            reply: raw.text.clone(),
            parsed: Value::Null,
            truncated: raw.truncated,
            returned_model: raw.returned_model.clone(),
            usage: raw.usage,
            created_at: now_rfc3339(),
            seal: String::new(),
        }
        .sealed()
    }

    /// Only what a verdict came of is kept, so that a judge that was at fault is asked again.
    fn store(&self, heard: &mut Heard) -> Result<(), JudgeProblem> {
        heard.fresh.drain(..).try_for_each(|entry| self.session.judge.lock.put(&entry)).map_err(lock_problem)
    }

    fn miss(&self, asked: &Asked) -> JudgeProblem {
        let named = format!("the judge's lock has no answer of `{}` to `{}`", self.model.name, self.statement.id);
        let (message, mut details) = match nearest(asked, &self.session.lines, self.session.judge.stored()) {
            Some((key, differences)) => {
                let first = differences.first().map(String::as_str).unwrap_or("nothing that it keeps differs");
                (format!("{named}: {first} (nearest entry: {})", &key[..12]), differences)
            }
            None => (format!("{named}, nor anything alike"), vec![]),
        };
        details.push("ask once with `--judge-mode auto`, look at the answer, and commit the lock".to_owned());
        JudgeProblem { code: "lock-miss".to_owned(), message, details }
    }

    fn trouble(&self, trouble: Trouble) -> JudgeProblem {
        problem(trouble.code, format!("`{}`: {}", self.model.name, trouble.message))
    }

    fn fault(&self, code: &str, what: String, reply: &str) -> JudgeProblem {
        let start: String = reply.chars().take(300).collect();
        JudgeProblem {
            code: code.to_owned(),
            message: format!("the judge `{}` {what}", self.model.name),
            details: vec![format!("its last reply begins: {start}")],
        }
    }
}

/// Why no quote counts, one line each, for the judge itself.
fn faults(quotes: &[Quote]) -> Vec<String> {
    let fault = |quote: &Quote| Some(format!("- {} \"{}\": {}", quote.event, quote.quote, quote.rejected.as_ref()?));
    quotes.iter().filter(|quote| !quote.against).filter_map(fault).collect()
}

fn lock_problem(problem: LockProblem) -> JudgeProblem {
    let code = if matches!(problem, LockProblem::Damaged { .. }) { "lock-damaged" } else { "lock-unusable" };
    let help = match code {
        "lock-damaged" => "take the file back from version control, or delete it and ask again",
        _ => "the folder must be readable, and writable unless the mode is `replay`",
    };
    JudgeProblem { code: code.to_owned(), message: problem.to_string(), details: vec![help.to_owned()] }
}
