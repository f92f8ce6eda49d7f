//! One connection: requests read one after the other, within limits.
//!
//! Owns: the bytes that were read and are not yet used, time limits, how a connection is ended politely.
//! Must not know: what a request means.

use super::body::BodyReader;
use super::request::{Head, HttpRequest, head_end};
use std::borrow::Cow;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a client may ask of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of request line and headers.
    pub head: usize,
    pub body: usize,
    /// From the first byte of a head to its last.
    pub head_time: Duration,
    /// Between two pieces of a body.
    pub body_pause: Duration,
    /// Between two requests.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: 64 * 1024,
            body: 64 * 1024 * 1024,
            head_time: Duration::from_secs(20),
            body_pause: Duration::from_secs(20),
            idle: Duration::from_secs(600),
        }
    }
}

/// Why a request is refused before anybody looks at it. The connection ends with the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub message: Cow<'static, str>,
    /// What was asked for, if that was read.
    pub target: Option<String>,
}

impl Refusal {
    pub fn new(status: u16, message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, message: message.into(), target: None }
    }

    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(400, message)
    }

    pub fn head_too_large() -> Refusal {
        Refusal::new(431, "the headers of the request are too large")
    }

    pub fn body_too_large(most: usize) -> Refusal {
        Refusal::new(413, format!("the body of the request is larger than {most} bytes"))
    }

    fn timeout(what: &'static str) -> Refusal {
        Refusal::new(408, what)
    }
}

/// Why there is no request.
#[derive(Debug)]
pub enum NoRequest {
    /// The client went away, or said nothing for too long; there is nobody to answer.
    Gone,
    Refused(Refusal),
}

impl From<Refusal> for NoRequest {
    fn from(refusal: Refusal) -> NoRequest {
        NoRequest::Refused(refusal)
    }
}

/// How much is read at once.
const PIECE: usize = 16 * 1024;
/// How much a client may send ahead while it waits for an answer.
const AHEAD: usize = 1024 * 1024;
/// How much of an unwanted body is thrown away so that the client gets to read the refusal.
const DRAINED: usize = 256 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);

pub struct Connection {
    pub(super) stream: TcpStream,
    limits: Limits,
    /// Read and not yet used.
    unused: Vec<u8>,
    /// To be written; kept from answer to answer so that its memory is used again.
    pub(super) out: Vec<u8>,
}

impl Connection {
    /// Small writes must not wait for each other, so Nagle's algorithm is off.
    pub fn new(stream: TcpStream, limits: Limits) -> Connection {
        // A socket that cannot be told so is one that is already closed; reading will say it.
        let _ = stream.set_nodelay(true);
        Connection { stream, limits, unused: Vec::new(), out: Vec::new() }
    }

    /// A connection of which some bytes were read already.
    pub fn resume(stream: TcpStream, limits: Limits, unused: Vec<u8>) -> Connection {
        Connection { unused, ..Connection::new(stream, limits) }
    }

    /// The next request, whole.
    pub async fn request(&mut self) -> Result<HttpRequest, NoRequest> {
        let head = self.head().await?;
        let body = self.body(&head).await.map_err(|no| match no {
            NoRequest::Refused(refusal) => NoRequest::Refused(Refusal { target: Some(head.target.clone()), ..refusal }),
            NoRequest::Gone => NoRequest::Gone,
        })?;
        Ok(HttpRequest { head, body })
    }

    async fn head(&mut self) -> Result<Head, NoRequest> {
        let (head, end) = self.next_head().await?;
        self.unused.drain(..end);
        Ok(head)
    }

    /// The head of the next request, which is still there to be read.
    pub async fn peek_head(&mut self) -> Result<Head, NoRequest> {
        Ok(self.next_head().await?.0)
    }

    /// The next head, and where it ends in what was read.
    async fn next_head(&mut self) -> Result<(Head, usize), NoRequest> {
        // Line ends between two requests are tolerated, as RFC 9112 asks.
        let mut blank = self.unused.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        while self.unused.len() == blank {
            self.unused.clear();
            match tokio::time::timeout(self.limits.idle, self.read()).await {
                Err(_) | Ok(Err(())) => return Err(NoRequest::Gone),
                Ok(Ok(())) => blank = self.unused.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count(),
            }
        }
        self.unused.drain(..blank);
        let end = match head_end(&self.unused, 0) {
            Some(end) => end,
            None => match tokio::time::timeout(self.limits.head_time, self.read_head()).await {
                Err(_) => return Err(Refusal::timeout("the head of the request did not arrive in time").into()),
                Ok(end) => end?,
            },
        };
        if end > self.limits.head {
            return Err(Refusal::head_too_large().into());
        }
        Ok((Head::parse(&self.unused[..end])?, end))
    }

