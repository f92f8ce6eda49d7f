//! The client's side of a relay: heads are rewritten, bodies go on as they are.
//!
//! Owns: where one request ends and the next begins; when HTTP is over because another protocol was agreed on.
//! Must not know: TLS, which host leads where.

use super::relay::Next;
use crate::fakes::http::body::BodyReader;
use crate::fakes::http::request::{Head, head_end};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::watch;

/// As the fakes' server has it: what is larger, that server refuses.
const LARGEST_HEAD: usize = 64 * 1024;
/// From the first byte of a head to its last.
const HEAD_TIME: Duration = Duration::from_secs(20);
/// Between two requests.
const IDLE: Duration = Duration::from_secs(600);
const PIECE: usize = 16 * 1024;

/// What client and server are speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaking {
    Http,
    /// The client asked for another protocol; the next answer decides.
    Asked,
    /// Bytes of which nothing is known.
    Other,
}

/// Why no more goes from the client to the server.
#[derive(Debug)]
pub enum ClientEnd {
    /// It has said that no more will come.
    Closed,
    Broken,
    /// What came cannot be read as HTTP; the server has it and will say so.
    Unreadable,
    /// The server takes no more.
    Refused,
    /// The next request is not for this relay.
    Elsewhere,
}

pub struct Requests<'a, R> {
    pub from: R,
    /// Read and not yet sent on.
    pub unread: Vec<u8>,
    pub next: &'a (dyn Fn(&Head) -> Next + Sync),
    pub speaking: &'a watch::Sender<Speaking>,
}

/// A request that is to be sent on.
pub struct Rewritten {
    pub server: String,
    /// With its new target.
    head: Vec<u8>,
    /// As it came.
    raw: Vec<u8>,
    parsed: Head,
}

impl<R: AsyncRead + Unpin> Requests<'_, R> {
    /// The head of the next request, taken from what was read.
    pub async fn head(&mut self) -> Result<Rewritten, ClientEnd> {
        let end = self.head_end().await?;
        let Ok(parsed) = Head::parse(&self.unread[..end]) else { return Err(ClientEnd::Unreadable) };
        let Next::To { server, target } = (self.next)(&parsed) else { return Err(ClientEnd::Elsewhere) };
        let raw: Vec<u8> = self.unread.drain(..end).collect();
        Ok(Rewritten { server, head: rewritten(&raw, &target), raw, parsed })
    }

    async fn head_end(&mut self) -> Result<usize, ClientEnd> {
        let mut seen = 0;
        loop {
            if seen == 0 {
                // Line ends between two requests are tolerated, as RFC 9112 asks.
                let blank = self.unread.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                self.unread.drain(..blank);
            }
            if let Some(end) = head_end(&self.unread, seen) {
                return Ok(end);
            }
            if self.unread.len() > LARGEST_HEAD {
                return Err(ClientEnd::Unreadable);
            }
            seen = self.unread.len();
            match tokio::time::timeout(if seen == 0 { IDLE } else { HEAD_TIME }, self.read()).await {
                Ok(read) => read?,
                Err(_) if seen == 0 => return Err(ClientEnd::Closed),
                Err(_) => return Err(ClientEnd::Unreadable),
            }
        }
    }

    async fn read(&mut self) -> Result<(), ClientEnd> {
        self.unread.reserve(PIECE);
        match self.from.read_buf(&mut self.unread).await {
            Ok(0) => Err(ClientEnd::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(end_of(&error)),
        }
    }

    /// Sends this request on, and all that follow it to the same server.
    pub async fn run(&mut self, first: Rewritten, to: &mut OwnedWriteHalf) -> ClientEnd {
        match self.all(first, to).await {
            Err(ClientEnd::Unreadable) => match to.write_all(&std::mem::take(&mut self.unread)).await {
                Ok(()) => ClientEnd::Unreadable,
                Err(_) => ClientEnd::Refused,
            },
            Err(end) => end,
            Ok(never) => match never {},
        }
    }

    async fn all(&mut self, first: Rewritten, to: &mut OwnedWriteHalf) -> Result<std::convert::Infallible, ClientEnd> {
        let server = first.server.clone();
        let mut request = first;
        loop {
            if asks_for_another_protocol(&request.parsed) {
                self.speaking.send_replace(Speaking::Asked);
            }
            to.write_all(&request.head).await.map_err(|_| ClientEnd::Refused)?;
            self.body(&request.parsed, to).await?;
            if self.agreed().await? == Speaking::Other {
                return self.everything(to).await;
            }
            request = self.head().await?;
            if request.server != server {
                // Only reached by a suite whose fakes are on several servers; the head goes back to be looked at anew.
                self.unread.splice(..0, request.raw);
                return Err(ClientEnd::Elsewhere);
            }
        }
    }

    async fn body(&mut self, head: &Head, to: &mut OwnedWriteHalf) -> Result<(), ClientEnd> {
        let framing = head.framing().map_err(|_| ClientEnd::Unreadable)?;
        let mut reader = BodyReader::new(framing, usize::MAX).map_err(|_| ClientEnd::Unreadable)?;
        loop {
            let taken = reader.take(&self.unread).map_err(|_| ClientEnd::Unreadable)?;
            reader.body.clear();
            to.write_all(&self.unread[..taken]).await.map_err(|_| ClientEnd::Refused)?;
            self.unread.drain(..taken);
            if reader.is_done() {
                return Ok(());
            }
            self.read().await?;
        }
    }

    /// After a question for another protocol, waits for the answer; what the client sends meanwhile is kept, up to a limit.
    async fn agreed(&mut self) -> Result<Speaking, ClientEnd> {
        let mut speaking = self.speaking.subscribe();
        loop {
            let now = *speaking.borrow_and_update();
            if now != Speaking::Asked {
                return Ok(now);
            }
            let room = self.unread.len() < LARGEST_HEAD;
            tokio::select! {
                _ = speaking.changed() => {}
                read = self.read(), if room => read?,
            }
        }
    }

    async fn everything(&mut self, to: &mut OwnedWriteHalf) -> Result<std::convert::Infallible, ClientEnd> {
        loop {
            to.write_all(&self.unread).await.map_err(|_| ClientEnd::Refused)?;
            self.unread.clear();
            self.read().await?;
        }
    }
}

