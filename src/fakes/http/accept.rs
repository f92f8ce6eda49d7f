//! The next connection of a listener.
//!
//! Owns: what is done while none can be taken.
//! Must not know: what is spoken on it.

use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Out of file descriptors: those in use will be given back; trying at once would only burn time.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for a connection. May be dropped at any time; none is lost by it.
pub async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
