//! Every code that the program uses has a page, and no page is for a code that nobody uses.
//!
//! Owns: that codes and pages stay in step.
//! Must not know: how the parts are made.

use super::all;
use std::collections::BTreeSet;
use std::path::Path;

fn sources(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, out);
        } else if entry.extension().is_some_and(|ending| ending == "rs") && !entry.to_string_lossy().contains("/codes/") {
            let text = std::fs::read_to_string(&entry).unwrap();
            // Tests at the end of a file make diagnostics of their own.
            out.push_str(text.split("#[cfg(test)]").next().unwrap());
        }
    }
}

#[test]
fn every_code_in_use_has_a_page() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let made = regex::Regex::new(r#"(?:Diagnostic::(?:error|warning)|diagnostics\.error)\(\s*"([a-z0-9-]+)""#).unwrap();
    let used: BTreeSet<_> = made.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let known: BTreeSet<_> = all().map(|code| code.name.to_owned()).collect();
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "codes without a page in src/language/codes: {missing:?}");
    assert!(used.len() > 60, "{used:?}");
}

#[test]
fn every_code_of_the_judge_has_a_page() {
    let mut text = String::new();
    for folder in ["src/judge", "src/engine", "src/checks", "src/model"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
    }
    let made =
        regex::Regex::new(r#""((?:judge|lock|budget|price|recording)-[a-z-]+|not-answered|nothing_said|unverified_evidence)""#).unwrap();
    let used: BTreeSet<_> = made.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    let known: BTreeSet<_> = super::judge::CODES.iter().map(|code| code.name.to_owned()).collect();
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty() && used.len() > 20, "codes without a page in src/language/codes/judge.rs: {missing:?} of {used:?}");
    let gone: Vec<_> = known.difference(&used).filter(|name| *name != "interrupted").collect();
    assert!(gone.is_empty(), "pages of codes that nobody uses: {gone:?}");
}

#[test]
fn codes_are_kebab_case_and_have_one_page_each() {
    let names: Vec<_> = all().map(|code| code.name).collect();
    let once: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), once.len());
    for name in names {
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'), "{name}");
    }
}

#[test]
fn every_page_has_a_text_and_an_example() {
    for code in all() {
        assert!(code.about.ends_with('.') && code.about.len() > 20 && !code.example.is_empty(), "{}", code.name);
    }
}
