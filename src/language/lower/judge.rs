//! Who judges: models, votes, limits, prices, and the judge that answers by rule.
//!
//! Owns: the names of models and which of them are pinned, every default of a judge.
//! Must not know: what is judged; how a judge is asked.

use super::Lowering;
use super::lowering::key_span;
use super::rubric::{role, vote_rule};
use crate::base::{Diagnostic, Span};
use crate::language::docs::judge::{
    AnswerWord, FakeJudgeDoc, FakeRuleDoc, JudgeDoc, JudgeFaultWord, OnUnavailableWord, OnUnsureWord, PricesDoc, SentinelsWord,
};
use crate::language::shape::{Number, Or, Text, Whole, mistake};
use crate::model::judge::{
    Answer, Budget, FakeJudge, FakeRule, JudgeFault, JudgeModel, JudgeSettings, OnUnavailable, OnUnsure, Price, Prices, Provider, Quoting,
    Role, Sentinels, Share, VoteRule,
};
use crate::model::tree::Content;
use regex::Regex;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(60);
const OUTPUT_TOKENS: u32 = 1500;
const RECORDING_BYTES: usize = 200_000;
const THRESHOLD: Share = Share { numerator: 4, denominator: 5 };
const NO_THRESHOLD: Share = Share { numerator: 0, denominator: 1 };

const PROVIDERS: &str = "`anthropic/…`, `openai/…`, `chat/…`, `exec: ./program` or `fake`";

/// A date behind the name, or the digest of the weights: what comes later has another name.
static PINNED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?x) [-@_:] (?: 20\d{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01]) | sha256:[0-9a-f]{12,} ) $").expect("a constant")
});

/// Lowers the settings. `preset_alone`: nobody wrote a `should`, so a threshold is only what somebody asks for.
pub fn settings(doc: &JudgeDoc, include: Vec<Role>, preset_alone: bool, low: &mut Lowering<'_>) -> JudgeSettings {
    let fake = Arc::new(doc.fake.as_ref().map(|fake| fake_judge(fake, low)).unwrap_or_default());
    JudgeSettings {
        models: models(doc, &fake, low),
        votes: votes(doc, low),
        vote_rule: doc.vote_rule.map_or(VoteRule::Majority, vote_rule),
        threshold: threshold(doc, low).unwrap_or(if preset_alone { NO_THRESHOLD } else { THRESHOLD }),
        on_unsure: match doc.on_unsure {
            None | Some(OnUnsureWord::Fail) => OnUnsure::Fail,
            Some(OnUnsureWord::Broken) => OnUnsure::Broken,
            Some(OnUnsureWord::Warn) => OnUnsure::Warn,
        },
        on_unavailable: match doc.on_unavailable {
            None | Some(OnUnavailableWord::Broken) => OnUnavailable::Broken,
            Some(OnUnavailableWord::Skip) => OnUnavailable::Skip,
        },
        timeout: timeout(doc, low),
        max_output_tokens: doc.max_output_tokens.and_then(|number| at_least_one(number, low)).unwrap_or(OUTPUT_TOKENS),
        budget: Budget {
            calls: doc.budget.as_ref().and_then(|budget| budget.calls).map(|calls| calls.number),
            usd: doc.budget.as_ref().and_then(|budget| budget.usd).map(|usd| not_negative(usd, low)),
        },
        sentinels: match doc.sentinels {
            None | Some(SentinelsWord::Auto) => Sentinels::Auto,
            Some(SentinelsWord::On) => Sentinels::On,
            Some(SentinelsWord::Off) => Sentinels::Off,
        },
        include,
        max_bytes: max_bytes(doc, low),
        temperature: doc.temperature.map(|number| not_negative(number, low)),
        prices: doc.prices.as_ref().map(|prices| self::prices(prices, low)).unwrap_or_default(),
    }
}

