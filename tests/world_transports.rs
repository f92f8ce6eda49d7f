//! Agents spoken to over HTTP and event streams, at their worst: each answer that breaks has a clear message and the right blame.

#[path = "world_transports/peer.rs"]
mod peer;
#[expect(dead_code, reason = "other tests use the rest")]
mod program;

use peer::{Peer, events, json};
use program::project::{Project, Said};

const CHUNK: &str = r#"data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#;
const END: &str = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
const ACME: &str = r#"
protocol: acme-chat
transport: http
settings: {token: {default: null, secret: true}}
actions:
  user: [{http: {method: POST, path: /chat, headers: {authorization: "Bearer {{token?}}"}, body: {message: "{{text}}"}}}]
events:
  - {when: {status: 200}, for_each: "$.body.tools[*]", call.started: {name: $.name, args: $.args}, call.finished: {result: $.result}}
  - {when: {status: 200}, text: $.body.reply, turn.finished: completed}
"#;

/// A case against a chat completions endpoint.
fn chat(url: &str, more: &str) -> Said {
    Project::with(&format!("suite: S\nagent: {{protocol: openai-chat, url: \"{url}\"}}\ncases:\n  - name: c\n{more}\n")).run()
}

fn says_hello(url: &str) -> Said {
    chat(url, "    prompt: Hi\n    expect: {reply: Hel}")
}

fn acme(peer: &Peer, more: &str) -> Project {
    let suite = format!("suite: S\nagent: {{protocol: acme.yaml, url: \"{}\"{more}}}\ncases:\n  - name: c\n", peer.url());
    let case = "    prompt: Hi\n    expect: {reply: Hello, calls: [{call: find, args: {q: x}, result: [1, 2]}]}\n";
    Project::with(&(suite + case)).file("acme.yaml", ACME)
}

const ACME_ANSWER: &str = r#"{"reply": "Hello", "tools": [{"name": "find", "args": {"q": "x"}, "result": [1, 2]}]}"#;

