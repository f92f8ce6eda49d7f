//! What a client sends, and how it ends.
//!
//! Owns: messages as traces show them; which end of a connection breaks the protocol.
//! Must not know: what a message means.

use super::handshake::{MAX_MESSAGE, Socket};
use crate::wire::frame::{bytes_frame, text_frame};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use serde_json::Value;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::{Error, Message};

#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    Frame(Value),
    /// It closed, or has gone; there is nobody to answer.
    Gone,
    /// It broke the WebSocket protocol; the connection is to be closed with this code.
    Broken {
        code: u16,
        reason: String,
    },
}

/// The next message. Pings are answered on the way.
pub async fn next(stream: &mut SplitStream<Socket>) -> Incoming {
    loop {
        return match stream.next().await {
            Some(Ok(Message::Text(text))) => Incoming::Frame(text_frame(text.as_str())),
            Some(Ok(Message::Binary(bytes))) => Incoming::Frame(bytes_frame(&bytes)),
            // After a closing frame the library answers it and ends the stream.
            Some(Ok(_)) => continue,
            Some(Err(error)) => end(error),
            None => Incoming::Gone,
        };
    }
}

/// Throws away what still comes, until the client has gone.
pub async fn drain(stream: &mut SplitStream<Socket>) {
    while let Some(Ok(_)) = stream.next().await {}
}

fn end(error: Error) -> Incoming {
    let (code, reason) = match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => return Incoming::Gone,
        Error::Protocol(reason) => (1002, reason.to_string()),
        Error::Utf8(_) => (1007, "a text message is not UTF-8".to_owned()),
        Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
            (1009, format!("a message of {size} bytes is larger than {MAX_MESSAGE}"))
        }
        Error::Capacity(reason) => (1009, reason.to_string()),
        _ => return Incoming::Gone,
    };
    Incoming::Broken { code, reason }
}