/// The roles that the judge sees.
pub fn include(doc: &JudgeDoc, low: &mut Lowering<'_>) -> Vec<Role> {
    let Some(words) = doc.context.as_ref().and_then(|context| context.include.as_ref()) else { return Role::ALL.to_vec() };
    let seen: HashSet<Role> = words.iter().map(|word| role(*word)).collect();
    if seen.is_empty() {
        let context = doc.context.as_ref().map_or(&doc.node, |context| &context.node);
        if context.get("include").is_some_and(|list| list.items().is_empty()) {
            low.push(mistake::wrong_value(key_span(context, "include"), "the judge would see nothing", "at least one role"));
        }
        return Role::ALL.to_vec();
    }
    Role::ALL.into_iter().filter(|role| seen.contains(role)).collect()
}

fn models(doc: &JudgeDoc, fake: &Arc<FakeJudge>, low: &mut Lowering<'_>) -> Vec<JudgeModel> {
    let texts = match &doc.model {
        None => return vec![],
        Some(Or::This(one)) => std::slice::from_ref(one),
        Some(Or::That(panel)) => panel.as_slice(),
    };
    let mut models: Vec<JudgeModel> = Vec::new();
    for text in texts {
        if models.iter().any(|known| known.name == *text.text) {
            low.push(mistake::wrong_value(
                text.span,
                format!("`{}` stands twice in the panel", &**text),
                "different models; `votes` asks one again",
            ));
        }
        let Some(provider) = provider(text, doc, fake, low) else { continue };
        pinned(text, &provider, doc, low);
        models.push(JudgeModel { name: text.to_string(), span: text.span, provider });
    }
    models
}

fn provider(text: &Text, doc: &JudgeDoc, fake: &Arc<FakeJudge>, low: &mut Lowering<'_>) -> Option<Provider> {
    let name = text.trim();
    if name == "fake" {
        if doc.node.get("fake").is_none() {
            low.push(
                Diagnostic::error("missing-key", text.span, "missing key `fake`")
                    .label("`model: fake` answers by its rules")
                    .help("write `fake: {rules: [{criterion: \"*\", when: {assistant: {contains: wallet}}, reply: met}]}`"),
            );
        }
        return Some(Provider::Fake(fake.clone()));
    }
    if let Some(program) = name.strip_prefix("exec:") {
        return exec(text, program, low);
    }
    let known = name.split_once('/').filter(|(_, id)| !id.is_empty());
    match known {
        Some(("anthropic", id)) => Some(Provider::Anthropic(id.to_owned())),
        Some(("openai", id)) => Some(Provider::OpenAi(id.to_owned())),
        Some(("chat", id)) => Some(Provider::Chat(id.to_owned())),
        _ => {
            let message = format!("`{name}` does not say how the model is asked");
            low.push(
                mistake::wrong_value(text.span, message, PROVIDERS).maybe_help(guess(name).map(|guess| format!("did you mean `{guess}`?"))),
            );
            None
        }
    }
}

/// What somebody who wrote only the model's id most likely meant.
fn guess(name: &str) -> Option<String> {
    match name {
        _ if name.starts_with("claude") => Some(format!("anthropic/{name}")),
        _ if name.starts_with("gpt") => Some(format!("openai/{name}")),
        _ => None,
    }
}

/// The program's words; one that is a path is relative to the file it stands in.
fn exec(text: &Text, program: &str, low: &mut Lowering<'_>) -> Option<Provider> {
    let mut words: Vec<String> = program.split_whitespace().map(str::to_owned).collect();
    match words.first_mut() {
        None => {
            low.push(mistake::wrong_value(text.span, "`exec:` names no program", "such as `exec: ./my-judge`"));
            return None;
        }
        Some(first) if first.contains('/') => {
            let path = low.existing(&Text { span: text.span, text: first.as_str().into() })?;
            *first = path.display().to_string();
        }
        Some(_) => {}
    }
    Some(Provider::Exec(words))
}

