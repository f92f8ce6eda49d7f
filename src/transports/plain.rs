//! One plain HTTP request of a step and its whole answer.
//!
//! Owns: how a base URL and a path are joined, what is said where nobody answers.
//! Must not know: the HTTP client; who asks, what the answer means.

use super::http::{self, HttpBody, HttpRequest, Unanswered};
use crate::base::duration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub struct PlainRequest {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, null not at all, anything else as JSON.
    pub body: Value,
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

/// Asks once and reads the whole answer: `{status, headers, body}`. Redirects are not followed, no proxy stands between.
pub async fn ask(request: &PlainRequest, within: Duration) -> Result<Value, NoAnswer> {
    match tokio::time::timeout(within, exchange(request)).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(NoAnswer::Failed { code: "timeout", message: format!("no whole answer came within {}", duration::show(within)) }),
    }
}

async fn exchange(request: &PlainRequest) -> Result<Value, Unanswered> {
    let mut headers: Vec<_> = request.headers.clone().into_iter().collect();
    // A connection that is kept might be of a server that is stopped and started before the next request.
    if !request.headers.contains_key("connection") {
        headers.push(("connection".to_owned(), "close".to_owned()));
    }
    let body = match &request.body {
        Value::Null => None,
        Value::String(text) => Some(HttpBody::Text(text.clone())),
        body => Some(HttpBody::Json(body.clone())),
    };
    let sent = HttpRequest { method: request.method.clone(), url: request.url.clone(), headers, query: vec![], body };
    http::send(&sent).await?.whole().await
}

fn failed(reason: Unanswered) -> NoAnswer {
    let says = |words: &str| reason.message.contains(words);
    let code = match reason {
        Unanswered { ill: true, message, .. } => return NoAnswer::Unsendable(message),
        Unanswered { unreachable: true, .. } => "refused",
        _ if says("reset the connection") || says("closed the connection before it answered") => "reset",
        _ => "broken",
    };
    NoAnswer::Failed { code, message: reason.message }
}

/// `{error: {code, message}}`, as steps return it.
pub fn no_answer(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
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
    async fn asked(body: Value, answer: &'static [u8]) -> (String, Result<Value, NoAnswer>) {
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
        assert_eq!((&answer["status"], &answer["body"]), (&json!(302), &json!({"a": 1})));
        assert_eq!((&answer["headers"]["location"], &answer["headers"]["x-b"]), (&json!("/b"), &json!("1, 2")));
    }

    #[tokio::test]
    async fn a_body_that_is_not_json_is_a_text_and_none_is_null() {
        let (sent, answer) = asked(json!("hi"), b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{a:").await;
        assert!(sent.contains("content-type: text/plain") && sent.ends_with("hi"), "{sent}");
        assert_eq!(answer.unwrap()["body"], json!("{a:"));
        assert_eq!(asked(Value::Null, b"HTTP/1.1 204 No Content\r\n\r\n").await.1.unwrap()["body"], Value::Null);
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
