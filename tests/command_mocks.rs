//! Mocked commands as agents meet them: the real binary under another name, called by real shells.

use checkride::base::Span;
use checkride::fakes::command::{Mocks, prepare};
use checkride::model::fake::{CommandAnswer, CommandFake, CommandRule, CommandWhen, Otherwise, Output};
use checkride::model::pattern::Glob;
use checkride::model::template::Nothing;
use checkride::model::trace::{CommandCall, Problem, What};
use checkride::model::tree::Node;
use checkride::recorder::Recorder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Output as Finished, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn node(value: Value) -> Arc<Node> {
    Node::from_value(Span::NONE, &value)
}

/// Prints a text and ends with 0.
fn says(text: &str) -> CommandAnswer {
    CommandAnswer { stdout: Some(Output::Text(node(json!(text)))), stderr: None, exit: 0, delay: Duration::ZERO }
}

fn on(when: Value, answers: Vec<CommandAnswer>, sequence: bool) -> CommandRule {
    let when = match when {
        Value::Null => CommandWhen::Always,
        Value::String(glob) => CommandWhen::Glob(Glob { pattern: node(json!(glob)) }),
        pattern => CommandWhen::Pattern(node(pattern)),
    };
    CommandRule { span: Span::NONE, when, answers, sequence }
}

fn rule(when: Value, text: &str) -> CommandRule {
    on(when, vec![says(text)], false)
}

fn fake(rules: Vec<CommandRule>) -> CommandFake {
    CommandFake { rules, otherwise: Otherwise::Fail }
}

/// Mocked commands in a folder of their own.
struct World {
    dir: tempfile::TempDir,
    mocks: Mocks,
    recorder: Recorder,
}

fn world_of(fakes: &[(String, &CommandFake)]) -> World {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let checkride = env!("CARGO_BIN_EXE_checkride").as_ref();
    let mocks = prepare(&dir.path().join("m"), checkride, fakes, &Nothing).expect("the rules are right");
    World { dir, mocks, recorder: Recorder::new() }
}

fn world(fake: &CommandFake) -> World {
    world_of(&[("gog".to_owned(), fake)])
}

impl World {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/bin:/bin", self.mocks.bin().display());
        command.env_clear().env("PATH", path).env("HOME", self.dir.path()).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    fn sh(&self, script: &str) -> Finished {
        self.command("/bin/bash").args(["-c", script]).output().expect("bash is there")
    }

    fn finish(self) -> (Vec<CommandCall>, Vec<Problem>) {
        self.mocks.finish(&self.recorder, true);
        let (mut calls, mut problems) = (vec![], vec![]);
        for record in self.recorder.finish().records {
            match record.what {
                What::Command(call) => calls.push(call),
                What::Problem(problem) => problems.push(problem),
                _ => {}
            }
        }
        (calls, problems)
    }
}

fn out(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

fn err(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stderr).into_owned()
}

#[test]
fn the_first_rule_that_matches_answers() {
    let fake = fake(vec![rule(json!("gmail get *"), "Invoice"), rule(json!("gmail *"), "other"), rule(Value::Null, "any")]);
    let world = world(&fake);
    let said: Vec<String> = ["gmail get m1", "gmail list", "x"].map(|args| out(&world.sh(&format!("gog {args}")))).into();
    assert_eq!(said, ["Invoice", "other", "any"]);
    let (calls, problems) = world.finish();
    assert_eq!(calls[0].argv, ["gmail", "get", "m1"]);
    assert_eq!((calls[0].exit, calls[0].rule.as_deref()), (Some(0), Some("rule 1 (gmail get *)")));
    assert_eq!((calls.len(), problems), (3, vec![]));
}

#[test]
fn stdout_stderr_exit_and_delay_are_as_planned() {
    let answer = CommandAnswer {
        stdout: Some(Output::Json(node(json!({"b": 1, "a": [2]})))),
        stderr: Some(Output::Bytes(node(json!("//4=")))),
        exit: 3,
        delay: Duration::from_millis(60),
    };
    let fake = fake(vec![on(Value::Null, vec![answer], false)]);
    let world = world(&fake);
    let begin = Instant::now();
    let finished = world.sh("gog");
    assert!(begin.elapsed() >= Duration::from_millis(60));
    assert_eq!(
        (out(&finished).as_str(), finished.stderr.as_slice(), finished.status.code()),
        ("{\"b\":1,\"a\":[2]}\n", &b"\xff\xfe"[..], Some(3))
    );
    assert_eq!(world.finish().0[0].exit, Some(3));
}