/// A client that closes TCP without ending TLS has closed all the same.
fn end_of(error: &io::Error) -> ClientEnd {
    if error.kind() == io::ErrorKind::UnexpectedEof { ClientEnd::Closed } else { ClientEnd::Broken }
}

fn asks_for_another_protocol(head: &Head) -> bool {
    let connection = head.header("connection").unwrap_or_default();
    head.header("upgrade").is_some() && connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"))
}

/// The head with another target, and without what is meant for the proxy. `raw` has been parsed.
fn rewritten(raw: &[u8], target: &str) -> Vec<u8> {
    let line_end = raw.iter().position(|byte| *byte == b'\n').map_or(raw.len(), |at| at + 1);
    let (line, headers) = raw.split_at(line_end);
    let method = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
    let version = line.iter().rposition(|byte| *byte == b' ').unwrap_or(line.len());
    let mut head = Vec::with_capacity(raw.len() + target.len());
    head.extend_from_slice(&line[..method]);
    head.push(b' ');
    head.extend_from_slice(target.as_bytes());
    head.extend_from_slice(&line[version..]);
    let own = |line: &&[u8]| !line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"proxy-"));
    headers.split_inclusive(|byte| *byte == b'\n').filter(own).for_each(|line| head.extend_from_slice(line));
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str) {
        assert_eq!(String::from_utf8(rewritten(raw.as_bytes(), "/c/llm/x")).unwrap(), expected);
    }

    #[test]
    fn the_target_alone_is_changed() {
        check(
            "POST http://api.openai.com/x HTTP/1.1\r\nHost: api.openai.com\r\nX-A:  b \r\nx-a: c\r\n\r\n",
            "POST /c/llm/x HTTP/1.1\r\nHost: api.openai.com\r\nX-A:  b \r\nx-a: c\r\n\r\n",
        );
        check("GET /x HTTP/1.0\n\n", "GET /c/llm/x HTTP/1.0\n\n");
    }

    #[test]
    fn what_is_meant_for_the_proxy_goes_no_further() {
        let raw = "GET /x HTTP/1.1\r\nProxy-Connection: keep-alive\r\nproxy-authorization: Basic eA==\r\nhost: x\r\n\r\n";
        check(raw, "GET /c/llm/x HTTP/1.1\r\nhost: x\r\n\r\n");
    }
}
