//! A model's wire that goes wrong, from outside: raw sockets against the server of fakes, and suites run by the program.
//!
//! Owns: that each way of writing and each fault is on the wire what it says, and that no fault is silent that does nothing.
//! Must not know: how a fault is carried out.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use checkride::base::Span;
use checkride::fakes::server::{CaseFakes, CaseHandle, FakeServer};
use checkride::model::fake::{Abort, Fake, FakeKind, ModelFake, ModelReplies, PartKind, Reply, ReplyPart, Vendor};
use checkride::model::fault::{Act, Fault, FaultKind, Instead, Nth, Whole};
use checkride::model::template::Nothing;
use checkride::model::trace::{Blame, Problem, What};
use checkride::model::tree::Node;
use checkride::model::wire::{Framing, Newline, Wire, Write};
use checkride::recorder::Recorder;
use program::project::Project;
use serde_json::json;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server with one open case whose model says `aß 語c` to each of three requests.
struct World {
    server: FakeServer,
    recorder: Recorder,
    case: CaseHandle,
}

async fn world(wire: Wire, faults: Vec<Fault>) -> World {
    let text = ReplyPart { span: Span::NONE, kind: PartKind::Text(Node::from_value(Span::NONE, &json!("aß 語c"))) };
    let reply = Reply { span: Span::NONE, parts: vec![text] };
    let model = ModelFake {
        vendor: Vendor::Openai,
        replies: ModelReplies::Script(vec![reply; 3]),
        wire,
        routes: vec![],
        faults,
        used_up: Default::default(),
    };
    let fake = Fake { span: Span::NONE, unused_allowed: true, kind: FakeKind::Model(model) };
    let (server, recorder) = (FakeServer::start().await.expect("the server keeps to its word"), Recorder::new());
    let fakes = vec![("llm".to_owned(), Arc::new(fake))];
    let case = server.open(CaseFakes { key: "c".into(), recorder: recorder.clone(), fakes, scope: Arc::new(Nothing) });
    World { server, recorder, case }
}

impl World {
    async fn ask(&self, path: &str, stream: bool) -> TcpStream {
        let mut socket = TcpStream::connect(("127.0.0.1", self.server.port())).await.expect("the server keeps to its word");
        let body = json!({"model": "m", "stream": stream, "input": "hi", "messages": [{"role": "user", "content": "hi"}]}).to_string();
        let length = body.len();
        let head = format!("POST /c/llm/v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all((head + &body).as_bytes()).await.expect("the server keeps to its word");
        socket
    }

    /// Head, body as it was framed, and how reading ended if not in order.
    async fn answer(&self, path: &str, stream: bool) -> (String, Vec<u8>, Option<ErrorKind>) {
        let mut bytes = Vec::new();
        let end = self.ask(path, stream).await.read_to_end(&mut bytes).await;
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = at.map_or((&[][..], &[][..]), |at| (&bytes[..at], &bytes[at + 4..]));
        (String::from_utf8(head.to_vec()).expect("the server keeps to its word"), body.to_vec(), end.err().map(|error| error.kind()))
    }

    fn problems(&self) -> Vec<Problem> {
        let problem = |what: &What| if let What::Problem(problem) = what { Some(problem.clone()) } else { None };
        self.recorder.read(0, |records| records.iter().filter_map(|record| problem(&record.what)).collect())
    }
}

/// The chunks of a body, and whether the last one came.
fn chunks(mut body: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    while let Some(at) = body.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..at]).expect("the server keeps to its word"), 16)
            .expect("the server keeps to its word");
        if size == 0 {
            return (chunks, true);
        }
        let end = (at + 2 + size).min(body.len());
        chunks.push(body[at + 2..end].to_vec());
        body = body.get(end + 2..).unwrap_or_default();
    }
    (chunks, false)
}

fn fault(kind: FaultKind) -> Fault {
    Fault { span: Span::NONE, word: "word", requests: None, kind }
}

fn at(act: Act) -> Fault {
    fault(FaultKind::At { act, on: None, nth: Nth::At(1) })
}

fn whole(whole: Whole) -> Fault {
    fault(FaultKind::Whole(whole))
}

const PATHS: [&str; 2] = ["responses", "chat/completions"];

