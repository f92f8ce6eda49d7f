//! The egress trap: a proxy that records where an agent wanted to go, and refuses.
//!
//! Owns: reading proxy requests, the refusal. It never connects anywhere.
//! Must not know: which hosts an expectation allows, how an agent is told of the proxy.

use crate::fakes::http::connection::NoRequest;
use crate::fakes::http::request::HttpRequest;
use crate::fakes::http::{Answer, Connection, Limits};
use crate::fakes::server::play::{Manner, play};
use crate::fakes::server::route::error;
use crate::model::trace::What;
use crate::recorder::Recorder;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A proxy on a free port of 127.0.0.1 for one case. It ends, and so do its connections, when dropped.
pub struct Trap {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Trap {
    pub async fn start(recorder: Recorder) -> io::Result<Trap> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Trap { port, accepting: tokio::spawn(accept(listener, recorder)) })
    }

    /// For `HTTP_PROXY` and its kin.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, recorder: Recorder) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, recorder.clone()));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Refuses the requests of one connection. After a refused `CONNECT` nothing sensible can follow, so the connection ends.
async fn serve(stream: TcpStream, recorder: Recorder) {
    let mut connection = Connection::new(stream, Limits::default());
    loop {
        let (answer, manner) = match connection.request().await {
            Ok(request) => {
                let manner =
                    Manner { keep_alive: request.head.method != "CONNECT" && request.head.keep_alive(), ..Manner::of(&request.head) };
                (refuse(&request, &recorder), manner)
            }
            Err(NoRequest::Refused(refusal)) => (error(refusal.status, "ill_formed_request", &refusal.message), Manner::LAST),
            Err(NoRequest::Gone) => return,
        };
        match play(connection, answer, manner, None).await {
            Some(open) => connection = open,
            None => return,
        }
    }
}

fn refuse(request: &HttpRequest, recorder: &Recorder) -> Answer {
    let head = &request.head;
    let Some(Wanted { host, port, path }) = Wanted::of(&head.method, &head.target) else {
        let message = "this is checkride's egress trap, a proxy; it takes CONNECT host:port, or a whole URL";
        return error(400, "not_a_proxy_request", message);
    };
    let message = format!("checkride's egress trap refuses {host}:{port}: the agent under test may reach only its fakes");
    recorder.push(What::Egress { host, port, method: head.method.clone(), path, allowed: false });
    error(403, "egress_refused", &message)
}

/// Where a request wanted to go.
#[derive(Debug, PartialEq)]
struct Wanted {
    host: String,
    port: u16,
    /// Not known behind a `CONNECT`.
    path: Option<String>,
}

impl Wanted {
    fn of(method: &str, target: &str) -> Option<Wanted> {
        if method == "CONNECT" {
            let (host, port) = authority(target, None)?;
            return Some(Wanted { host, port, path: None });
        }
        let (scheme, rest) = target.split_once("://")?;
        let default = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            "ftp" => 21,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = authority(&rest[..end], Some(default))?;
        let path = match &rest[end..] {
            "" => "/".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            query => format!("/{query}"),
        };
        Some(Wanted { host, port, path: Some(path) })
    }
}

/// Host, in lower case and without brackets, and port.
fn authority(text: &str, default: Option<u16>) -> Option<(String, u16)> {
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => default?,
    };
    (!host.is_empty()).then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests;
