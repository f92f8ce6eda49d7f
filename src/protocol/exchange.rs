//! The protocol step `http`: one request and its answer, a frame or a stream of events.
//!
//! Owns: what becomes of an answer that does not come, breaks off, refuses, or is not what the step expects.
//! Must not know: what a frame means, how bytes travel.

use super::answers::Wire;
use super::asking::Asked;
use super::belongs;
use super::names::Names;
use super::source;
use super::state::{Keep, State};
use super::steps::Run;
use super::stop::{Stop, late, start, suite};
use super::streams::UnderWay;
use crate::model::pattern::Pattern;
use crate::model::protocol::{ProtocolStep, Transport};
use crate::model::trace::What;
use crate::model::tree::Node;
use crate::protocol::events::{matches, short};
use crate::transports::Ending;
use crate::transports::http::{self, Answer, Unanswered};
use crate::transports::sse::EventStream;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What comes after the turn's end, a second end for example, is still read for so long.
const AFTER_END: Duration = Duration::from_millis(100);
/// How long a stream whose turn has ended may take to send what `until` waits for.
const UNTIL: Duration = Duration::from_secs(1);

/// How a stream was left.
pub(super) enum Left {
    /// The server ended it; `true`: in the middle of an event.
    Ended(bool),
    Broke(String),
    /// Nothing more is wanted of it.
    Done,
    /// The suite cut it, and waits to hear of it.
    Cut(oneshot::Sender<()>),
}

/// What is followed, and for how long.
pub(super) struct Following<'f> {
    pub(super) what: &'f str,
    pub(super) until: Option<(&'f Pattern, &'f Names)>,
    pub(super) within: Duration,
    pub(super) deadline: Instant,
}

