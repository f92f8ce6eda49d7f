//! Gateways that nobody wants: one clear verdict each, with the right blame, and the trace is kept. The test is the server, or the
//! reference agent with a fault.

use super::program::project::{Project, Said};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

type Socket = WebSocket<TcpStream>;

/// A server of one connection after another; `act` has each until it returns.
fn serve(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(&act));
    url
}

/// A server that has sent its challenge.
fn after_the_challenge(act: impl Fn(&mut Socket) + Send + 'static) -> String {
    serve(move |stream| {
        let Ok(mut socket) = accept(stream) else { return };
        say(&mut socket, &json!({"type": "event", "event": "connect.challenge", "payload": {"nonce": "n", "ts": 1, "capabilities": []}}));
        act(&mut socket);
    })
}

/// A server that has let its client in and begun the run of its message; `act` gets the run's id.
fn in_a_run(act: impl Fn(&mut Socket, &str) + Send + 'static) -> String {
    after_the_challenge(move |socket| {
        let Some(connect) = hear(socket) else { return };
        let scopes = connect["params"]["scopes"].clone();
        say(
            socket,
            &json!({"type": "res", "id": connect["id"], "ok": true, "payload": {"type": "hello-ok", "protocol": 4, "auth": {"scopes": scopes}}}),
        );
        let Some(send) = hear(socket) else { return };
        let run = send["params"]["idempotencyKey"].as_str().unwrap_or_default().to_owned();
        say(socket, &json!({"type": "res", "id": send["id"], "ok": true, "payload": {"runId": run, "status": "started"}}));
        act(socket, &run);
        linger(socket.get_mut());
    })
}

fn say(socket: &mut Socket, frame: &Value) {
    let _ = socket.send(Message::text(frame.to_string()));
}

fn hear(socket: &mut Socket) -> Option<Value> {
    serde_json::from_str(socket.read().ok()?.to_text().ok()?).ok()
}

fn chat(socket: &mut Socket, run: &str, state: &str, text: &str) {
    let message = json!({"role": "assistant", "content": [{"type": "text", "text": text}]});
    say(
        socket,
        &json!({"type": "event", "event": "chat", "payload": {"runId": run, "sessionKey": "agent:main:x", "state": state, "message": message}}),
    );
}

fn close(socket: &mut Socket, code: u16, reason: &'static str) {
    let _ = socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() }));
    let _ = socket.flush();
}

/// Until the other side has gone, or a while.
fn linger(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
}

/// One case that is greeted; its trace is there, whatever became of it.
fn run(url: &str) -> (Said, String) {
    run_for(url, "3s")
}

fn run_for(url: &str, timeout: &str) -> (Said, String) {
    run_with(&format!("{{protocol: openclaw-gateway, url: \"{url}\"}}"), timeout)
}

fn run_with(agent: &str, timeout: &str) -> (Said, String) {
    let suite = format!("suite: S\ntimeout: {timeout}\nagent: {agent}\ncases: [{{name: greets, prompt: Hello, expect: {{reply: Hi}}}}]\n");
    let project = Project::with(&suite);
    let said = project.run();
    let trace = project.trace("greets");
    (said, trace)
}

#[test]
fn a_server_that_keeps_its_promises_is_a_pass() {
    let url = in_a_run(|socket, run| chat(socket, run, "final", "Hi"));
    run(&url).0.means(0, &["1 passed"]);
}

#[test]
fn a_second_end_that_crosses_our_goodbye_is_seen() {
    let url = in_a_run(|socket, run| {
        chat(socket, run, "final", "Hi");
        // The case is over when the client says that it closes the connection; it has no answer to that yet.
        let _ = socket.get_mut().read(&mut [0; 4096]);
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(1, &["one_terminal_per_turn", "ended 2 times"]);
}

#[test]
fn a_server_that_refuses_the_handshake_is_not_judged() {
    let url = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    });
    run(&url).0.means(3, &["BROKEN (agent-start) s::greets", "403"]);
}

#[test]
fn a_server_that_closes_at_once_is_not_judged() {
    let url = serve(|stream| {
        let Ok(mut socket) = accept(stream) else { return };
        close(&mut socket, 1011, "no time");
        linger(socket.get_mut());
    });
    let (said, trace) = run(&url);
    said.means(3, &["BROKEN (agent-start) s::greets", "1011", "no time"]);
    assert!(trace.contains("1011"), "{trace}");
}

#[test]
fn a_server_that_never_challenges_is_not_judged() {
    let url = serve(|stream| {
        let Ok(mut socket) = accept(stream) else { return };
        linger(socket.get_mut());
    });
    run(&url).0.means(3, &["BROKEN (agent-start) s::greets", "time limit of 3.00s ran out, before the agent was ready to be spoken to"]);
}

#[test]
fn a_wrong_token_is_named_and_nobody_is_judged() {
    let agent = "{protocol: openclaw-gateway, command: [\"{{checkride}}\", reference-agent, --protocol, openclaw-gateway, --token, other], ready: {log: \"listening on (?<url>ws://\\\\S+)\"}}";
    let (said, trace) = run_with(agent, "10s");
    said.means(3, &["BROKEN (agent-start) s::greets", "AUTH_TOKEN_MISMATCH"]);
    assert!(trace.contains("\"code\":1008") && !trace.contains("test-token"), "{trace}");
}

