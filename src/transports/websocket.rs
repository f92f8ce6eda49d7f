//! The WebSocket client: `ws://` and `wss://`, TCP_NODELAY, messages of up to 64 MiB.
//!
//! Owns: opening with headers, query and subprotocols; what each kind of message and each kind of end becomes.
//! Must not know: what a frame means.

use super::connection::{Connection, Ending, Incoming, OpenError, Outgoing, bytes_frame, text_frame};
use futures_util::{SinkExt, StreamExt, future, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// Larger messages end the connection.
pub const MAX_MESSAGE: usize = 64 << 20;

/// Read at once. The library clears as much for each connection and each read, and its own 128 KiB cost more than all the rest.
const READ_AT_ONCE: usize = 8 << 10;

/// What a query may hold as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where to, and with what.
#[derive(Clone, Debug, Default)]
pub struct WebSocketOpen {
    /// `ws://…` or `wss://…`; `http` and `https` stand for them.
    pub url: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub subprotocols: Vec<String>,
}

/// Opens a connection within the time given. Nothing is sent but the handshake.
pub async fn open(target: &WebSocketOpen, within: Duration) -> Result<Connection, OpenError> {
    let url = full_url(target);
    let request = request(target, &url)?;
    let socket = match tokio::time::timeout(within, handshake(request, &url)).await {
        Ok(socket) => socket?,
        Err(_) => {
            let within = crate::base::duration::show(within);
            return Err(OpenError::new("timeout", format!("{url} did not answer the WebSocket handshake within {within}")));
        }
    };
    let (sink, stream) = socket.split();
    let sink = sink.sink_map_err(|error| ending(&error).reason).with(|frame: Outgoing| future::ready(Ok::<_, String>(message(frame))));
    Ok(Connection { url, sink: Box::pin(sink), stream: Box::pin(frames(stream)) })
}

fn full_url(target: &WebSocketOpen) -> String {
    let mut url = match target.url.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => target.url.clone(),
    };
    for (name, value) in &target.query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&format!("{}={}", utf8_percent_encode(name, QUERY), utf8_percent_encode(value, QUERY)));
    }
    url
}

fn request(target: &WebSocketOpen, url: &str) -> Result<Request, OpenError> {
    let ill = |what: String| OpenError::new("request", what);
    let mut request = url.into_client_request().map_err(|e| ill(format!("`{url}` is no WebSocket URL: {e}")))?;
    if !matches!(request.uri().scheme_str(), Some("ws" | "wss")) {
        return Err(ill(format!("`{url}` is no WebSocket URL: it must begin with ws:// or wss://")));
    }
    for (name, value) in &target.headers {
        let key: HeaderName = name.parse().map_err(|_| ill(format!("`{name}` is no header name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| ill(format!("the value of header `{name}` holds characters that no header may hold")))?;
        request.headers_mut().insert(key, value);
    }
    if !target.subprotocols.is_empty() {
        let value = HeaderValue::from_str(&target.subprotocols.join(", ")).map_err(|_| ill("ill-formed subprotocols".to_owned()))?;
        request.headers_mut().insert("sec-websocket-protocol", value);
    }
    Ok(request)
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn handshake(request: Request, url: &str) -> Result<Socket, OpenError> {
    let uri = request.uri();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("wss") { 443 } else { 80 });
    let tcp = TcpStream::connect((host.as_str(), port))
        .await
        .map_err(|e| OpenError::new("connect", format!("failed to connect to {host}:{port}: {}", io_words(&e))))?;
    // Without it a small frame may wait 40 ms for the acknowledgement of the one before.
    tcp.set_nodelay(true).map_err(|e| OpenError::new("connect", format!("failed to prepare the connection to {host}:{port}: {e}")))?;
    let config =
        WebSocketConfig::default().read_buffer_size(READ_AT_ONCE).max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    match client_async_tls_with_config(request, tcp, Some(config), None).await {
        Ok((socket, _response)) => Ok(socket),
        Err(Error::Http(response)) => Err(refusal(url, &response)),
        Err(error) => Err(OpenError::new("handshake", format!("the WebSocket handshake with {url} failed: {}", ending(&error).reason))),
    }
}

fn refusal(url: &str, response: &Response<Option<Vec<u8>>>) -> OpenError {
    let body = response.body().as_deref().filter(|bytes| !bytes.is_empty());
    OpenError {
        code: "handshake",
        status: Some(response.status().as_u16()),
        message: format!("{url} refused the WebSocket handshake with status {}", response.status()),
        body: body.map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Err(_) => bytes_frame(bytes),
        }),
    }
}

fn message(frame: Outgoing) -> Message {
    match frame {
        Outgoing::Json(value) => Message::text(value.to_string()),
        Outgoing::Text(text) => Message::text(text),
        Outgoing::Bytes(bytes) => Message::binary(bytes),
    }
}

fn frames(messages: stream::SplitStream<Socket>) -> impl stream::Stream<Item = Incoming> + Send {
    stream::unfold(Some(messages), |messages| async {
        let mut messages = messages?;
        loop {
            return match messages.next().await {
                Some(Ok(Message::Text(text))) => Some((Incoming::Frame(text_frame(text.as_str())), Some(messages))),
                Some(Ok(Message::Binary(bytes))) => Some((Incoming::Frame(bytes_frame(&bytes)), Some(messages))),
                Some(Ok(Message::Close(frame))) => Some((Incoming::Ended(closed(frame)), None)),
                // Pings are answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Some((Incoming::Ended(ending(&error)), None)),
                None => Some((Incoming::Ended(cut("the connection ended without a closing handshake")), None)),
            };
        }
    })
}

fn closed(frame: Option<CloseFrame>) -> Ending {
    let (code, reason) = match frame {
        Some(CloseFrame { code, reason }) => (code.into(), reason),
        None => (1005, Utf8Bytes::from_static("")),
    };
    Ending { code: Some(code), reason: reason.as_str().to_owned(), ..Ending::default() }
}

fn cut(reason: impl Into<String>) -> Ending {
    Ending { code: Some(1006), reason: reason.into(), ..Ending::default() }
}

fn ending(error: &Error) -> Ending {
    cut(match error {
        Error::Io(error) => io_words(error),
        Error::ConnectionClosed | Error::AlreadyClosed => "the connection is closed".to_owned(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => "the connection ended without a closing handshake".to_owned(),
        Error::Protocol(ProtocolError::SendAfterClosing) => "the connection is closing".to_owned(),
        Error::Protocol(error) => format!("the peer broke the WebSocket protocol: {error}"),
        Error::Utf8(_) => "the peer broke the WebSocket protocol: a text message is not UTF-8".to_owned(),
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            format!("a message of {size} bytes is larger than the limit of {max_size}")
        }
        other => other.to_string(),
    })
}

/// The system's words without the number behind them.
fn io_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused (nothing listens there)".to_owned(),
        std::io::ErrorKind::ConnectionReset => "the peer reset the connection".to_owned(),
        std::io::ErrorKind::BrokenPipe => "the peer has closed the connection".to_owned(),
        std::io::ErrorKind::UnexpectedEof => "the connection ended in the middle of a frame".to_owned(),
        _ => error.to_string(),
    }
}