#[tokio::test]
async fn each_way_of_writing_is_chunk_by_chunk_on_the_wire() {
    for path in PATHS {
        let plain = chunks(&world(Wire::default(), vec![]).await.answer(path, true).await.1);
        assert!(plain.0.len() == 1 && plain.1, "what is ready is one chunk");
        for write in [Write::Event, Write::Line, Write::Bytes(1), Write::Bytes(7), Write::SplitUtf8, Write::SplitLine] {
            let world = world(Wire { write, ..Wire::default() }, vec![]).await;
            let (chunks, ended) = chunks(&world.answer(path, true).await.1);
            assert!(ended && chunks.len() > 3 && chunks.concat() == plain.0.concat(), "{write:?}");
            match write {
                Write::Bytes(count) => assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.len() == count)),
                Write::SplitUtf8 => assert!(chunks[1..].iter().all(|chunk| chunk[0] & 0xC0 == 0x80)),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn two_writes_are_two_segments() {
    let gap = Duration::from_millis(15);
    for (write, stream) in [(Write::Event, true), (Write::Bytes(300), false)] {
        // A reader that the machine holds up sees two segments at once, so it may try again; one segment is never seen as two.
        let mut seen = Vec::new();
        for _ in 0..10 {
            let world = world(Wire { write, gap, ..Wire::default() }, vec![]).await;
            let mut socket = world.ask("chat/completions", stream).await;
            let mut reads = Vec::new();
            loop {
                let mut piece = vec![0; 16 * 1024];
                match socket.read(&mut piece).await.expect("the server keeps to its word") {
                    0 => break,
                    count => reads.push(String::from_utf8(piece[..count].to_vec()).expect("the server keeps to its word")),
                }
            }
            let ends = |read: &&String| if stream { read.contains("\n\n\r\n") } else { !read.is_empty() };
            let writes = if stream { 5 } else { 2 };
            if reads.len() == writes && reads.iter().filter(ends).count() == writes {
                seen.clear();
                break;
            }
            seen = reads;
        }
        assert!(seen.is_empty(), "{write:?}: {seen:?}");
    }
}

#[tokio::test]
async fn many_small_writes_never_wait_for_each_other() {
    let world = world(Wire { write: Write::Bytes(5), ..Wire::default() }, vec![]).await;
    let began = Instant::now();
    assert!(chunks(&world.answer("responses", true).await.1).0.len() > 500);
    assert!(began.elapsed() < Duration::from_secs(5), "Nagle and delayed acknowledgements would take 40 ms each");
}

#[tokio::test]
async fn the_end_of_a_body_is_found_as_it_is_told() {
    for path in PATHS {
        for stream in [true, false] {
            let framed = async |framing| world(Wire { framing: Some(framing), ..Wire::default() }, vec![]).await.answer(path, stream).await;
            let (head, body, _) = framed(Framing::Length).await;
            assert!(head.contains(&format!("content-length: {}", body.len())) && !head.contains("chunked"), "{head}");
            let (head, closed, end) = framed(Framing::Close).await;
            assert!(!head.contains("content-length") && !head.contains("chunked") && closed == body && end.is_none(), "{head}");
            let (head, chunked, _) = framed(Framing::Chunked).await;
            assert!(head.contains("transfer-encoding: chunked") && chunks(&chunked).0.concat() == body, "{head}");
        }
    }
}

#[tokio::test]
async fn a_stream_of_a_known_length_that_breaks_off_is_shorter_than_it_says() {
    for act in [Act::Cut(Abort::Fin), Act::Cut(Abort::Half), Act::Cut(Abort::Reset)] {
        let world = world(Wire { framing: Some(Framing::Length), ..Wire::default() }, vec![at(act.clone())]).await;
        let (head, body, _) = world.answer("chat/completions", true).await;
        // What a reset leaves unread is lost.
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
        assert!(length.is_some_and(|length| body.len() < length) || act == Act::Cut(Abort::Reset), "{act:?} {head}");
    }
}

#[tokio::test]
async fn marks_and_line_breaks_are_there_byte_for_byte() {
    for path in PATHS {
        let plain = chunks(&world(Wire::default(), vec![]).await.answer(path, true).await.1).0.concat();
        let wire = Wire { newline: Newline::Crlf, ..Wire::default() };
        let sent = chunks(&world(wire, vec![whole(Whole::Bom)]).await.answer(path, true).await.1).0.concat();
        let expected = format!("\u{feff}{}", String::from_utf8(plain).expect("the server keeps to its word").replace('\n', "\r\n"));
        assert_eq!(String::from_utf8(sent).expect("the server keeps to its word"), expected);
    }
}

#[tokio::test]
async fn content_types_are_what_they_are_told_to_be() {
    for stream in [true, false] {
        let with = async |content_type| {
            world(Wire::default(), vec![whole(Whole::ContentType(content_type))]).await.answer("responses", stream).await.0
        };
        let head = with(Some("text/html".to_owned())).await;
        assert!(head.contains("content-type: text/html") && head.matches("content-type").count() == 1, "{head}");
        assert!(!with(None).await.contains("content-type"));
    }
}

#[tokio::test]
async fn a_break_is_what_it_is_called() {
    for path in PATHS {
        for stream in [true, false] {
            let cut = async |how| world(Wire::default(), vec![at(Act::Cut(how))]).await.answer(path, stream).await;
            assert_eq!(cut(Abort::Reset).await.2, Some(ErrorKind::ConnectionReset));
            let (head, body, end) = cut(Abort::Fin).await;
            assert!(end.is_none() && !body.is_empty() && head.contains("200 OK"));
            if stream {
                assert!(!chunks(&body).1 && body.ends_with(b"\n\n\r\n"), "between two chunks");
                let (_, body, end) = cut(Abort::Half).await;
                assert!(end.is_none() && !body.ends_with(b"\r\n"), "inside a chunk");
            }
        }
        let (head, body, end) = world(Wire::default(), vec![whole(Whole::EmptyBody)]).await.answer(path, true).await;
        assert!(end.is_none() && head.contains("200 OK") && body == b"0\r\n\r\n", "{body:?}");
    }
}

#[tokio::test]
async fn silence_lasts_until_the_case_ends() {
    for (act, hears_the_end) in [(Act::Stall(None), true), (Act::HalfOpen, false)] {
        for stream in [true, false] {
            let world = world(Wire::default(), vec![at(act.clone())]).await;
            let mut socket = world.ask("chat/completions", stream).await;
            let mut bytes = Vec::new();
            while !String::from_utf8_lossy(&bytes).contains("chatcmpl-") {
                assert_ne!(socket.read_buf(&mut bytes).await.expect("the server keeps to its word"), 0);
            }
            socket.shutdown().await.expect("the server keeps to its word");
            if hears_the_end {
                socket.read_to_end(&mut bytes).await.expect("the server keeps to its word");
            } else {
                let more = tokio::time::timeout(Duration::from_millis(100), socket.read_to_end(&mut bytes)).await;
                assert!(more.is_err(), "a peer that is gone does not answer");
                world.case.finish(true);
                socket.read_to_end(&mut bytes).await.expect("the server keeps to its word");
            }
            assert!(!String::from_utf8_lossy(&bytes).contains("[DONE]"));
        }
    }
}

#[tokio::test]
async fn a_pause_ends_and_the_rest_comes() {
    let world = world(Wire::default(), vec![at(Act::Stall(Some(Duration::from_millis(30))))]).await;
    let began = Instant::now();
    let (_, body, _) = world.answer("chat/completions", true).await;
    assert!(chunks(&body).1 && began.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_body_without_end_is_all_there() {
    for path in PATHS {
        let world = world(Wire::default(), vec![whole(Whole::NoEnd)]).await;
        let mut socket = world.ask(path, true).await;
        let mut bytes = Vec::new();
        let last = if path == "responses" { "response.completed" } else { "[DONE]" };
        while !String::from_utf8_lossy(&bytes).contains(last) {
            assert_ne!(socket.read_buf(&mut bytes).await.expect("the server keeps to its word"), 0);
        }
        world.case.finish(true);
        socket.read_to_end(&mut bytes).await.expect("the server keeps to its word");
        assert!(!bytes.ends_with(b"0\r\n\r\n"));
    }
}

#[tokio::test]
async fn what_comes_before_a_reply_does_not_count() {
    let before = |instead, times| fault(FaultKind::Before { instead, times });
    let retry_after = Some(Duration::from_millis(20));
    let faults = vec![
        before(Instead::Status { status: 429, retry_after, body: None }, 2),
        Fault { requests: Some(vec![2]), ..before(Instead::Html { status: 502 }, 1) },
        Fault { requests: Some(vec![3]), ..before(Instead::NoHeaders, 1) },
    ];
    let world = world(Wire::default(), faults).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        let (head, body, _) = world.answer("chat/completions", false).await;
        let status = head.split(' ').nth(1).unwrap_or("none").to_owned();
        match status.as_str() {
            "429" => assert!(head.contains("retry-after-ms: 20") && body.starts_with(b"{\"error\"")),
            "502" => assert!(head.contains("content-type: text/html") && body.starts_with(b"<html>")),
            _ => {}
        }
        statuses.push(status);
    }
    assert_eq!(statuses, ["429", "429", "200", "429", "429", "502", "200", "429", "429", "none"]);
    assert!(world.problems().is_empty());
}

#[tokio::test]
async fn a_fault_for_one_reply_leaves_the_others_alone() {
    let world = world(Wire::default(), vec![Fault { requests: Some(vec![2]), ..whole(Whole::NoDone) }]).await;
    for done in [true, false, true] {
        let (_, body, _) = world.answer("chat/completions", true).await;
        assert_eq!(String::from_utf8_lossy(&body).contains("[DONE]"), done);
    }
}

#[tokio::test]
async fn a_fault_that_found_nothing_is_told_once_the_case_ends() {
    let world = world(Wire::default(), vec![whole(Whole::NoDone), whole(Whole::Bom)]).await;
    world.answer("responses", true).await;
    world.answer("responses", false).await;
    assert!(world.problems().is_empty(), "a later reply may be one that it can happen to");
    world.case.finish(false);
    let [problem] = world.problems().try_into().expect("the server keeps to its word");
    assert_eq!((problem.blame, problem.code.as_str()), (Some(Blame::Suite), "fault-not-possible"));
}

#[tokio::test]
async fn a_fault_that_happened_somewhere_is_not_told() {
    let world = world(Wire::default(), vec![whole(Whole::NoDone)]).await;
    world.answer("responses", true).await;
    world.answer("chat/completions", true).await;
    world.case.finish(true);
    assert!(world.problems().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_holds_nothing_up() {
    for (wire, act) in
        [(Wire { write: Write::Bytes(1), gap: Duration::from_millis(50), ..Wire::default() }, None), (Wire::default(), Some(Act::HalfOpen))]
    {
        let world = world(wire, act.map(at).into_iter().collect()).await;
        for _ in 0..50 {
            let mut socket = world.ask("responses", true).await;
            socket.read_u8().await.expect("the server keeps to its word");
        }
        let began = Instant::now();
        world.case.finish(true);
        drop(world);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

/// A suite whose agent is the honest one; it asks once for `Two apples.` and expects it.
fn suite(llm: &str, expect: &str) -> Project {
    Project::with(&format!(
        "suite: S\nagent: reference\ntimeout: 3s\nfakes: {{llm: {{model: openai, {llm}}}}}\ncases:\n  - name: one\n    prompt: How many?\n    expect: {expect}\n"
    ))
}

const APPLES: &str = "script: [Two apples.]";

#[test]
fn an_agent_is_judged_by_what_it_makes_of_a_fault() {
    let said = suite(&format!("{APPLES}, faults: [duplicate]"), "{reply: Two apples.}").run();
    assert_eq!(said.status, 0, "{}", said.text);
    let said = suite(&format!("{APPLES}, faults: [reset]"), "{reply: Two apples.}").run();
    assert!(said.status == 1 && said.text.contains("stream broke"), "{}", said.text);
    let said =
        suite(&format!("{APPLES}, faults: [reset]"), "{turn: failed, errors: [\"*stream broke*\"], requests: {llm: {count: 1}}}").run();
    assert_eq!(said.status, 0, "{}", said.text);
}

#[test]
fn an_event_that_never_comes_makes_the_case_broken_and_is_told() {
    let faults = "faults: [{kind: drop, on: response.reasoning*}]";
    let said = suite(&format!("{APPLES}, {faults}"), "{reply: Two apples.}").run();
    assert_eq!(said.status, 3, "{}", said.text);
    for part in ["broken", "fault `drop`", "script[0]", "there is no event `response.reasoning*`", "response.output_text.delta"] {
        assert!(said.text.contains(part), "{part}: {}", said.text);
    }
}

#[test]
fn a_fault_on_a_wire_without_such_a_thing_makes_the_case_broken() {
    for fault in ["faults: [no_done]", "wire: {done: false}", "wire: {write: split_utf8}", "faults: [{kind: swap, nth: last}]"] {
        let said = suite(&format!("{APPLES}, {fault}"), "{reply: Two apples.}").run();
        assert!(said.status == 3 && said.text.contains("did not happen"), "{fault}: {}", said.text);
    }
}

#[test]
fn a_fault_of_a_reply_that_nobody_asked_for_fails_the_case() {
    let faults = "faults: [{kind: duplicate, requests: [1, 2]}]";
    let said = suite(&format!("{APPLES}, {faults}"), "{reply: Two apples.}").run();
    assert!(said.status == 1 && said.text.contains("is for reply 2, but `llm` was asked once"), "{}", said.text);
    let said = suite(&format!("{APPLES}, {faults}, unused: allow"), "{reply: Two apples.}").run();
    assert_eq!(said.status, 0, "{}", said.text);
}

#[test]
fn an_agent_that_never_tries_again_leaves_its_reply_unused() {
    let said = suite(&format!("{APPLES}, faults: [{{status: 429, retry_after: 20ms}}]"), "{reply: Two apples.}").run();
    assert!(said.status == 1 && said.text.contains("429") && said.text.contains("never asked for"), "{}", said.text);
}

#[test]
fn a_stream_that_stalls_ends_with_its_case() {
    for fault in ["stall", "half_open"] {
        let said = suite(&format!("{APPLES}, faults: [{fault}]"), "{reply: Two apples.}").run();
        assert!(said.status == 1 && said.took < Duration::from_secs(30), "{}", said.text);
    }
}

#[test]
fn what_cannot_be_meant_is_refused_at_load() {
    for (fault, expected) in [
        ("faults: [malformd]", "did you mean `malformed`?"),
        ("faults: [{kind: no_terminal, on: x}]", "`no_terminal` does not happen at an event"),
        ("faults: [{kind: reset, for: 2s}]", "`for` belongs to `stall`"),
        ("faults: [{on: x}]", "missing key `kind`"),
        ("faults: [status]", "write {status: 429}"),
        ("faults: [content_type]", "write {content_type: text/plain}"),
        ("faults: [{status: 99}]", "99 is not a status"),
        ("faults: [{kind: drop, nth: 0}]", "a number of at least 1"),
        ("faults: [{kind: swap, nth: all}]", "happens once in a reply"),
        ("faults: {kind: drop}", "expected a list"),
        ("wire: {write: \"bytes:0\"}", "a number of at least 1"),
        ("wire: {write: bites}", "`ready`, `event`, `line`"),
        ("wire: {newline: lfcr}", "`crlf`"),
        ("wire: {framing: none}", "`length`"),
    ] {
        let said = suite(&format!("{APPLES}, {fault}"), "{reply: Two apples.}").check();
        assert!(said.status == 2 && said.text.contains(expected), "{fault}: {}", said.text);
    }
}

#[test]
fn what_no_wire_of_a_model_can_have_is_refused_at_load() {
    for (model, faults) in [
        ("anthropic", ["faults: [no_done]", "wire: {done: false}", "faults: [response_id]", "faults: [item_id]"]),
        ("openrouter", ["faults: [no_names]", "wire: {event_names: false}", "faults: [{kind: item_id, on: chunk.*}]", "faults: [item_id]"]),
    ] {
        for fault in faults {
            let agent = "agent: {protocol: command-line, command: [agent]}";
            let case = "cases: [{name: one, prompt: Hi, expect: {reply: Hi}}]";
            let said =
                Project::with(&format!("suite: S\n{agent}\nfakes: {{llm: {{model: {model}, {APPLES}, {fault}}}}}\n{case}\n")).check();
            assert!(said.status == 2 && said.text.contains("error[fault-not-possible]"), "{model} {fault}: {}", said.text);
        }
    }
}
