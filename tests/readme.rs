//! The README is the front door: what it says is done here as it says it.
//!
//! Owns: its snippets and commands, carried out in an empty folder; its names, looked up.
//! Must not know: how anything works.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

use program::{CHECKRIDE, Ran, checkride, program as start, ran, verdicts};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

fn readme() -> String {
    fs::read_to_string("README.md").expect("it is there")
}

/// A fenced block, with the heading it stands under and the line before it.
#[derive(Debug)]
struct Block {
    section: String,
    before: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let readme = readme();
    let (mut blocks, mut section, mut before, mut open) = (Vec::new(), String::new(), String::new(), None::<Block>);
    for line in readme.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => {
                let language = language.to_owned();
                open = Some(Block { section: section.clone(), before: before.clone(), language, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut section);
                }
                if !line.is_empty() {
                    line.clone_into(&mut before);
                }
            }
        }
    }
    assert!(open.is_none() && blocks.len() > 5, "all blocks are closed");
    blocks
}

/// The commands of all `sh` blocks below a heading, or of all of them.
fn commands(section: Option<&str>) -> Vec<String> {
    let of_section = |block: &Block| block.language == "sh" && section.is_none_or(|section| block.section == section);
    let lines =
        |block: Block| block.text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned()).collect::<Vec<_>>();
    blocks().into_iter().filter(of_section).flat_map(lines).filter(|line| !line.is_empty()).collect()
}

/// The texts in backticks outside of blocks.
fn spans() -> Vec<String> {
    let readme = readme();
    let outside = readme.split("```").step_by(2).collect::<String>();
    outside.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A command line as the reader types it, with `checkride` on the PATH.
fn shell(folder: &Path, line: &str) -> Ran {
    let mut command = start("sh", folder);
    let bin = Path::new(CHECKRIDE).parent().expect("it lies in a folder").display();
    command.args(["-c", line]).env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap_or_default()));
    ran(command)
}

const FIRST: &str = "A first case in a minute";

/// An empty folder, and in it what the section says to write.
fn first_case() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for block in blocks().into_iter().filter(|block| block.section == FIRST && block.language == "yaml") {
        let file = block.before.rsplit('`').nth(1).filter(|_| block.before.ends_with("`:")).expect("the file's name stands before it");
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(path, block.text).expect("writable");
    }
    folder
}

#[test]
fn the_first_case_passes_as_it_is_written() {
    let folder = first_case();
    let lines = commands(Some(FIRST));
    assert_eq!(lines, ["checkride run", "checkride check"]);
    for line in lines {
        let ran = shell(folder.path(), &line);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}\n{}", ran.stdout);
    }
    let ran = shell(folder.path(), "checkride run");
    assert!(ran.stdout.contains("1 passed"), "{}", ran.stdout);
}

#[test]
fn the_first_case_fails_as_it_says_when_it_is_changed() {
    let folder = first_case();
    let path = folder.path().join("suites/hello.yaml");
    let text = fs::read_to_string(&path).expect("it was written");
    assert!(readme().contains("change `10 EUR` under `reply` to `11 EUR`"));
    let changed = text.replace("reply: {contains: 10 EUR}", "reply: {contains: 11 EUR}");
    assert_ne!(changed, text);
    let line = 1 + changed.lines().position(|line| line.contains("11 EUR")).expect("it is there");
    fs::write(&path, changed).expect("writable");
    let ran = shell(folder.path(), "checkride run");
    assert_eq!(ran.status, 1);
    for said in [&format!("--> suites/hello.yaml:{line}:"), "11 EUR", "Please pay 10 EUR."] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    let next = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("next:")).expect("the next command is named");
    let shown = shell(folder.path(), next);
    assert!(next.trim().starts_with("checkride show ") && shown.status == 0, "{next}\n{}", shown.stderr);
    assert!(shown.stdout.contains("$.reply: \"Please pay 10 EUR.\""), "{}", shown.stdout);
}

/// Every YAML snippet is sound: a whole file as it is, a part within the least that makes it whole.
#[test]
fn every_yaml_snippet_is_sound() {
    for block in blocks().into_iter().filter(|block| block.language == "yaml") {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = block.text.split(':').next().unwrap_or_default();
        let (file, text) = match key {
            "suites" => ("checkride.yaml", block.text.clone()),
            "suite" => ("suites/a.yaml", block.text.clone()),
            "agents" => ("checkride.yaml", format!("suites: [suites]\n{}", block.text)),
            "agent" => {
                let case = "cases: [{name: a, prompt: Hi, expect: {reply: Hello}}]";
                ("suites/a.yaml", format!("suite: A\nfakes: {{llm: {{model: openai, script: [Hello]}}}}\n{}{case}\n", block.text))
            }
            "judge" => {
                let judge: String = block.text.lines().map(|line| format!("    {line}\n")).collect();
                let who = "judge: {model: fake, fake: {rules: [{reply: unsure}]}}";
                let fakes = "fakes: {llm: {model: openai, script: [Hello]}}";
                ("suites/a.yaml", format!("suite: A\nagent: reference\n{who}\n{fakes}\ncases:\n  - name: a\n    prompt: Hi\n{judge}"))
            }
            "fakes" => {
                let case = "cases: [{name: a, prompt: Hi, expect: {reply: Hello}}]";
                ("suites/a.yaml", format!("suite: A\nagent: reference\n{}{case}\n", block.text))
            }
            "secrets" => {
                ("suites/a.yaml", format!("suite: A\nagent: reference\nfakes: {{llm: {{model: openai, script: [Hello]}}}}\n{}", block.text))
            }
            other => panic!("a snippet that begins with `{other}`: say here what makes it whole"),
        };
        fs::create_dir(folder.path().join("suites")).expect("writable");
        fs::write(
            folder.path().join("suites/other.yaml"),
            "suite: Other\nagent: reference\ncases: [{name: b, prompt: Hi, expect: {reply: Hi}}]\n",
        )
        .expect("writable");
        fs::write(folder.path().join(file), text).expect("writable");
        let ran = checkride(folder.path(), &["check", "--strict"]);
        assert_eq!(ran.status, 0, "{}{}", block.text, ran.stderr);
    }
}

