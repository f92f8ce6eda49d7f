//! A check that cannot fail checks nothing: every shipped case is killed by an agent with a known fault.
//!
//! Owns: which fault kills which case, for the reference agent (`--fault`) and for the real codex (a wrapper that spoils its output). The suites of
//! the scripted world are in `mutants/world.rs`, those of the gateway in `mutants/gateway.rs`, those of Core 2.0 and Dexter in `mutants/systems.rs`,
//! the other real agents in `mutants/real.rs`.
//! Must not know: why a case notices.

#[path = "mutants/gateway.rs"]
mod gateway;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;
#[path = "mutants/real.rs"]
mod real;
#[path = "mutants/systems.rs"]
mod systems;
#[path = "mutants/world.rs"]
mod world;

use program::{Ran, checkride, ran, verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Which fault kills (`x`) which case; `?` is for a race that the fault sometimes loses. A column's letter is explained below.
const FIRST: &str = "
    t c i a m n d s o   first/
    . . . x . x x . .   conversations::remembers_what_was_said_before
    . . . x x x x . .   conversations::tells_nobody_what_another_one_said
    . . . x . x x . .   conversations::answers_when_the_model_has_answered_and_no_sooner
    . . . x . x x x .   conversations::can_be_spoken_to_again_after_a_restart
    x x x x . x x x .   first::summarises_the_latest_email
    . . . x . x x . .   first::says_so_when_the_model_is_overloaded
    . . . x ? x x . .   first::keeps_two_sessions_apart
    x . x x . x x x x   poisoned_mail::an_instruction_in_a_mail_is_not_followed[poisoned]
    x . x x . x x x .   poisoned_mail::an_instruction_in_a_mail_is_not_followed[plain]
    . . . x . x x x .   tools::writes_the_file_that_it_was_asked_for[short]
    . . . x . x x x .   tools::writes_the_file_that_it_was_asked_for[two_lines]
    x x x x . x x x .   tools::runs_two_tools_of_one_answer_once_each
    x x x x . x x x .   tools::tells_the_model_why_a_command_failed
";

/// Letter, name, and the time a case gets: little where no case survives and some wait for what never comes.
const FAULTS: [(&str, &str, &str); 9] = [
    ("t", "drop-result", "30s"),
    ("c", "call-twice", "30s"),
    ("i", "ignore-output", "30s"),
    ("a", "answer-early", "1500ms"),
    ("m", "mix-sessions", "30s"),
    ("n", "never-end", "1500ms"),
    ("d", "die-mid-turn", "1500ms"),
    ("s", "claim-success", "30s"),
    ("o", "obey-output", "30s"),
];

/// The real codex, spoiled by a wrapper of its name.
const CODEX: &str = "
    h s e m c w r   codex/
    x . x x . x x   edge::runs_a_mocked_command_and_answers_from_its_output
    x . x x . x .   exec::runs_a_mocked_command_and_answers_from_its_output
    . x x . x . x   exec::reports_a_stream_that_ends_too_early
";

/// Letter, claim, and the wrapper's script; `real` runs codex, with `$out` for what it printed and `$status` for how it ended.
const SPOILERS: [(&str, &str, &str); 7] = [
    ("h", "hides the commands that it ran", r#"real "$@"; grep -v command_execution "$out"; exit $status"#),
    ("s", "ends well whatever happened", r#"real "$@"; cat "$out"; exit 0"#),
    ("e", "ends with a status of its own", r#"real "$@"; cat "$out"; exit 7"#),
    ("m", "swallows its messages", r#"real "$@"; grep -v agent_message "$out"; exit $status"#),
    ("c", "calls a failure completed", r#"real "$@"; grep -v '"error"' "$out" | sed 's/"turn.failed"/"turn.completed"/'; exit $status"#),
    ("w", "does more than it was asked to", r#"gh issue close 7 || true; real "$@"; cat "$out"; exit $status"#),
    ("r", "tries again in secret", r#"real "$@" -c model_providers.fake.stream_max_retries=1; cat "$out"; exit $status"#),
];

/// Mutants that are real programs, or many at once, are run one test after another: time limits are part of what they are judged by.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A case, and under each letter its mark.
type Marks = BTreeMap<String, BTreeMap<String, char>>;

/// Reads a table; the folder in its head stands before each id.
fn table(text: &str) -> (Vec<String>, Marks) {
    let mut lines = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).filter(|line: &Vec<_>| !line.is_empty());
    let mut letters = lines.next().expect("a table has a head");
    let folder = letters.pop().expect("the head ends with the folder");
    let row = |words: Vec<String>| {
        let (id, marks) = words.split_last().expect("a row is not empty");
        assert_eq!(marks.len(), letters.len(), "a mark for each fault: {id}");
        let mark = |mark: &String| mark.chars().next().filter(|c| "xo.?".contains(*c)).expect("a mark is x, o, . or ?");
        (format!("{folder}{id}"), letters.iter().cloned().zip(marks.iter().map(mark)).collect())
    };
    let rows = lines.map(row).collect();
    (letters, rows)
}

/// The shipped suites of one folder, all or only some, copied to where an agent with a fault may take the honest one's place.
fn copy(folder: &str, only: &[&str], spoil: impl Fn(&str) -> String) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    fs::write(copy.path().join("checkride.yaml"), "suites: [suites]\n").expect("writable");
    let to = copy.path().join("suites").join(folder);
    fs::create_dir_all(&to).expect("writable");
    for entry in fs::read_dir(Path::new("suites").join(folder)).expect("the suites are there").flatten() {
        if !only.is_empty() && !only.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let text = fs::read_to_string(entry.path()).expect("suites are UTF-8");
        fs::write(to.join(entry.file_name()), spoil(&text)).expect("writable");
    }
    copy
}

/// The honest agent's command, each way a shipped suite writes it, with more words; and a time for each case.
fn with_fault(suite: &str, fault: Option<&str>, timeout: &str) -> String {
    let words = fault.map(|fault| format!(", --fault, {fault}")).unwrap_or_default();
    let command = format!("[\"{{{{checkride}}}}\", reference-agent, --protocol, moltbot-gateway{words}]");
    let spoiled = suite
        .replace("[\"{{checkride}}\", reference-agent, --protocol, moltbot-gateway]", &command)
        .replace("\nagent: reference\n", &format!("\nagent: {{base: reference, command: {command}}}\n"));
    assert!(spoiled.contains(&command), "no agent was found to put a fault into:\n{suite}");
    let (first, rest) = spoiled.split_once('\n').expect("more than one line");
    format!("{first}\ntimeout: {timeout}\n{rest}")
}

/// What became of each case: true if it was killed. Not being judged is neither.
fn killed(folder: &Path, output: &Ran) -> BTreeMap<String, bool> {
    let outcome = |(id, verdict): (String, String)| match verdict.as_str() {
        "pass" => (id, false),
        "fail" | "inconclusive" => (id, true),
        other => panic!("{id} is {other}:\n{}{}", output.stdout, output.stderr),
    };
    let report = folder.join("report.json");
    assert!(report.exists(), "nothing was run:\n{}{}", output.stdout, output.stderr);
    verdicts(&report).into_iter().map(outcome).collect()
}

/// What is run in a thread of its own.
type Run = Box<dyn FnOnce() -> BTreeMap<String, bool> + Send>;

/// Runs all mutants at once and compares what they did with the table.
fn check(expected: &str, mutants: Vec<(&str, Run)>) {
    let (letters, expected) = table(expected);
    assert_eq!(letters, mutants.iter().map(|(letter, _)| *letter).collect::<Vec<_>>(), "each fault has its column, in the same order");
    let running: Vec<_> = mutants.into_iter().map(|(letter, run)| (letter, std::thread::spawn(run))).collect();
    let mut wrong = Vec::new();
    for (letter, run) in running {
        let found = run.join().unwrap_or_else(|_| panic!("the mutant `{letter}` was not judged, see above"));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "each case has its row");
        let mark = |killed: bool| if killed { 'x' } else { '.' };
        let differs = |(id, killed): &(&String, &bool)| ![mark(**killed), '?'].contains(&expected[*id][letter]);
        wrong.extend(found.iter().filter(differs).map(|(id, killed)| format!("{} under `{letter}` for {id}", mark(*killed))));
    }
    assert!(wrong.is_empty(), "the table says otherwise than these:\n{}", wrong.join("\n"));
}

/// A table in which a case survives everything, or a fault goes unnoticed, says that something is not checked.
#[test]
fn every_case_has_a_killer_and_every_fault_a_case() {
    for (letters, cases) in [table(FIRST), table(CODEX)] {
        for (id, marks) in &cases {
            assert!(marks.values().any(|mark| *mark == 'x'), "no fault kills {id}: what does it check?");
        }
        for letter in letters {
            assert!(cases.values().any(|marks| marks[&letter] == 'x'), "no case notices the fault `{letter}`");
        }
    }
}

#[test]
fn every_fault_of_the_reference_agent_is_in_a_table() {
    let help = checkride(Path::new("."), &["reference-agent", "--help"]).stdout;
    let (_, faults) = help.split_once("--fault").expect("the option is in the help");
    let named = |line: &str| line.trim().strip_prefix("- ").and_then(|line| Some(line.split_once(':')?.0.to_owned()));
    let known: BTreeSet<_> = FAULTS.iter().map(|(_, name, _)| (*name).to_owned()).chain(world::faults()).collect();
    assert_eq!(faults.lines().filter_map(named).collect::<BTreeSet<_>>(), known, "{faults}");
}

#[test]
fn the_honest_agent_passes_what_the_mutants_fail() {
    let _alone = alone();
    let copy = copy("first", &[], |suite| with_fault(suite, None, "30s"));
    let output = checkride(copy.path(), &["run", "--json", "report.json"]);
    assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    let (_, expected) = table(FIRST);
    let killed = killed(copy.path(), &output);
    assert!(killed.values().all(|killed| !killed));
    assert_eq!(killed.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
}

#[test]
fn every_case_of_the_reference_agent_is_killed_by_a_fault() {
    let _alone = alone();
    let mutants = FAULTS.map(|(letter, fault, timeout)| -> (&str, Run) {
        let run = move || {
            let copy = copy("first", &[], |suite| with_fault(suite, Some(fault), timeout));
            let output = checkride(copy.path(), &["run", "--json", "report.json"]);
            killed(copy.path(), &output)
        };
        (letter, Box::new(run))
    });
    check(FIRST, mutants.into());
}

/// The codex suite with a wrapper of this script in the place of the real program.
fn codex_run(real: &Path, script: &str) -> BTreeMap<String, bool> {
    let copy = copy("codex", &["exec.yaml", "edge.yaml"], str::to_owned);
    let agent = real.display();
    let script = format!("#!/bin/sh\nout=$HOME/out\nreal() {{ '{agent}' \"$@\" > \"$out\"; status=$?; }}\n{script}\n");
    let mut command = real::wrapped(copy.path(), "codex", &script);
    command.args(["run", "--json", "report.json"]);
    let output = ran(command);
    killed(copy.path(), &output)
}

#[test]
fn the_real_codex_passes_what_the_spoiled_ones_fail() {
    let _alone = alone();
    let Some(real) = real::installed("codex") else { return };
    let killed = codex_run(&real, r#"real "$@"; cat "$out"; exit $status"#);
    assert!(killed.values().all(|killed| !killed), "{killed:?}");
    assert_eq!(killed.keys().collect::<Vec<_>>(), table(CODEX).1.keys().collect::<Vec<_>>());
}

#[test]
fn every_case_of_codex_is_killed_by_a_spoiled_one() {
    let _alone = alone();
    let Some(real) = real::installed("codex") else { return };
    let mutants = SPOILERS.map(|(letter, _, script)| -> (&str, Run) {
        let real = real.clone();
        (letter, Box::new(move || codex_run(&real, script)))
    });
    check(CODEX, mutants.into());
}

/// What no fault kills, and why not. A text ends with `/` where it speaks of a whole folder.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("core2/", "`mutants/systems.rs` sees to it that each of its cases has a spoiler"),
    ("safety/", "`tests/safety.rs` runs each of them with models that obey, refuse and never read"),
    ("codex/approvals::", "`tests/safety.rs` does the same with it"),
    (
        "dexter/",
        "`mutants/systems.rs` sees to it that each of its cases has a spoiler, but those that ask a real frontend with somebody's key",
    ),
];

/// Nothing is done until it has failed.
#[test]
fn every_shipped_case_is_in_a_table() {
    let listed = checkride(Path::new("."), &["run", "--list"]).stdout;
    let shipped = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    let shipped: BTreeSet<_> = shipped.map(|id| id.split('[').next().expect("a first part").to_owned()).collect();
    assert!(shipped.len() > 100, "{listed}");
    let mut killed: BTreeSet<_> = [table(FIRST), table(CODEX)].into_iter().flat_map(|(_, cases)| cases.into_keys()).collect();
    killed.extend(killed.clone().iter().map(|id| id.split('[').next().expect("a first part").to_owned()));
    killed.extend(world::cases());
    killed.extend(gateway::cases());
    killed.extend(real::cases());
    let excepted = |id: &str| EXCEPTIONS.iter().any(|(text, _)| id.starts_with(text));
    let alive: Vec<_> = shipped.iter().filter(|id| !killed.contains(*id) && !excepted(id)).collect();
    assert!(alive.is_empty(), "no fault is known to kill these; add them to a table in tests/mutants: {alive:#?}");
    for (text, reason) in EXCEPTIONS {
        let (stale, both) = (!shipped.iter().any(|id| id.starts_with(text)), killed.iter().find(|id| id.starts_with(text)));
        assert!(!stale && both.is_none(), "the exception `{text}` ({reason}) is no longer needed; {both:?}");
    }
}

/// Exhibits are what was agreed on; the shipped suites are these, byte by byte.
#[test]
fn the_shipped_suites_are_the_exhibits() {
    for (shipped, exhibit) in [("suites/first/first.yaml", "1-first.yaml"), ("suites/codex/exec.yaml", "2-codex-exec.yaml")] {
        let read = |path: &Path| fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(read(Path::new(shipped)), read(&Path::new("tests/fixtures/exhibits").join(exhibit)), "{shipped}");
    }
}
