//! An HTTP server of the reference agent: connections, one request after the other, answers in JSON or as a stream.
//!
//! Owns: the accept loop, keep-alive, how an answer is written.
//! Must not know: routes.

use crate::fakes::http::accept;
use crate::fakes::http::answer::End;
use crate::fakes::http::connection::NoRequest;
use crate::fakes::http::{Answer, Connection, HttpRequest, Limits};
use serde_json::Value;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a request gets.
pub enum Reply {
    Json(u16, Value),
    /// Bytes of another server, as they came: status, content type, body.
    Passed(u16, String, Vec<u8>),
    /// The caller has the connection from here on, and ends it.
    Taken,
}

/// One server's routes. A request that is answered by a stream takes the connection.
pub trait Routes: Send + Sync + 'static {
    fn reply(self: &Arc<Self>, request: HttpRequest, connection: &mut Option<Connection>) -> impl Future<Output = Reply> + Send;
    /// The body for what is no request at all.
    fn refusal(&self, message: &str) -> Value;
}

/// Serves until `stop` is done. Returns the exit status.
pub async fn serve<R: Routes>(listener: TcpListener, routes: Arc<R>, stop: impl Future<Output = ()>) -> i32 {
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            stream = accept::next(&listener) => { connections.spawn(connection(stream, routes.clone())); }
            Some(_) = connections.join_next() => {}
            () = &mut stop => return 0,
        }
    }
}

async fn connection<R: Routes>(stream: TcpStream, routes: Arc<R>) {
    let mut open = Some(Connection::new(stream, Limits::default()));
    while let Some(connection) = &mut open {
        let request = match connection.request().await {
            Ok(request) => request,
            Err(NoRequest::Gone) => return,
            Err(NoRequest::Refused(refused)) => {
                put(connection, &Answer::json(refused.status, routes.refusal(&refused.message).to_string().into_bytes()), false);
                break;
            }
        };
        let keep_alive = request.head.keep_alive();
        let reply = routes.reply(request, &mut open).await;
        let Some(connection) = &mut open else { return };
        match reply {
            Reply::Json(status, body) => put(connection, &Answer::json(status, body.to_string().into_bytes()), keep_alive),
            Reply::Passed(status, content_type, body) => {
                put(connection, &Answer::json(status, body).header("content-type", content_type), keep_alive)
            }
            Reply::Taken => return,
        }
        if !keep_alive {
            break;
        }
        if connection.flush().await.is_err() {
            return;
        }
    }
    if let Some(connection) = open {
        connection.close().await;
    }
}

fn put(connection: &mut Connection, answer: &Answer, keep_alive: bool) {
    let end = answer.end(true);
    connection.put_head(answer, end, keep_alive);
    connection.put_piece(end, &answer.bytes);
}

/// A stream of server-sent events.
pub struct Stream(Connection);

impl Stream {
    /// Begins it; the head goes out with the first events.
    pub fn begin(mut connection: Connection) -> Stream {
        let mut answer = Answer::json(200, vec![]).header("cache-control", "no-cache");
        (answer.content_type, answer.chunked) = ("text/event-stream", true);
        // It says that the connection ends with it: a client that kept it would ask its next request of nobody.
        connection.put_head(&answer, End::Chunks, false);
        Stream(connection)
    }

    pub fn put(&mut self, bytes: &[u8]) {
        self.0.put_piece(End::Chunks, bytes);
    }

    /// Writes what was put. False if the client has gone away.
    pub async fn flush(&mut self) -> bool {
        self.0.flush().await.is_ok()
    }

    /// Ends when the client has gone away.
    pub async fn gone(&mut self) {
        self.0.gone().await;
    }

    /// Ends the body, and the connection with it.
    pub async fn end(mut self) {
        self.0.put_end(End::Chunks);
        self.0.close().await;
    }
}