/// The agent snippet with a program in the place of `my-agent`: the case reaches it as the snippet says.
#[test]
fn an_agent_of_ones_own_is_launched_as_the_snippet_says() {
    let block = blocks().into_iter().find(|block| block.text.starts_with("agent:")).expect("there is one");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let agent = block.text.replace("[my-agent, --once]", "[sh, -c, 'echo $MODEL; cat .my-agent/config.toml; echo $1', --once]");
    assert_ne!(agent, block.text);
    let case =
        "cases: [{name: a, prompt: Hi there, expect: {reply: {contains: [\"test\\n\", \"base_url = \\\"{{llm.url}}/v1\\\"\", Hi there]}}}]";
    let suite = format!("suite: A\nfakes: {{llm: {{model: openai, rules: [{{reply: Hello}}]}}}}\n{agent}{case}\n");
    fs::write(folder.path().join("a.yaml"), suite).expect("writable");
    let ran = checkride(folder.path(), &["run", "--suites", "a.yaml"]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
}

/// A project in which every command of the README has something to do.
fn rich_project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let suite = "\
suite: Wallets
agent: reference
tags: [security]
fakes: {llm: {model: openai, script: [Hello]}}
cases:
  - {name: lists wallets, prompt: Hi, expect: {reply: Hello}}
  - {name: asks before a refund, tags: [slow], prompt: Hi, expect: {reply: Hello}}
  - {name: says so when the model is gone, prompt: Hi, expect: {reply: Hello}}
";
    for (file, text) in [("checkride.yaml", "suites: [suites]\n"), ("Cargo.toml", ""), ("suites/a.yaml", suite)] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    folder
}

#[test]
fn every_command_of_checkride_does_what_it_is_there_for() {
    let of_checkride =
        |line: &String| line.starts_with("checkride ") && !line.starts_with("checkride serve ") && !line.contains(" safety/");
    let lines: Vec<_> = commands(None).into_iter().filter(of_checkride).collect();
    assert!(lines.len() >= 7, "{lines:?}");
    let folder = rich_project();
    for line in lines {
        let ran = shell(folder.path(), &line);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}\n{}", ran.stdout);
    }
    assert_eq!(verdicts(&folder.path().join("out/report.json")).len(), 3);
    assert!(folder.path().join("out/junit.xml").exists());
}

/// The shipped safety suites, with the README's agent in the project file. Nothing is run: that takes a key, or is another test.
#[test]
fn the_safety_suites_are_pointed_at_ones_own_agent_as_it_says() {
    let lines: Vec<_> = commands(None).into_iter().filter(|line| line.contains(" safety/")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    let agents = blocks().into_iter().find(|block| block.text.starts_with("agents:")).expect("there is one");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let project = fs::read_to_string("checkride.yaml").expect("it is there").replacen("agents:\n", &agents.text, 1);
    fs::write(folder.path().join("checkride.yaml"), project).expect("writable");
    fs::create_dir_all(folder.path().join("suites/safety")).expect("writable");
    for file in fs::read_dir("suites/safety").expect("it is there").flatten() {
        fs::copy(file.path(), folder.path().join("suites/safety").join(file.file_name())).expect("writable");
    }
    for line in lines {
        let ran = shell(folder.path(), &format!("{} --list", line.split('#').next().unwrap_or_default()));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}\n{}", ran.stdout);
        assert!(ran.stdout.contains("safety/mail::a1_"), "{line}\n{}", ran.stdout);
    }
}

#[test]
fn the_script_that_is_served_is_there() {
    let line = commands(None).into_iter().find(|line| line.starts_with("checkride serve ")).expect("there is one");
    let words: Vec<_> = line.split_whitespace().skip(1).map(|word| if word == "8080" { "0" } else { word }).collect();
    let mut server = start(CHECKRIDE, Path::new(".")).args(words).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut first = String::new();
    BufReader::new(server.stdout.take().expect("it is piped")).read_line(&mut first).expect("it says something");
    server.kill().and_then(|()| server.wait()).expect("it ends");
    assert!(first.starts_with("serving suites/scripts/hello.yaml at http://127.0.0.1:"), "{first}");
}

