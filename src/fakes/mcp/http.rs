//! The rules of streamable HTTP.
//!
//! Owns: methods, headers, sessions by their header, JSON or an event stream as the client asks.
//! Must not know: what a method of the protocol answers.

use super::message::{INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, Message, PARSE_ERROR, error, framed};
use super::methods::{Reply, VERSIONS};
use super::running::Server;
use super::stream;
use crate::fakes::http::{Answer, Received};
use crate::fakes::server::Response;
use crate::fakes::server::case::Case;
use crate::model::trace::Request;
use crate::wire::script::Pace;
use crate::wire::stream::{EventWriter, Rendered, document};
use serde_json::{Value, json};
use std::sync::Arc;

/// The header that names a session.
const SESSION: &str = "mcp-session-id";
/// A batch of messages; only this version knows them.
const WITH_BATCHES: &str = "2025-03-26";

/// Why a request is refused before its message is looked at.
struct Refusal {
    status: u16,
    code: i64,
    message: String,
    fault: Fault,
}

/// What a refusal says about the client.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// It broke a rule; the case fails.
    Client,
    /// Worth telling.
    Note,
    /// Real clients ask so to learn what there is, and go on.
    Nobody,
}

impl Refusal {
    fn new(status: u16, message: impl Into<String>) -> Refusal {
        Refusal { status, code: INVALID_REQUEST, message: message.into(), fault: Fault::Client }
    }
}

/// Records a request and says what follows.
pub fn answer(server: &Arc<Server>, received: Received, case: &Case) -> Response {
    if received.headers.get("upgrade").is_some_and(|to| to == stream::UPGRADE) {
        return stream::lines(server.clone());
    }
    let (request, json) = received.into_request(&server.name);
    match checked(server, &request, json) {
        Ok(Asked::Messages(messages)) => post(server, request, messages, case).into(),
        Ok(Asked::Stream(session)) => {
            let at = server.record(request, case);
            server.record_reply(at, 200, "stream", case);
            stream::events(server.clone(), session)
        }
        Ok(Asked::End(session)) => {
            let at = server.record(request, case);
            server.end(&session);
            server.record_reply(at, 200, "session ended", case);
            empty(200).into()
        }
        Err(refusal) => refuse(server, request, refusal, case).into(),
    }
}

/// What a request is for.
enum Asked {
    Messages(Vec<Result<Message, String>>),
    Stream(String),
    End(String),
}

fn checked(server: &Server, request: &Request, json: Result<(), String>) -> Result<Asked, Refusal> {
    if request.path != "/" {
        // Clients look there for a way to log in, and go on without if there is none.
        let asks = request.method == "GET" && request.path.starts_with("/.well-known/");
        let fault = if asks { Fault::Nobody } else { Fault::Client };
        let message = format!("nothing is served at {}; the server is the fake's URL itself", request.path);
        return Err(Refusal { fault, ..Refusal::new(404, message) });
    }
    if let Some(origin) = request.headers.get("origin").filter(|origin| !is_local(origin)) {
        return Err(Refusal { fault: Fault::Note, ..Refusal::new(403, format!("the origin `{origin}` may not speak to this server")) });
    }
    match request.method.as_str() {
        "POST" => messages(server, request, json).map(Asked::Messages),
        "GET" => {
            accepts(request, &["text/event-stream"])?;
            session(server, request).map(Asked::Stream)
        }
        "DELETE" => session(server, request).map(Asked::End),
        method => {
            let message = format!("{method} is not a method of this server; it takes GET, POST and DELETE");
            let fault = if matches!(method, "HEAD" | "OPTIONS") { Fault::Note } else { Fault::Client };
            Err(Refusal { fault, ..Refusal::new(405, message) })
        }
    }
}

/// Only a page of this machine may speak to a server of this machine.
fn is_local(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit())).map_or(host, |(host, _)| host);
    ["localhost", "127.0.0.1", "[::1]"].contains(&host)
}

fn messages(server: &Server, request: &Request, json: Result<(), String>) -> Result<Vec<Result<Message, String>>, Refusal> {
    let content = request.headers.get("content-type").map_or("", |value| value.split(';').next().unwrap_or_default().trim());
    if !content.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(415, format!("the content type is `{content}`, not application/json")));
    }
    json.map_err(|reason| Refusal { code: PARSE_ERROR, ..Refusal::new(400, format!("the body is no JSON: {reason}")) })?;
    // Clients of a later protocol ask first whether the server speaks it, and go on by hand-shaking if it does not.
    if request.body["method"] == "server/discover" {
        let refusal = Refusal::new(400, "this server speaks versions of the protocol that begin with `initialize`");
        return Err(Refusal { code: METHOD_NOT_FOUND, fault: Fault::Nobody, ..refusal });
    }
    accepts(request, &["application/json", "text/event-stream"])?;
    let begins = request.body["method"] == "initialize";
    let version = match begins {
        true => VERSIONS[0].to_owned(),
        false => {
            session(server, request).map(|id| server.state().sessions.get(&id).map_or(VERSIONS[0], |session| session.version).to_owned())?
        }
    };
    match &request.body {
        Value::Array(batch) if version == WITH_BATCHES && !batch.is_empty() => Ok(batch.iter().map(Message::read).collect()),
        Value::Array(_) => Err(Refusal::new(400, format!("a list of messages is no message in version {version} of the protocol"))),
        message => {
            Ok(vec![Ok(Message::read(message).map_err(|reason| Refusal::new(400, format!("the body is no JSON-RPC message: {reason}")))?)])
        }
    }
}

