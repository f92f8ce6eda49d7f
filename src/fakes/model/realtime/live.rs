//! One session: client events as they come, responses beat by beat.
//!
//! Owns: which of both is next, waits of a response, breaking off.
//! Must not know: what events mean, which reply a response gets.

use super::asking;
use crate::fakes::model::running::RunningModel;
use crate::fakes::server::case::Case;
use crate::fakes::websocket::handshake::Socket;
use crate::fakes::websocket::incoming::{self, Incoming};
use crate::fakes::websocket::outbox::{self, CLOSING, End, Outbox, outbox};
use crate::model::fake::Abort;
use crate::model::trace::{Problem, What};
use crate::wire::realtime::{Asked, Beat, Response, Talk, Wanted};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::SplitStream;
use serde_json::Value;

/// Where a session stands among its fake's.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub connection: usize,
    /// The handshake's place among all requests.
    pub request: usize,
}

/// Plays a session to its end.
pub async fn live(fake: &RunningModel, place: Place, talk: Talk, socket: Socket, case: &Case) {
    let (mut sink, mut stream) = socket.split();
    let (outbox, queue) = outbox();
    let live = Live { fake, place, talk, outbox, case, playing: Vec::new() };
    let end = tokio::select! {
        biased;
        end = queue.write(&mut sink) => end,
        () = live.talk(&mut stream) => return,
    };
    outbox::break_off(sink, stream, end).await;
}

struct Live<'a> {
    fake: &'a RunningModel,
    place: Place,
    talk: Talk,
    outbox: Outbox,
    case: &'a Case,
    /// The response in the conversation, and those out of band.
    playing: Vec<Playing<'a>>,
}

/// A response, and what it waits for.
struct Playing<'a> {
    response: Response,
    wait: Option<BoxFuture<'a, ()>>,
}

impl<'a> Live<'a> {
    async fn talk(mut self, stream: &mut SplitStream<Socket>) {
        let greeting = self.talk.greeting();
        self.tell(greeting);
        loop {
            self.advance();
            tokio::select! {
                biased;
                message = incoming::next(stream) => match message {
                    Incoming::Frame(frame) => self.frame(frame),
                    Incoming::Gone => return,
                    Incoming::Broken { code, reason } => {
                        self.broken(code, &reason);
                        let _ = tokio::time::timeout(CLOSING, incoming::drain(stream)).await;
                        return;
                    }
                },
                () = waits(&mut self.playing) => {}
            }
        }
    }

    /// Sends everything that is ready.
    fn advance(&mut self) {
        let mut playing = std::mem::take(&mut self.playing);
        playing.retain_mut(|playing| self.play(playing));
        // Nothing of it begins another response.
        self.playing = playing;
    }

    /// Plays a response until it waits. False at its end.
    fn play(&mut self, playing: &mut Playing<'a>) -> bool {
        while playing.wait.is_none() {
            match playing.response.next() {
                None => {
                    if playing.response.in_band() {
                        self.talk.set_active(None);
                    }
                    return false;
                }
                Some(Beat::Event(event)) => {
                    if event["type"] == "response.output_item.done" && playing.response.in_band() {
                        self.talk.conversation.push(event["item"].clone());
                    }
                    // Whoever has its end may ask for the next one at once.
                    if event["type"] == "response.done" && playing.response.in_band() {
                        self.talk.set_active(None);
                    }
                    self.tell(vec![event]);
                }
                Some(Beat::Text(text)) => self.outbox.text(text),
                Some(Beat::Ping) => self.outbox.ping(),
                Some(Beat::Delay(time)) => playing.wait = Some(Box::pin(tokio::time::sleep(time))),
                Some(Beat::Gate(gate)) => {
                    let case = self.case;
                    playing.wait = Some(Box::pin(async move { case.gates.pass(&gate).await }));
                }
                Some(Beat::Abort(how)) => {
                    self.abort(how, playing);
                    playing.wait = Some(Box::pin(std::future::pending()));
                }
            }
        }
        true
    }

    fn frame(&mut self, frame: Value) {
        let (events, wanted) = self.talk.client(&frame);
        let (fake, connection) = (self.fake.name.clone(), self.place.connection);
        self.case.recorder.push(What::FakeFrame { fake, connection, data: frame });
        self.tell(events);
        match wanted {
            Wanted::Nothing => {}
            Wanted::Response(asked) => self.begin(*asked),
            Wanted::Cancel => self.cancel(),
        }
    }

    fn begin(&mut self, asked: Asked) {
        let response = asking::response(self.fake, self.place, asked, self.case);
        if response.in_band() {
            self.talk.set_active(Some(response.id.clone()));
        }
        self.playing.push(Playing { response, wait: None });
    }

    fn cancel(&mut self) {
        if let Some(playing) = self.playing.iter_mut().find(|playing| playing.response.in_band()) {
            playing.response.cancel();
            playing.wait = None;
        }
    }

    fn tell(&mut self, events: Vec<Value>) {
        for event in events {
            self.outbox.text(self.talk.stamped(event).to_string());
        }
    }

    fn abort(&mut self, how: Abort, playing: &mut Playing<'_>) {
        self.outbox.end(match how {
            Abort::Reset => End::Reset,
            Abort::Fin => End::Fin,
            Abort::Half => End::Half(self.talk.stamped(playing.response.torn()).to_string()),
        });
    }

    /// The agent speaks, but not WebSocket.
    fn broken(&self, code: u16, reason: &str) {
        self.case.recorder.problem(Problem {
            blame: None,
            code: "ill-formed-frame".to_owned(),
            message: format!("a client of `{}` broke the WebSocket protocol: {reason}", self.fake.name),
            details: vec![format!("on connection {}", self.place.connection + 1)],
        });
        self.outbox.end(End::Close { code: Some(code), reason: String::new() });
    }
}

/// Ends when some response need not wait any longer.
async fn waits(playing: &mut [Playing<'_>]) {
    let waiting: Vec<_> = playing.iter_mut().filter_map(|playing| playing.wait.as_mut()).collect();
    if waiting.is_empty() {
        return std::future::pending().await;
    }
    let (_, at, _) = futures_util::future::select_all(waiting).await;
    let mut waiting = playing.iter_mut().filter(|playing| playing.wait.is_some());
    if let Some(playing) = waiting.nth(at) {
        playing.wait = None;
    }
}