/// A verdict is kept under the model's name, so the name must always mean the same model.
fn pinned(text: &Text, provider: &Provider, doc: &JudgeDoc, low: &mut Lowering<'_>) {
    let id = match provider {
        Provider::Anthropic(id) | Provider::OpenAi(id) | Provider::Chat(id) => id,
        Provider::Exec(_) | Provider::Fake(_) => return,
    };
    if doc.allow_unpinned.is_some_and(|flag| flag.on) || PINNED.is_match(id) {
        return;
    }
    low.push(
        Diagnostic::error("unpinned-model", text.span, format!("`{id}` is no dated snapshot, so the provider may lead it to another model tomorrow"))
            .label("not pinned")
            .help("write the snapshot's name, which ends in its date (`…-20250929`, `…-2025-04-14`), or in a digest of the weights (`…@sha256:…`)")
            .help("or permit it: `allow_unpinned: true`; the lock keeps what was judged, and a new answer may differ from an old one"),
    );
}

fn votes(doc: &JudgeDoc, low: &mut Lowering<'_>) -> u32 {
    let Some(votes) = doc.votes else { return 1 };
    let odd = u32::try_from(votes.number).ok().filter(|number| number % 2 == 1 && *number < 100);
    if odd.is_none() {
        let message = format!("{} votes need not have a majority", votes.number);
        low.push(mistake::wrong_value(votes.span, message, "an odd number below 100, such as 1 or 3"));
    }
    odd.unwrap_or(1)
}

/// As written, without the rounding of a binary fraction: 0.8 is 8/10.
fn threshold(doc: &JudgeDoc, low: &mut Lowering<'_>) -> Option<Share> {
    let node = doc.node.get("threshold")?;
    let Content::Number(number) = &node.value else { return None };
    let share = share(&number.to_string());
    if share.is_none() {
        let message = format!("{number} is not a share");
        // What is not whole is no percentage, and its hundredth would be no number that anybody means.
        let percent = number.as_u64().filter(|n| (2..=100).contains(n)).map(|n| format!("did you mean `{}`?", n as f64 / 100.0));
        low.push(mistake::wrong_value(node.span, message, "a number from 0 to 1, such as 0.8").maybe_help(percent));
    }
    share
}

fn share(text: &str) -> Option<Share> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let denominator = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let numerator: u64 = format!("{whole}{fraction}").parse().ok()?;
    (numerator <= denominator).then_some(Share { numerator, denominator })
}

fn timeout(doc: &JudgeDoc, low: &mut Lowering<'_>) -> Duration {
    match doc.timeout {
        None => TIMEOUT,
        Some(time) if time.duration.is_zero() => {
            low.push(mistake::wrong_value(time.span, "in no time nothing is answered", "a duration above 0, such as `60s`"));
            TIMEOUT
        }
        Some(time) => time.duration,
    }
}

fn max_bytes(doc: &JudgeDoc, low: &mut Lowering<'_>) -> usize {
    let number = doc.context.as_ref().and_then(|context| context.max_bytes);
    number.and_then(|number| at_least_one(number, low)).map_or(RECORDING_BYTES, |number| number as usize)
}

fn at_least_one(number: Whole, low: &mut Lowering<'_>) -> Option<u32> {
    let fits = u32::try_from(number.number).ok().filter(|number| *number > 0);
    if fits.is_none() {
        low.push(mistake::wrong_value(number.span, format!("{} leaves no room for anything", number.number), "a number of at least 1"));
    }
    fits
}

fn not_negative(number: Number, low: &mut Lowering<'_>) -> f64 {
    if number.number < 0.0 || !number.number.is_finite() {
        low.push(mistake::wrong_value(number.span, format!("{} is less than 0", number.number), "a number of at least 0"));
    }
    number.number.max(0.0)
}

fn prices(doc: &PricesDoc, low: &mut Lowering<'_>) -> Prices {
    let models: BTreeMap<String, Price> = doc
        .models
        .entries
        .iter()
        .map(|(name, price)| {
            let input = not_negative(price.input, low);
            let cached = price.cached.map_or(input, |cached| not_negative(cached, low));
            (name.to_string(), Price { input, cached, output: not_negative(price.output, low) })
        })
        .collect();
    Prices { as_of: Some(doc.as_of.to_string()), models }
}