#[test]
fn an_argv_that_no_rule_matches_fails_the_case_and_names_the_nearest_rule() {
    let fake = fake(vec![rule(json!("calendar list"), ""), rule(json!("gmail get *"), "")]);
    let world = world(&fake);
    let finished = world.sh("gog gmail send m1");
    assert_eq!(finished.status.code(), Some(127));
    assert!(err(&finished).contains("nearest is rule 2 (gmail get *)"), "{}", err(&finished));
    let (calls, problems) = world.finish();
    assert_eq!((calls[0].exit, calls[0].rule.clone()), (Some(127), None));
    assert_eq!((problems[0].code.as_str(), problems[0].blame), ("unmatched-command", None));
    assert!(problems[0].message.contains("`gmail send m1`") && problems[0].details[0].contains("gmail get *"), "{problems:?}");
}

#[test]
fn otherwise_empty_and_refuse_fail_nothing() {
    for (otherwise, exit, says) in [(Otherwise::Empty, 0, ""), (Otherwise::Refuse, 1, "refused")] {
        let fake = CommandFake { rules: vec![], otherwise };
        let world = world(&fake);
        let finished = world.sh("gog x");
        assert_eq!(finished.status.code(), Some(exit));
        assert!(err(&finished).contains(says));
        let (calls, problems) = world.finish();
        assert_eq!((calls[0].exit, calls[0].rule.clone(), problems), (Some(exit), None, vec![]));
    }
}

#[test]
fn a_sequence_is_given_in_turn_and_asking_once_too_often_fails() {
    let fake = fake(vec![on(json!("*"), vec![says("a"), says("b")], true)]);
    let world = world(&fake);
    assert_eq!(out(&world.sh("gog 1; gog 2")), "ab");
    let third = world.sh("gog 3");
    assert_eq!(third.status.code(), Some(127));
    let (_, problems) = world.finish();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("once too often") && problems[0].details[0].contains("2 answers"), "{problems:?}");
}

#[test]
fn answers_left_over_fail_unless_allowed() {
    let fake = fake(vec![on(json!("*"), vec![says("a"), says("b")], true)]);
    let strict = world(&fake);
    strict.sh("gog 1");
    let (_, problems) = strict.finish();
    assert_eq!((problems.len(), problems[0].code.as_str()), (1, "unused-answers"));
    assert!(problems[0].message.contains("gave 1 of the 2 answers"), "{problems:?}");

    let mut lenient = world(&fake);
    lenient.mocks.allow_unused("gog");
    assert_eq!(lenient.finish().1, vec![]);
}

#[test]
fn a_pattern_sees_argv_stdin_cwd_and_nth() {
    let fake = fake(vec![
        rule(json!({"nth": 1}), "first"),
        rule(json!({"stdin": {"contains": "pay"}}), "paid"),
        rule(json!({"cwd": {"ends_with": "/sub"}, "argv": ["x", "y"]}), "in sub"),
    ]);
    let world = world(&fake);
    let said = out(&world.sh("gog a; echo please pay | gog b; mkdir sub; cd sub; gog x y"));
    assert_eq!(said, "firstpaidin sub");
    let missed = world.sh("gog x z");
    assert_eq!(missed.status.code(), Some(127));
    let (calls, problems) = world.finish();
    assert_eq!((calls[1].stdin.as_str(), problems.len()), ("please pay\n", 1));
    assert!(problems[0].details[0].contains("expected"), "it says what differs: {problems:?}");
}

#[test]
fn a_pattern_that_cannot_be_read_is_refused_before_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let fake = fake(vec![rule(Value::Null, ""), rule(json!({"stdin": {"matches": "("}}), "")]);
    let fakes = [("gog".to_owned(), &fake)];
    let error = prepare(dir.path(), env!("CARGO_BIN_EXE_checkride").as_ref(), &fakes, &Nothing).err().unwrap_or_default();
    assert!(error.contains("`gog`") && error.contains("rule 2"), "{error}");
}

