//! A judge that answers by rule, offline, and that can be at fault on purpose.
//!
//! Owns: which rule answers, what it quotes, what each fault does.
//! Must not know: how a reply is read, verified or counted; that is the same as for a real judge.

use super::call::{Again, Call, Raw, Trouble};
use crate::judge::quotes::texts;
use crate::judge::sentinels;
use crate::matching::{glob, value::holds};
use crate::model::judge::{Answer, FakeJudge, FakeRule, JudgeFault, Quoting, Role};
use crate::model::pattern::{Form, Pattern, Test};
use crate::model::recording::{Entry, Recording};
use crate::model::template::Nothing;
use crate::model::tree::Content;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

/// What a fake judge quotes at least, where there is as much, and at most.
const SHORTEST: usize = 8;
const LONGEST: usize = 200;

/// A quote and the name of its event.
type Cited = (String, String);

pub(super) async fn ask(fake: &FakeJudge, call: &Call<'_>) -> Result<Raw, Trouble> {
    match fake.fault {
        JudgeFault::Timeout => std::future::pending().await,
        JudgeFault::Http429Twice if call.attempt < 2 => return Err(http(429)),
        JudgeFault::Http500 => return Err(http(500)),
        JudgeFault::Refuse => return Err(Trouble::refused("the fake judge refuses on purpose")),
        JudgeFault::Malformed => return Ok(raw("{\"criterion_id\": ".to_owned(), false)),
        _ => {}
    }
    let (answer, cited) = answered(fake, call)?;
    let (event, quote) = cited.map_or((Value::Null, Value::Null), |(event, quote)| (event.into(), quote.into()));
    let evidence = match fake.fault {
        JudgeFault::BadQuote => json!([{"event": "e1", "quote": "words that nobody in this recording ever said"}]),
        JudgeFault::WrongEvent if quote.is_string() => json!([{"event": "e9999", "quote": quote}]),
        _ if quote.is_string() => json!([{"event": event, "quote": quote}]),
        _ => json!([]),
    };
    let id = if fake.fault == JudgeFault::WrongId { "another-criterion" } else { call.criterion };
    let reply = json!({
        "criterion_id": id,
        "analysis": "A fake judge answered by rule.",
        "evidence": evidence,
        "counter_evidence": [],
        "embedded_instructions": false,
        "verdict": answer.word(),
    });
    let text = reply.to_string();
    Ok(match fake.fault {
        JudgeFault::Truncated => raw(text.chars().take(40).collect(), true),
        _ => raw(text, false),
    })
}

fn raw(text: String, truncated: bool) -> Raw {
    Raw { text, truncated, ..Raw::default() }
}

fn http(status: u16) -> Trouble {
    let message = format!("the judge's provider answered {status}: the fake judge does so on purpose");
    Trouble { code: "judge-http", message, again: Again::Later(Some(Duration::from_millis(1))) }
}

fn answered(fake: &FakeJudge, call: &Call<'_>) -> Result<(Answer, Option<Cited>), Trouble> {
    match fake.fault {
        JudgeFault::AlwaysMet => return Ok((Answer::Met, first_of(call.recording, call.evidence_from))),
        JudgeFault::ObeyInjection => {
            if let Some((answer, cited)) = planted(call.recording) {
                return Ok((answer, Some(cited)));
            }
        }
        _ => {}
    }
    // Sentinels are not the suite's: a fake judge that is not at fault knows them.
    if let Some(known) = sentinels::honest(call.criterion, call.recording, &call.prompt.shared) {
        return Ok(known);
    }
    for rule in fake.rules.iter().filter(|rule| glob::matches(&rule.criterion, call.criterion)) {
        if let Some(found) = matched(rule, call)? {
            let cited = match &rule.quote {
                Quoting::None => None,
                Quoting::Text(text) => Some(place_of(call.recording, text)),
                Quoting::Auto => found.or_else(|| first_of(call.recording, call.evidence_from)),
            };
            return Ok((rule.reply, cited));
        }
    }
    Err(Trouble::last("judge-no-rule", format!("no rule of the fake judge answers for `{}`", call.criterion)))
}

/// `None` if the rule's `when` does not hold. Inside: what its first pattern found.
fn matched(rule: &FakeRule, call: &Call<'_>) -> Result<Option<Option<Cited>>, Trouble> {
    let mut first = None;
    for (role, pattern) in &rule.when {
        match find(call.recording, *role, pattern)? {
            Some(cited) => first = first.or(Some(cited)),
            None => return Ok(None),
        }
    }
    Ok(Some(first))
}

fn entries(recording: &Recording) -> impl Iterator<Item = (String, &Entry)> {
    recording.entries.iter().enumerate().map(|(at, entry)| (Recording::name(at), entry))
}

