//! From a request to an open socket, or why there is none.
//!
//! Owns: which requests are WebSocket handshakes (RFC 6455, 4.2), the answer to one, the limits of messages.
//! Must not know: who accepts them, what is said afterwards.

use crate::fakes::http::{Answer, Connection, Received};
use crate::wire::provider_error::ErrorBody;
use base64::Engine as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// Larger messages end the connection. The realtime service takes up to 15 MiB of audio in one.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Read at once. The library's own 128 KiB are cleared for each connection.
const READ_AT_ONCE: usize = 8 << 10;

pub type Socket = WebSocketStream<TcpStream>;

/// A request that asks for a WebSocket, and may have one.
#[derive(Clone, Debug, PartialEq)]
pub struct Upgrade {
    key: String,
    /// The subprotocols that the client offers.
    pub offered: Vec<String>,
}

/// Why a request is no handshake.
#[derive(Clone, Debug, PartialEq)]
pub struct NoUpgrade {
    pub status: u16,
    pub message: String,
    header: Option<(&'static str, &'static str)>,
}

impl Upgrade {
    pub fn of(request: &Received) -> Result<Upgrade, NoUpgrade> {
        let no = |status, message: &str, header| Err(NoUpgrade { status, message: message.to_owned(), header });
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let words = |name: &str| header(name).unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
        if request.method != "GET" {
            return no(405, "a WebSocket is opened by GET", Some(("allow", "GET")));
        }
        if !words("upgrade").any(|word| word.eq_ignore_ascii_case("websocket")) {
            return no(426, "here is a WebSocket; open it with `upgrade: websocket`", Some(("upgrade", "websocket")));
        }
        if !words("connection").any(|word| word.eq_ignore_ascii_case("upgrade")) {
            return no(400, "the handshake has no `connection: upgrade`", None);
        }
        if header("sec-websocket-version") != Some("13") {
            return no(426, "the handshake has no `sec-websocket-version: 13`", Some(("sec-websocket-version", "13")));
        }
        let Some(key) = header("sec-websocket-key") else { return no(400, "the handshake has no `sec-websocket-key`", None) };
        if base64::engine::general_purpose::STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != 16 {
            return no(400, "the `sec-websocket-key` of the handshake is not 16 bytes in base64", None);
        }
        Ok(Upgrade { key: key.to_owned(), offered: words("sec-websocket-protocol").map(str::to_owned).collect() })
    }

    /// Answers the handshake. `None` if the client has gone.
    pub async fn accept(&self, connection: Connection, subprotocol: Option<&str>, headers: &[(String, String)]) -> Option<Socket> {
        let mut answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {}\r\n",
            derive_accept_key(self.key.as_bytes())
        );
        let subprotocol = subprotocol.map(|name| ("sec-websocket-protocol", name));
        for (name, value) in headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(subprotocol) {
            // A line break in a value would begin another header.
            answer.push_str(&format!("{name}: {}\r\n", value.replace(['\r', '\n', '\0'], " ")));
        }
        answer.push_str("\r\n");
        let (mut stream, unused) = connection.into_parts();
        stream.write_all(answer.as_bytes()).await.ok()?;
        let config =
            WebSocketConfig::default().read_buffer_size(READ_AT_ONCE).max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        Some(WebSocketStream::from_partially_read(stream, unused, Role::Server, Some(config)).await)
    }
}

impl NoUpgrade {
    /// The refusal, in a shape that clients can show.
    pub fn answer(&self, message: &str) -> Answer {
        let answer = Answer::json(self.status, ErrorBody::new(message, "invalid_request_error", Some("no_websocket")).to_bytes());
        match self.header {
            Some((name, value)) => answer.header(name, value),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, change: &[(&str, Option<&str>)]) -> Received {
        let mut headers: std::collections::BTreeMap<String, String> = [
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, value) in change {
            match value {
                Some(value) => headers.insert((*name).to_owned(), (*value).to_owned()),
                None => headers.remove(*name),
            };
        }
        Received { method: method.to_owned(), headers, ..Received::default() }
    }

    #[test]
    fn a_whole_handshake_is_one() {
        let upgrade = Upgrade::of(&request("GET", &[("sec-websocket-protocol", Some("realtime, x"))])).unwrap();
        assert_eq!(upgrade.offered, ["realtime", "x"]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (method, change, status, says) in [
            ("POST", vec![], 405, "GET"),
            ("GET", vec![("upgrade", None)], 426, "upgrade: websocket"),
            ("GET", vec![("upgrade", Some("h2c"))], 426, "upgrade: websocket"),
            ("GET", vec![("connection", Some("close"))], 400, "connection: upgrade"),
            ("GET", vec![("sec-websocket-version", Some("8"))], 426, "version: 13"),
            ("GET", vec![("sec-websocket-key", None)], 400, "no `sec-websocket-key`"),
            ("GET", vec![("sec-websocket-key", Some("AAEC"))], 400, "16 bytes"),
            ("GET", vec![("sec-websocket-key", Some("%%"))], 400, "16 bytes"),
        ] {
            let no = Upgrade::of(&request(method, &change)).unwrap_err();
            assert!(no.status == status && no.message.contains(says), "{no:?}");
        }
    }
}