#[test]
fn what_cannot_be_a_commands_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["", "a/b", "..", "."] {
        let fake = fake(vec![]);
        let fakes = [(name.to_owned(), &fake)];
        assert!(prepare(dir.path(), env!("CARGO_BIN_EXE_checkride").as_ref(), &fakes, &Nothing).is_err(), "{name}");
    }
}

#[test]
fn every_way_to_call_it_is_recorded() {
    let fake = fake(vec![rule(json!("*"), "ok ")]);
    let world = world(&fake);
    let bin = world.mocks.bin().display().to_string();
    let scripts = [
        "sh -c 'gog via sh'".to_owned(),
        "bash -c 'gog via bash'".to_owned(),
        "echo gog via a script > s.sh; sh s.sh".to_owned(),
        format!("env -i {bin}/gog via nothing"),
        format!("cd {bin} && ./gog via relative && cd .. && bin/gog via folder"),
        "(exec -a fake gog via forgery)".to_owned(),
        format!("ln -s {bin}/gog other; ./other via link"),
        "env gog via env; nohup gog via nohup 2>/dev/null; xargs gog via xargs </dev/null; timeout 20 gog via timeout".to_owned(),
    ];
    for script in &scripts {
        let finished = world.sh(script);
        assert!(finished.status.success(), "{script}: {}{}", out(&finished), err(&finished));
    }
    let (calls, problems) = world.finish();
    let ways: Vec<&str> = calls.iter().map(|call| call.argv[1].as_str()).collect();
    let expected = ["sh", "bash", "a", "nothing", "relative", "folder", "forgery", "link", "env", "nohup", "xargs", "timeout"];
    assert_eq!((ways.as_slice(), problems), (&expected[..], vec![]));
    assert!(calls.iter().all(|call| call.name == "gog"), "{calls:?}");
}

