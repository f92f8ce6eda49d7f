//! Faults of a model fake: words and mappings to what is carried out.
//!
//! Owns: defaults, which keys go with which kind, what a vendor's wires cannot have.
//! Must not know: how a fault is carried out.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::key_span;
use crate::base::{Diagnostic, Span};
use crate::language::docs::fake::VendorWord;
use crate::language::docs::fault::{FaultDoc, FaultWord, NthWord, TimesWord};
use crate::language::shape::{Or, Text, Whole as Number, mistake};
use crate::model::fake::Abort;
use crate::model::fault::{Act, Extra, Fault, FaultKind, Instead, Nth, Whole};
use crate::model::tree::Node;
use std::time::Duration;

/// The time between two events of a slow stream.
const SLOW: Duration = Duration::from_millis(60);

/// Keys that go with some kinds only.
const OWN: [(&str, &[FaultWord]); 8] = [
    ("times", &[FaultWord::Status, FaultWord::Html, FaultWord::NoHeaders]),
    ("status", &[FaultWord::Status, FaultWord::Html]),
    ("retry_after", &[FaultWord::Status]),
    ("body", &[FaultWord::Status]),
    ("for", &[FaultWord::Stall]),
    ("gap", &[FaultWord::Slow]),
    ("content_type", &[FaultWord::ContentType]),
    ("event", &[FaultWord::UnknownEvent]),
];

/// Lowers one fault. `None` after a mistake.
pub fn fault(doc: &Or<FaultWord, FaultDoc>, node: &Node, vendor: VendorWord, low: &mut Lowering<'_>) -> Option<Fault> {
    let fault = match doc {
        Or::This(word) => word_alone(*word, node.span, low)?,
        Or::That(doc) => mapping(doc, low)?,
    };
    possible(&fault, vendor, low).then_some(fault)
}

fn word_alone(word: FaultWord, span: Span, low: &mut Lowering<'_>) -> Option<Fault> {
    let kind = match word {
        FaultWord::Status | FaultWord::ContentType => {
            let (key, example) = if word == FaultWord::Status { ("status", "429") } else { ("content_type", "text/plain") };
            low.push(missing(span, word, key).help(format!("write {{{key}: {example}}}")));
            return None;
        }
        FaultWord::Html => before(Instead::Html { status: 500 }, 1),
        FaultWord::NoHeaders => before(Instead::NoHeaders, 1),
        word => match whole(word, None) {
            Some(whole) => FaultKind::Whole(whole),
            None => FaultKind::At { act: act(word, None)?, on: None, nth: Nth::At(1) },
        },
    };
    Some(Fault { span, word: name(word), requests: None, kind })
}

fn before(instead: Instead, times: usize) -> FaultKind {
    FaultKind::Before { instead, times }
}

fn mapping(doc: &FaultDoc, low: &mut Lowering<'_>) -> Option<Fault> {
    let word = match (doc.kind, &doc.status, &doc.content_type) {
        (Some(word), ..) => word,
        (None, Some(_), _) => FaultWord::Status,
        (None, None, Some(_)) => FaultWord::ContentType,
        (None, None, None) => {
            // A kind that stands as a key was told as an unknown key.
            if !doc.node.entries().iter().any(|entry| FaultWord::ALL.iter().any(|word| word.text() == &*entry.key)) {
                low.push(mistake_of_kind(&doc.node));
            }
            return None;
        }
    };
    misplaced(doc, word, low);
    let times = times(doc, low);
    let kind = match word {
        FaultWord::Status => {
            let Some(status) = doc.status else {
                low.push(missing(doc.node.span, word, "status"));
                return None;
            };
            let body = doc.body.as_ref().map(|body| body.0.to_value());
            let retry_after = doc.retry_after.map(|after| after.duration);
            before(Instead::Status { status: status_number(status, low)?, retry_after, body }, times)
        }
        FaultWord::Html => {
            let status = doc.status.map_or(Some(500), |status| status_number(status, low))?;
            before(Instead::Html { status }, times)
        }
        FaultWord::NoHeaders => before(Instead::NoHeaders, times),
        FaultWord::ContentType => match &doc.content_type {
            Some(text) => FaultKind::Whole(Whole::ContentType(content_type(text))),
            None => {
                low.push(missing(doc.node.span, word, "content_type"));
                return None;
            }
        },
        word => match whole(word, doc.gap.map(|gap| gap.duration)) {
            Some(whole) => FaultKind::Whole(whole),
            None => FaultKind::At { act: act(word, Some(doc))?, on: doc.on.as_ref().map(|on| on.text.clone()), nth: nth(doc, word, low)? },
        },
    };
    Some(Fault { span: doc.node.span, word: name(word), requests: requests(doc, low), kind })
}

