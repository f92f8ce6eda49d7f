//! The HTTP client: one request, its answer as a frame, or as a stream of events.
//!
//! Owns: the one client of all cases, what counts as no answer and its words, the limit of an answer's size.
//! Must not know: what an answer means, turns, when to ask again.
//!
//! Redirects are not followed: the status and `location` are what the agent answered. The caller's proxy is not used.

use super::connection::{bytes_frame, text_frame};
use super::sse::EventStream;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response, Url};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use std::time::Duration;

/// A larger answer is refused: it becomes a record, and memory ends somewhere.
pub const MAX_ANSWER: usize = 64 << 20;
/// Servers close idle connections, many after a few seconds; one that is about to be closed must not get a request.
const IDLE: Duration = Duration::from_secs(1);

/// A request with everything filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub body: Option<HttpBody>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HttpBody {
    Json(Value),
    /// As it is.
    Text(String),
    Bytes(Vec<u8>),
}

/// Why there is no answer, or only a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Unanswered {
    /// Nobody took the connection, or not in a way that can be trusted: the request never left.
    pub unreachable: bool,
    /// The request itself could not be sent: a mistake of whoever wrote it.
    pub ill: bool,
    /// Lower case, no final dot.
    pub message: String,
}

impl Unanswered {
    fn ill(message: String) -> Unanswered {
        Unanswered { unreachable: false, ill: true, message }
    }

    pub(super) fn broken(message: String) -> Unanswered {
        Unanswered { unreachable: false, ill: false, message }
    }
}

/// An answer whose head is there.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case; a header that comes more than once has its values joined by a comma.
    pub headers: Map<String, Value>,
    response: Response,
}

/// Sends a request and waits for the head of its answer; the caller's time limit is the only one.
pub async fn send(request: &HttpRequest) -> Result<Answer, Unanswered> {
    let url = address(request)?;
    let method: Method = request.method.parse().map_err(|_| Unanswered::ill(format!("`{}` is no HTTP method", request.method)))?;
    let mut builder = client(&url)?.request(method, url);
    let headers = headers(&request.headers)?;
    let typed = headers.contains_key(reqwest::header::CONTENT_TYPE);
    builder = match &request.body {
        None => builder,
        Some(HttpBody::Json(value)) => {
            let builder = if typed { builder } else { builder.header(reqwest::header::CONTENT_TYPE, "application/json") };
            builder.body(serde_json::to_vec(value).expect("a JSON value has string keys only"))
        }
        Some(HttpBody::Text(text)) => {
            let builder = if typed { builder } else { builder.header(reqwest::header::CONTENT_TYPE, "text/plain; charset=utf-8") };
            builder.body(text.clone())
        }
        Some(HttpBody::Bytes(bytes)) => builder.body(bytes.clone()),
    };
    let response = builder.headers(headers).send().await.map_err(|error| unanswered(&error))?;
    Ok(Answer { status: response.status().as_u16(), headers: header_map(response.headers()), response })
}

impl Answer {
    pub fn is_events(&self) -> bool {
        let kind = self.headers.get("content-type").and_then(Value::as_str).unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
    }

    /// `{status, headers, body}`; the body is its JSON value, or its text, or `{bytes}`; null where there is none.
    pub async fn whole(mut self) -> Result<Value, Unanswered> {
        let mut bytes = Vec::new();
        loop {
            match self.response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > MAX_ANSWER => {
                    return Err(Unanswered::broken(format!("the answer is larger than {} MiB", MAX_ANSWER >> 20)));
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(json!({"status": self.status, "headers": self.headers, "body": body(&bytes)})),
                Err(error) => {
                    let seen = format!("after status {} and {} bytes of the body", self.status, bytes.len());
                    return Err(Unanswered::broken(format!("the answer broke off {seen}: {}", words(&error))));
                }
            }
        }
    }

    /// The body as events.
    pub fn events(self, last_event_id: &str) -> EventStream {
        EventStream::new(self.response, last_event_id)
    }
}

fn body(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok("") => Value::Null,
        Ok(text) => match text_frame(text) {
            Value::Object(map) if map.len() == 1 && map.get("text").is_some_and(|it| it == text) => text.into(),
            value => value,
        },
        Err(_) => bytes_frame(bytes),
    }
}

fn address(request: &HttpRequest) -> Result<Url, Unanswered> {
    let mut url = Url::parse(&request.url).map_err(|error| Unanswered::ill(format!("`{}` is no URL: {error}", request.url)))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Unanswered::ill(format!("`{}` is no HTTP URL: it must begin with http:// or https://", request.url)));
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(url)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, Unanswered> {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let key: HeaderName = name.parse().map_err(|_| Unanswered::ill(format!("`{name}` is no header name")))?;
        let value = HeaderValue::from_str(value)
            .map_err(|_| Unanswered::ill(format!("the value of header `{name}` holds characters that no header may hold")))?;
        headers.insert(key, value);
    }
    Ok(headers)
}

fn header_map(headers: &HeaderMap) -> Map<String, Value> {
    let mut map = Map::with_capacity(headers.len());
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match map.get_mut(name.as_str()) {
            Some(Value::String(known)) => *known = format!("{known}, {value}"),
            _ => drop(map.insert(name.as_str().to_owned(), value.into_owned().into())),
        }
    }
    map
}

/// One client for all, so that connections are kept. Reading the system's certificates takes longer than a whole case, so
/// it is done only where TLS is spoken.
fn client(url: &Url) -> Result<&'static Client, Unanswered> {
    static PLAIN: OnceLock<Result<Client, String>> = OnceLock::new();
    static TLS: OnceLock<Result<Client, String>> = OnceLock::new();
    let new = |plain: bool| {
        let builder = crate::base::client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).pool_idle_timeout(IDLE);
        let builder = builder.tcp_nodelay(true).retry(reqwest::retry::never());
        let builder = if plain { builder.tls_certs_only([]) } else { builder };
        builder.build().map_err(|error| format!("failed to set up the HTTP client: {}", words(&error)))
    };
    let client = match url.scheme() {
        "http" => PLAIN.get_or_init(|| new(true)),
        _ => TLS.get_or_init(|| new(false)),
    };
    client.as_ref().map_err(|reason| Unanswered::ill(reason.clone()))
}

fn unanswered(error: &reqwest::Error) -> Unanswered {
    let unreachable = error.is_connect();
    let message = match unreachable {
        true => format!("failed to connect: {}", words(error)),
        false => words(error),
    };
    Unanswered { unreachable, ill: error.is_builder(), message }
}

/// What lies at the bottom of an error, in plain words.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    let mut text = cause.to_string();
    while let Some(next) = cause.source() {
        cause = next;
        text = cause.to_string();
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            match error.kind() {
                std::io::ErrorKind::ConnectionRefused => return "connection refused (nothing listens there)".to_owned(),
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => {
                    return "the peer reset the connection".to_owned();
                }
                std::io::ErrorKind::UnexpectedEof => return "the connection ended in the middle".to_owned(),
                _ => {}
            }
        }
    }
    match text.as_str() {
        "connection closed before message completed" => "the peer closed the connection before it answered".to_owned(),
        "end of file before message length reached" | "unexpected EOF during chunk size line" => {
            "the connection ended in the middle".to_owned()
        }
        _ => text,
    }
}
