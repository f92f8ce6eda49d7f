//! The protocol step `listen`: an event stream for the turn, which is taken up again where it left off.
//!
//! Owns: when a stream is opened again, with which id; what makes that pointless.
//! Must not know: what an event means, how bytes travel.
//!
//! A stream that gave ids, or a `retry` time, is one that can be taken up again: when it ends or breaks before the turn has
//! ended, it is opened again with `Last-Event-ID`. Status 204 says that nothing more comes. Any other status than 200, and
//! any other content type than `text/event-stream`, are final. One that gave neither ids nor `retry` has ended when it ends.

use super::asking::Asked;
use super::exchange::{Following, Left};
use super::names::Names;
use super::steps::Run;
use super::stop::{Stop, suite};
use super::streams::UnderWay;
use crate::model::pattern::Pattern;
use crate::model::protocol::ProtocolStep;
use crate::model::template::printed;
use crate::model::tree::Node;
use crate::transports::http::Answer;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Before a stream is opened again, where it gave no `retry` time.
const PAUSE: Duration = Duration::from_millis(100);
/// A stream that was opened so often without a new event has no more.
const IN_VAIN: u32 = 5;

/// Where a stream stands.
#[derive(Default)]
struct Position {
    last_event_id: String,
    retry: Option<Duration>,
    /// Openings since the last new event.
    in_vain: u32,
    opened: bool,
    /// Who ordered the stream to be taken up, and waits for it.
    ordered: Option<oneshot::Sender<Result<Value, String>>>,
}