impl Run<'_> {
    /// True if answers are frames of the protocol, and these are steps of a turn.
    fn tells_frames(&self) -> bool {
        matches!(self.shared.protocol.transport, Transport::Http | Transport::Sse)
    }

    pub(super) async fn http(&mut self, step: &ProtocolStep, node: &Node, names: &Names, within: Duration) -> Result<(), Stop> {
        let asked = self.shared.asked(node, names, self.link)?;
        let deadline = Instant::now() + within;
        let mut under_way = UnderWay::new(self.shared, &self.place.session);
        self.record_sent(&asked);
        let answer = tokio::select! {
            answer = self.answer(&asked, within, deadline) => answer?,
            cut = under_way.cut() => return Err(self.cut_off(cut)),
        };
        let of_turn = self.tells_frames() && self.keep == Keep::Turn;
        if of_turn && self.shared.protocol.transport == Transport::Sse && answer.is_events() {
            return self.stream(step, &asked, answer, under_way, within, deadline).await;
        }
        let frame = tokio::select! {
            frame = tokio::time::timeout_at(deadline, answer.whole()) => frame,
            cut = under_way.cut() => return Err(self.cut_off(cut)),
        };
        let frame = match frame {
            Ok(Ok(frame)) => frame,
            Ok(Err(broken)) => {
                let reason = self.shared.broken_by(&broken.message).await;
                return Err(Stop::Unanswered(format!("{}: {reason}", asked.what)));
            }
            Err(_) => return Err(self.late(&format!("the answer to {} did not end", asked.what), within)),
        };
        self.frame(step, &asked, frame, of_turn)
    }

    /// The head of the answer.
    pub(super) async fn answer(&self, asked: &Asked, within: Duration, deadline: Instant) -> Result<Answer, Stop> {
        match tokio::time::timeout_at(deadline, http::send(&asked.request)).await {
            Ok(Ok(answer)) => {
                self.shared.answered.store(true, Ordering::Relaxed);
                Ok(answer)
            }
            Ok(Err(unanswered)) => Err(self.unanswered(asked, unanswered).await),
            Err(_) => Err(self.late(&format!("no answer to {}", asked.what), within)),
        }
    }

    /// An agent that never answered and cannot be reached was not there, unless its process was, and has ended.
    async fn unanswered(&self, asked: &Asked, unanswered: Unanswered) -> Stop {
        if unanswered.ill {
            return suite(format!("{}: {}", asked.what, unanswered.message)).into();
        }
        if let Some(how) = self.shared.last_breath().await {
            return Stop::Unanswered(format!("no answer to {}: {}; {how}", asked.what, unanswered.message));
        }
        if unanswered.unreachable && !self.shared.answered.load(Ordering::Relaxed) {
            let message = format!("the agent cannot be reached: {} ({}): {}", asked.what, asked.request.url, unanswered.message);
            return start(message).into();
        }
        Stop::Unanswered(format!("no answer to {}: {}", asked.what, unanswered.message))
    }

    pub(super) fn late(&self, what: &str, within: Duration) -> Stop {
        late(what, within, &self.shared.setup.recorder, &self.place.session).into()
    }

    pub(super) fn record_sent(&self, asked: &Asked) {
        if self.tells_frames() {
            let turn = self.shared.state().number(&self.place);
            let (session, data) = (self.place.session.clone(), asked.shown.clone());
            self.shared.setup.recorder.push(What::Sent { session, turn, data });
        }
    }

    /// The suite cut an answer: the turn that waited for it is aborted.
    fn cut_off(&self, done: oneshot::Sender<()>) -> Stop {
        let mut state = self.shared.state();
        if state.turn(&self.place).is_some_and(|turn| !turn.finished) {
            self.shared.finish(&mut state, &self.place, "aborted");
        }
        drop(state);
        self.shared.tell();
        let _ = done.send(());
        Stop::Dead(Ending { reason: "cut by the suite".to_owned(), by_us: true, ..Ending::default() })
    }

    /// An answer that is one frame. What it saves is saved first: frames that follow may need it, and secrets must be known.
    fn frame(&mut self, step: &ProtocolStep, asked: &Asked, frame: Value, of_turn: bool) -> Result<(), Stop> {
        let expected = self.expected(step, &frame);
        if !matches!(expected, Some(Err(_))) {
            self.save(step, &frame);
        }
        let (status, refusal) = (frame["status"].as_u64().unwrap_or_default(), refusal(&frame));
        self.heard = Some(format!("{} was answered with status {status}", asked.what));
        self.result = Some(frame.clone());
        if of_turn {
            let mut wire = if status < 400 { self.shared.wire() } else { None };
            self.shared.receive_answer(self.link, &self.place, frame, wire.as_mut());
        } else if self.tells_frames() {
            let session = self.place.session.clone();
            self.shared.setup.recorder.push(What::Frame { session, turn: None, data: frame });
        } else if status >= 400 {
            self.shared.setup.recorder.note(format!("{} was answered with status {status}", asked.what));
        }
        match expected {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(self.unexpected_answer(asked, &reason, refusal)),
            None if status >= 400 => Err(Stop::Refused { method: asked.what.trim_matches('`').to_owned(), error: refusal }),
            None => Ok(()),
        }
    }

    /// In a turn it is the agent that failed; before there is one, it did not start as it should.
    fn unexpected_answer(&self, asked: &Asked, reason: &str, refusal: Value) -> Stop {
        let mut message = format!("the answer to {} is not what the protocol expects: {reason}", asked.what);
        if let (Some(400..), Some(words)) = (refusal["code"].as_u64(), refusal["message"].as_str()) {
            message = format!("{message} ({words})");
        }
        let error = json!({"code": refusal["code"], "message": message});
        match self.keep {
            Keep::Turn => Stop::Refused { method: asked.what.trim_matches('`').to_owned(), error },
            _ => start(message).into(),
        }
    }

    pub(super) fn save(&self, step: &ProtocolStep, answer: &Value) {
        let mut state = self.shared.state();
        for (name, paths) in &step.save {
            if let Some(value) = source::first(paths, answer) {
                self.shared.save(&mut state, &self.place, self.keep, name, value);
            }
        }
    }

    async fn stream(
        &mut self,
        step: &ProtocolStep,
        asked: &Asked,
        answer: Answer,
        mut under_way: UnderWay,
        within: Duration,
        deadline: Instant,
    ) -> Result<(), Stop> {
        if step.expect.is_some() || !step.save.is_empty() {
            let head = json!({"status": answer.status, "headers": answer.headers});
            if let Some(Err(reason)) = self.expected(step, &head) {
                return Err(self.unexpected_answer(asked, &reason, json!({"code": answer.status})));
            }
            self.save(step, &head);
        }
        let refused = answer.status >= 400;
        let mut wire = self.shared.wire();
        let mut stream = answer.events("");
        let following = Following { what: &asked.what, until: None, within, deadline };
        let left = self.follow(&mut stream, wire.as_mut(), &following, &mut under_way).await?;
        if refused {
            let message = format!("{} was refused with a stream of events", asked.what);
            return Err(Stop::Refused {
                method: asked.what.trim_matches('`').to_owned(),
                error: json!({"code": null, "message": message}),
            });
        }
        self.left(left, wire.as_mut(), &asked.what).await
    }

    /// What the end of a stream means for its turn.
    pub(super) async fn left(&mut self, left: Left, wire: Option<&mut Wire>, what: &str) -> Result<(), Stop> {
        let over = self.shared.state().turn(&self.place).is_some_and(|turn| turn.finished);
        match left {
            Left::Done => Ok(()),
            Left::Cut(done) => Err(self.cut_off(done)),
            Left::Broke(reason) if over => {
                self.shared.setup.recorder.note(format!("{what}, after the end of the turn: {reason}"));
                Ok(())
            }
            Left::Broke(reason) => Err(Stop::Unanswered(format!("{what}: {}", self.shared.broken_by(&reason).await))),
            Left::Ended(inside) => {
                let inside = if inside { " in the middle of an event" } else { "" };
                let missing = wire.and_then(|wire| {
                    self.shared.receive_end(self.link, &self.place, wire);
                    wire.missing()
                });
                if let Some(missing) = missing {
                    return Err(Stop::Unanswered(format!("the event stream of {what} ended{inside} without its last event ({missing})")));
                }
                let others = self.others();
                self.heard = Some(format!("the event stream of {what} ended{inside}{others}"));
                Ok(())
            }
        }
    }

    /// Reads a stream until it ends, or nothing more is wanted of it.
    pub(super) async fn follow(
        &mut self,
        stream: &mut EventStream,
        mut wire: Option<&mut Wire>,
        following: &Following<'_>,
        under_way: &mut UnderWay,
    ) -> Result<Left, Stop> {
        let mut deadline = following.deadline;
        let mut over = false;
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout_at(deadline, stream.next()) => next,
                cut = under_way.cut() => return Ok(Left::Cut(cut)),
            };
            let frame = match next {
                Ok(Ok(Some(frame))) => frame,
                Ok(Ok(None)) => return Ok(Left::Ended(stream.is_inside_event())),
                Ok(Err(broken)) => return Ok(Left::Broke(broken.message)),
                Err(_) if over => return Ok(Left::Done),
                Err(_) => return Err(self.still_open(following)),
            };
            let last = match following.until {
                Some((pattern, names)) => {
                    let canonical = self.shared.canonical(&frame);
                    matches(pattern, canonical.as_ref().unwrap_or(&frame), names).map_err(suite)?
                        && belongs::is_of(self.shared, &self.shared.state(), &self.place, &frame)
                }
                None => false,
            };
            let shown = if last { short(&frame) } else { String::new() };
            let other = self.shared.receive_answer(self.link, &self.place, frame, wire.as_deref_mut());
            self.other = self.other.take().or(other);
            if last {
                self.heard = Some(format!("{} sent its last event, {shown}", following.what));
                return Ok(Left::Done);
            }
            let ended = wire.as_ref().is_some_and(|wire| wire.decodes() && wire.missing().is_none());
            if !over && (ended || self.shared.state().turn(&self.place).is_some_and(|turn| turn.finished)) {
                over = true;
                let more = if following.until.is_some() { UNTIL } else { AFTER_END };
                deadline = deadline.min(Instant::now() + more);
            }
        }
    }

    /// Events of another turn are why nothing ended this one.
    fn others(&self) -> String {
        self.other.as_ref().map(|other| format!("; events in it are of another turn ({other})")).unwrap_or_default()
    }

    fn still_open(&self, following: &Following<'_>) -> Stop {
        let wanted = if following.until.is_some() { "neither `until` matched nor did the turn end" } else { "no event ended the turn" };
        let others = self.others();
        self.late(&format!("the event stream of {} goes on, and {wanted}{others}", following.what), following.within)
    }

    /// Nothing more can come of a turn whose requests were all answered.
    pub(super) async fn settle(&self) {
        let over = |state: &State| state.turn(&self.place).is_none_or(|turn| turn.finished);
        if over(&self.shared.state()) {
            return;
        }
        let heard = self.shared.broken_by(self.heard.as_deref().unwrap_or("the action `user` asked for nothing")).await;
        let mut state = self.shared.state();
        if over(&state) {
            return;
        }
        let message = format!("{heard}, and nothing ended the turn");
        self.shared.break_off(&mut state, &self.place, json!({"source": "agent", "code": null, "message": message}));
        drop(state);
        self.shared.tell();
    }
}

/// `{code, message}` of an answer that refuses: the status, and the words of its body.
fn refusal(frame: &Value) -> Value {
    let (status, body) = (&frame["status"], &frame["body"]);
    let words = [&body["error"]["message"], &body["message"], &body["error"], &body["detail"], body];
    let text = words.iter().find_map(|words| words.as_str()).map(str::trim).filter(|text| !text.is_empty());
    let message = match text {
        Some(text) => format!("status {status}: {}", text.chars().take(500).collect::<String>()),
        None if body.is_null() => format!("status {status}"),
        None => format!("status {status}: {}", super::events::short(body)),
    };
    json!({"code": status, "message": message})
}
