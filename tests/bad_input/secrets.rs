//! No secret in any output: not on the screen, not in a report, not in a trace.

use crate::program::project::Project;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An agent that says everything it knows, wherever it can.
const SUITE: &str = r#"suite: S
agent:
  protocol: secrets.yaml
  settings: {token: settings-token-7391}
  command: [sh, -c, 'printf %s "$KEY" > $OUT; printf "x%s" $KEY | base64 -w0; cat key; echo $KEY; echo $KEY >&2; gog send $KEY; echo $TOKEN; echo "{\"k\": \"$KEY\"}"; cp key left.txt; exit 3']
  env: {KEY: "{{secrets.api}}", TOKEN: settings-token-7391, OUT: "{{env.OUT:-/dev/null}}"}
  files: {key: "{{secrets.api}}"}
secrets: {api: {}, planted: {file: .ssh/id_rsa}}
fakes: {gog: {command: [{when: list, stdout: x}]}}
cases:
  - name: leaks
    prompt: "The key is {{secrets.api}}"
    expect: {reply: nothing, files: {left.txt: {absent: true}}, commands: {gog: [list]}}
  - name: leaks in time
    timeout: 300ms
    agent: {protocol: secrets.yaml, command: [sh, -c, 'echo $KEY; exec sleep 30'], env: {KEY: "{{secrets.api}}"}, stop: {signal: KILL}}
    prompt: "The key is {{secrets.api}}"
    expect: {reply: "{{secrets.api}} nothing"}
"#;

const PROTOCOL: &str = r#"protocol: secrets
transport: exec
settings: {token: {default: a-default-token, secret: true}}
actions: {user: [{run: {args: ["{{text}}", "{{token}}"]}}]}
events:
  - {when: {exit: {not: 0}}, text: $.stdout, error: $.stderr}
"#;

/// Everything below a folder, as one text.
fn all_of(folder: &std::path::Path, out: &mut String) {
    for path in std::fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("it can be read").path()) {
        match path.is_dir() {
            true => all_of(&path, out),
            false => out.push_str(&String::from_utf8_lossy(&std::fs::read(&path).expect("it can be read"))),
        }
    }
}

#[test]
fn no_secret_reaches_a_screen_a_report_or_a_trace() {
    // The agent writes the secret where nobody looks but this test, so that its text is known here.
    let known = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let project = Project::with(SUITE).file("secrets.yaml", PROTOCOL);
    let going = project.begin_with(
        &["run", "--suites", "s.yaml", "--json", "report.json", "--junit", "junit.xml"],
        &[("OUT", &known.path().to_string_lossy())],
    );
    let said = going.end();
    project.nothing_left();
    let shown = project.say(&["show", ".checkride/s.leaks.jsonl"]);
    let recheck = project.say(&["recheck", ".checkride/s.leaks.jsonl"]);
    std::fs::remove_file(project.path("s.yaml")).unwrap();
    let mut kept = format!("{}{}{}", said.text, shown.text, recheck.text);
    all_of(&project.path("."), &mut kept);
    said.means(1, &["FAIL s::leaks", "FAIL s::leaks_in_time"]);
    assert!(kept.contains("«secrets.api»") && kept.contains("«secrets.api:base64»"), "it was looked at:\n{kept}");
    let value = std::fs::read_to_string(known.path()).expect("the agent wrote it");
    assert_eq!(value.len(), 32, "{value}");
    let encoded = STANDARD.encode(format!("x{value}"));
    for secret in [&value, &value[..20], &encoded[4..40], "settings-token-7391"] {
        let at = kept.find(secret);
        assert!(
            at.is_none(),
            "`{secret}` in: {}",
            at.map(|at| kept[at.saturating_sub(200)..].chars().take(400).collect::<String>()).unwrap()
        );
    }
}

#[test]
fn a_secret_is_new_in_each_run_unless_the_seed_is_given() {
    let known = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let project = Project::with(SUITE).file("secrets.yaml", PROTOCOL);
    let planted = |seed: &[&str]| {
        let arguments = [&["run", "--suites", "s.yaml", "--exact", "s::leaks"], seed].concat();
        project.begin_with(&arguments, &[("OUT", &known.path().to_string_lossy())]).end();
        std::fs::read_to_string(known.path()).expect("the agent wrote it")
    };
    let (one, two) = (planted(&[]), planted(&[]));
    assert!(one.len() >= 16 && one != two, "{one} {two}");
    assert_eq!(planted(&["--seed", "7"]), planted(&["--seed", "7"]));
}
