//! The socket, and the table of open cases.
//!
//! Owns: accepting connections, which cases are open, the end of everything with the server.
//! Must not know: what a fake answers, how a path names a case.

use super::case::{Case, CaseFakes, CaseHandle};
use super::outages::Cut;
use super::route::Routed;
use super::served::Response;
use super::{play, route};
use crate::fakes::http::accept;
use crate::fakes::http::connection::NoRequest;
use crate::fakes::http::{Answer, Connection, HttpRequest, Limits, Refusal};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, RwLock};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// One server for the fakes of all cases of a run, on a free port of 127.0.0.1. It ends, and so do its connections, when dropped.
pub struct FakeServer {
    port: u16,
    cases: Arc<Cases>,
    accepting: JoinHandle<()>,
}

/// The cases that are open. The lock is held only to look up, add or remove one.
#[derive(Default)]
pub struct Cases {
    open: RwLock<HashMap<String, Arc<Case>>>,
}

impl Cases {
    pub fn get(&self, key: &str) -> Option<Arc<Case>> {
        self.open.read().expect("no panic happens under this lock").get(key).cloned()
    }

    /// Closes this case; another one that was opened under the same key stays.
    pub fn close(&self, case: &Arc<Case>) {
        let mut open = self.open.write().expect("no panic happens under this lock");
        if open.get(&case.key).is_some_and(|there| Arc::ptr_eq(there, case)) {
            open.remove(&case.key);
        }
    }

    fn add(&self, case: Arc<Case>) {
        self.open.write().expect("no panic happens under this lock").insert(case.key.clone(), case);
    }
}

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl FakeServer {
    pub async fn start() -> io::Result<FakeServer> {
        FakeServer::start_with(Limits::default()).await
    }

    pub async fn start_with(limits: Limits) -> io::Result<FakeServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let cases = Arc::new(Cases::default());
        let accepting = tokio::spawn(accept(listener, cases.clone(), limits));
        Ok(FakeServer { port, cases, accepting })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The base URL of a fake. It names the case, so one server can serve all cases at once.
    pub fn url(&self, case_key: &str, fake: &str) -> String {
        let (case, fake) = (utf8_percent_encode(case_key, SEGMENT), utf8_percent_encode(fake, SEGMENT));
        format!("http://127.0.0.1:{}/{case}/{fake}", self.port)
    }

    /// From now on the case's fakes can be reached.
    pub fn open(&self, setup: CaseFakes) -> CaseHandle {
        let case = Arc::new(Case::new(setup));
        self.cases.add(case.clone());
        CaseHandle::new(self.cases.clone(), case)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Who answers the requests of a listener.
pub trait Front: Send + Sync {
    /// What follows a request; `None` if whom it is for is away, and does not see it.
    fn answer(&self, request: HttpRequest) -> Option<Routed>;

    /// The answer to a request that could not be read.
    fn refused(&self, refusal: &Refusal) -> Answer;
}

impl Front for Cases {
    fn answer(&self, request: HttpRequest) -> Option<Routed> {
        route::answer(self, request)
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        route::refused(self, refusal)
    }
}

/// Serves until it is aborted; its connections end with it.
pub async fn accept(listener: TcpListener, front: Arc<dyn Front>, limits: Limits) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = accept::next(&listener) => { connections.spawn(serve(stream, front.clone(), limits)); }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn serve(stream: TcpStream, front: Arc<dyn Front>, limits: Limits) {
    let mut connection = Connection::new(stream, limits);
    // A connection is of one server alone, so it ends when the fake that it was used for last goes away.
    let mut last: Option<Cut> = None;
    loop {
        let request = tokio::select! {
            biased;
            request = connection.request() => request,
            () = cut(&mut last) => return,
        };
        let request = match request {
            Ok(request) => request,
            Err(NoRequest::Gone) => return,
            Err(NoRequest::Refused(refusal)) => {
                let answer = front.refused(&refusal);
                play::play(connection, answer, play::Manner::LAST, None).await;
                return;
            }
        };
        let manner = play::Manner::of(&request.head);
        let Some(Routed { response, case, cut: of_fake }) = front.answer(request) else {
            connection.reset();
            return;
        };
        last = of_fake;
        match (response, case) {
            (Response::Answer(answer), case) => tokio::select! {
                biased;
                open = play::play(connection, answer, manner, case.as_deref()) => match open {
                    Some(open) => connection = open,
                    None => return,
                },
                () = cut(&mut last) => return,
            },
            (Response::Takeover(go_on), Some(case)) => {
                tokio::select! {
                    biased;
                    () = go_on(connection, case.clone()) => {}
                    () = case.ending.wait() => {}
                    () = cut(&mut last) => {}
                }
                return;
            }
            (Response::Takeover(_), None) => unreachable!("only a fake of a case takes a connection over"),
        }
    }
}

/// Returns when the fake goes away, if the connection belongs to one.
async fn cut(of_fake: &mut Option<Cut>) {
    match of_fake {
        Some(cut) => cut.comes().await,
        None => std::future::pending().await,
    }
}