impl Run<'_> {
    pub(super) async fn listen(
        &mut self,
        step: &ProtocolStep,
        path: &Node,
        until: Option<&Pattern>,
        names: &Names,
        within: Duration,
    ) -> Result<(), Stop> {
        let path = path.fill(names).map_err(|unfilled| suite(unfilled.reason))?.unwrap_or(Value::Null);
        let asked = self.shared.asked_stream(&printed(&path, "path").map_err(suite)?, self.link)?;
        let deadline = Instant::now() + within;
        let following = Following { what: &asked.what, until: until.map(|pattern| (pattern, names)), within, deadline };
        let mut under_way = UnderWay::new(self.shared, &self.place.session);
        let mut position = Position::default();
        loop {
            let left = match self.open_stream(step, &asked, &mut position, &mut under_way, within, deadline).await? {
                Ok(answer) => self.listen_once(answer, &mut position, &following, &mut under_way).await?,
                Err(left) => left,
            };
            match left {
                Left::Cut(done) => self.resume(done, &mut position, &mut under_way, within, deadline).await?,
                Left::Done => return Ok(()),
                left => {
                    let over = self.shared.state().turn(&self.place).is_some_and(|turn| turn.finished);
                    let resumes = !position.last_event_id.is_empty() || position.retry.is_some();
                    if over || !resumes {
                        return self.left(left, None, &asked.what).await;
                    }
                    self.pause(left, &asked, &mut position, &mut under_way, deadline).await?;
                }
            }
        }
    }

    /// Opens the stream. Inside is what became of it: its answer, or how it was left before it began.
    async fn open_stream(
        &mut self,
        step: &ProtocolStep,
        asked: &Asked,
        position: &mut Position,
        under_way: &mut UnderWay,
        within: Duration,
        deadline: Instant,
    ) -> Result<Result<Answer, Left>, Stop> {
        let mut request = Asked { request: asked.request.clone(), shown: asked.shown.clone(), what: asked.what.clone() };
        if !position.last_event_id.is_empty() {
            request.request.headers.push(("last-event-id".to_owned(), position.last_event_id.clone()));
            request.shown["headers"] = json!({"last-event-id": position.last_event_id});
        }
        self.record_sent(&request);
        let answer = tokio::select! {
            answer = self.answer(&request, within, deadline) => answer,
            cut = under_way.cut() => return Ok(Err(Left::Cut(cut))),
        };
        let answer = match answer {
            Ok(answer) => answer,
            // A process that has ended answers nobody any more.
            Err(Stop::Unanswered(reason)) if position.opened && self.shared.process_end().is_none() => return Ok(Err(Left::Broke(reason))),
            Err(stop) => return Err(stop),
        };
        let head = json!({"status": answer.status, "headers": answer.headers});
        if answer.status == 204 {
            self.heard = Some(format!("the event stream of {} is closed (status 204)", asked.what));
            return Ok(Err(Left::Done));
        }
        if answer.status != 200 || !answer.is_events() {
            return Err(self.no_stream(asked, answer, deadline).await);
        }
        if let (false, Some(Err(reason))) = (position.opened, self.expected(step, &head)) {
            let message = format!("the answer to {} is not what the protocol expects: {reason}", asked.what);
            return Err(refused(asked, answer.status, message));
        }
        self.save(step, &head);
        position.opened = true;
        if let Some(ordered) = position.ordered.take() {
            let _ = ordered.send(Ok(head));
        }
        Ok(Ok(answer))
    }

    async fn listen_once(
        &mut self,
        answer: Answer,
        position: &mut Position,
        following: &Following<'_>,
        under_way: &mut UnderWay,
    ) -> Result<Left, Stop> {
        let mut stream = answer.events(&position.last_event_id);
        let before = self.shared.state().frames;
        let left = self.follow(&mut stream, None, following, under_way).await?;
        position.in_vain = if self.shared.state().frames > before { 0 } else { position.in_vain + 1 };
        position.retry = stream.retry().or(position.retry);
        stream.last_event_id().clone_into(&mut position.last_event_id);
        if matches!(left, Left::Done) {
            self.shared.read_on(stream, self.link, self.place.clone(), following.what.to_owned());
        }
        Ok(left)
    }

    /// What is there instead of a stream is recorded, and told.
    async fn no_stream(&self, asked: &Asked, answer: Answer, deadline: Instant) -> Stop {
        let status = answer.status;
        let kind = answer.headers.get("content-type").and_then(Value::as_str).unwrap_or("none").to_owned();
        if let Ok(Ok(frame)) = tokio::time::timeout_at(deadline, answer.whole()).await {
            self.shared.receive_answer(self.link, &self.place, frame, None);
        }
        let got = if status == 200 { format!("the content type {kind}") } else { format!("status {status}") };
        refused(
            asked,
            status,
            format!("{} gave no stream of events: status 200 and text/event-stream were expected, {got} came", asked.what),
        )
    }

    /// After a cut the turn goes on only when the suite takes the stream up again.
    async fn resume(
        &mut self,
        done: oneshot::Sender<()>,
        position: &mut Position,
        under_way: &mut UnderWay,
        within: Duration,
        deadline: Instant,
    ) -> Result<(), Stop> {
        let _ = done.send(());
        match tokio::time::timeout_at(deadline, under_way.resumed()).await {
            Ok((last_event_id, ordered)) => {
                if let Some(id) = last_event_id {
                    position.last_event_id = id;
                }
                position.ordered = Some(ordered);
                Ok(())
            }
            Err(_) => Err(self.late("the event stream was cut by the suite and not taken up again", within)),
        }
    }

    async fn pause(
        &mut self,
        left: Left,
        asked: &Asked,
        position: &mut Position,
        under_way: &mut UnderWay,
        deadline: Instant,
    ) -> Result<(), Stop> {
        let how = match left {
            Left::Broke(reason) => reason,
            _ => "it ended".to_owned(),
        };
        if position.in_vain >= IN_VAIN {
            let message = format!("the event stream of {} was taken up {IN_VAIN} times without a new event (last: {how})", asked.what);
            return Err(Stop::Unanswered(message));
        }
        let pause = position.retry.unwrap_or(PAUSE);
        let id = if position.last_event_id.is_empty() { "no id".to_owned() } else { format!("id {}", position.last_event_id) };
        self.shared.setup.recorder.note(format!("the event stream of {} is taken up again after {id}: {how}", asked.what));
        let wake = deadline.min(Instant::now() + pause);
        tokio::select! {
            () = tokio::time::sleep_until(wake) => Ok(()),
            cut = under_way.cut() => self.resume(cut, position, under_way, pause, deadline).await,
        }
    }
}

fn refused(asked: &Asked, status: u16, message: String) -> Stop {
    Stop::Refused { method: asked.what.trim_matches('`').to_owned(), error: json!({"code": status, "message": message}) }
}