fn accepts(request: &Request, all: &[&str]) -> Result<(), Refusal> {
    let accept = request.headers.get("accept").map_or("", String::as_str);
    let kinds: Vec<_> = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim()).collect();
    let takes = |wanted: &str| {
        let of_type = format!("{}/*", wanted.split('/').next().unwrap_or_default());
        kinds.iter().any(|kind| kind.eq_ignore_ascii_case(wanted) || *kind == "*/*" || *kind == of_type)
    };
    match all.iter().all(|wanted| takes(wanted)) {
        true => Ok(()),
        false => Err(Refusal::new(406, format!("the header `accept` is `{accept}`, and must name {}", all.join(" and ")))),
    }
}

/// The session that a request names, if it goes on.
fn session(server: &Server, request: &Request) -> Result<String, Refusal> {
    let Some(id) = request.headers.get(SESSION) else {
        return Err(Refusal::new(400, format!("the header `{SESSION}` is missing; `initialize` begins a session")));
    };
    match server.state().sessions.get(id).map(|session| session.ended) {
        Some(false) => {}
        Some(true) => {
            // A client that ends its session may have opened its stream or listed the tools at the same moment, on another
            // connection, and real ones do. Nobody can tell that from a later use, and the 404 tells either what to do.
            return Err(Refusal { fault: Fault::Note, ..Refusal::new(404, format!("the session `{id}` has ended")) });
        }
        None => return Err(Refusal::new(404, format!("there is no session `{id}`"))),
    }
    // The protocol has a server refuse what it does not speak; that it be the version agreed on is only advice to clients.
    match request.headers.get("mcp-protocol-version").filter(|version| !VERSIONS.contains(&version.as_str())) {
        Some(version) => {
            let known = VERSIONS.join(", ");
            Err(Refusal::new(400, format!("the header `mcp-protocol-version` is `{version}`, and this server speaks {known}")))
        }
        None => Ok(id.clone()),
    }
}

fn refuse(server: &Server, request: Request, refusal: Refusal, case: &Case) -> Answer {
    let Refusal { status, code, message, fault } = refusal;
    let told = format!("`{}` refused {} {}: {message}", server.name, request.method, request.path);
    let at = server.record(request, case);
    match fault {
        Fault::Nobody => {}
        Fault::Note => case.recorder.note(told),
        Fault::Client => server.problem(if matches!(status, 404 | 405) { "unmatched-request" } else { "ill-formed-request" }, told, case),
    }
    server.record_reply(at, status, "refused", case);
    let body = framed(Value::Null, Err(error(code, &message)));
    let answer = Answer::json(status, body.to_string().into_bytes());
    if status == 405 { answer.header("allow", "GET, POST, DELETE") } else { answer }
}

fn post(server: &Server, request: Request, messages: Vec<Result<Message, String>>, case: &Case) -> Answer {
    let (batch, events) = (request.body.is_array(), prefers_events(&request));
    let begins = matches!(messages.as_slice(), [Ok(Message::Request { method, .. })] if method == "initialize");
    let named = request.headers.get(SESSION).cloned().unwrap_or_default();
    let at = server.record(request, case);
    let id = if begins { format!("mcp-session-{}", at + 1) } else { named };
    let mut replies = Vec::new();
    for message in messages {
        match message {
            Ok(message) => replies.extend(server.handle(&id, message, case)),
            Err(reason) => {
                server.problem("ill-formed-request", format!("`{}` got what is no JSON-RPC message: {reason}", server.name), case);
                let body = framed(Value::Null, Err(error(INVALID_REQUEST, &reason)));
                replies.push(Reply { body, waits: vec![], rule: "refused".to_owned() });
            }
        }
    }
    if replies.is_empty() {
        server.record_reply(at, 202, "accepted", case);
        return empty(202);
    }
    let rule = replies.iter().map(|reply| reply.rule.as_str()).collect::<Vec<_>>().join(", ");
    server.record_reply(at, 200, rule, case);
    let answer = rendered(replies, batch, events);
    // A session that could not begin has no name.
    let begun = begins && server.state().sessions.contains_key(&id);
    if begun { answer.header(SESSION, id) } else { answer }
}

/// What the client names first; JSON where it does not care.
fn prefers_events(request: &Request) -> bool {
    let accept = request.headers.get("accept").map_or("", String::as_str).to_ascii_lowercase();
    match (accept.find("text/event-stream"), accept.find("application/json")) {
        (Some(events), Some(json)) => events < json,
        _ => false,
    }
}

fn rendered(replies: Vec<Reply>, batch: bool, events: bool) -> Answer {
    if events {
        let mut writer = EventWriter::new(Pace::default());
        for reply in replies {
            reply.waits.into_iter().for_each(|wait| writer.wait(wait));
            writer.event(Some("message"), &reply.body);
        }
        return writer.finish().into();
    }
    let (mut waits, mut bodies) = (Vec::new(), Vec::new());
    for reply in replies {
        waits.extend(reply.waits);
        bodies.push(reply.body);
    }
    let body = if batch { Value::Array(bodies) } else { bodies.pop().unwrap_or_else(|| json!({})) };
    let document: Rendered = document(200, &body, waits, None);
    document.into()
}

fn empty(status: u16) -> Answer {
    Answer::json(status, Vec::new())
}

/// The frame of an answer to a line that is no message.
pub(super) fn ill_formed_line(reason: &str, is_json: bool) -> Value {
    framed(Value::Null, Err(error(if is_json { INVALID_REQUEST } else { PARSE_ERROR }, reason)))
}

/// The frame of an answer that the fake cannot give.
pub(super) fn too_long() -> Value {
    framed(Value::Null, Err(error(INTERNAL_ERROR, "the line is too long")))
}