/// Cargo is not started by its own tests; what it would start is.
#[test]
fn every_command_of_cargo_is_one_that_there_is() {
    let here = Path::new(".");
    for line in commands(None).into_iter().filter(|line| !line.starts_with("checkride ")) {
        let words: Vec<_> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cargo", "run", "--", "run"] => assert_eq!(checkride(here, &["run", "--list"]).status, 0),
            ["cargo", "test", filter] => {
                let listed = checkride(here, &["run", "--list", filter]).stdout;
                assert!(listed.contains("1 test,"), "`{filter}` is one case: {listed}");
            }
            ["cargo", "test"] | ["cargo", "nextest", "run", "--test", "suites"] => {
                assert!(fs::read_to_string("Cargo.toml").expect("it is there").contains("[[test]]\nname = \"suites\"\nharness = false\n"));
            }
            other => panic!("is there such a command? {other:?}"),
        }
    }
}

#[test]
fn a_test_target_is_made_as_this_project_makes_its_own() {
    let block = |language: &str| blocks().into_iter().find(|block| block.language == language).expect("there is one").text;
    let (toml, rust) = (block("toml"), block("rust"));
    let target = &toml[toml.find("[[test]]").expect("it declares the target")..];
    assert!(fs::read_to_string("Cargo.toml").expect("it is there").contains(target), "{target}");
    let own = fs::read_to_string("tests/suites.rs").expect("it is there");
    let own: String = own.lines().filter(|line| !line.starts_with("//") && !line.is_empty()).map(|line| format!("{line}\n")).collect();
    let without_comment: String = rust.lines().map(|line| format!("{}\n", line.split(" //").next().unwrap_or_default())).collect();
    assert_eq!(without_comment.replace("\"checkride\"", "env!(\"CARGO_BIN_EXE_checkride\")"), own);
}

/// The words of a list in braces, such as `expect: {calls, reply}`.
fn listed(span: &str) -> Vec<&str> {
    let inside = span.split_once(": {").and_then(|(_, rest)| rest.strip_suffix('}')).unwrap_or_default();
    if inside.contains(':') { vec![] } else { inside.split(", ").filter(|word| !word.is_empty()).collect() }
}

#[test]
fn every_word_of_the_language_has_its_page() {
    let table = readme();
    let (_, table) = table.split_once("## What a case can say").expect("the section is there");
    let table: String = table.lines().skip(4).take_while(|line| line.starts_with('|') || line.is_empty()).collect::<Vec<_>>().join("\n");
    let plain = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| word.to_owned());
    let mut words = Vec::new();
    for span in table.split('`').skip(1).step_by(2) {
        words.extend(plain(span.trim_end_matches(':')));
        words.extend(listed(span).into_iter().map(str::to_owned));
        // `{contains: wallet}`
        words.extend(span.strip_prefix('{').and_then(|inside| plain(inside.split(':').next().unwrap_or_default())));
    }
    assert!(words.len() > 40, "{words:?}");
    for word in words {
        assert_eq!(checkride(Path::new("."), &["explain", &word]).status, 0, "`checkride explain {word}`");
    }
    for span in spans() {
        if let Some(word) = span.strip_prefix("checkride explain ") {
            assert_eq!(checkride(Path::new("."), &["explain", word]).status, 0, "{span}");
        }
    }
}

#[test]
fn every_built_in_protocol_is_named_and_every_file_is_there() {
    let readme = readme();
    for entry in fs::read_dir("suites/protocols").expect("they are there").flatten() {
        let name = entry.path().file_stem().expect("a file").to_string_lossy().into_owned();
        assert!(readme.contains(&name), "the protocol {name} is not named");
    }
    let folders = ["src/", "suites/", "schemas/", "benches/", "tests/"];
    for path in spans().iter().filter(|span| folders.iter().any(|folder| span.starts_with(folder))) {
        assert!(Path::new(path).exists() || path.contains("hello.yaml"), "{path} is not there");
    }
}

#[test]
fn verdicts_and_statuses_are_those_of_the_program() {
    let readme = readme();
    let schema = checkride(Path::new("."), &["schema", "report"]).stdout;
    let (_, table) = readme.split_once("| verdict |").expect("the table is there");
    let rows: Vec<_> = table.lines().skip(2).map_while(|line| line.strip_prefix("| ")?.split(" |").next()).collect();
    assert!(rows.len() >= 7, "{rows:?}");
    for verdict in rows {
        assert!(schema.contains(&format!("\"{}\"", verdict.replace(' ', "_"))), "{verdict}");
    }
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = |text: &str| {
        let (_, rest) = text.split_once("Exit status: ").expect("statuses are listed");
        rest.split_once("interrupted").expect("the last one").0.replace(" ·", ",")
    };
    assert_eq!(sentence(&flat(&readme)), sentence(&flat(&checkride(Path::new("."), &["--help"]).stdout)));
}
