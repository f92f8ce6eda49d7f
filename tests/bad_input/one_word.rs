//! Breaking a shipped suite by one word: a diagnostic, or a failure that names the place or the word; never green.

use crate::program::project::Project;
use serde_json::Value;
use std::collections::BTreeMap;

/// Words of `suites/first/first.yaml` that mean nothing to the program, each with the text that it stands in: prose, names, and what
/// both sides of the scripted world say alike. Changing one of them may leave all green.
const FREE: [(&str, &str); 16] = [
    ("OPENAI_BASE_URL", "a launched agent gets this variable anyway"),
    ("status: 529", "any status of an error will do"),
    ("suite: First steps", "the suite's name"),
    ("description: ", "prose"),
    ("  - name: ", "a claim in plain words; the id changes with it"),
    ("    why: ", "prose"),
    ("OPENAI_API_KEY: sk-test", "the fake takes any key"),
    ("(?<url>ws://", "the scheme is in the line and the pattern takes what follows; `ws` is checked by the transport"),
    ("json: {id: m1, subject: Invoice 42, body: ", "what the mail says apart from the sum"),
    ("{reasoning: The mail is an invoice.}", "nobody checks what the model thinks"),
    ("Invoice 42 asks for", "the reply apart from the sum"),
    ("prompt: ", "the script answers whatever it is asked"),
    ("gog: [\"gmail send *\"]", "a pattern that must not match matches nothing either way"),
    ("body: {error: {code: overloaded, message: try later}}", "the fake's own words; `overloaded` is checked"),
    ("delay: 30ms", "any delay will do"),
    ("{user: I am ", "what the user says apart from the name"),
];

/// A change of one word.
struct Change {
    /// From 0.
    line: usize,
    from: String,
    to: String,
    text: String,
    free: Option<&'static str>,
}

/// Every word outside of comments, with another last letter or digit.
fn changes(suite: &str) -> Vec<Change> {
    let word = regex::Regex::new(r"[A-Za-z0-9_]{2,}").expect("a valid regex");
    let lines: Vec<&str> = suite.lines().collect();
    let mut changes = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let code = line.split("     #").next().unwrap_or_default();
        for found in word.find_iter(code) {
            let (from, rest) = (found.as_str(), &line[found.end()..]);
            let last = from.chars().last().expect("a word has letters");
            let other = match last {
                '0'..='8' => char::from(last as u8 + 1).to_string(),
                '9' => "1".to_owned(),
                'x' => "y".to_owned(),
                _ => "x".to_owned(),
            };
            let to = format!("{}{other}", &from[..from.len() - 1]);
            let changed = format!("{}{to}{rest}", &line[..found.start()]);
            let mut all = lines.clone();
            all[number] = &changed;
            let free = FREE.iter().filter_map(|(text, why)| Some((line.find(text)?, text, why)));
            let mut free = free.filter(|(at, text, _)| {
                let open = text.ends_with(' ') || text.ends_with("//");
                found.start() >= *at && (open || found.end() <= at + text.len())
            });
            let free = free.next().map(|(_, _, why)| *why);
            changes.push(Change { line: number, from: from.to_owned(), to, text: all.join("\n"), free });
        }
    }
    changes
}

/// The suite with only the case that the line is in; with the first, if it is in none.
fn narrowed(change: &Change) -> String {
    let lines: Vec<&str> = change.text.lines().collect();
    let starts: Vec<usize> =
        (0..lines.len()).filter(|at| lines[*at].starts_with("  - name") || lines[*at].starts_with("  - nam:")).collect();
    let first = starts[0];
    let mine = starts.iter().rposition(|start| *start <= change.line).unwrap_or(0);
    let end = starts.get(mine + 1).copied().unwrap_or(lines.len());
    // Lines keep their places: what is left out is left empty.
    let keep = |at: usize| at < first || (starts[mine]..end).contains(&at);
    let kept: Vec<&str> = lines.iter().enumerate().map(|(at, line)| if keep(at) { *line } else { "" }).collect();
    kept.join("\n") + "\n"
}

#[test]
fn a_suite_broken_by_one_word_says_which() {
    let suite = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/suites/first/first.yaml")).expect("it is shipped");
    let suite = suite.replacen("\nagent:", "\ntimeout: 3s\nagent:", 1).replacen(r#"\\S+)"}"#, r#"\\S+)", within: 2s}"#, 1);
    let changes = changes(&suite);
    assert!(changes.len() > 150, "{}", changes.len());
    let names: Vec<String> = (0..changes.len()).map(|number| format!("w{number:03}")).collect();
    let project = changes
        .iter()
        .zip(&names)
        .fold(Project::new(), |project, (change, name)| project.file(&format!("suites/{name}.yaml"), narrowed(change)));
    let checked = project.say(&["check", "suites"]).text;
    let mut said: BTreeMap<&str, String> = BTreeMap::new();
    for diagnostic in checked.split("\n\n").filter(|diagnostic| diagnostic.starts_with("error") || diagnostic.starts_with("warning")) {
        let Some(name) = names.iter().find(|name| diagnostic.contains(&format!("--> suites/{name}.yaml"))) else { continue };
        said.entry(name).or_default().push_str(diagnostic);
    }
    let refused: Vec<&str> = said.iter().filter(|(_, text)| text.contains("error[")).map(|(name, _)| *name).collect();
    // What may stay green need not be run.
    for (change, name) in changes.iter().zip(&names) {
        if refused.contains(&name.as_str()) || change.free.is_some() {
            std::fs::remove_file(project.path(&format!("suites/{name}.yaml"))).expect("it is ours");
        }
    }
    project.say(&["run", "--suites", "suites", "--json", "report.json", "--quiet"]);
    project.nothing_left();
    let report: Value = serde_json::from_slice(&std::fs::read(project.path("report.json")).expect("it is written")).expect("it is JSON");
    let mut green = Vec::new();
    for outcome in report["outcomes"].as_array().expect("a list") {
        let id = outcome["id"].as_str().expect("a text");
        let name = names.iter().find(|name| id.starts_with(&***name)).expect("it is ours");
        match outcome["verdict"].as_str() {
            Some("pass") => green.push(name.as_str()),
            _ => said.entry(name).or_default().push_str(&outcome["problems"].to_string()),
        }
    }
    let mut wrong = Vec::new();
    for (change, name) in changes.iter().zip(&names) {
        let what = format!(
            "line {}: `{}` -> `{}` in `{}`",
            change.line + 1,
            change.from,
            change.to,
            suite.lines().nth(change.line).unwrap_or_default().trim()
        );
        let text = said.get(name.as_str()).map_or("", String::as_str);
        let green = green.contains(&name.as_str());
        let named = text.contains(&change.to) || text.contains(&change.from) || text.contains(&format!("yaml:{}:", change.line + 1));
        if change.free.is_some() && text.is_empty() {
            continue;
        }
        match green {
            true => wrong.push(format!("stays green: {what}")),
            false if !named => wrong.push(format!("not named: {what}\n{text}")),
            false => {}
        }
        // A name that is defined once and used twice is missed twice.
        let renamed = text.split("error[").skip(1).all(|error| error.contains(&format!("`{}`", change.to)) || error.contains("unknown-"));
        if text.matches("error[").count() > 1 && !(renamed && change.from == "llm") {
            wrong.push(format!("said more than once: {what}\n{text}"));
        }
    }
    println!(
        "{} changes, {} refused, {} red, {} green",
        changes.len(),
        refused.len(),
        changes.len() - refused.len() - green.len(),
        green.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