/// `none` sends none.
pub fn content_type(text: &Text) -> Option<String> {
    (&*text.text != "none").then(|| text.to_string())
}

fn whole(word: FaultWord, gap: Option<Duration>) -> Option<Whole> {
    Some(match word {
        FaultWord::NoTerminal => Whole::NoTerminal,
        FaultWord::NoDone => Whole::NoDone,
        FaultWord::NoNames => Whole::NoNames,
        FaultWord::Bom => Whole::Bom,
        FaultWord::Slow => Whole::Slow(gap.unwrap_or(SLOW)),
        FaultWord::EmptyBody => Whole::EmptyBody,
        FaultWord::NoEnd => Whole::NoEnd,
        _ => return None,
    })
}

fn act(word: FaultWord, doc: Option<&FaultDoc>) -> Option<Act> {
    let text = |text: Option<&Text>, otherwise: &str| text.map_or_else(|| otherwise.to_owned(), |text| text.to_string());
    Some(match word {
        FaultWord::Malformed => Act::Malformed,
        FaultWord::Truncated => Act::Truncated,
        FaultWord::Duplicate => Act::Duplicate,
        FaultWord::Swap => Act::Swap,
        FaultWord::Drop => Act::Drop,
        FaultWord::UnknownEvent => Act::Extra(Extra::Unknown(text(doc.and_then(|doc| doc.event.as_ref()), "checkride.unknown"))),
        FaultWord::IdOnly => Act::Extra(Extra::IdOnly),
        FaultWord::RetryOnly => Act::Extra(Extra::RetryOnly),
        FaultWord::EmptyData => Act::Extra(Extra::EmptyData),
        FaultWord::Comment => Act::Extra(Extra::Comment(text(doc.and_then(|doc| doc.text.as_ref()), "checkride"))),
        FaultWord::Reset => Act::Cut(Abort::Reset),
        FaultWord::Fin => Act::Cut(Abort::Fin),
        FaultWord::HalfChunk => Act::Cut(Abort::Half),
        FaultWord::Stall => Act::Stall(doc.and_then(|doc| doc.pause).map(|time| time.duration)),
        FaultWord::HalfOpen => Act::HalfOpen,
        FaultWord::ResponseId => Act::ResponseId,
        FaultWord::ItemId => Act::ItemId,
        _ => return None,
    })
}

fn nth(doc: &FaultDoc, word: FaultWord, low: &mut Lowering<'_>) -> Option<Nth> {
    match &doc.nth {
        None => Some(Nth::At(1)),
        Some(Or::This(NthWord::Last)) => Some(Nth::Last),
        Some(Or::This(NthWord::All)) => {
            let once = [
                FaultWord::Swap,
                FaultWord::Reset,
                FaultWord::Fin,
                FaultWord::HalfChunk,
                FaultWord::HalfOpen,
                FaultWord::ResponseId,
                FaultWord::ItemId,
            ];
            if once.contains(&word) {
                let span = doc.node.get("nth").map_or(doc.node.span, |node| node.span);
                low.push(mistake::wrong_value(span, format!("`{}` happens once in a reply", name(word)), "a number, or `last`"));
                return None;
            }
            Some(Nth::All)
        }
        Some(Or::That(number)) => from_one(*number, low).map(Nth::At),
    }
}

