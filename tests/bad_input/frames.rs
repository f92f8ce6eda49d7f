//! Agents on a WebSocket that misbehave: the test is the server, the suite has its `url`.

use crate::program::project::{Project, Said};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

/// A server of one connection after another; `act` has each until it returns.
fn serve(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(&act));
    url
}

/// A server that has shaken hands and read the user's message.
fn after_the_message(act: impl Fn(&mut WebSocket<TcpStream>) + Send + 'static) -> String {
    serve(move |stream| {
        let Ok(mut socket) = accept(stream) else { return };
        if socket.read().is_ok() {
            act(&mut socket);
        }
    })
}

fn run(url: &str) -> (Project, Said) {
    let suite = format!(
        "suite: S\ntimeout: 1500ms\nagent: {{protocol: moltbot-gateway, url: \"{url}\"}}\n\
         cases: [{{name: greets, prompt: Hello, expect: {{reply: Hi}}}}]\n"
    );
    let project = Project::with(&suite);
    let said = project.run();
    (project, said)
}

/// Until the other side has gone, or a while.
fn linger(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
}

#[test]
fn a_server_that_answers_is_a_pass() {
    let url = after_the_message(|socket| {
        let _ = socket.send(Message::text(r#"{"type":"assistant_message","payload":"Hi"}"#));
        let _ = socket.send(Message::text(r#"{"type":"turn_complete"}"#));
        linger(socket.get_mut());
    });
    run(&url).1.means(0, &["1 passed"]);
}

#[test]
fn a_server_that_never_answers_fails_in_time() {
    let url = after_the_message(|socket| linger(socket.get_mut()));
    let (project, said) = run(&url);
    said.means(1, &["FAIL s::greets", "time limit of 1.50s ran out"]);
    assert!(project.trace("greets").contains("Hello"), "what was sent is recorded");
}

#[test]
fn a_server_that_never_shakes_hands_is_broken() {
    let (_, said) = run(&serve(|mut stream| linger(&mut stream)));
    said.means(3, &["BROKEN (agent-start)", "ran out, before the agent was ready to be spoken to"]);
}

#[test]
fn a_server_that_refuses_the_handshake_is_quoted() {
    let url = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\nbad token");
    });
    run(&url).1.means(3, &["BROKEN (agent-start)", "401"]);
    let url = serve(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
    });
    run(&url).1.means(3, &["BROKEN (agent-start)"]);
}

#[test]
fn a_server_that_closes_mid_frame_loses_nothing_of_what_it_said() {
    let url = after_the_message(|socket| {
        let _ = socket.send(Message::text(r#"{"type":"assistant_message","payload":"half a"}"#));
        // A text frame of 200 bytes, of which 5 come.
        let _ = socket.get_mut().write_all(&[0x81, 126, 0, 200, b'{', b'"', b't', b'y', b'p']);
    });
    let (project, said) = run(&url);
    said.means(1, &["FAIL s::greets"]);
    assert!(said.text.contains("closed") || said.text.contains("reset") || said.text.contains("broke"), "{}", said.text);
    assert!(said.took < Duration::from_secs(10), "{:?}", said.took);
    assert!(project.trace("greets").contains("half a"), "what arrived is recorded");
}

#[test]
fn a_server_that_closes_in_the_middle_of_a_turn_fails_with_its_reason() {
    let url = after_the_message(|socket| {
        use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
        let _ = socket.close(Some(CloseFrame { code: CloseCode::Library(4008), reason: "slow consumer".into() }));
        while socket.read().is_ok() {}
    });
    run(&url).1.means(1, &["FAIL s::greets", "4008", "slow consumer"]);
}

#[test]
fn a_server_that_speaks_binary_is_recorded_as_bytes() {
    let url = after_the_message(|socket| {
        let _ = socket.send(Message::binary(vec![0_u8, 255, 27, 7]));
        let _ = socket.send(Message::text("no json \u{1b}[31m"));
        let _ = socket.send(Message::text(r#"{"type":"turn_complete"}"#));
        linger(socket.get_mut());
    });
    let (project, said) = run(&url);
    said.means(1, &["FAIL s::greets"]);
    assert!(!said.text.contains('\x1b'));
    let trace = project.trace("greets");
    assert!(trace.contains("AP8bBw==") && trace.contains("no json"), "{trace}");
}

#[test]
fn frames_that_break_the_protocol_of_websockets_are_an_error_of_the_transport() {
    // A reserved opcode; then a masked frame, which no server may send; then a text that is not UTF-8.
    for frame in [&[0x83, 1, b'x'][..], &[0x81, 0x81, 0, 0, 0, 0, b'x'], &[0x81, 2, 0xC3, 0x28]] {
        let frame = frame.to_vec();
        let url = after_the_message(move |socket| {
            let _ = socket.get_mut().write_all(&frame);
            linger(socket.get_mut());
        });
        let (_, said) = run(&url);
        assert!(said.status == 1, "{}", said.text);
        assert!(said.took < Duration::from_secs(10), "{:?}", said.took);
    }
}

#[test]
fn a_frame_of_200_megabytes_does_not_fill_the_memory() {
    let url = after_the_message(|socket| {
        let length: u64 = 200 << 20;
        let stream = socket.get_mut();
        let _ = stream.write_all(&[0x81, 127]).and_then(|()| stream.write_all(&length.to_be_bytes()));
        let chunk = vec![b'x'; 1 << 20];
        let _ = (0..200).try_for_each(|_| stream.write_all(&chunk));
        linger(stream);
    });
    let (project, said) = run(&url);
    said.means(1, &["FAIL s::greets"]);
    assert!(project.trace("greets").len() < 80 << 20);
}

#[test]
fn a_flood_of_frames_ends_with_the_case() {
    let url = after_the_message(|socket| while socket.send(Message::text(r#"{"type":"noise","payload":"x"}"#)).is_ok() {});
    let (_, said) = run(&url);
    said.means(1, &["FAIL s::greets"]);
    assert!(said.took < Duration::from_secs(20), "{:?}", said.took);
}
