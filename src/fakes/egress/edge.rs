//! The proxy of one case: its socket, and what becomes of each proxy request.
//!
//! Owns: what is recorded, what is refused, tunnels that go through untouched.
//! Must not know: how an agent is told of the proxy, what a fake answers.

use super::authority::Authority;
use super::relay::{Next, relay};
use super::routes::{self, Destination, FakeAddress, Route};
use super::tls;
use super::wanted::Wanted;
use crate::fakes::http::accept;
use crate::fakes::http::connection::NoRequest;
use crate::fakes::http::request::{Head, head_end};
use crate::fakes::http::{Answer, Connection, Limits};
use crate::fakes::server::play::{Manner, play};
use crate::fakes::server::route::error;
use crate::model::trace::What;
use crate::recorder::Recorder;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How long a host that is let through may take to answer.
const CONNECTING: Duration = Duration::from_secs(30);

/// What a proxy is made of.
pub struct EdgeSetup {
    pub recorder: Recorder,
    /// Without any it is a trap: everything is refused.
    pub routes: Vec<Route>,
    /// Needed where a host leads to a fake.
    pub authority: Option<Arc<Authority>>,
    /// From the first byte of a TLS handshake to its last; [`HANDSHAKE`] but for tests.
    pub handshake: Duration,
}

pub const HANDSHAKE: Duration = Duration::from_secs(20);

/// A proxy on a free port of 127.0.0.1 for one case. It ends, and so do its connections, when dropped.
pub struct Edge {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Edge {
    pub async fn start(setup: EdgeSetup) -> io::Result<Edge> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Edge { port, accepting: tokio::spawn(accept(listener, Arc::new(setup))) })
    }

    /// For `HTTP_PROXY` and its kin.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, setup: Arc<EdgeSetup>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = accept::next(&listener) => {
                let setup = setup.clone();
                connections.spawn(async move { setup.serve(stream).await });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

impl EdgeSetup {
    /// Serves one connection. The requests of a plain one may each go elsewhere; a tunnel has one end.
    async fn serve(&self, stream: TcpStream) {
        let mut connection = Connection::new(stream, Limits::default());
        loop {
            let next = match connection.peek_head().await {
                Err(NoRequest::Gone) => return,
                Err(NoRequest::Refused(refusal)) => {
                    let answer = error(refusal.status, "ill_formed_request", &refusal.message);
                    play(connection, answer, Manner::LAST, None).await;
                    return;
                }
                Ok(head) => self.request(connection, &head).await,
            };
            match next {
                Some(open) => connection = open,
                None => return,
            }
        }
    }

    /// Gives the connection back if more may come over it.
    async fn request(&self, connection: Connection, head: &Head) -> Option<Connection> {
        let Some(wanted) = Wanted::of(&head.method, &head.target) else {
            let message = "this is checkride's proxy for an agent under test; it takes CONNECT host:port, or a whole URL";
            return refuse(connection, error(400, "not_a_proxy_request", message)).await;
        };
        let tunnel = head.method == "CONNECT";
        match routes::find(&self.routes, &wanted) {
            Some(Destination::Fake(fake)) if tunnel => self.tunnel_to_fake(connection, &wanted, fake).await,
            Some(Destination::Fake(_)) if wanted.path.is_some() => self.plain_to_fake(connection).await,
            Some(Destination::Allow) if tunnel => self.tunnel_through(connection, &wanted).await,
            Some(Destination::Allow) if wanted.plain => self.plain_through(connection, &wanted).await,
            Some(Destination::Allow) => {
                self.record(&wanted, &head.method, false, None);
                let message = format!("checkride's proxy lets {} through by CONNECT, or by http://", wanted.place());
                refuse(connection, error(501, "egress_scheme", &message)).await
            }
            _ => {
                self.record(&wanted, &head.method, false, None);
                let message = format!("checkride's egress trap refuses {}: the agent under test may reach only its fakes", wanted.place());
                refuse(connection, error(403, "egress_refused", &message)).await
            }
        }
    }

