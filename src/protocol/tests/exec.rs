//! One process for each turn.

use super::build::{bound, event_of, frames, protocol, records, script, setup, shown};
use crate::model::trace::{Blame, Cause, What};
use crate::protocol::{Conversation, Setup, TurnRequest};
use crate::recorder::Recorder;
use crate::transports::exec::ExecLaunch;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// As `command-line`.
fn command_line() -> Value {
    json!({
        "transport": "exec",
        "settings": {"prompt": {"default": "argument", "one_of": ["argument", "stdin"]}},
        "actions": {"user": [
            {"run": {"args": ["{{text}}"]}, "only_if": {"settings": {"prompt": "argument"}}},
            {"run": {"stdin": "{{text}}"}, "only_if": {"settings": {"prompt": "stdin"}}},
        ]},
        "events": [{"when": {"exit": 0}, "text": "$.stdout"}, {"when": {"exit": {"not": 0}}, "error": "$.stderr"}],
    })
}

/// As `codex-exec`.
fn codex() -> Value {
    json!({
        "transport": "exec",
        "actions": {"user": [
            {"run": {"args": ["{{text}}"]}, "only_if": {"first_turn": true}},
            {"run": {"args": ["resume", "{{session.thread}}", "{{text}}"]}, "only_if": {"first_turn": false}},
        ]},
        "events": [
            {"when": {"type": "thread.started"}, "save": {"thread": "$.thread_id"}},
            {"when": {"type": "item.completed"}, "text": "$.item.text"},
            {"when": {"type": "turn.completed"}, "turn.finished": "completed"},
        ],
    })
}

fn exits(recorder: &Recorder) -> Vec<(Option<i32>, Option<i32>)> {
    let exit = |record: crate::model::trace::Record| match record.what {
        What::Exit { code, signal } => Some((code, signal)),
        _ => None,
    };
    records(recorder).into_iter().filter_map(exit).collect()
}

fn logs(recorder: &Recorder) -> Vec<String> {
    let log = |record: crate::model::trace::Record| match record.what {
        What::Log { line, .. } => Some(line),
        _ => None,
    };
    records(recorder).into_iter().filter_map(log).collect()
}

/// True if a process of this id runs (and is no zombie).
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