fn times(doc: &FaultDoc, low: &mut Lowering<'_>) -> usize {
    match &doc.times {
        None => 1,
        Some(Or::This(TimesWord::Always)) => usize::MAX,
        Some(Or::That(number)) => from_one(*number, low).unwrap_or(1),
    }
}

fn requests(doc: &FaultDoc, low: &mut Lowering<'_>) -> Option<Vec<usize>> {
    let numbers = match doc.requests.as_ref()? {
        Or::This(number) => std::slice::from_ref(number),
        Or::That(numbers) => numbers,
    };
    Some(numbers.iter().filter_map(|number| from_one(*number, low)).collect())
}

fn from_one(number: Number, low: &mut Lowering<'_>) -> Option<usize> {
    if number.number == 0 {
        low.push(mistake::wrong_value(number.span, "the first is 1", "a number of at least 1"));
        return None;
    }
    Some(usize::try_from(number.number).unwrap_or(usize::MAX))
}

fn status_number(status: Number, low: &mut Lowering<'_>) -> Option<u16> {
    let number = u16::try_from(status.number).ok().filter(|status| (200..=599).contains(status));
    if number.is_none() {
        let message = format!("{} is not a status of an answer", status.number);
        low.push(mistake::wrong_value(status.span, message, "a number from 200 to 599"));
    }
    number
}

/// Keys that mean nothing beside this kind.
fn misplaced(doc: &FaultDoc, word: FaultWord, low: &mut Lowering<'_>) {
    let at_event = act(word, None).is_some();
    let mut wrong: Vec<(&str, String)> = Vec::new();
    for key in ["on", "nth"] {
        wrong.extend((!at_event).then(|| (key, format!("`{}` does not happen at an event", name(word)))));
    }
    if word != FaultWord::Comment {
        wrong.push(("text", "`text` belongs to `comment`".to_owned()));
    }
    for (key, words) in OWN {
        if !words.contains(&word) {
            let kinds: Vec<_> = words.iter().map(|word| format!("`{}`", name(*word))).collect();
            let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
            wrong.push((key, format!("`{key}` belongs to {}", mistake::listed(&kinds))));
        }
    }
    for (key, help) in wrong {
        if doc.node.get(key).is_some() {
            low.push(wrong_place(key_span(&doc.node, key), key, &help));
        }
    }
}

/// Whether some wire of this vendor can have the fault.
fn possible(fault: &Fault, vendor: VendorWord, low: &mut Lowering<'_>) -> bool {
    let only = match (&fault.kind, vendor) {
        (FaultKind::Whole(Whole::NoDone), VendorWord::Anthropic) => "only chat completions end with `[DONE]`",
        (FaultKind::Whole(Whole::NoNames), VendorWord::Openrouter) => "events of chat completions never have names",
        (FaultKind::At { act: Act::ResponseId, .. }, VendorWord::Anthropic) => "only the first event of Messages carries an id",
        (FaultKind::At { act: Act::ItemId, .. }, VendorWord::Anthropic | VendorWord::Openrouter) => "only items of Responses have ids",
        _ => return true,
    };
    low.push(
        Diagnostic::error("fault-not-possible", fault.span, format!("`{}` cannot happen on a wire of this model", fault.word))
            .label(only)
            .help("leave it out, or make it a fake of another model"),
    );
    false
}

fn missing(span: Span, word: FaultWord, key: &str) -> Diagnostic {
    Diagnostic::error("missing-key", span, format!("missing key `{key}`")).label(format!("`{}` needs `{key}`", name(word)))
}

fn mistake_of_kind(node: &Node) -> Diagnostic {
    Diagnostic::error("missing-key", node.span, "missing key `kind`")
        .label("`fault` needs `kind`")
        .help("`checkride explain fault_kind` lists what can go wrong")
}

fn name(word: FaultWord) -> &'static str {
    word.text()
}

/// A setting of `wire` that is a fault of every reply.
pub fn of_wire(span: Span, word: &'static str, whole: Whole, vendor: VendorWord, low: &mut Lowering<'_>) -> Option<Fault> {
    let fault = Fault { span, word, requests: None, kind: FaultKind::Whole(whole) };
    possible(&fault, vendor, low).then_some(fault)
}
