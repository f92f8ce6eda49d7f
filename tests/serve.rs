//! `checkride serve` as people have it: the real program, asked over real sockets, each promise broken once.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::{CHECKRIDE, checkride, program};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A running server; it is killed if a test ends early.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One answer over a connection of its own.
struct Answer {
    status: u16,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

fn folder(script: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("it is so in this test");
    std::fs::write(folder.path().join("script.yaml"), script).expect("it is so in this test");
    folder
}

fn serve(script: &str, options: &[&str]) -> Server {
    let folder = folder(script);
    let mut command = program(CHECKRIDE, folder.path());
    command.args(["serve", "script.yaml", "--port", "0"]).args(options);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it is so in this test");
    let mut out = BufReader::new(child.stdout.take().expect("it is so in this test"));
    let mut line = String::new();
    out.read_line(&mut line).expect("it is so in this test");
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("{line}"));
    Server { child, out, port, _folder: folder }
}

impl Server {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it is so in this test");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it is so in this test");
        stream
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request(method, path, body, "connection: close\r\n").as_bytes()).expect("it is so in this test");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it is so in this test");
        let text = String::from_utf8(bytes).expect("it is so in this test");
        let (head, text) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text}"));
        Answer { status: head[9..12].parse().expect("it is so in this test"), text: text.to_owned() }
    }

    fn ask(&self, below: &str, text: &str) -> Answer {
        self.send("POST", &format!("{below}/v1/chat/completions"), &chat(text, false))
    }

    fn said(&self, below: &str, text: &str) -> String {
        let answer = self.ask(below, text);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["choices"][0]["message"]["content"].as_str().expect("it is so in this test").to_owned()
    }

    fn journal(&self, query: &str) -> Value {
        self.send("GET", &format!("/__checkride/journal{query}"), "").json()
    }

    /// Resident memory.
    fn kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it is so in this test");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is so in this test");
        line.trim().trim_end_matches(" kB").parse().expect("it is so in this test")
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().expect("it is so in this test").success());
    }
}

fn chat(text: &str, stream: bool) -> String {
    json!({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}).to_string()
}

