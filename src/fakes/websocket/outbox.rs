//! What is sent to a client: in order, without holding up who sends it, down to breaking off.
//!
//! Owns: the queue of one connection, and how a connection is ended on purpose.
//! Must not know: what is said, when.

use super::handshake::Socket;
use futures_util::SinkExt as _;
use futures_util::stream::{SplitSink, SplitStream};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// How long a client may take to answer a closing frame.
pub const CLOSING: Duration = Duration::from_secs(2);

/// The end of a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With a closing frame; the connection ends when the client has answered it.
    Close {
        code: Option<u16>,
        reason: String,
    },
    Reset,
    /// Without a closing frame.
    Fin,
    /// In the middle of a frame with this text.
    Half(String),
}

#[derive(Debug)]
enum Out {
    Message(Message),
    End(End),
}

/// Takes what is to be sent. What comes after an end is thrown away.
#[derive(Clone, Debug)]
pub struct Outbox(UnboundedSender<Out>);

/// The other side of an [`Outbox`].
#[derive(Debug)]
pub struct Queue(UnboundedReceiver<Out>);

pub fn outbox() -> (Outbox, Queue) {
    let (sender, receiver) = unbounded_channel();
    (Outbox(sender), Queue(receiver))
}

impl Outbox {
    pub fn text(&self, text: impl Into<String>) {
        self.put(Out::Message(Message::text(text.into())));
    }

    pub fn bytes(&self, bytes: Vec<u8>) {
        self.put(Out::Message(Message::binary(bytes)));
    }

    pub fn ping(&self) {
        self.put(Out::Message(Message::Ping(Default::default())));
    }

    pub fn end(&self, end: End) {
        self.put(Out::End(end));
    }

    fn put(&self, out: Out) {
        // Who no longer reads the queue has ended the connection.
        let _ = self.0.send(out);
    }
}

impl Queue {
    /// Writes until the connection is to be broken off; says how. It never returns for a closing frame or a client that has gone:
    /// whoever reads from the client sees that end.
    pub async fn write(mut self, sink: &mut SplitSink<Socket, Message>) -> End {
        loop {
            // What is ready leaves in one write.
            let next = match self.0.try_recv() {
                Ok(out) => Some(out),
                Err(_) => match sink.flush().await {
                    Ok(()) => self.0.recv().await,
                    Err(_) => None,
                },
            };
            let written = match next {
                Some(Out::Message(message)) => sink.feed(message).await,
                Some(Out::End(End::Close { code, reason })) => {
                    let _ = sink.send(Message::Close(code.map(|code| CloseFrame { code: code.into(), reason: reason.into() }))).await;
                    return std::future::pending().await;
                }
                Some(Out::End(end)) => {
                    let _ = sink.flush().await;
                    return end;
                }
                None => return std::future::pending().await,
            };
            if written.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// Breaks a connection off.
pub async fn break_off(sink: SplitSink<Socket, Message>, stream: SplitStream<Socket>, end: End) {
    let Ok(mut socket) = stream.reunite(sink) else { return };
    let tcp = socket.get_mut();
    match end {
        End::Reset => {
            // If the socket is closed already, the client has had its end.
            let _ = tcp.set_zero_linger();
            return;
        }
        End::Half(text) => {
            let _ = tcp.write_all(&half_a_frame(&text)).await;
        }
        End::Fin | End::Close { .. } => {}
    }
    let _ = tcp.shutdown().await;
    // Closing while the client still sends would reset the connection, and what was sent last would be lost.
    let drain = async {
        let mut piece = vec![0; 16 << 10];
        while matches!(tokio::io::AsyncReadExt::read(tcp, &mut piece).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(CLOSING, drain).await;
}

/// A frame that says its whole length, and only the first half of its text.
fn half_a_frame(text: &str) -> Vec<u8> {
    let length = text.len().max(2);
    let mut frame = vec![0x81];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=125), _) => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(&text.as_bytes()[..text.len() / 2]);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_frame_says_its_whole_length() {
        assert_eq!(half_a_frame("abcd"), [0x81, 4, b'a', b'b']);
        assert_eq!(half_a_frame(&"x".repeat(200))[..4], [0x81, 126, 0, 200]);
        assert_eq!(half_a_frame(&"x".repeat(70_000))[..4], [0x81, 127, 0, 0]);
        assert_eq!(half_a_frame(""), [0x81, 2]);
    }
}