    /// Reads on until the head is there; gives its end.
    async fn read_head(&mut self) -> Result<usize, NoRequest> {
        loop {
            if self.unused.len() > self.limits.head {
                return Err(Refusal::head_too_large().into());
            }
            let seen = self.unused.len();
            self.read().await.map_err(|()| NoRequest::Gone)?;
            if let Some(end) = head_end(&self.unused, seen) {
                return Ok(end);
            }
        }
    }

    async fn body(&mut self, head: &Head) -> Result<Vec<u8>, NoRequest> {
        let mut reader = BodyReader::new(head.framing()?, self.limits.body)?;
        let taken = reader.take(&self.unused)?;
        self.unused.drain(..taken);
        if !reader.is_done() && self.unused.is_empty() && reader.body.is_empty() && head.expects_continue() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| NoRequest::Gone)?;
        }
        while !reader.is_done() {
            match tokio::time::timeout(self.limits.body_pause, self.read()).await {
                Err(_) => return Err(Refusal::timeout("the body of the request did not arrive in time").into()),
                Ok(Err(())) => return Err(NoRequest::Gone),
                Ok(Ok(())) => {}
            }
            let taken = reader.take(&self.unused)?;
            self.unused.drain(..taken);
        }
        Ok(reader.body)
    }

    /// Reads some bytes; an error if there will be no more. Safe to give up halfway: nothing read is lost.
    async fn read(&mut self) -> Result<(), ()> {
        self.unused.reserve(PIECE);
        match self.stream.read_buf(&mut self.unused).await {
            Ok(0) | Err(_) => Err(()),
            Ok(_) => Ok(()),
        }
    }

    /// Ends when the client has gone away. What it sends ahead meanwhile is kept for later.
    pub async fn gone(&mut self) {
        while self.unused.len() < AHEAD {
            if self.read().await.is_err() {
                return;
            }
        }
        std::future::pending().await
    }

    /// Writes everything that is ready. An error if the client has gone away.
    pub async fn flush(&mut self) -> Result<(), ()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = self.stream.write_all(&self.out).await;
        self.out.clear();
        self.out.shrink_to(64 * 1024);
        written.map_err(|_| ())
    }

    /// Ends the connection so that the client still gets to read what was written: says that no more will come,
    /// then throws away what the client is still sending. Closing at once would reset the connection instead.
    pub async fn close(mut self) {
        if self.flush().await.is_err() || self.stream.shutdown().await.is_err() {
            return;
        }
        let drain = async {
            let mut drained = 0;
            let mut piece = vec![0; PIECE];
            while drained < DRAINED {
                match self.stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => drained += count,
                }
            }
        };
        // Whoever is still sending after that has had the time to see the refusal.
        let _ = tokio::time::timeout(DRAIN_TIME, drain).await;
    }

    /// The socket itself, and what was read from it and not used, for whoever speaks another protocol from here on.
    pub fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.unused)
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        // If the socket is closed already, the client has had its end.
        let _ = self.stream.set_zero_linger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair() -> (Connection, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Connection::new(listener.accept().await.unwrap().0, Limits::default()), client)
    }

    #[tokio::test]
    async fn small_writes_never_wait_for_each_other() {
        let (connection, _client) = pair().await;
        assert!(connection.stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn blank_lines_between_requests_mean_nothing() {
        let (mut connection, mut client) = pair().await;
        client.write_all(b"\r\n\nGET /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\n\r\n").await.unwrap();
        for target in ["/a", "/b"] {
            assert_eq!(connection.request().await.unwrap().head.target, target);
        }
        drop(client);
        assert!(matches!(connection.request().await, Err(NoRequest::Gone)));
    }

    #[tokio::test]
    async fn a_client_that_leaves_in_the_middle_of_a_request_is_gone() {
        for bytes in [&b"POST /a HT"[..], b"POST /a HTTP/1.1\r\ncontent-length: 5\r\n\r\nab", b"\r\n"] {
            let (mut connection, mut client) = pair().await;
            client.write_all(bytes).await.unwrap();
            drop(client);
            assert!(matches!(connection.request().await, Err(NoRequest::Gone)), "{bytes:?}");
        }
    }
}