fn request(method: &str, path: &str, body: &str, headers: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-very-real\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

const TWO: &str = "script: [one, two]\n";

#[test]
fn two_conversations_are_kept_apart() {
    let server = serve(TWO, &[]);
    assert_eq!(server.said("/j/a", "x"), "one");
    assert_eq!(server.said("/j/b", "x"), "one");
    assert_eq!(server.said("/j/a", "x"), "two");
    assert_eq!(server.said("", "x"), "one");
    assert_eq!(server.said("/j/a%20name", "x"), "one");
    let runs = |query: &str| {
        server.journal(query)["requests"].as_array().expect("it is so in this test").iter().map(|r| r["run"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(runs(""), ["a", "b", "a", "default", "a name"]);
    assert_eq!(runs("?run=a"), ["a", "a"]);
    assert_eq!(runs("?run=a%20name"), ["a name"]);
}

#[test]
fn a_used_up_script_is_refused_and_says_how_to_begin_again() {
    let server = serve("script: [one]\n", &[]);
    assert_eq!(server.said("", "x"), "one");
    let refused = server.ask("", "x");
    assert_eq!(refused.status, 400);
    for part in ["asked 2 times, but its script has 1 reply", "/__checkride/reset", "--repeat"] {
        assert!(refused.text.contains(part), "{part}: {}", refused.text);
    }
    assert_eq!(server.send("POST", "/__checkride/reset", "").status, 200);
    assert_eq!(server.said("", "x"), "one");
    assert_eq!(server.journal("")["problems"][0]["code"], "unmatched-request", "what went wrong outlives the reset");
}

#[test]
fn repeat_begins_again_by_itself() {
    let server = serve(TWO, &["--repeat"]);
    assert_eq!([(); 5].map(|()| server.said("", "x")), ["one", "two", "one", "two", "one"]);
    let server = serve("script: T\nrules: [{replies: [a, b]}]\n", &["--repeat"]);
    assert_eq!([(); 3].map(|()| server.said("", "x")), ["a", "b", "a"]);
}

#[test]
fn a_reset_of_one_conversation_leaves_the_others() {
    let server = serve(TWO, &[]);
    server.said("/j/a", "x");
    server.said("/j/b", "x");
    assert_eq!(server.send("POST", "/__checkride/reset?run=a", "").status, 200);
    assert_eq!((server.said("/j/a", "x"), server.said("/j/b", "x")), ("one".to_owned(), "two".to_owned()));
}

const ALL: &str = r#"
script: Greetings
model: openai
rules:
  - {when: {last_user: {contains: twice}}, replies: [first, second], then: next}
  - {when: {last_user: {contains: Ana}, model: m}, reply: Hello Ana}
  - {when: {answers: 1}, reply: again}
  - {when: {last_user: {contains: twice}}, reply: from then on}
wire: {delta: 5}
faults: [{kind: no_terminal, requests: 99}]
http: [{GET /health: {body: "ok {{request.path}}"}}]
"#;

#[test]
fn rules_wire_and_routes_of_the_file_are_served() {
    let server = serve(ALL, &[]);
    assert_eq!(server.said("", "I am Ana"), "Hello Ana");
    assert_eq!([(); 4].map(|()| server.said("", "twice")), ["first", "second", "from then on", "from then on"]);
    let health = server.send("GET", "/health", "");
    assert_eq!((health.status, health.text.as_str()), (200, "ok /health"));
    let stream = server.send("POST", "/v1/chat/completions", &chat("Ana", true)).text;
    assert!(stream.contains("\"content\":\"Hello\"") && stream.contains("\"content\":\" Ana\""), "{stream}");
    let other = server.send("POST", "/v1/messages", "{}");
    assert_eq!(other.status, 404, "{}", other.text);
    assert!(other.text.contains("`model: openai` has no such path"), "{}", other.text);
}

#[test]
fn an_unmatched_request_is_in_the_journal_with_the_nearest_rule() {
    let server = serve(ALL, &[]);
    assert_eq!(server.ask("/j/t", "I am Bob").status, 400);
    let problems = server.journal("?run=t")["problems"].clone();
    assert_eq!((&problems[0]["run"], &problems[0]["code"]), (&json!("t"), &json!("unmatched-request")));
    let details = problems[0]["details"].to_string();
    assert!(details.contains("nearest: rules[1]: last_user") && details.contains("Ana") && details.contains("I am Bob"), "{details}");
    assert_eq!(server.journal("?run=other")["problems"], json!([]));
    assert_eq!(server.send("DELETE", "/__checkride/journal?run=t", "").status, 200);
    let journal = server.journal("");
    assert_eq!((&journal["problems"], &journal["requests"]), (&json!([]), &json!([])));
}

#[test]
fn the_journal_is_bounded_and_hides_keys() {
    let server = serve("script: T\nrules: [{reply: hi}]\n", &["--journal", "10"]);
    (0..25).for_each(|n| drop(server.said("", &format!("request {n}"))));
    let journal = server.journal("");
    let requests = journal["requests"].as_array().expect("it is so in this test");
    assert_eq!((requests.len(), &journal["forgotten"], &requests[0]["n"]), (10, &json!(15), &json!(15)));
    assert_eq!(requests[9]["body"]["messages"][0]["content"], "request 24");
    assert_eq!(requests[9]["headers"]["authorization"], "«hidden»");
    assert!(!journal.to_string().contains("sk-very-real"));
    let server = serve("script: T\nrules: [{reply: hi}]\n", &[]);
    let large = "x".repeat(1024 * 1024);
    (0..12).for_each(|_| drop(server.said("", &large)));
    assert_eq!(server.journal("")["requests"].as_array().expect("it is so in this test").len(), 7, "eight MiB together");
}

#[test]
fn a_thousand_streams_wait_at_a_gate_until_it_is_released() {
    let server = serve("script: T\nrules: [{reply: [{text: before}, {gate: g}, {text: after}]}]\n", &["--journal", "0"]);
    let open = |_| {
        let mut stream = server.connect();
        stream
            .write_all(request("POST", "/v1/chat/completions", &chat("x", true), "connection: close\r\n").as_bytes())
            .expect("it is so in this test");
        stream
    };
    let mut streams: Vec<TcpStream> = (0..1000).map(open).collect();
    for stream in &mut streams {
        let mut text = String::new();
        while !text.contains("before") {
            let mut piece = [0; 4096];
            let n = stream.read(&mut piece).expect("it is so in this test");
            assert_ne!(n, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&piece[..n]));
        }
        assert!(!text.contains("after"), "{text}");
    }
    let unknown = server.send("POST", "/__checkride/release?gate=h", "");
    assert_eq!(unknown.status, 404);
    assert!(unknown.text.contains("the gates are `g`"), "{}", unknown.text);
    for _ in 0..1000 {
        assert_eq!(server.send("POST", "/__checkride/release?gate=g", "").status, 200);
    }
    for stream in &mut streams {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it is so in this test");
        assert!(text.contains("after") && text.contains("[DONE]"), "{text}");
    }
}

#[test]
fn bad_requests_get_a_clear_answer_each() {
    let server = serve(TWO, &[]);
    let cases = [
        ("POST", "/v1/responses", "{\"input\": ", 400, "is no JSON"),
        ("GET", "/v1/responses", "", 405, "POST only"),
        ("POST", "/v1/nothing", "{}", 404, "nothing is served there"),
        ("GET", "/__checkride/reset", "", 405, "POST only"),
        ("GET", "/__checkride/jurnal", "", 404, "/__checkride/journal"),
    ];
    for (method, path, body, status, message) in cases {
        let answer = server.send(method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert!(answer.text.contains(message), "{method} {path}: {}", answer.text);
    }
    let mut stream = server.connect();
    stream.write_all(b"POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n").expect("it is so in this test");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it is so in this test");
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
    assert_eq!(server.said("", "x"), "one", "none of them was counted");
}

#[test]
fn a_client_that_goes_away_disturbs_nobody() {
    let server = serve("script: [[{text: a}, {gate: g}, {text: b}], two]\n", &[]);
    let mut gone = server.connect();
    gone.write_all(request("POST", "/v1/chat/completions", &chat("x", true), "").as_bytes()).expect("it is so in this test");
    assert_ne!(gone.read(&mut [0; 64]).expect("it is so in this test"), 0);
    drop(gone);
    assert_eq!(server.said("", "x"), "two");
}

#[test]
fn realtime_is_served_too() {
    let server = serve("script: [Hello]\nmodel: openai\n", &[]);
    let runtime = tokio::runtime::Runtime::new().expect("it is so in this test");
    runtime.block_on(async {
        use futures_util::{SinkExt, StreamExt};
        let url = format!("ws://127.0.0.1:{}/v1/realtime?model=gpt-realtime", server.port);
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("it is so in this test");
        socket.send(json!({"type": "response.create"}).to_string().into()).await.expect("it is so in this test");
        let mut seen = Vec::new();
        while seen.last().is_none_or(|kind| kind != "response.done") {
            let message = socket.next().await.expect("it is so in this test").expect("it is so in this test");
            let event: Value = serde_json::from_str(message.to_text().expect("it is so in this test")).expect("it is so in this test");
            seen.push(event["type"].as_str().expect("it is so in this test").to_owned());
        }
        assert_eq!(seen[0], "session.created");
        assert!(seen.iter().any(|kind| kind.ends_with(".delta")), "{seen:?}");
    });
}

#[test]
fn both_signals_end_it_with_a_held_stream_open() {
    for name in ["INT", "TERM"] {
        let mut server = serve("script: [[{text: a}, {gate: g}]]\n", &[]);
        let mut held = server.connect();
        held.write_all(request("POST", "/v1/chat/completions", &chat("x", true), "").as_bytes()).expect("it is so in this test");
        assert_ne!(held.read(&mut [0; 64]).expect("it is so in this test"), 0);
        server.signal(name);
        assert_eq!(server.child.wait().expect("it is so in this test").code(), Some(0), "{name}");
        let mut rest = String::new();
        server.out.read_to_string(&mut rest).expect("it is so in this test");
        assert!(rest.contains("ended after 1 request"), "{rest}");
        assert!(!Path::new(&format!("/proc/{}", server.child.id())).exists());
    }
}

fn refused(script: &str, arguments: &[&str]) -> String {
    let folder = folder(script);
    let ran = checkride(folder.path(), &[&["serve"], arguments].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn what_cannot_be_served_is_refused_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("it is so in this test");
    let port = taken.local_addr().expect("it is so in this test").port().to_string();
    let cases: [(&str, &[&str], &[&str]); 9] = [
        (TWO, &["script.yaml", "--port", &port], &["is taken", "--port 0"]),
        (TWO, &["none.yaml", "--port", "0"], &["none.yaml", "No such file"]),
        ("script: [{txt: a}]\n", &["script.yaml", "--port", "0"], &["script.yaml:1:11", "`txt`"]),
        ("script: [a\n", &["script.yaml", "--port", "0"], &["script.yaml:"]),
        ("suite: S\n", &["script.yaml", "--port", "0"], &["script.yaml:1:1", "not a script"]),
        ("script: [a]\nrules: [{reply: b}]\n", &["script.yaml", "--port", "0"], &["script.yaml:2:1", "both ways"]),
        ("script: T\n", &["script.yaml", "--port", "0"], &["script.yaml:1:9", "missing key `rules`"]),
        ("script: [\"{{secrets.key}}\"]\n", &["script.yaml", "--port", "0"], &["script.yaml:1:10", "`secrets.key` is not a name"]),
        ("script: [a]\nmodel: gemini\n", &["script.yaml", "--port", "0"], &["script.yaml:2:8", "`gemini`"]),
    ];
    for (script, arguments, messages) in cases {
        let said = refused(script, arguments);
        assert!(messages.iter().all(|message| said.contains(message)), "{script}{said}");
    }
}

/// Many requests through one connection; how much memory grew after the first part of them.
fn growth(stream: bool) -> u64 {
    let server = serve("script: T\nrules: [{when: {last_user: {contains: hello}}, reply: Hello there}]\n", &["--journal", "100"]);
    let mut socket = server.connect();
    let asked = request("POST", "/v1/chat/completions", &chat("hello", stream), "");
    let end: &[u8] = if stream { b"0\r\n\r\n" } else { b"}" };
    let mut ask = |times: usize| {
        let mut buffer = vec![0; 64 << 10];
        for _ in 0..times {
            socket.write_all(asked.as_bytes()).expect("it is so in this test");
            let mut length = 0;
            loop {
                let n = socket.read(&mut buffer[length..]).expect("it is so in this test");
                assert_ne!(n, 0);
                length += n;
                if buffer[..length].ends_with(end) {
                    break;
                }
            }
        }
    };
    ask(2_000);
    let before = server.kib();
    ask(18_000);
    server.kib().saturating_sub(before)
}

#[test]
fn memory_does_not_grow_with_requests() {
    assert!(growth(false) < 4096);
}

#[test]
fn memory_does_not_grow_with_streams() {
    assert!(growth(true) < 4096);
}