fn fake_judge(doc: &FakeJudgeDoc, low: &mut Lowering<'_>) -> FakeJudge {
    let rules = doc.rules.iter().flatten().map(|rule| fake_rule(rule, low)).collect();
    FakeJudge { rules, fault: doc.fault.map(fault).unwrap_or_default(), written: doc.node.to_value() }
}

fn fake_rule(doc: &FakeRuleDoc, low: &mut Lowering<'_>) -> FakeRule {
    let mut when = Vec::new();
    for (name, pattern) in doc.when.iter().flat_map(|when| &when.entries) {
        match Role::ALL.into_iter().find(|role| role.word() == &**name) {
            Some(role) => when.push((role, low.pattern(&pattern.0))),
            None => unknown_role(name, name.span, low),
        }
    }
    FakeRule {
        span: doc.node.span,
        criterion: doc.criterion.as_ref().map_or("*".to_owned(), |glob| glob.to_string()),
        when,
        reply: match doc.reply {
            AnswerWord::Met => Answer::Met,
            AnswerWord::NotMet => Answer::NotMet,
            AnswerWord::Unsure => Answer::Unsure,
        },
        quote: match doc.quote.as_ref().map(|quote| &*quote.text) {
            None | Some("auto") => Quoting::Auto,
            Some("none") => Quoting::None,
            Some(text) => Quoting::Text(text.to_owned()),
        },
    }
}

fn unknown_role(name: &str, span: Span, low: &mut Lowering<'_>) {
    let words: Vec<String> = Role::ALL.iter().map(|role| format!("`{}`", role.word())).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    low.push(mistake::wrong_value(span, format!("`{name}` is nobody's role"), mistake::listed(&words)));
}

fn fault(word: JudgeFaultWord) -> JudgeFault {
    match word {
        JudgeFaultWord::None => JudgeFault::None,
        JudgeFaultWord::Malformed => JudgeFault::Malformed,
        JudgeFaultWord::Truncated => JudgeFault::Truncated,
        JudgeFaultWord::BadQuote => JudgeFault::BadQuote,
        JudgeFaultWord::WrongEvent => JudgeFault::WrongEvent,
        JudgeFaultWord::WrongId => JudgeFault::WrongId,
        JudgeFaultWord::Timeout => JudgeFault::Timeout,
        JudgeFaultWord::Http429x2 => JudgeFault::Http429Twice,
        JudgeFaultWord::Http500 => JudgeFault::Http500,
        JudgeFaultWord::Refuse => JudgeFault::Refuse,
        JudgeFaultWord::AlwaysMet => JudgeFault::AlwaysMet,
        JudgeFaultWord::ObeyInjection => JudgeFault::ObeyInjection,
    }
}

#[cfg(test)]
mod tests {
    use super::{PINNED, share};
    use crate::model::judge::Share;

    #[test]
    fn a_share_is_read_exactly() {
        for (text, numerator, denominator) in
            [("0.8", 8, 10), ("1", 1, 1), ("0", 0, 1), ("0.50", 5, 10), ("1.0", 1, 1), ("0.333", 333, 1000)]
        {
            assert_eq!(share(text), Some(Share { numerator, denominator }), "{text}");
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["1.1", "80", "-0.1", "1e-3", "0.12345678901234567890123"] {
            assert_eq!(share(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_or_a_digest_pins_a_model() {
        for id in ["claude-sonnet-4-5-20250929", "gpt-4.1-2025-04-14", "llama@sha256:0123456789ab", "x/y@20250101"] {
            assert!(PINNED.is_match(id), "{id}");
        }
        for id in ["claude-sonnet-4-5", "gpt-4.1", "claude-3-5-sonnet-latest", "gpt-4-0613", "m-20251399", "a-20250101-preview"] {
            assert!(!PINNED.is_match(id), "{id}");
        }
    }
}
