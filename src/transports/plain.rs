//! One plain HTTP request and its whole answer.
//!
//! Owns: how a base URL and a path are joined, how bodies are sent and read, what is said where nobody answers.
//! Must not know: who asks, what the answer means.

use crate::base::duration;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// An answer is read up to here.
const LARGEST: usize = 64 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq)]
pub struct PlainRequest {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, null not at all, anything else as JSON.
    pub body: Value,
}

/// The whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainAnswer {
    pub status: u16,
    /// Names in lower case; repeated ones joined by a comma.
    pub headers: BTreeMap<String, String>,
    /// Parsed if it is JSON, otherwise the text; null if there is none.
    pub body: Value,
}

impl PlainAnswer {
    /// `{status, headers, body}`.
    pub fn to_value(&self) -> Value {
        json!({"status": self.status, "headers": self.headers, "body": self.body})
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum NoAnswer {
    /// It could not even be sent as written.
    Unsendable(String),
    Failed {
        /// `refused`, `reset`, `timeout` or `broken`.
        code: &'static str,
        message: String,
    },
}

/// The URL of a path below a base URL; `ws:` is `http:` there. A path that is a URL stands alone.
pub fn url(base: Option<&str>, path: &str) -> Result<String, String> {
    if path.starts_with("http://") || path.starts_with("https://") {
        return Ok(path.to_owned());
    }
    let base = base.ok_or("the agent has no URL; write a whole one, such as `path: \"{{store.url}}/items\"`")?;
    let plain = match base.split_once("://") {
        Some(("ws", rest)) => format!("http://{rest}"),
        Some(("wss", rest)) => format!("https://{rest}"),
        Some(("http" | "https", _)) => base.to_owned(),
        _ => return Err(format!("the agent's URL `{base}` is none that can be asked over HTTP")),
    };
    Ok(match path {
        "" => plain,
        path => format!("{}/{}", plain.trim_end_matches('/'), path.trim_start_matches('/')),
    })
}

/// Asks once and reads the whole answer. Redirects are not followed, no proxy stands between.
pub async fn ask(request: &PlainRequest, within: Duration) -> Result<PlainAnswer, NoAnswer> {
    let sent = build(request)?;
    match tokio::time::timeout(within, exchange(sent)).await {
        Ok(answer) => answer,
        Err(_) => Err(NoAnswer::Failed { code: "timeout", message: format!("no whole answer came within {}", duration::show(within)) }),
    }
}

fn build(request: &PlainRequest) -> Result<reqwest::RequestBuilder, NoAnswer> {
    let unsendable = |what: String| NoAnswer::Unsendable(what);
    let method = reqwest::Method::from_bytes(request.method.as_bytes())
        .map_err(|_| unsendable(format!("`{}` cannot be a method", request.method)))?;
    let url = reqwest::Url::parse(&request.url).map_err(|error| unsendable(format!("`{}` is no URL: {error}", request.url)))?;
    let mut sent = client().request(method, url);
    let mut typed = false;
    for (name, value) in &request.headers {
        let header = reqwest::header::HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| unsendable(format!("`{name}` cannot be the name of a header")))?;
        let value = reqwest::header::HeaderValue::from_str(value)
            .or_else(|_| reqwest::header::HeaderValue::from_bytes(value.as_bytes()))
            .map_err(|_| unsendable(format!("the header `{name}` holds what no header can hold")))?;
        typed |= header == reqwest::header::CONTENT_TYPE;
        sent = sent.header(header, value);
    }
    let (kind, body) = match &request.body {
        Value::Null => return Ok(sent),
        Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
        body => ("application/json", body.to_string()),
    };
    if !typed {
        sent = sent.header(reqwest::header::CONTENT_TYPE, kind);
    }
    Ok(sent.body(body))
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<PlainAnswer, NoAnswer> {
    let mut answer = request.send().await.map_err(failed)?;
    let status = answer.status().as_u16();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert(value);
    }
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > LARGEST {
            return Err(NoAnswer::Failed { code: "broken", message: format!("the answer is larger than {} MiB", LARGEST >> 20) });
        }
    }
    Ok(PlainAnswer { status, headers, body: body(&bytes) })
}

fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes)))
}

