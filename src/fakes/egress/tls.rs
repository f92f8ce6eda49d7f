//! Ending TLS in a tunnel to a fake.
//!
//! Owns: telling TLS from plain bytes, the handshake, what is noted of a client that does not finish it.
//! Must not know: which hosts lead where, HTTP.

use super::edge::EdgeSetup;
use super::relay::{Next, relay};
use super::routes::FakeAddress;
use super::wanted::Wanted;
use crate::fakes::http::request::Head;
use crate::model::egress::plain_host;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a tunnel may stay unused.
const UNUSED: Duration = Duration::from_secs(600);
/// What a TLS connection begins with.
const HANDSHAKE_RECORD: u8 = 0x16;

/// Serves a tunnel that was opened for `wanted`. Most clients speak TLS in it, those of `ws://` and `http://` do not.
pub(super) async fn serve(edge: &EdgeSetup, mut stream: TcpStream, mut unread: Vec<u8>, wanted: &Wanted, fake: &FakeAddress) {
    while unread.is_empty() {
        match tokio::time::timeout(UNUSED, stream.read_buf(&mut unread)).await {
            Ok(Ok(count)) if count > 0 => {}
            _ => return,
        }
    }
    let next = |head: &Head| Next::To { server: fake.server.clone(), target: fake.below(&head.target) };
    if unread[0] != HANDSHAKE_RECORD {
        relay(stream, unread, &next).await;
        return;
    }
    let stream = Begun { begin: unread, stream };
    let stream = match tokio::time::timeout(edge.handshake, handshake(edge, stream, wanted)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(reason)) => return edge.recorder.note(format!("the tunnel to {} came to nothing: {reason}", wanted.place())),
        Err(_) => {
            let message = format!("the tunnel to {} came to nothing: the client did not finish the TLS handshake in time", wanted.place());
            return edge.recorder.note(message);
        }
    };
    relay(stream, Vec::new(), &next).await;
}

/// The error is for the reader of a report.
async fn handshake(edge: &EdgeSetup, stream: Begun, wanted: &Wanted) -> Result<TlsStream<Begun>, String> {
    let authority = edge.authority.as_ref().ok_or("there is no certificate authority")?;
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await.map_err(|error| explain(&error))?;
    if let Some(name) = start.client_hello().server_name()
        && plain_host(name) != wanted.host
    {
        let inner = Wanted { host: plain_host(name), ..wanted.clone() };
        edge.record(&inner, "CONNECT", false, None);
        return Err(format!("inside it the client asked for `{name}` by TLS (SNI), and was refused"));
    }
    let config = authority.server_config(&wanted.host)?;
    start.into_stream(config).await.map_err(|error| explain(&error))
}

fn explain(error: &io::Error) -> String {
    use rustls::AlertDescription::{BadCertificate, CertificateUnknown, NoApplicationProtocol, UnknownCA};
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::AlertReceived(UnknownCA | BadCertificate | CertificateUnknown)) => format!(
            "the client does not trust the certificate ({error}); it must be told of the authority in {{{{egress.ca_file}}}}, see `checkride explain egress`"
        ),
        Some(rustls::Error::NoApplicationProtocol | rustls::Error::AlertReceived(NoApplicationProtocol)) => {
            "the client speaks HTTP/2 only, and the fakes speak HTTP/1.1".to_owned()
        }
        Some(other) => format!("the TLS handshake failed: {other}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the client left in the middle of the TLS handshake; a client that does not trust the certificate may do so".to_owned()
        }
        None => format!("the TLS handshake failed: {error}"),
    }
}

/// A socket of which some bytes were read already.
pub struct Begun {
    begin: Vec<u8>,
    pub stream: TcpStream,
}

impl AsyncRead for Begun {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.begin.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.begin.len().min(buffer.remaining());
        buffer.put_slice(&self.begin[..count]);
        self.begin.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Begun {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