/// A killed process is gone soon, not at once.
async fn gone(pids: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while pids.split(' ').any(runs) {
        assert!(Instant::now() < until, "still there: {pids}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn output_is_the_reply_and_exit_0_completes() {
    let (talk, recorder) = script(command_line(), r#"echo "you said: $1"; echo; echo more; echo note >&2"#);
    assert_eq!(talk.user(TurnRequest::new("main", "a 'b' $HOME")).await, Ok(json!({"turn": 0})));
    assert_eq!(shown(&recorder, "main"), [r#"text {"text":"you said: a 'b' $HOME\n\nmore"}"#, r#"turn.finished {"status":"completed"}"#]);
    let expected = [
        json!({"text": "you said: a 'b' $HOME"}),
        json!({"text": "more"}),
        json!({"exit": 0, "stdout": "you said: a 'b' $HOME\n\nmore", "stderr": "note"}),
    ];
    assert_eq!(frames(&recorder), expected);
    assert_eq!((exits(&recorder), logs(&recorder)), (vec![(Some(0), None)], vec!["note".to_owned()]));
}

#[tokio::test]
async fn another_exit_fails_with_what_was_printed() {
    let (talk, recorder) = script(command_line(), "echo half; echo 'no such flag' >&2; exit 3");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(
        shown(&recorder, "main"),
        [r#"error {"message":"no such flag","source":"agent","code":null}"#, r#"turn.finished {"status":"failed"}"#]
    );
    assert_eq!(exits(&recorder), [(Some(3), None)]);
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_is_told() {
    let (talk, recorder) = script(codex(), r#"echo '{"type":"thread.started","thread_id":"T"}'; kill -KILL $$"#);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let expected = [
        r#"error {"source":"transport","code":null,"message":"the process ended before the end of the turn (signal 9)"}"#,
        r#"turn.finished {"status":"failed"}"#,
    ];
    assert_eq!(shown(&recorder, "main"), expected);
    assert_eq!(exits(&recorder), [(None, Some(9))]);
    assert_eq!(
        frames(&recorder)[1],
        json!({"exit": null, "stdout": r#"{"type":"thread.started","thread_id":"T"}"#, "stderr": "", "signal": 9})
    );
}

#[tokio::test]
async fn the_last_words_of_a_process_are_told() {
    let (talk, recorder) = script(codex(), "echo 'first' >&2; echo 'Error: no config' >&2; exit 1");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    assert!(shown(&recorder, "main")[0].contains("(exit 1: Error: no config)"), "{:?}", shown(&recorder, "main"));
}

#[tokio::test]
async fn an_end_that_the_agent_told_stands_whatever_the_exit() {
    let (talk, recorder) = script(codex(), r#"echo '{"type":"turn.completed"}'; exit 1"#);
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main"), [r#"turn.finished {"status":"completed"}"#]);
    assert_eq!(exits(&recorder), [(Some(1), None)]);
}

#[tokio::test]
async fn the_second_turn_resumes_the_first() {
    let (talk, recorder) = script(
        codex(),
        r#"echo '{"type":"thread.started","thread_id":"T-9"}'; echo "{\"type\":\"item.completed\",\"item\":{\"text\":\"$*\"}}"; echo '{"type":"turn.completed"}'"#,
    );
    for text in ["one", "two"] {
        talk.user(TurnRequest::new("main", text)).await.expect("the turn ends");
    }
    talk.user(TurnRequest::new("other", "three")).await.expect("the turn ends");
    let texts = |session: &str| shown(&recorder, session).into_iter().filter(|event| event.starts_with("text")).collect::<Vec<_>>();
    assert_eq!(texts("main"), [r#"text {"text":"one"}"#, r#"text {"text":"resume T-9 two"}"#]);
    assert_eq!(texts("other"), [r#"text {"text":"three"}"#]);
    assert_eq!(bound(&recorder, "session.thread").len(), 3);
}

#[tokio::test]
async fn a_second_turn_that_cannot_resume_is_the_suites_fault() {
    let (talk, _) = script(codex(), r#"echo '{"type":"turn.completed"}'"#);
    talk.user(TurnRequest::new("main", "one")).await.expect("the turn ends");
    let error = talk.user(TurnRequest::new("main", "two")).await.expect_err("no thread is known");
    assert!(error.message.contains("session.thread") && error.cause == Cause::Broken(Blame::Suite), "{error:?}");
}

#[tokio::test]
async fn two_processes_at_once_stay_apart() {
    let (talk, recorder) = script(command_line(), r#"echo "$1""#);
    let (one, two) = tokio::join!(talk.user(TurnRequest::new("ana", "A")), talk.user(TurnRequest::new("bob", "B")));
    one.expect("ends");
    two.expect("ends");
    assert_eq!(shown(&recorder, "ana")[0], r#"text {"text":"A"}"#);
    assert_eq!(shown(&recorder, "bob")[0], r#"text {"text":"B"}"#);
}

#[tokio::test]
async fn text_may_go_in_by_standard_input() {
    let mut value = command_line();
    value["settings"]["prompt"]["default"] = json!("stdin");
    let (talk, recorder) = script(value.clone(), "wc -c");
    let long = "x".repeat(300_000);
    talk.user(TurnRequest::new("main", long)).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"300000"}"#);
    let (talk, recorder) = script(value, "echo 'does not read'");
    talk.user(TurnRequest::new("main", "y".repeat(300_000))).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"does not read"}"#);
}

#[tokio::test]
async fn without_text_for_it_standard_input_is_empty() {
    let (talk, recorder) = script(command_line(), "cat; echo done");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(shown(&recorder, "main")[0], r#"text {"text":"done"}"#);
}

#[tokio::test]
async fn bytes_on_standard_output_are_a_frame() {
    let (talk, recorder) = script(command_line(), r"printf '\377\376\n'");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert_eq!(frames(&recorder)[0], json!({"bytes": "//4="}));
}

#[tokio::test]
async fn a_process_that_never_ends_is_late_and_is_killed_with_its_children() {
    let (talk, recorder) = script(command_line(), "trap '' TERM; sleep 1000 & echo $$ $!; wait; wait");
    let error =
        talk.user(TurnRequest { within: Duration::from_millis(500), ..TurnRequest::new("main", "x") }).await.expect_err("it never ends");
    assert!(error.message.starts_with("no end of the turn within 500ms"), "{}", error.message);
    let line = frames(&recorder)[0]["text"].as_str().expect("a line").to_owned();
    let pids: Vec<&str> = line.split(' ').collect();
    assert!(pids.iter().all(|pid| runs(pid)), "{line}");
    talk.close().await;
    gone(&line).await;
    assert_eq!(shown(&recorder, "main"), [r#"turn.finished {"status":"aborted"}"#]);
    assert_eq!(exits(&recorder), [(None, None)]);
}

#[tokio::test]
async fn a_dropped_conversation_leaves_no_process() {
    let (talk, recorder) = script(command_line(), "sleep 1000 & echo $$ $!; wait");
    talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "x") }).await.expect("begun");
    let line = recorder.wait(|records| {
        records.iter().find_map(|record| match &record.what {
            What::Frame { data, .. } => data["text"].as_str().map(str::to_owned),
            _ => None,
        })
    });
    let line = line.await;
    drop(talk);
    gone(&line).await;
}

#[tokio::test]
async fn a_child_that_goes_on_does_not_hold_the_turn() {
    let (talk, recorder) = script(command_line(), "sleep 1000 & echo $!");
    let began = Instant::now();
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    assert!(began.elapsed() < Duration::from_secs(10));
    gone(&frames(&recorder)[0].to_string()).await;
}

#[tokio::test]
async fn a_flood_is_cut_and_ends_the_turn() {
    let (talk, recorder) = script(command_line(), "yes");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn is ended");
    let all = frames(&recorder);
    assert!(all.len() < 200_000, "{}", all.len());
    let errors: Vec<_> = shown(&recorder, "main").into_iter().filter(|event| event.starts_with("error")).collect();
    assert!(errors.last().is_some_and(|error| error.contains("printed more than 64 MiB")), "{errors:?}");
    assert_eq!(shown(&recorder, "main").last().map(String::as_str), Some(r#"turn.finished {"status":"failed"}"#));
}

#[tokio::test]
async fn one_long_line_is_cut() {
    let (talk, recorder) = script(command_line(), "head -c 20000000 /dev/zero | tr '\\0' x");
    talk.user(TurnRequest::new("main", "x")).await.expect("the turn ends");
    let all = frames(&recorder);
    assert_eq!(all[0]["text"].as_str().map(str::len), Some(1 << 20));
    assert_eq!(all[1]["stdout"].as_str().map(str::len), Some(8 << 20));
}

#[tokio::test]
async fn a_program_that_is_missing_is_broken() {
    for (program, says) in
        [("no-such-program-here", "not on the agent's PATH"), ("/no/such/file", "there is no such file"), ("/", "may not be executed")]
    {
        let exec = ExecLaunch { argv: vec![program.to_owned()], env: vec![("PATH".into(), "/bin".into())], cwd: "/".into() };
        let talk = Conversation::new(Setup { exec: Some(exec), ..setup(protocol(command_line())) });
        let error = talk.user(TurnRequest::new("main", "x")).await.expect_err("it cannot be started");
        assert!(error.message.contains(says) && error.cause == Cause::Broken(Blame::AgentStart), "{error:?}");
    }
}

#[tokio::test]
async fn a_process_takes_no_frames() {
    let (talk, _) = script(command_line(), "sleep 1000");
    talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "x") }).await.expect("begun");
    let error = talk.send("main", crate::transports::Outgoing::Text("x".into())).await.expect_err("no frames");
    assert!(error.message.contains("no connection that lasts"), "{}", error.message);
    talk.close().await;
}

#[tokio::test]
async fn a_disconnect_ends_the_process_of_the_turn() {
    let (talk, recorder) = script(command_line(), "echo begun; sleep 1000");
    talk.user(TurnRequest { wait: false, ..TurnRequest::new("main", "x") }).await.expect("begun");
    talk.disconnect("main").await.expect("cut");
    event_of(&recorder, "turn.finished", 1).await;
    assert_eq!(shown(&recorder, "main").last().map(String::as_str), Some(r#"turn.finished {"status":"aborted"}"#));
}