/// The innermost reason says what happened.
fn failed(error: reqwest::Error) -> NoAnswer {
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let code = match inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => "refused",
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionAborted) => "reset",
        _ if inner.to_string().contains("closed before message completed") => "reset",
        _ => "broken",
    };
    NoAnswer::Failed { code, message: inner.to_string() }
}

/// Each request has a connection of its own: one kept from before might be of a server that was stopped meanwhile.
fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
        builder.build().expect("the options are fixed and valid")
    })
}

/// `{error: {code, message}}`, as steps return it.
pub fn no_answer(code: &str, message: &str) -> Value {
    Value::Object(Map::from_iter([("error".to_owned(), json!({"code": code, "message": message}))]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[test]
    fn a_path_is_below_the_agents_url_and_a_url_stands_alone() {
        for (base, path, joined) in [
            (Some("ws://127.0.0.1:9"), "/health", "http://127.0.0.1:9/health"),
            (Some("wss://a.example/ws/"), "health", "https://a.example/ws/health"),
            (Some("http://127.0.0.1:9/base"), "/a?b=c", "http://127.0.0.1:9/base/a?b=c"),
            (Some("http://127.0.0.1:9"), "", "http://127.0.0.1:9"),
            (None, "https://a.example/x", "https://a.example/x"),
        ] {
            assert_eq!(url(base, path).unwrap(), joined);
        }
        assert!(url(None, "/x").unwrap_err().contains("has no URL"));
        assert!(url(Some("unix:///x"), "/x").unwrap_err().contains("unix:///x"));
    }

    /// What a server was sent, and what came of its answer.
    async fn asked(body: Value, answer: &'static [u8]) -> (String, Result<PlainAnswer, NoAnswer>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let mut count = 0;
            while !String::from_utf8_lossy(&bytes[..count]).contains("\r\n\r\n") {
                count += stream.read(&mut bytes[count..]).await.unwrap();
            }
            stream.write_all(answer).await.unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        });
        let request = PlainRequest { method: "POST".into(), url, headers: [("X-A".into(), "1".into())].into(), body };
        let answer = ask(&request, Duration::from_secs(5)).await;
        (server.await.unwrap(), answer)
    }

    #[tokio::test]
    async fn status_headers_and_body_are_what_came() {
        let wire = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nX-B: 1\r\nx-b: 2\r\ncontent-length: 8\r\n\r\n{\"a\": 1}";
        let (sent, answer) = asked(json!({"b": 2}), wire).await;
        assert!(sent.contains("x-a: 1\r\n") && sent.contains("content-type: application/json") && sent.ends_with("{\"b\":2}"), "{sent}");
        let answer = answer.unwrap();
        assert_eq!((answer.status, &answer.body), (302, &json!({"a": 1})));
        assert_eq!((answer.headers["location"].as_str(), answer.headers["x-b"].as_str()), ("/b", "1, 2"));
    }

    #[tokio::test]
    async fn a_body_that_is_not_json_is_a_text_and_none_is_null() {
        let (sent, answer) = asked(json!("hi"), b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{a:").await;
        assert!(sent.contains("content-type: text/plain") && sent.ends_with("hi"), "{sent}");
        assert_eq!(answer.unwrap().body, json!("{a:"));
        assert_eq!(asked(Value::Null, b"HTTP/1.1 204 No Content\r\n\r\n").await.1.unwrap().body, Value::Null);
    }

    #[tokio::test]
    async fn nobody_there_is_told_from_one_who_went_away() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let request = PlainRequest { method: "GET".into(), url, headers: BTreeMap::new(), body: Value::Null };
        let refused = ask(&request, Duration::from_secs(5)).await;
        assert!(matches!(refused, Err(NoAnswer::Failed { code: "refused", .. })), "{refused:?}");
        let (_, half) = asked(Value::Null, b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\nhalf").await;
        assert!(matches!(half, Err(NoAnswer::Failed { .. })), "{half:?}");
        let (_, none) = asked(Value::Null, b"").await;
        assert!(matches!(none, Err(NoAnswer::Failed { code: "reset", .. })), "{none:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_said_before() {
        let request =
            |method: &str, url: &str| PlainRequest { method: method.into(), url: url.into(), headers: BTreeMap::new(), body: Value::Null };
        for request in [request("G T", "http://a.example"), request("GET", "http://")] {
            assert!(matches!(ask(&request, Duration::from_secs(1)).await, Err(NoAnswer::Unsendable(_))));
        }
    }
}