#[test]
fn a_plain_json_agent_needs_a_dozen_lines() {
    let peer = Peer::with(vec![json(200, ACME_ANSWER)]);
    acme(&peer, "").run().means(0, &["1 passed"]);
    let asked = peer.asked(0);
    assert!(asked.starts_with("POST /chat HTTP/1.1") && asked.ends_with(r#"{"message":"Hi"}"#), "{asked}");
    assert!(!asked.contains("authorization"), "a header without a value is left out: {asked}");
}

#[test]
fn a_secret_setting_is_sent_and_never_shown() {
    let peer = Peer::with(vec![json(200, r#"{"reply": "Hello sk-very-secret"}"#)]);
    let project = acme(&peer, ", settings: {token: sk-very-secret}");
    let said = project.run();
    said.means(1, &["Hello «token»"]);
    assert!(peer.asked(0).contains("authorization: Bearer sk-very-secret"));
    assert!(!said.text.contains("sk-very-secret") && !project.trace("c").contains("sk-very-secret"));
}

#[test]
fn an_answer_that_nothing_ends_does_not_hang() {
    let peer = Peer::with(vec![json(204, "")]);
    let said = acme(&peer, "").run();
    said.means(1, &["`POST /chat` was answered with status 204, and nothing ended the turn"]);
    assert!(said.took.as_secs() < 20);
}

#[test]
fn a_refusal_fails_the_turn_with_its_words() {
    let peer = Peer::with(vec![json(503, r#"{"error": {"message": "try later"}}"#)]);
    acme(&peer, "").run().means(1, &["status 503: try later"]);
}

#[test]
fn a_redirect_is_what_the_agent_answered() {
    let peer = Peer::with(vec![b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n".to_vec()]);
    acme(&peer, "").run().means(1, &["status 302, and nothing ended the turn"]);
}

#[test]
fn an_honest_stream_passes_however_it_is_cut() {
    let whole = events(&[CHUNK, END, "data: [DONE]"]);
    for size in [1, 7, whole.len()] {
        let peer = Peer::in_pieces(whole.clone(), size);
        says_hello(peer.url()).means(0, &["1 passed"]);
    }
}

#[test]
fn a_stream_that_breaks_is_a_broken_stream() {
    let mut broken = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 5000\r\n\r\n".to_vec();
    broken.extend(format!("{CHUNK}\n\n").bytes());
    let peer = Peer::with(vec![broken]);
    says_hello(peer.url()).means(1, &["`POST /chat/completions`: the event stream broke off: the connection ended in the middle"]);
}

#[test]
fn a_stream_without_its_last_event_is_not_complete() {
    let peer = Peer::with(vec![events(&[CHUNK])]);
    says_hello(peer.url()).means(1, &["ended without its last event (a chunk with `finish_reason`)"]);
}

#[test]
fn half_an_event_is_none() {
    let mut half = events(&[CHUNK]);
    half.extend(END.bytes());
    let peer = Peer::with(vec![half]);
    says_hello(peer.url()).means(1, &["ended in the middle of an event without its last event"]);
}

#[test]
fn an_event_that_is_not_json_is_told() {
    let peer = Peer::with(vec![events(&[CHUNK, "data: {not-json", END, "data: [DONE]"])]);
    says_hello(peer.url()).means(1, &["an event of the stream is not JSON", "{not-json"]);
}

#[test]
fn another_content_type_is_no_stream() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n<h1>Hi</h1>\r\n";
    let peer = Peer::with(vec![page.as_bytes().to_vec()]);
    says_hello(peer.url()).means(1, &["the answer is no chat completion", "<h1>Hi</h1>"]);
}

#[test]
fn an_agent_that_never_answers_is_late_and_the_message_says_for_what() {
    let peer = Peer::silent();
    let said = chat(peer.url(), "    steps: [{user: Hi, within: 300ms}]\n    expect: {reply: Hel}");
    said.means(1, &["no answer to `POST /chat/completions` within", "nothing arrived from the agent"]);
    assert!(said.took.as_secs() < 20);
}

#[test]
fn a_stream_that_stops_is_late_and_the_message_says_what_came() {
    let peer = Peer::holding(events(&[CHUNK]));
    let said = chat(peer.url(), "    steps: [{user: Hi, within: 300ms}]\n    expect: {reply: Hel}");
    said.means(1, &["the event stream of `POST /chat/completions` goes on, and no event ended the turn within", "event text.delta"]);
}

#[test]
fn a_stream_that_stays_open_after_its_end_holds_nobody_up() {
    let peer = Peer::holding(events(&[CHUNK, END, "data: [DONE]"]));
    let said = says_hello(peer.url());
    said.means(0, &["1 passed"]);
    assert!(said.took.as_secs() < 20);
}

#[test]
fn a_flood_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let peer = Peer::flooding(head, &[b'x'; 1 << 16]);
    says_hello(peer.url()).means(1, &["an event of the stream is larger than 16 MiB"]);
    let comments = [b":".as_slice(), &[b'x'; (1 << 16) - 2], b"\n"].concat();
    let peer = Peer::flooding(head, &comments);
    says_hello(peer.url()).means(1, &["the event stream is larger than 64 MiB"]);
    let peer = Peer::flooding("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", &[b'x'; 1 << 16]);
    says_hello(peer.url()).means(1, &["the answer is larger than 64 MiB"]);
}

#[test]
fn an_agent_that_is_not_there_is_broken_not_failed() {
    let gone = Peer::gone();
    says_hello(&gone).means(3, &["BROKEN", "agent-start", "cannot be reached", "connection refused (nothing listens there)"]);
}

#[test]
fn an_agent_that_goes_away_has_failed() {
    let peer = Peer::with(vec![events(&[CHUNK, END, "data: [DONE]"])]);
    let said = chat(peer.url(), "    steps: [{user: Hi}, {user: Again}]\n    expect: {reply: Hel}");
    said.means(1, &["no answer to `POST /chat/completions`"]);
}

#[test]
fn a_server_that_does_not_speak_tls_is_no_https_agent() {
    let peer = Peer::with(vec![json(200, "{}")]);
    let said = says_hello(&peer.url().replace("http://", "https://"));
    said.means(3, &["BROKEN", "agent-start", "failed to connect"]);
}

#[test]
fn a_key_is_minted_before_the_first_turn_and_kept_secret() {
    let protocol = r#"
protocol: minted
transport: http
settings: {key: {default: null, secret: true}}
open: {headers: {authorization: "Bearer {{key?}}"}}
before: [{http: {method: POST, path: /keys}, save: {key: [$.body.key, $.body.secret.value]}, expect: {status: 201}}]
actions: {user: [{http: {method: POST, path: /chat, body: "{{text}}"}}]}
events: [{when: {status: 200}, text: $.body, turn.finished: completed}]
"#;
    let run = |minted: Vec<u8>| {
        let peer = Peer::with(vec![minted, json(200, "\"Hello\"")]);
        let suite = format!(
            "suite: S\nagent: {{protocol: minted.yaml, url: \"{}\"}}\ncases: [{{name: c, prompt: Hi, expect: {{reply: Hello}}}}]\n",
            peer.url()
        );
        let project = Project::with(&suite).file("minted.yaml", protocol);
        (project.run(), project, peer)
    };
    let (said, project, peer) = run(json(201, r#"{"secret": {"value": "ek_5ecret5ecret"}}"#));
    said.means(0, &["1 passed"]);
    assert!(peer.asked(1).contains("authorization: Bearer ek_5ecret5ecret"), "{}", peer.asked(1));
    assert!(!project.trace("c").contains("ek_5ecret5ecret"));
    let (said, ..) = run(json(200, r#"{"secret": {"value": "ek_5ecret5ecret"}}"#));
    said.means(3, &["BROKEN", "agent-start", "`POST /keys` is not what the protocol expects", "expected 201, got 200"]);
    let (said, ..) = run(json(401, r#"{"error": "no such account"}"#));
    said.means(3, &["BROKEN", "agent-start", "no such account"]);
}

#[test]
fn checks_on_what_a_wire_never_shows_are_refused() {
    let check = |more: &str| {
        let suite = format!(
            "suite: S\nagent: {{protocol: openai-chat, url: \"http://127.0.0.1:1\"}}\ncases:\n  - {{name: c, prompt: Hi, {more}}}\n"
        );
        Project::with(&suite).check()
    };
    check("expect: {calls: [{call: find, result: {x: 1}}]}").means(2, &["error[", "the `result` of a call"]);
    check("expect: {events: [approval.requested]}").means(2, &["error[", "approval.requested"]);
    check("expect: {calls: [find], reply: x, usage: {input: {lt: 5}}, events: [reasoning, text]}").means(0, &[]);
}

#[test]
fn what_is_not_carried_out_yet_is_refused() {
    let check = |more: &str| {
        let protocol = format!("protocol: p\n{more}\nactions: {{user: [{{http: {{path: /}}}}]}}\n");
        let suite =
            "suite: S\nagent: {protocol: p.yaml, url: \"http://127.0.0.1:1\"}\ncases: [{name: c, prompt: Hi, expect: {reply: x}}]\n";
        Project::with(suite).file("p.yaml", protocol).check()
    };
    check("transport: websocket\nfinal: {reduce: core2}").means(2, &["the reducer `core2` over another transport"]);
    check("transport: websocket\ndecode: chat").means(2, &["`decode: chat` over another transport"]);
}
