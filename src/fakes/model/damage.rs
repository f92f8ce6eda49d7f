//! The faults of a model fake during a case: which happen now, and which never did.
//!
//! Owns: counting attempts and hits; what is said about a fault that found nothing to act on.
//! Must not know: what a fault does to the bytes, sockets.

use crate::fakes::http::Answer;
use crate::model::fake::{Abort, ModelFake};
use crate::model::fault::{Fault, FaultKind, Instead, Whole};
use crate::model::trace::{Blame, Problem};
use crate::wire::faults::{Miss, is_needed, shape};
use crate::wire::stream::{Rendered, Step};
use std::borrow::Cow;
use std::sync::Mutex;

/// Of event types in a message there are at most so many.
const MOST_KINDS: usize = 40;

/// What became of each fault so far.
#[derive(Debug, Default)]
pub struct Damage {
    log: Mutex<Vec<Record>>,
}

#[derive(Clone, Debug, Default)]
struct Record {
    /// Replies that it happened to, or attempts that it took.
    hits: usize,
    /// The reply before which attempts are counted, and how many there were.
    before: usize,
    attempts: usize,
    /// Why the last reply that it was meant for was not hit, and the types of the events there were.
    missed: Option<(String, Miss)>,
}

impl Damage {
    /// What this attempt gets instead of the `nth` reply, and the name of the fault.
    pub fn instead<'a>(&self, faults: &'a [Fault], nth: usize) -> Option<(String, &'a Instead)> {
        if !faults.iter().any(|fault| matches!(fault.kind, FaultKind::Before { .. })) {
            return None;
        }
        let mut log = self.log.lock().expect("no panic happens under this lock");
        log.resize_with(faults.len(), Record::default);
        for (at, (fault, record)) in faults.iter().zip(log.iter_mut()).enumerate() {
            let FaultKind::Before { instead, times } = &fault.kind else { continue };
            if record.before != nth {
                (record.before, record.attempts) = (nth, 0);
            }
            if fault.is_for(nth) && record.attempts < *times {
                record.attempts += 1;
                record.hits += 1;
                return Some((format!("faults[{at}]"), instead));
            }
        }
        None
    }

    /// The `nth` reply, damaged. The problems are the faults that were meant for this reply by its number and found nothing.
    pub fn done_to(&self, mut answer: Answer, model: &ModelFake, nth: usize, fake: &str, rule: &str) -> (Answer, Vec<Problem>) {
        let faults: Vec<_> = model.faults.iter().enumerate().filter(|(_, fault)| fault.is_for(nth)).collect();
        let (bytes, steps) = (std::mem::take(&mut answer.bytes), std::mem::take(&mut answer.steps));
        let rendered = Rendered { status: answer.status, events: answer.chunked, bytes, steps };
        let (rendered, results) = shape(rendered, &model.wire, faults.iter().map(|(_, fault)| *fault));
        (answer.bytes, answer.steps, answer.framing) = (rendered.bytes, rendered.steps, model.wire.framing);
        for (_, fault) in &faults {
            if let FaultKind::Whole(Whole::ContentType(content_type)) = &fault.kind {
                answer = with_content_type(answer, content_type.as_deref());
            }
        }
        let mut log = self.log.lock().expect("no panic happens under this lock");
        log.resize_with(model.faults.len(), Record::default);
        let mut problems = Vec::new();
        for ((at, fault), result) in faults.iter().zip(results) {
            match (result, &fault.kind) {
                (_, FaultKind::Before { .. }) => {}
                (Ok(()), _) => log[*at].hits += 1,
                (Err(miss), _) if fault.requests.is_some() => problems.push(missed(fault, fake, rule, miss)),
                (Err(miss), _) => log[*at].missed = Some((rule.to_owned(), miss)),
            }
        }
        (answer, problems)
    }

    /// Faults that may happen to any reply, but happened to none, though there were replies.
    pub fn never(&self, faults: &[Fault], fake: &str) -> Vec<Problem> {
        let log = self.log.lock().expect("no panic happens under this lock");
        let of = |(fault, record): (&Fault, &Record)| match &record.missed {
            Some((rule, miss)) if record.hits == 0 => Some(missed(fault, fake, rule, miss.clone())),
            _ => None,
        };
        faults.iter().zip(log.iter()).filter_map(of).collect()
    }

    /// Faults of replies that were never asked for.
    pub fn unreached(&self, faults: &[Fault], fake: &str, asked: usize) -> Vec<Problem> {
        let last = |fault: &Fault| fault.requests.as_ref().and_then(|requests| requests.iter().max().copied());
        let unreached = faults.iter().filter_map(|fault| Some((fault, last(fault).filter(|last| *last > asked)?)));
        unreached
            .map(|(fault, last)| {
                let times = if asked == 1 { "once".to_owned() } else { format!("{asked} times") };
                let message = format!("the fault `{}` of `{fake}` is for reply {last}, but `{fake}` was asked {times}", fault.word);
                Problem { blame: None, code: "unused-replies".to_owned(), message, details: vec![] }
            })
            .collect()
    }
}

fn missed(fault: &Fault, fake: &str, rule: &str, miss: Miss) -> Problem {
    let message = format!("the fault `{}` of `{fake}` did not happen to {rule}: {}", fault.word, miss.reason);
    let mut details = Vec::new();
    if !miss.kinds.is_empty() {
        let shown: Vec<_> = miss.kinds.iter().take(MOST_KINDS).map(String::as_str).collect();
        let more = if miss.kinds.len() > MOST_KINDS { ", …" } else { "" };
        details.push(format!("its events were: {}{more}", shown.join(", ")));
    }
    if fault.requests.is_none() {
        details.push("it happened to no other reply either".to_owned());
    }
    Problem { blame: Some(Blame::Suite), code: "fault-not-possible".to_owned(), message, details }
}

/// True if the replies of this fake are sent otherwise than they are rendered.
pub fn damages(model: &ModelFake) -> bool {
    model.wire.framing.is_some() || is_needed(&model.wire, &model.faults)
}

fn with_content_type(mut answer: Answer, content_type: Option<&str>) -> Answer {
    answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    match content_type {
        None => answer.content_type = "",
        Some(content_type) => answer.headers.push((Cow::Borrowed("content-type"), content_type.to_owned())),
    }
    answer
}

/// A connection that ends before any header.
pub fn no_headers() -> Answer {
    Answer { steps: vec![Step::Abort(Abort::Fin, 0..0)], ..Answer::json(0, Vec::new()) }
}

/// The page that a gateway in front of a provider sends.
pub fn html(status: u16) -> Answer {
    let page =
        format!("<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n");
    Answer { content_type: "text/html", ..Answer::json(status, page.into_bytes()) }
}