    pub(super) fn record(&self, wanted: &Wanted, method: &str, allowed: bool, fake: Option<&FakeAddress>) {
        let Wanted { host, port, path, .. } = wanted.clone();
        let fake = fake.map(|fake| fake.name.clone());
        self.recorder.push(What::Egress { host, port, method: method.to_owned(), path, allowed, fake });
    }

    async fn tunnel_to_fake(&self, connection: Connection, wanted: &Wanted, fake: &FakeAddress) -> Option<Connection> {
        self.record(wanted, "CONNECT", true, Some(fake));
        if let Some((stream, unread)) = established(connection).await {
            tls::serve(self, stream, unread, wanted, fake).await;
        }
        None
    }

    /// Requests to whatever host leads to a fake; one that does not ends the relay, and is looked at anew.
    async fn plain_to_fake(&self, connection: Connection) -> Option<Connection> {
        let next = |head: &Head| {
            let wanted = Wanted::of(&head.method, &head.target).filter(|wanted| wanted.path.is_some());
            match wanted.as_ref().map(|wanted| (wanted, routes::find(&self.routes, wanted))) {
                Some((wanted, Some(Destination::Fake(fake)))) => {
                    self.record(wanted, &head.method, true, Some(fake));
                    Next::To { server: fake.server.clone(), target: fake.below(&head.target) }
                }
                _ => Next::Elsewhere,
            }
        };
        let (stream, unread) = connection.into_parts();
        let (stream, unread) = relay(stream, unread, &next).await?;
        Some(Connection::resume(stream, Limits::default(), unread))
    }

    async fn tunnel_through(&self, connection: Connection, wanted: &Wanted) -> Option<Connection> {
        self.record(wanted, "CONNECT", true, None);
        let connecting = TcpStream::connect((wanted.host.as_str(), wanted.port));
        let mut there = match tokio::time::timeout(CONNECTING, connecting).await {
            Ok(Ok(there)) => there,
            Ok(Err(reason)) => return refuse(connection, not_reached(wanted, &reason.to_string())).await,
            Err(_) => return refuse(connection, not_reached(wanted, "it took too long")).await,
        };
        let (mut stream, unread) = established(connection).await?;
        if there.write_all(&unread).await.is_ok() {
            // How a conversation that is none of our business ends is not told either.
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
        }
        None
    }

    async fn plain_through(&self, connection: Connection, first: &Wanted) -> Option<Connection> {
        let server = first.place();
        let next = |head: &Head| match Wanted::of(&head.method, &head.target) {
            Some(wanted) if wanted.plain && wanted.place() == server => {
                self.record(&wanted, &head.method, true, None);
                Next::To { server: server.clone(), target: wanted.path.unwrap_or_default() }
            }
            _ => Next::Elsewhere,
        };
        let (stream, unread) = connection.into_parts();
        let (stream, unread) = relay(stream, unread, &next).await?;
        Some(Connection::resume(stream, Limits::default(), unread))
    }
}

/// Reads what belongs to the request and refuses it. After a refused `CONNECT` nothing sensible can follow, so the connection ends.
async fn refuse(mut connection: Connection, answer: Answer) -> Option<Connection> {
    let (answer, manner) = match connection.request().await {
        Ok(request) => {
            let keep_alive = request.head.method != "CONNECT" && request.head.keep_alive();
            (answer, Manner { keep_alive, ..Manner::of(&request.head) })
        }
        Err(NoRequest::Refused(refusal)) => (error(refusal.status, "ill_formed_request", &refusal.message), Manner::LAST),
        Err(NoRequest::Gone) => return None,
    };
    play(connection, answer, manner, None).await
}

fn not_reached(wanted: &Wanted, reason: &str) -> Answer {
    error(502, "egress_not_reached", &format!("checkride's proxy lets {} through, but failed to reach it: {reason}", wanted.place()))
}

/// Tells the client that its tunnel is there. Gives the socket, and what the client has sent into the tunnel already.
async fn established(connection: Connection) -> Option<(TcpStream, Vec<u8>)> {
    let (mut stream, mut unread) = connection.into_parts();
    let end = head_end(&unread, 0).expect("the head was read");
    unread.drain(..end);
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    Some((stream, unread))
}
