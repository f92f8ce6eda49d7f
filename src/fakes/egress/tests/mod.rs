//! The edge from outside: real sockets on loopback, reqwest where a client does, bytes where bytes matter. What the hosts lead to is
//! a socket that the test holds, so that it sees every byte and can break off as it likes.

mod led;
mod odd;
mod through;
mod trap;

use super::{Authority, Destination, Edge, EdgeSetup, Route};
use crate::model::egress::HostPattern;
use crate::model::trace::{Record, What};
use crate::recorder::Recorder;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;

/// Nothing here may hang.
const SOON: Duration = Duration::from_secs(10);

/// An edge whose host `api.openai.com` (and `*.below.example`, `203.0.113.7`) leads to `server`.
struct World {
    recorder: Recorder,
    edge: Edge,
    authority: Arc<Authority>,
    server: TcpListener,
}

impl World {
    async fn new() -> World {
        World::with(&[]).await
    }

    /// With hosts that are let through. They are loopback addresses, which no suite may write.
    async fn with(allowed: &[Route]) -> World {
        World::patient(allowed, SOON).await
    }

    async fn patient(allowed: &[Route], handshake: Duration) -> World {
        let (recorder, authority) = (Recorder::new(), Arc::new(Authority::new().unwrap()));
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = Destination::fake("llm", &format!("http://{}/c/llm", server.local_addr().unwrap()));
        let led = ["api.openai.com", "*.below.example", "203.0.113.7"];
        let mut routes: Vec<_> = led.map(|hosts| Route { hosts: HostPattern::parse(hosts).unwrap(), to: to.clone() }).into();
        routes.extend_from_slice(allowed);
        let setup = EdgeSetup { recorder: recorder.clone(), routes, authority: Some(authority.clone()), handshake };
        World { recorder, edge: Edge::start(setup).await.unwrap(), authority, server }
    }

    /// A client that goes through the proxy and trusts the authority of the run.
    fn client(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_der(self.authority.certificate()).unwrap();
        let proxy = reqwest::Proxy::all(self.edge.url()).unwrap();
        crate::base::client::builder().proxy(proxy).tls_certs_only([authority]).timeout(SOON).build().unwrap()
    }

    /// A plain connection to the proxy.
    async fn proxy(&self) -> TcpStream {
        TcpStream::connect(self.edge.url().trim_start_matches("http://")).await.unwrap()
    }

    /// A tunnel that the proxy has opened.
    async fn tunnel(&self, to: &str) -> TcpStream {
        let mut stream = self.proxy().await;
        stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n").as_bytes()).await.unwrap();
        let head = until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        stream
    }

    /// TLS in a tunnel; `name` is asked for.
    async fn tls(&self, tunnel: TcpStream, name: &str, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|word| word.as_bytes().to_vec()).collect();
        let name = rustls::pki_types::ServerName::try_from(name.to_owned()).unwrap();
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tunnel).await
    }

    /// The server's next connection.
    async fn asked(&self) -> TcpStream {
        tokio::time::timeout(SOON, self.server.accept()).await.expect("the server is asked").unwrap().0
    }

    /// `method host:port path allowed fake`, for each attempt.
    fn tried(&self) -> Vec<String> {
        tried(&self.recorder)
    }

    /// Waits for a note with this text.
    async fn noted(&self, text: &str) {
        let found = |record: &Record| matches!(&record.what, What::Note { message } if message.contains(text));
        let wait = self.recorder.wait(|records| records.iter().any(found).then_some(()));
        if tokio::time::timeout(SOON, wait).await.is_err() {
            let notes = self.recorder.read(0, |records| records.iter().map(|record| format!("{:?}", record.what)).collect::<Vec<_>>());
            panic!("`{text}` was not noted: {notes:#?}");
        }
    }
}

fn tried(recorder: &Recorder) -> Vec<String> {
    let pick = |record: &Record| match &record.what {
        What::Egress { host, port, method, path, allowed, fake } => {
            let path = path.as_deref().unwrap_or("-");
            Some(format!("{method} {host}:{port} {path} {allowed} {}", fake.as_deref().unwrap_or("-")))
        }
        _ => None,
    };
    recorder.read(0, |records| records.iter().filter_map(pick).collect())
}

/// Reads until this text has come, and not a byte further.
async fn until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let read = async {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = stream.read_u8().await.unwrap_or_else(|error| panic!("{error} after {text:?}"));
            text.push(char::from(byte));
        }
        text
    };
    tokio::time::timeout(SOON, read).await.unwrap_or_else(|_| panic!("`{end}` did not come"))
}

/// Reads to the end; the error is how it ended otherwise.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> (String, Option<std::io::ErrorKind>) {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(SOON, stream.read_to_end(&mut bytes)).await.expect("it ends");
    (String::from_utf8_lossy(&bytes).into_owned(), read.err().map(|error| error.kind()))
}
