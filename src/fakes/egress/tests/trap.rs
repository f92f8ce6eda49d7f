use super::super::wanted::Wanted;
use super::super::{Edge, EdgeSetup};
use crate::model::trace::{Record, What};
use crate::recorder::Recorder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn wanted(method: &str, target: &str) -> Option<(String, u16, Option<String>)> {
    Wanted::of(method, target).map(|wanted| (wanted.host, wanted.port, wanted.path))
}

fn to(host: &str, port: u16, path: Option<&str>) -> Option<(String, u16, Option<String>)> {
    Some((host.to_owned(), port, path.map(str::to_owned)))
}

#[test]
fn targets_of_proxy_requests_are_read() {
    assert_eq!(wanted("CONNECT", "API.example.com:443"), to("api.example.com", 443, None));
    assert_eq!(wanted("CONNECT", "[::1]:8443"), to("::1", 8443, None));
    assert_eq!(wanted("GET", "http://example.com"), to("example.com", 80, Some("/")));
    assert_eq!(wanted("POST", "HTTP://user:pw@example.com:81/a?b=c"), to("example.com", 81, Some("/a?b=c")));
    assert_eq!(wanted("GET", "https://[fe80::1]/x"), to("fe80::1", 443, Some("/x")));
    assert_eq!(wanted("GET", "http://e.com?q"), to("e.com", 80, Some("/?q")));
}

#[test]
fn other_targets_are_none() {
    for (method, target) in [
        ("CONNECT", "example.com"),
        ("CONNECT", ":443"),
        ("CONNECT", "e.com:99999"),
        ("CONNECT", "/"),
        ("GET", "/path"),
        ("GET", "*"),
        ("GET", "gopher://x/"),
        ("GET", "http:///x"),
        ("GET", "http://[::1/"),
    ] {
        assert_eq!(wanted(method, target), None, "{method} {target}");
    }
}

async fn trap(recorder: &Recorder) -> Edge {
    Edge::start(EdgeSetup { recorder: recorder.clone(), routes: vec![], authority: None, handshake: super::SOON }).await.unwrap()
}

/// What the trap says to raw bytes, until it ends the connection.
async fn say(trap: &Edge, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(trap.url().trim_start_matches("http://")).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn tried(recorder: &Recorder) -> Vec<(String, String, u16, Option<String>)> {
    let pick = |record: &Record| match &record.what {
        What::Egress { host, port, method, path, allowed: false, fake: None } => Some((method.clone(), host.clone(), *port, path.clone())),
        _ => None,
    };
    recorder.read(0, |records| records.iter().filter_map(pick).collect())
}

#[tokio::test]
async fn a_client_behind_the_trap_reaches_nothing_and_is_recorded() {
    let recorder = Recorder::new();
    let trap = trap(&recorder).await;
    let proxy = reqwest::Proxy::all(trap.url()).unwrap();
    let client = crate::base::client::builder().proxy(proxy).build().unwrap();
    let plain = client.get("http://example.com/a?b").send().await.unwrap();
    assert_eq!(plain.status().as_u16(), 403);
    let body: serde_json::Value = plain.json().await.unwrap();
    assert!(body["error"]["message"].as_str().unwrap().contains("refuses example.com:80"), "{body}");
    assert!(client.get("https://api.openai.com/v1/models").send().await.is_err());
    let expected = [("GET", "example.com", 80, Some("/a?b")), ("CONNECT", "api.openai.com", 443, None)];
    let expected = expected.map(|(method, host, port, path)| (method.to_owned(), host.to_owned(), port, path.map(str::to_owned)));
    assert_eq!(tried(&recorder), expected);
}

#[tokio::test]
async fn after_a_refused_connect_the_connection_ends() {
    let recorder = Recorder::new();
    let trap = trap(&recorder).await;
    let answer = say(&trap, b"CONNECT a.example:443 HTTP/1.1\r\nhost: a.example:443\r\n\r\n\x16\x03\x01 hello").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
    assert_eq!(tried(&recorder).len(), 1);
}

#[tokio::test]
async fn bad_input_is_answered_and_recorded_as_nothing() {
    let recorder = Recorder::new();
    let trap = trap(&recorder).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\n\n"[..],
        b"GET /v1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"CONNECT nowhere HTTP/1.1\r\n\r\n",
    ] {
        let answer = say(&trap, bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"error\""), "{answer}");
    }
    assert_eq!(say(&trap, b"").await, "");
    assert_eq!(say(&trap, b"CONNECT a:1 HT").await, "");
    assert_eq!(tried(&recorder), []);
}

#[tokio::test]
async fn the_trap_ends_when_dropped() {
    let trap = trap(&Recorder::new()).await;
    let address = trap.url().trim_start_matches("http://").to_owned();
    let mut open = TcpStream::connect(&address).await.unwrap();
    drop(trap);
    let mut rest = Vec::new();
    // Whether it ends with FIN or a reset is the system's choice; it ends.
    let _ = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty() && TcpStream::connect(&address).await.is_err());
}