#[test]
fn a_client_that_is_granted_nothing_is_named_and_nobody_is_judged() {
    let url = after_the_challenge(|socket| {
        let Some(connect) = hear(socket) else { return };
        say(
            socket,
            &json!({"type": "res", "id": connect["id"], "ok": true, "payload": {"type": "hello-ok", "protocol": 4, "auth": {"scopes": []}}}),
        );
        linger(socket.get_mut());
    });
    run(&url).0.means(3, &["BROKEN (agent-start) s::greets", "granted_scopes", "got []"]);
}

#[test]
fn a_version_of_tomorrow_is_named_and_nobody_is_judged() {
    let url = after_the_challenge(|socket| {
        let Some(connect) = hear(socket) else { return };
        say(
            socket,
            &json!({"type": "res", "id": connect["id"], "ok": true, "payload": {"type": "hello-ok", "protocol": 5, "auth": {"scopes": []}}}),
        );
        linger(socket.get_mut());
    });
    run(&url).0.means(3, &["BROKEN (agent-start) s::greets", "result.protocol", "got 5"]);
}

#[test]
fn a_server_that_hangs_up_in_a_run_fails() {
    let url = in_a_run(|socket, run| {
        chat(socket, run, "delta", "H");
        close(socket, 1012, "service restart");
    });
    let (said, trace) = run(&url);
    said.means(1, &["FAIL s::greets", "1012", "service restart"]);
    assert!(trace.contains("service restart"), "{trace}");
}

#[test]
fn a_server_that_hangs_up_after_the_run_has_done_its_work() {
    let url = in_a_run(|socket, run| {
        chat(socket, run, "final", "Hi");
        close(socket, 1012, "service restart");
    });
    run(&url).0.means(0, &["1 passed"]);
}

#[test]
fn a_frame_that_is_not_json_fails() {
    let url = in_a_run(|socket, run| {
        let _ = socket.send(Message::text("{\"type\": \"event\", "));
        chat(socket, run, "final", "Hi");
    });
    let (said, trace) = run(&url);
    said.means(1, &["FAIL s::greets", "{\"type\": \"event\", "]);
    assert!(trace.contains("ill-formed-frame"), "{trace}");
}

#[test]
fn a_frame_of_bytes_fails() {
    let url = in_a_run(|socket, run| {
        let _ = socket.send(Message::binary(vec![0, 1, 2]));
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(1, &["FAIL s::greets", "a frame of bytes"]);
}

#[test]
fn an_event_that_nobody_knows_changes_nothing() {
    let url = in_a_run(|socket, run| {
        say(socket, &json!({"type": "event", "event": "weather", "payload": {"runId": run, "state": "final"}}));
        say(socket, &json!({"type": "event", "event": "agent", "payload": {"runId": run, "stream": "smell", "data": {"phase": "end"}}}));
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(0, &["1 passed"]);
}

#[test]
fn a_large_frame_is_read_and_a_huge_one_ends_the_connection() {
    let url = in_a_run(|socket, run| {
        say(socket, &json!({"type": "event", "event": "health", "payload": {"x": "y".repeat(1 << 20)}}));
        chat(socket, run, "final", "Hi");
    });
    run_for(&url, "25s").0.means(0, &["1 passed"]);
    let url = in_a_run(|socket, run| {
        say(socket, &json!({"type": "event", "event": "health", "payload": {"x": "y".repeat(65 << 20)}}));
        chat(socket, run, "final", "Hi");
    });
    run_for(&url, "25s").0.means(1, &["FAIL s::greets", "closed"]);
}

#[test]
fn frames_of_another_run_are_not_the_answer() {
    let url = in_a_run(|socket, run| {
        chat(socket, "another", "final", "Hi");
        chat(socket, run, "final", "Ho");
    });
    run(&url).0.means(1, &["FAIL s::greets", "expected \"Hi\"", "\"Ho\""]);
    let url = in_a_run(|socket, run| {
        chat(socket, "another", "final", "Ho");
        chat(socket, "another", "aborted", "Ho");
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(0, &["1 passed"]);
}

#[test]
fn frames_of_other_runs_alone_are_no_end() {
    let url = in_a_run(|socket, _| chat(socket, "another", "final", "Hi"));
    run(&url).0.means(1, &["FAIL s::greets", "time limit of 3.00s ran out"]);
}

#[test]
fn an_end_that_comes_twice_fails() {
    for (first, second) in [("final", "final"), ("final", "aborted"), ("aborted", "final")] {
        let url = in_a_run(move |socket, run| {
            chat(socket, run, first, "Hi");
            chat(socket, run, second, "Hi");
        });
        run(&url).0.means(1, &["FAIL s::greets", "one_terminal_per_turn"]);
    }
}

#[test]
fn an_end_that_never_comes_fails_in_time() {
    let url = in_a_run(|socket, run| chat(socket, run, "delta", "Hi"));
    let (said, trace) = run(&url);
    said.means(1, &["FAIL s::greets", "time limit of 3.00s ran out"]);
    assert!(said.took < Duration::from_secs(20) && trace.contains("delta"), "{said:?}");
}

#[test]
fn an_answer_that_comes_too_late_is_none() {
    let url = in_a_run(|socket, run| {
        std::thread::sleep(Duration::from_secs(5));
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(1, &["FAIL s::greets", "time limit of 3.00s ran out"]);
}

#[test]
fn a_result_of_a_call_that_never_comes_fails() {
    let url = in_a_run(|socket, run| {
        let data = json!({"phase": "start", "name": "exec", "toolCallId": "c", "args": {"command": "ls"}});
        say(socket, &json!({"type": "event", "event": "agent", "payload": {"runId": run, "stream": "tool", "data": data}}));
        chat(socket, run, "final", "Hi");
    });
    run(&url).0.means(1, &["FAIL s::greets", "calls_have_results"]);
}