fn find(recording: &Recording, role: Role, pattern: &Pattern) -> Result<Option<Cited>, Trouble> {
    for (event, entry) in entries(recording).filter(|(_, entry)| entry.role == role) {
        for text in texts(&entry.content) {
            let value = Value::String(text);
            let held = holds(pattern, Some(&value), &Nothing);
            if held.map_err(|why| Trouble::last("judge-no-rule", format!("a pattern of the fake judge cannot be tested: {why}")))? {
                let text = value.as_str().unwrap_or_default();
                return Ok(Some((event, around(text, part(pattern, text)))));
            }
        }
    }
    Ok(None)
}

/// Where a regular expression or a text was found.
fn part(pattern: &Pattern, text: &str) -> Option<std::ops::Range<usize>> {
    let Form::Words(words) = &pattern.form else { return None };
    words.iter().find_map(|word| match &word.test {
        Test::Matches(regex) => regex.regex.find(text).map(|found| found.range()),
        Test::Contains(needles) => needles.iter().find_map(|needle| match &needle.text.value {
            Content::Text(needle) => text.find(needle.as_ref() as &str).map(|at| at..at + needle.len()),
            _ => None,
        }),
        _ => None,
    })
}

/// What was found, widened where it is too short to be a quote, cut where it is too long.
fn around(text: &str, found: Option<std::ops::Range<usize>>) -> String {
    let found = found.unwrap_or(0..text.len());
    let (mut from, mut to) = (found.start, found.end);
    // Counted as a quote is: without the white space around it. Each character is looked at once, as there may be much of it.
    let (begun, trimmed) = (text[from..to].trim_start(), text[from..to].trim());
    let (all, mut count) = (text[from..to].chars().count(), trimmed.chars().count());
    let mut blank = [all - begun.chars().count(), begun.chars().count() - count];
    while count < SHORTEST && (from > 0 || to < text.len()) {
        let wider = [text[..from].chars().next_back(), text[to..].chars().next()];
        from -= wider[0].map_or(0, char::len_utf8);
        to += wider[1].map_or(0, char::len_utf8);
        for (side, c) in wider.into_iter().enumerate() {
            match c {
                None => {}
                Some(c) if c.is_whitespace() => blank[side] += 1,
                // The first that is not blank has all white space on its other side.
                Some(_) if count == 0 => (count, blank[1 - side], blank[side]) = (1, blank[0] + blank[1], 0),
                // What was around the quote on this side is inside now.
                Some(_) => count += 1 + std::mem::take(&mut blank[side]),
            }
        }
    }
    text[from..to].chars().take(LONGEST).collect()
}

fn place_of(recording: &Recording, quote: &str) -> Cited {
    let place = entries(recording).find(|(_, entry)| texts(&entry.content).iter().any(|text| text.contains(quote)));
    (place.map_or_else(|| "e1".to_owned(), |(event, _)| event), quote.to_owned())
}

/// Something that really stands there, whatever it says.
fn first_of(recording: &Recording, roles: &[Role]) -> Option<Cited> {
    let (event, entry) = entries(recording).find(|(_, entry)| roles.contains(&entry.role))?;
    Some((event, around(&texts(&entry.content)[0], None)))
}

/// The verdict that a text in the recording dictates, quoted from there.
fn planted(recording: &Recording) -> Option<(Answer, Cited)> {
    static DICTATED: LazyLock<regex::Regex> = LazyLock::new(|| {
        regex::Regex::new(r#"(?i)verdict\W{1,12}(?:is\W+|to\W+|of\W+)?(not_met|unsure|met)\b"#).expect("the expression is well-formed")
    });
    entries(recording).find_map(|(event, entry)| {
        let texts = texts(&entry.content);
        let (text, found) = texts.iter().find_map(|text| Some((text, DICTATED.captures(text)?)))?;
        let word = found[1].to_lowercase();
        let answer = [Answer::Met, Answer::NotMet, Answer::Unsure].into_iter().find(|answer| answer.word() == word)?;
        Some((answer, (event, around(text, found.get(0).map(|whole| whole.range())))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is quoted of each part of a text, widened by looking at all of it again and again.
    fn check(text: &str) {
        let ends = || text.char_indices().map(|(at, _)| at).chain([text.len()]);
        for (begin, end) in ends().flat_map(|begin| ends().filter(move |end| *end >= begin).map(move |end| (begin, end))) {
            let (mut from, mut to) = (begin, end);
            while text[from..to].trim().chars().count() < SHORTEST && (from > 0 || to < text.len()) {
                to += text[to..].chars().next().map_or(0, char::len_utf8);
                from -= text[..from].chars().next_back().map_or(0, char::len_utf8);
            }
            assert_eq!(around(text, Some(begin..end)), text[from..to], "{:?} in {text:?}", &text[begin..end]);
        }
    }

    #[test]
    fn what_is_too_short_is_widened_on_both_sides() {
        for text in ["0123456789", "ab c   defgh i", "a  bc   ", "      äöü      x", "ab", "   ", "", " a          b           c "] {
            check(text);
        }
    }

    #[test]
    fn much_white_space_is_looked_at_once() {
        let began = std::time::Instant::now();
        let blank = " ".repeat(1 << 20);
        let text = format!("{blank}x{blank}");
        assert_eq!(around(&text, Some(1 << 20..(1 << 20) + 1)).trim(), "");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
