//! Connections without an end: the event stream of a session, and the lines of a bridge.
//!
//! Owns: telling clients that the tools are others now; reading lines and answering each when its answer is due.
//! Must not know: what a method of the protocol answers.

use super::http::{ill_formed_line, too_long};
use super::message::Message;
use super::methods::{LIST_CHANGED, Reply};
use super::running::Server;
use crate::fakes::http::answer::End;
use crate::fakes::http::{Answer, Connection};
use crate::fakes::server::Response;
use crate::fakes::server::case::Case;
use crate::model::trace::Request;
use crate::wire::sse;
use crate::wire::stream::Step;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use std::sync::Arc;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

/// What a bridge asks the server to speak instead of HTTP: lines, as over stdio.
pub const UPGRADE: &str = "checkride-mcp-lines";

/// A line may be as long as the body of a request.
const LONGEST: u64 = 64 << 20;

/// The stream on which a session hears of what it did not ask for.
pub fn events(server: Arc<Server>, session: String) -> Response {
    Response::Takeover(Box::new(move |connection, case| {
        Box::pin(async move {
            // Whoever has gone away needs no more events.
            let _ = tell(&server, &session, connection, &case).await;
        })
    }))
}

async fn tell(server: &Server, session: &str, mut connection: Connection, case: &Case) -> Result<(), ()> {
    let mut head = Answer::json(200, Vec::new()).header("cache-control", "no-cache");
    head.content_type = "text/event-stream";
    connection.put_head(&head, End::Chunks, true);
    connection.flush().await?;
    loop {
        let (released, ended) = (case.gates.news(), server.news.notified());
        tokio::pin!(released, ended);
        released.as_mut().enable();
        ended.as_mut().enable();
        if server.should_tell(session, case) {
            let mut event = Vec::new();
            sse::text_event(&mut event, Some("message"), LIST_CHANGED);
            connection.put_piece(End::Chunks, &event);
            connection.flush().await?;
        }
        if server.state().sessions.get(session).is_none_or(|session| session.ended) {
            connection.put_end(End::Chunks);
            connection.close().await;
            return Ok(());
        }
        tokio::select! {
            () = released => {}
            () = ended => {}
            () = connection.gone() => return Err(()),
        }
    }
}

/// From here on each line is a message.
pub fn lines(server: Arc<Server>) -> Response {
    Response::Takeover(Box::new(move |connection, case| {
        Box::pin(async move {
            // A bridge that has gone away has nobody to read for.
            let _ = converse(&server, connection, &case).await;
        })
    }))
}

/// One client over stdio, from its first line to the end of its input.
async fn converse(server: &Server, connection: Connection, case: &Case) -> std::io::Result<()> {
    let (mut stream, early) = connection.into_parts();
    let switch = format!("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: {UPGRADE}\r\n\r\n");
    stream.write_all(switch.as_bytes()).await?;
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(std::io::Cursor::new(early).chain(input));
    let session = server.name_bridge();
    let (mut line, mut due) = (Vec::new(), FuturesUnordered::new());
    loop {
        let released = case.gates.news();
        tokio::pin!(released);
        released.as_mut().enable();
        if server.should_tell(&session, case) {
            output.write_all(format!("{LIST_CHANGED}\n").as_bytes()).await?;
        }
        tokio::select! {
            read = next_line(&mut input, &mut line) => {
                if !read? {
                    break;
                }
                for reply in answers(server, &session, &std::mem::take(&mut line), case) {
                    due.push(when_due(reply, case));
                }
            }
            Some(body) = due.next() => output.write_all(format!("{body}\n").as_bytes()).await?,
            () = released => {}
        }
    }
    // Real servers end with their input, whatever they were doing.
    server.end(&session);
    output.shutdown().await
}

/// Reads to the next line break; false at the end of the input. Safe to give up halfway: what was read is kept in `line`.
async fn next_line(input: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> std::io::Result<bool> {
    let room = LONGEST.saturating_sub(line.len() as u64);
    let read = input.take(room).read_until(b'\n', line).await?;
    Ok(read > 0 || !line.is_empty())
}

/// Records what a line asks for, and gives its answers.
fn answers(server: &Server, session: &str, line: &[u8], case: &Case) -> Vec<Reply> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let parsed = serde_json::from_str::<Value>(text);
    let body = parsed.as_ref().map_or_else(|_| Value::from(text), Value::clone);
    let request = Request {
        fake: server.name.clone(),
        method: "stdio".to_owned(),
        path: "/".to_owned(),
        body,
        raw: text.into(),
        ..Request::default()
    };
    let at = server.record(request, case);
    let message = parsed.map_err(|reason| (format!("it is no JSON: {reason}"), false));
    let message = message.and_then(|value| Message::read(&value).map_err(|reason| (reason, true)));
    let reply = match message {
        Ok(message) => server.handle(session, message, case),
        Err((reason, is_json)) => {
            server.problem("ill-formed-request", format!("`{}` got a line that is no JSON-RPC message: {reason}", server.name), case);
            let body = if line.len() as u64 >= LONGEST { too_long() } else { ill_formed_line(&reason, is_json) };
            Some(Reply { body, waits: vec![], rule: "refused".to_owned() })
        }
    };
    server.record_reply(at, if reply.is_some() { 200 } else { 202 }, reply.as_ref().map_or("accepted", |reply| reply.rule.as_str()), case);
    reply.into_iter().collect()
}

async fn when_due(reply: Reply, case: &Case) -> Value {
    for wait in reply.waits {
        match wait {
            Step::Delay(time) => tokio::time::sleep(time).await,
            Step::Gate(gate) => case.gates.pass(&gate).await,
            Step::Write(_) | Step::Abort(..) | Step::Hold | Step::Vanish => {}
        }
    }
    reply.body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_last_line_that_was_given_up_halfway_is_read_to_its_end() {
        let (mut output, input) = tokio::io::duplex(64);
        let (mut input, mut line) = (BufReader::new(input), Vec::new());
        output.write_all(b"no line break").await.unwrap();
        tokio::select! {
            biased;
            _ = next_line(&mut input, &mut line) => panic!("there is no end yet"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(line, b"no line break");
        drop(output);
        assert!(next_line(&mut input, &mut line).await.unwrap());
        assert_eq!(std::mem::take(&mut line), b"no line break");
        assert!(!next_line(&mut input, &mut line).await.unwrap());
    }
}
