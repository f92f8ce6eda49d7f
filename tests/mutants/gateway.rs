//! The gateway's suites: each case is killed by a gateway with a fault (`--gateway-fault`). The cases of `real.yaml`, which ask a real
//! gateway where one is installed, are asked of the reference agent here.
//!
//! Owns: which fault kills which case.
//! Must not know: why a case notices.

use super::{Ran, checkride, table, verdicts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Under each letter: `x` all instances of a case are killed, `o` some, `.` none, `?` a race that the fault sometimes loses.
const TABLE: &str = "
    at ac as ar ra pk wr ms te hc hr az rd ss ct et ne ia al he nh nt un dr hu if   gateway/
";

/// Letters and faults.
const FAULTS: [(&str, &str); 26] = [
    ("at", "any-token"),
    ("ac", "any-client"),
    ("as", "any-scope"),
    ("ar", "any-request"),
    ("ra", "run-again"),
    ("pk", "plain-keys"),
    ("wr", "wrong-run"),
    ("ms", "mix-sessions"),
    ("te", "tell-everyone"),
    ("hc", "hide-calls"),
    ("hr", "hide-results"),
    ("az", "always-zero"),
    ("rd", "run-denied"),
    ("ss", "stuck-seq"),
    ("ct", "cut-text"),
    ("et", "end-twice"),
    ("ne", "never-end"),
    ("ia", "ignore-abort"),
    ("al", "abort-late"),
    ("he", "hide-errors"),
    ("nh", "no-history"),
    ("nt", "no-tick"),
    ("un", "unwell"),
    ("dr", "drop-result"),
    ("hu", "hang-up"),
    ("if", "ill-formed"),
];

/// With these, version 3 of the wire is asked as well: enough to kill each of its cases. The others differ in nothing there.
const IN_BOTH: [&str; 10] = ["at", "ac", "ar", "ra", "pk", "te", "ct", "ne", "nt", "un"];

/// Nobody gets through the handshake of these, so they kill every case and say nothing about any: `tests/gateway.rs` has them.
const AT_THE_DOOR: [&str; 2] = ["no-scope", "close-at-once"];

/// The reference agent in the place of a real gateway.
const STAND_IN: &str = "  command: [\"{{checkride}}\", reference-agent, --protocol, openclaw-gateway, --token, test-token, --wire, chat, --exec, \"{{exec}}\"]\n  \
    ready: {log: \"listening on (?<url>ws://\\\\S+)\"}\n  env: {OPENAI_BASE_URL: \"{{llm.url}}/v1\"}\n";

fn shipped(name: &str) -> String {
    fs::read_to_string(Path::new("suites/gateway").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The suites as they are asked of a gateway with this fault.
fn suites(letter: &str, fault: Option<&str>) -> Vec<(String, String)> {
    let names = fs::read_dir("suites/gateway").expect("the suites are there").flatten().map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let spoiled = names.map(|name| {
        let mut text = shipped(&name);
        if name.starts_with("real") {
            let (from, to) = (text.find("  # the real one\n").expect("a mark"), text.find("  # as all gateways\n").expect("a mark"));
            text.replace_range(from..to, STAND_IN);
            text = text.replace("\nonly_if:", "\n# only_if:");
        }
        if fault.is_some() && !IN_BOTH.contains(&letter) {
            text = text.replace("matrix: {wire: [3, 4]}", "matrix: {wire: [4]}");
        }
        let plain = text.clone();
        if let Some(fault) = fault {
            text = text.replace("--token, test-token", &format!("--token, test-token, --gateway-fault, {fault}"));
            assert_ne!(text, plain, "no gateway was found to put a fault into:\n{plain}");
        }
        let at = text.find("\ncases:").expect("a suite has cases");
        text.insert_str(at, "\ntimeout: 12s");
        (name, text.replace("\ntimeout: 300s", ""))
    });
    spoiled.collect()
}

fn run(mutants: &[(&str, Option<&str>)]) -> (tempfile::TempDir, Ran) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("checkride.yaml"), "suites: [suites]\n").expect("writable");
    for (letter, fault) in mutants {
        let to = folder.path().join("suites").join(letter);
        fs::create_dir_all(&to).expect("writable");
        for (name, text) in suites(letter, *fault) {
            fs::write(to.join(name), text).expect("writable");
        }
    }
    let ran = checkride(folder.path(), &["run", "--test-threads", "16", "--json", "report.json"]);
    assert!(folder.path().join("report.json").exists(), "nothing was run:\n{}{}", ran.stdout, ran.stderr);
    (folder, ran)
}

#[test]
fn an_honest_gateway_passes_what_the_mutants_fail() {
    let (_folder, ran) = run(&[("honest", None)]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn every_case_of_the_gateway_is_killed() {
    let mutants: Vec<_> = FAULTS.map(|(letter, fault)| (letter, Some(fault))).into();
    let (folder, ran) = run(&mutants);
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    let (mut seen, mut dead) = (BTreeSet::new(), BTreeSet::new());
    for (id, verdict) in verdicts(&folder.path().join("report.json")) {
        let (letter, instance) = id.split_once('/').expect("each mutant has its folder");
        let killed = match verdict.as_str() {
            "pass" => false,
            "fail" | "inconclusive" => true,
            other => panic!("{id} is {other}:\n{}{}", ran.stdout, ran.stderr),
        };
        let case = instance.split('[').next().expect("there is a first part");
        let count = counts.entry((case.to_owned(), letter.to_owned())).or_default();
        *count = (count.0 + usize::from(killed), count.1 + 1);
        seen.insert(instance.to_owned());
        if killed {
            dead.insert(instance.to_owned());
        }
    }
    let survivors: Vec<_> = seen.difference(&dead).collect();
    assert!(survivors.is_empty(), "no fault kills these: what do they check?\n{survivors:#?}");
    let (letters, expected) = table(TABLE);
    let found = |case: &str, letter: &str| match counts.get(&(case.to_owned(), letter.to_owned())) {
        Some((0, _)) => '.',
        Some((killed, all)) if killed == all => 'x',
        _ => 'o',
    };
    let cases: BTreeSet<_> = counts.keys().map(|(case, _)| case.as_str()).collect();
    let row = |case: &&str| format!("{}   {case}", FAULTS.map(|(letter, _)| format!("{:<2}", found(case, letter))).join(" "));
    let head = format!("{}   gateway/", FAULTS.map(|(letter, _)| letter).join(" "));
    let all = std::iter::once(head).chain(cases.iter().map(row)).map(|line| format!("    {line}\n")).collect::<String>();
    assert_eq!(letters, FAULTS.map(|(letter, _)| letter), "each fault has its column, in the same order; as found:\n{all}");
    assert_eq!(expected.len(), cases.len(), "each case has its row; as found:\n{all}");
    for (id, marks) in &expected {
        let case = id.trim_start_matches("gateway/");
        let differs = |(letter, mark): &(&String, &char)| **mark != '?' && **mark != found(case, letter);
        let wrong: Vec<_> = marks.iter().filter(differs).map(|(letter, _)| letter).collect();
        assert!(wrong.is_empty(), "the table says otherwise for {case} under {wrong:?}; as found:\n{all}");
    }
    let unnoticed: Vec<_> = letters.iter().filter(|letter| expected.values().all(|marks| marks[*letter] == '.')).collect();
    assert!(unnoticed.is_empty(), "no case notices these faults: {unnoticed:?}");
}

#[test]
fn every_fault_of_a_gateway_has_its_column() {
    let help = checkride(Path::new("."), &["reference-agent", "--help"]).stdout;
    let (_, faults) = help.split_once("--gateway-fault").expect("the option is in the help");
    let (faults, _) = faults.split_once("\n      --").expect("it is not the last one");
    let named = |line: &str| line.trim().strip_prefix("- ").and_then(|line| Some(line.split_once(':')?.0.to_owned()));
    let known: BTreeSet<_> = FAULTS.iter().map(|(_, name)| (*name).to_owned()).chain(AT_THE_DOOR.map(str::to_owned)).collect();
    assert_eq!(faults.lines().filter_map(named).collect::<BTreeSet<_>>(), known, "{faults}");
}
