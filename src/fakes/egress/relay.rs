//! Carrying the requests of one client to a server, and its answers back as they come.
//!
//! Owns: both directions at once, and that an end on one side, polite or not, is the same end on the other.
//! Must not know: TLS, what is in an answer.

use super::requests::{ClientEnd, Requests, Rewritten, Speaking};
use super::tls::Begun;
use crate::fakes::http::request::Head;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

/// Where a request goes.
pub enum Next {
    To {
        /// Host and port.
        server: String,
        target: String,
    },
    /// Not over this relay.
    Elsewhere,
}

/// A client, perhaps behind TLS.
pub trait Client: AsyncRead + AsyncWrite + Unpin + Send {
    fn socket(&self) -> &TcpStream;
}

impl Client for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Client for TlsStream<Begun> {
    fn socket(&self) -> &TcpStream {
        &self.get_ref().0.stream
    }
}

/// Why no more comes from the server.
enum ServerEnd {
    Closed,
    Broken,
    /// The client takes no more.
    ClientGone,
}

/// How both ended.
enum End {
    Done,
    /// The client's connection is to be broken, as the server's was.
    BreakClient,
    Elsewhere,
}

/// How long a client may go on sending after its answer has ended, so that it gets to read it.
const LINGER: Duration = Duration::from_secs(2);
const PIECE: usize = 16 * 1024;

/// Carries requests on until either side has ended. Gives the client back where its next request, which is in what was read, goes
/// elsewhere. Nobody is connected to before there is a request.
pub async fn relay<C: Client>(client: C, unread: Vec<u8>, next: &(dyn Fn(&Head) -> Next + Sync)) -> Option<(C, Vec<u8>)> {
    let speaking = watch::Sender::new(Speaking::Http);
    let (from, mut back) = tokio::io::split(client);
    let mut requests = Requests { from, unread, next, speaking: &speaking };
    let end = carry(&mut requests, &mut back, &speaking).await;
    let Requests { from, unread, .. } = requests;
    let client = from.unsplit(back);
    match end {
        End::Elsewhere => return Some((client, unread)),
        // If the socket is closed already, the client has had its end.
        End::BreakClient => drop(client.socket().set_zero_linger()),
        End::Done => {}
    }
    None
}

async fn carry<C: Client>(requests: &mut Requests<'_, ReadHalf<C>>, back: &mut WriteHalf<C>, speaking: &watch::Sender<Speaking>) -> End {
    let first = match requests.head().await {
        Ok(first) => first,
        Err(ClientEnd::Elsewhere) => return End::Elsewhere,
        Err(ClientEnd::Unreadable) => return unreadable(back).await,
        Err(_) => return End::Done,
    };
    let Ok(server) = TcpStream::connect(first.server.as_str()).await else { return unreachable(back).await };
    // A socket that cannot be told so is one that is already closed; reading will say it.
    let _ = server.set_nodelay(true);
    let (from, mut to) = server.into_split();
    let answered = both(requests, first, &mut to, answers(&from, back, speaking)).await;
    match answered {
        None => End::Elsewhere,
        Some(ServerEnd::Closed) => End::Done,
        Some(ServerEnd::Broken) => End::BreakClient,
        Some(ServerEnd::ClientGone) => {
            let _ = from.as_ref().set_zero_linger();
            // Dropped, it would say that no more comes; the reset alone is the truth.
            to.forget();
            End::Done
        }
    }
}

/// Both directions until they have ended; `None` if the next request goes elsewhere.
async fn both<R: AsyncRead + Unpin>(
    requests: &mut Requests<'_, R>,
    first: Rewritten,
    to: &mut OwnedWriteHalf,
    answering: impl Future<Output = ServerEnd>,
) -> Option<ServerEnd> {
    let mut answering = std::pin::pin!(answering);
    let mut sending = std::pin::pin!(async {
        let end = requests.run(first, to).await;
        if matches!(end, ClientEnd::Closed) {
            // The server that is told so may still have something to say.
            let _ = to.shutdown().await;
        }
        end
    });
    tokio::select! {
        biased;
        answered = &mut answering => {
            if matches!(answered, ServerEnd::Closed) {
                let _ = tokio::time::timeout(LINGER, sending).await;
            }
            Some(answered)
        }
        sent = &mut sending => match sent {
            ClientEnd::Elsewhere => None,
            ClientEnd::Broken => Some(ServerEnd::ClientGone),
            ClientEnd::Closed | ClientEnd::Unreadable | ClientEnd::Refused => Some(answering.await),
        },
    }
}

/// Brings back what the server says, each piece when it comes, and its end.
async fn answers<W: AsyncWrite + Unpin>(from: &OwnedReadHalf, back: &mut W, speaking: &watch::Sender<Speaking>) -> ServerEnd {
    let mut piece = vec![0; PIECE];
    let mut status = Vec::new();
    loop {
        let read = loop {
            match from.readable().await.and_then(|()| from.try_read(&mut piece)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => break read,
            }
        };
        let count = match read {
            Ok(0) => {
                let _ = back.shutdown().await;
                return ServerEnd::Closed;
            }
            Ok(count) => count,
            Err(_) => return ServerEnd::Broken,
        };
        if back.write_all(&piece[..count]).await.is_err() || back.flush().await.is_err() {
            return ServerEnd::ClientGone;
        }
        if *speaking.borrow() == Speaking::Asked {
            status.extend_from_slice(&piece[..count.min(SWITCHED.len())]);
            if status.len() >= SWITCHED.len() {
                let switched = status.starts_with(SWITCHED);
                speaking.send_replace(if switched { Speaking::Other } else { Speaking::Http });
                status.clear();
            }
        }
    }
}

/// How an answer begins that agrees to another protocol.
const SWITCHED: &[u8] = b"HTTP/1.1 101";

/// The first request already cannot be read, so nobody knows whom to ask.
async fn unreadable<W: AsyncWrite + Unpin>(back: &mut W) -> End {
    say(back, "400 Bad Request", "checkride's proxy cannot read this as HTTP/1.1").await
}

async fn unreachable<W: AsyncWrite + Unpin>(back: &mut W) -> End {
    say(back, "502 Bad Gateway", "checkride's proxy failed to reach the server").await
}

async fn say<W: AsyncWrite + Unpin>(back: &mut W, status: &str, message: &str) -> End {
    let length = message.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{message}");
    // A client that has left does not want to know.
    let _ = back.write_all(answer.as_bytes()).await;
    let _ = back.shutdown().await;
    End::Done
}