#[test]
fn arguments_are_recorded_as_they_are() {
    let fake = fake(vec![rule(Value::Null, "")]);
    let world = world(&fake);
    let odd = ["", " a  b ", "quote \" ' `", "line\nbreak", "ä\u{1F600}", "*", "--"];
    world.command(&world.mocks.bin().join("gog").to_string_lossy()).args(odd).status().unwrap();
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    world.command(&world.mocks.bin().join("gog").to_string_lossy()).arg(bytes).status().unwrap();
    let log = std::fs::read_to_string(world.dir.path().join("m/calls.jsonl")).unwrap();
    assert!(log.contains(r#"{"base64":"//4="}"#), "the log loses nothing: {log}");
    let (calls, _) = world.finish();
    assert_eq!(calls[0].argv, odd);
    assert_eq!(calls[1].argv, ["\u{fffd}\u{fffd}"]);
}

#[test]
fn an_open_standard_input_blocks_nobody() {
    for needs_stdin in [false, true] {
        let when = if needs_stdin { json!({"stdin": {"contains": "never"}}) } else { json!("a") };
        let fake = fake(vec![rule(when, ""), rule(Value::Null, "answered")]);
        let world = world(&fake);
        let mut child = world.command("/bin/bash").args(["-c", "gog a b"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let open = child.stdin.take();
        let finished = child.wait_with_output().unwrap();
        assert_eq!(out(&finished), "answered");
        drop(open);
    }
}

#[test]
fn a_loop_keeps_its_input() {
    let fake = fake(vec![rule(json!("get *"), "")]);
    let world = world(&fake);
    world.sh(
        "printf '1\\n2\\n3\\n' > ids; while read id; do gog get $id; done < ids; printf '4\\n5\\n' | while read id; do gog get $id; done",
    );
    let (calls, _) = world.finish();
    let ids: Vec<&str> = calls.iter().map(|call| call.argv[1].as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_large_input_is_read_up_to_a_cap() {
    let fake = fake(vec![rule(json!({"stdin": {"starts_with": "xxx"}}), "ok")]);
    let world = world(&fake);
    let mut child = world.command("/bin/bash").args(["-c", "gog"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(&vec![b'x'; 3 << 20]));
    assert_eq!(out(&child.wait_with_output().unwrap()), "ok");
    writing.join().unwrap().unwrap();
    assert_eq!(world.finish().0[0].stdin.len(), 1 << 20);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let fake = fake(vec![rule(Value::Null, &"line\n".repeat(100_000))]);
    let world = world(&fake);
    assert_eq!(out(&world.sh("gog | head -1")), "line\n");
    let (calls, problems) = world.finish();
    assert_eq!((calls.len(), problems), (1, vec![]));
}

#[test]
fn a_call_that_was_killed_still_shows() {
    let slow = CommandAnswer { delay: Duration::from_secs(600), ..says("late") };
    let fake = fake(vec![on(Value::Null, vec![slow], false)]);
    let world = world(&fake);
    let finished = world.sh("timeout -s KILL 0.3 gog wait");
    assert_eq!(out(&finished), "");
    world.mocks.collect(&world.recorder);
    assert!(world.recorder.is_empty(), "whether it will end is not known before the case has ended");
    let (calls, _) = world.finish();
    assert_eq!((calls.len(), calls[0].exit, calls[0].argv.as_slice()), (1, None, &["wait".to_owned()][..]));
}

#[test]
fn a_log_that_cannot_be_written_is_said_and_nothing_is_answered() {
    let fake = fake(vec![rule(Value::Null, "answer")]);
    let world = world(&fake);
    std::fs::remove_file(world.dir.path().join("m/calls.jsonl")).unwrap();
    let finished = world.sh("gog");
    assert_eq!((finished.status.code(), out(&finished).as_str()), (Some(126), ""));
    assert!(err(&finished).contains("cannot record its call"));
}

#[test]
fn a_hundred_calls_in_parallel_are_neither_lost_nor_torn() {
    let answers: Vec<CommandAnswer> = (0..100).map(|n| says(&format!("{n}\n"))).collect();
    let fake = fake(vec![on(json!("get *"), answers, true)]);
    let world = world(&fake);
    let finished = world.sh("seq 100 | xargs -P 32 -I{} gog get {} \"$(head -c 20000 /dev/zero | tr '\\0' x)\"");
    let given: BTreeSet<u32> = out(&finished).lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(given, (0..100).collect(), "each answer was given once");
    let (calls, problems) = world.finish();
    let ids: BTreeSet<u32> = calls.iter().map(|call| call.argv[1].parse().unwrap()).collect();
    assert_eq!((calls.len(), ids, problems), (100, (1..=100).collect(), vec![]));
    assert!(calls.iter().all(|call| call.argv[2].len() == 20_000));
}

#[test]
fn calls_are_collected_as_they_end() {
    let fake = fake(vec![rule(json!("*"), "")]);
    let world = world(&fake);
    for expected in 1..=3 {
        world.sh("gog x");
        world.mocks.collect(&world.recorder);
        assert_eq!(world.recorder.len(), expected);
        world.mocks.collect(&world.recorder);
        assert_eq!(world.recorder.len(), expected, "nothing is recorded twice");
    }
}

#[test]
fn two_commands_do_not_mix() {
    let (gog, curl) = (fake(vec![on(json!("*"), vec![says("g1"), says("g2")], true)]), fake(vec![on(json!("*"), vec![says("c1")], true)]));
    let world = world_of(&[("gog".to_owned(), &gog), ("curl".to_owned(), &curl)]);
    assert_eq!(out(&world.sh("gog a; curl b; gog c")), "g1c1g2");
    let (calls, problems) = world.finish();
    let names: Vec<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!((names.as_slice(), problems), (&["gog", "curl", "gog"][..], vec![]));
}

#[test]
fn under_its_own_name_it_is_no_mock() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("bin")).unwrap();
    std::fs::write(dir.path().join("plan.json"), r#"{"somebody": "else's"}"#).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_checkride"), dir.path().join("bin/checkride")).unwrap();
    let finished = Command::new(dir.path().join("bin/checkride")).arg("--version").output().unwrap();
    assert_ne!(finished.status.code(), Some(126));
}
