//! Quotes: does what a judge quotes stand where it says?
//!
//! Owns: how a quote and an event are compared, which roles may be quoted, why a quote does not count.
//! Must not know: what follows of a quote that does not count.

use super::reply::{Citation, Reply};
use crate::matching::fold::fold;
use crate::model::judge::{Quote, Role};
use crate::model::pattern::Fold;
use crate::model::recording::{Content, Entry, Recording, canonical};
use serde_json::Value;

const SHORTEST: usize = 8;
const LONGEST: usize = 200;

/// Composed (NFC), with plain quotes and single spaces; case counts, and nothing is compared by likeness.
const EXACT: Fold = Fold { ignore_case: false, normalize: true };

/// A recording with the texts of its events as they are compared.
pub(super) struct Quotable<'r> {
    recording: &'r Recording,
    texts: Vec<Vec<String>>,
}

impl<'r> Quotable<'r> {
    pub(super) fn new(recording: &'r Recording) -> Quotable<'r> {
        let texts = |entry: &Entry| texts(&entry.content).iter().map(|text| fold(text, EXACT).into_owned()).collect();
        Quotable { recording, texts: recording.entries.iter().map(texts).collect() }
    }

    /// Every quote of a reply, with the reason if it does not count. Evidence counts from the roles `allowed` alone: otherwise a text
    /// that an attacker planted in a tool's result would prove what the agent said.
    pub(super) fn verify(&self, reply: &Reply, allowed: &[Role]) -> Vec<Quote> {
        let evidence = reply.evidence.iter().map(|citation| self.verified(citation, Some(allowed)));
        evidence.chain(reply.counter_evidence.iter().map(|citation| self.verified(citation, None))).collect()
    }

    fn verified(&self, citation: &Citation, allowed: Option<&[Role]>) -> Quote {
        let role = self.recording.entry(&citation.event).map(|entry| entry.role);
        let quote = fold(&citation.quote, EXACT);
        let found = self.stands_in(&citation.event, &quote);
        let rejected = match (role, found) {
            (None, _) => Some(format!("there is no event {}", shown(&citation.event))),
            (_, false) => Some(self.elsewhere(&citation.event, &quote)),
            (Some(role), true) => self.unfit(&citation.event, &quote, role, allowed),
        };
        Quote { event: citation.event.clone(), role, quote: citation.quote.clone(), against: allowed.is_none(), found, rejected }
    }

    fn texts_of(&self, event: &str) -> &[String] {
        let at = event.strip_prefix('e').and_then(|at| at.parse::<usize>().ok()).and_then(|at| at.checked_sub(1));
        at.and_then(|at| self.texts.get(at)).map_or(&[], Vec::as_slice)
    }

    fn stands_in(&self, event: &str, quote: &str) -> bool {
        !quote.is_empty() && self.texts_of(event).iter().any(|text| text.contains(quote))
    }

    /// Why a quote that does stand there is no evidence.
    fn unfit(&self, event: &str, quote: &str, role: Role, allowed: Option<&[Role]>) -> Option<String> {
        let length = quote.chars().count();
        let is_whole = || self.texts_of(event).iter().any(|text| text == quote);
        if allowed.is_some_and(|allowed| !allowed.contains(&role)) {
            return Some(format!("{event} is of the role {}, which is not allowed here", role.word()));
        }
        if length > LONGEST {
            return Some(format!("it is longer than {LONGEST} characters"));
        }
        (length < SHORTEST && !is_whole()).then(|| format!("it is shorter than {SHORTEST} characters, and not the whole event"))
    }

    /// Not in the named event; where else it stands, if anywhere.
    fn elsewhere(&self, event: &str, quote: &str) -> String {
        let mut others = self.recording.entries.iter().enumerate();
        match others.find(|(at, _)| self.stands_in(&Recording::name(*at), quote)) {
            Some((at, entry)) => format!("not in {event}; found in {} ({})", Recording::name(at), entry.role.word()),
            None => format!("not in {event}, nor in any other event"),
        }
    }
}

fn shown(event: &str) -> String {
    format!("`{}`", event.chars().take(20).collect::<String>())
}

/// What may be quoted of an event: its text, raw and with the escapes of the recording, and never the key before it, which nobody said;
/// of calls and results their members as they stand in the recording, and each text in them as well.
pub(super) fn texts(content: &Content) -> Vec<String> {
    match content {
        Content::Text(text) => {
            let json = Value::from(text.as_str()).to_string();
            vec![text.clone(), json[1..json.len() - 1].to_owned()]
        }
        Content::Call { name, args: value, .. } | Content::Result { name, result: value, .. } => {
            let mut out = vec![content.members(), canonical(value), name.clone()];
            leaves(value, &mut out);
            out
        }
    }
}

fn leaves(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::judge::Answer;
    use serde_json::json;

    fn recording() -> Recording {
        let entry = |role, content| Entry { role, session: None, content };
        let result = |result| Content::Result { call: "c1".into(), name: "wallets.list".into(), status: "ok".into(), result };
        let entries = vec![
            entry(Role::User, Content::Text("What is my balance?".into())),
            entry(Role::ToolCall, Content::Call { call: "c1".into(), name: "wallets.list".into(), args: json!({"b": 2, "a": "owner me"}) }),
            entry(Role::ToolResult, result(json!({"balance": "12.5 SOL", "note": "line one\nline two"}))),
            entry(Role::Assistant, Content::Text("You own “12.5 SOL”,\n it’s cafe\u{301} \"money\".".into())),
            entry(Role::Assistant, Content::Text("Yes.".into())),
        ];
        Recording { entries, about: None }
    }

    /// The reason why the quote does not count, if it does not.
    fn check(event: &str, quote: &str, allowed: &[Role], rejected: Option<&str>) {
        let cited = || Citation { event: event.into(), quote: quote.into() };
        let reply = Reply {
            criterion_id: "a".into(),
            analysis: String::new(),
            evidence: vec![cited()],
            counter_evidence: vec![cited()],
            embedded_instructions: false,
            verdict: Answer::Met,
        };
        let recording = recording();
        let quotes = Quotable::new(&recording).verify(&reply, allowed);
        let got = quotes[0].rejected.as_deref();
        match rejected {
            None => assert_eq!(got, None, "{quote}"),
            Some(part) => assert!(got.is_some_and(|got| got.contains(part)), "{quote}: {got:?}"),
        }
        // Against a statement any role may speak.
        let by_role = rejected.is_some_and(|part| part.contains("role"));
        assert_eq!(quotes[1].rejected.is_none(), rejected.is_none() || by_role, "{quote}");
    }

    const ASSISTANT: &[Role] = &[Role::Assistant];

    #[test]
    fn a_quote_may_differ_in_space_quotes_and_unicode_form_alone() {
        for quote in ["You own \"12.5 SOL\", it's café", "own “12.5 SOL”,  it’s", " it's cafe\u{301} \"money\". "] {
            check("e4", quote, ASSISTANT, None);
        }
        check("e4", "it’s cafe\u{301} \\\"money\\\".", ASSISTANT, None);
        check("e4", "You Own \"12.5 SOL\"", ASSISTANT, Some("not in e4, nor in any other event"));
        check("e4", "You own 12.5 SOL", ASSISTANT, Some("not in e4"));
    }

    #[test]
    fn what_frames_a_text_in_the_recording_is_no_quote_of_it() {
        for quote in ["\"text\":\"", "\"text\":\"You own", "text\":\"You", "\\\"money\\\".\""] {
            check("e4", quote, ASSISTANT, Some("not in e4"));
        }
        check("e5", "\"text\":\"Yes.\"", ASSISTANT, Some("not in e5"));
    }

    #[test]
    fn a_quote_of_another_event_or_role_is_no_evidence() {
        check("e4", "line one line two", ASSISTANT, Some("not in e4; found in e3 (tool_result)"));
        check("e3", "line one line two", ASSISTANT, Some("e3 is of the role tool_result, which is not allowed here"));
        check("e3", "line one line two", &[Role::ToolResult], None);
        check("e9", "line one line two", &Role::ALL, Some("there is no event `e9`"));
        check("4", "You own \"12.5", ASSISTANT, Some("there is no event `4`"));
    }

    #[test]
    fn a_quote_is_neither_too_short_nor_too_long() {
        check("e4", "12.5 SO", ASSISTANT, Some("shorter than 8"));
        check("e5", "Yes.", ASSISTANT, None);
        check("e5", "Yes", ASSISTANT, Some("shorter than 8"));
        check("e4", "", ASSISTANT, Some("not in e4"));
        check("e4", "   ", ASSISTANT, Some("not in e4"));
    }

    #[test]
    fn calls_and_results_are_quoted_raw_or_as_canonical_json() {
        for quote in ["owner me", "{\"a\":\"owner me\",\"b\":2}", "\"name\":\"wallets.list\",\"args\":{", "wallets.list"] {
            check("e2", quote, &[Role::ToolCall], None);
        }
        for quote in ["12.5 SOL", "\"balance\":\"12.5 SOL\"", "line one\nline two", "line one\\nline two"] {
            check("e3", quote, &[Role::ToolResult], None);
        }
        check("e2", "\"role\":\"tool_call\"", &[Role::ToolCall], Some("not in e2"));
    }

    #[test]
    fn a_long_quote_is_refused_though_it_stands_there() {
        let text = "word ".repeat(60);
        let entry = Entry { role: Role::Assistant, session: None, content: Content::Text(text.clone()) };
        let recording = Recording { entries: vec![entry], about: None };
        let cited = Citation { event: "e1".into(), quote: text };
        let quote = Quotable::new(&recording).verified(&cited, Some(ASSISTANT));
        assert!(quote.found && quote.rejected.is_some_and(|why| why.contains("longer than 200")));
    }
}
