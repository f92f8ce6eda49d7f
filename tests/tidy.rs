//! The house style where a program can see it: layers, sizes, module docs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Row of each module; a module uses rows above its own, and of its own row only what is named in `SIBLINGS`.
const ROWS: [(&str, u8); 16] = [
    ("base", 1),
    ("model", 2),
    ("matching", 3),
    ("wire", 3),
    ("recorder", 3),
    ("language", 4),
    ("transports", 4),
    ("protocol", 4),
    ("fakes", 4),
    ("agent", 4),
    ("checks", 4),
    ("judge", 4),
    ("report", 4),
    ("engine", 5),
    ("cli", 6),
    ("reference_agent", 6),
];

/// Who may use a module of its own row.
const SIBLINGS: [(&str, &str); 2] = [("protocol", "transports"), ("cli", "reference_agent")];

/// Lines of a file without its tests, and of a function.
const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 70;

struct File {
    path: PathBuf,
    text: String,
}

impl File {
    /// `matching` for `src/matching/words/text.rs`.
    fn module(&self) -> Option<&str> {
        let below = self.path.strip_prefix("src").ok()?;
        let first = below.iter().next()?.to_str()?;
        ROWS.iter().map(|(name, _)| *name).find(|name| *name == first.trim_end_matches(".rs"))
    }

    /// A file of unit tests: below a folder `tests`, or named for them.
    fn is_test(&self) -> bool {
        let named = self.path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with("tests.rs"));
        named || self.path.components().any(|part| part.as_os_str() == "tests")
    }

    /// Everything before the unit tests.
    fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]\n").next().unwrap_or_default()
    }
}

fn sources() -> Vec<File> {
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    assert!(files.len() > 30, "the sources were not found");
    files.retain(|file| !file.is_test());
    files
}

fn collect(folder: &Path, files: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).expect("src is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
            files.push(File { path, text });
        }
    }
}

fn row(module: &str) -> u8 {
    ROWS.iter().find(|(name, _)| *name == module).map_or(0, |(_, row)| *row)
}

fn none(mistakes: Vec<String>) {
    assert!(mistakes.is_empty(), "\n{}\n", mistakes.join("\n"));
}

#[test]
fn dependencies_point_down() {
    let mut mistakes = Vec::new();
    for file in sources() {
        let Some(module) = file.module() else { continue };
        for (at, line) in file.text.lines().enumerate() {
            for used in line.split("crate::").skip(1).filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()) {
                let down = row(used) < row(module) || used == module || SIBLINGS.contains(&(module, used));
                if row(used) > 0 && !down {
                    let place = format!("{}:{}", file.path.display(), at + 1);
                    mistakes
                        .push(format!("{place}: `{module}` may not use `{used}`; move what both need into a row above (see src/lib.rs)"));
                }
            }
        }
    }
    none(mistakes);
}

#[test]
fn every_folder_below_src_has_a_row() {
    let unknown = std::fs::read_dir("src").expect("src is there").flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    none(
        unknown
            .filter(|path| row(path.file_name().and_then(|name| name.to_str()).unwrap_or_default()) == 0)
            .map(|path| format!("{}: give it a row in tests/tidy.rs and in src/lib.rs", path.display()))
            .collect(),
    );
}

#[test]
fn files_stay_small() {
    none(
        sources()
            .iter()
            .map(|file| (file, file.code().lines().count()))
            .filter(|(_, lines)| *lines > LONGEST_FILE)
            .map(|(file, lines)| format!("{}: {lines} lines without tests; split it by noun (limit {LONGEST_FILE})", file.path.display()))
            .collect(),
    );
}

#[test]
fn functions_stay_small() {
    let mut mistakes = Vec::new();
    for file in sources() {
        let lines: Vec<&str> = file.code().lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let word = line.trim_start();
            let starts = ["fn ", "pub fn ", "pub(crate) fn ", "async fn ", "pub async fn ", "const fn ", "pub const fn ", "pub(super) fn "];
            if !starts.iter().any(|start| word.starts_with(start)) || line.trim_end().ends_with(';') {
                continue;
            }
            let indent = line.len() - word.len();
            let close = format!("{}}}", " ".repeat(indent));
            let length = lines[at..].iter().position(|line| *line == close).unwrap_or(0) + 1;
            if length > LONGEST_FUNCTION {
                mistakes.push(format!(
                    "{}:{}: a function of {length} lines; split it (limit {LONGEST_FUNCTION})",
                    file.path.display(),
                    at + 1
                ));
            }
        }
    }
    none(mistakes);
}

#[test]
fn every_module_says_what_it_owns() {
    let mut mistakes = Vec::new();
    for file in sources().iter().filter(|file| !file.path.ends_with("main.rs")) {
        let doc: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let contents_page = file.path.ends_with("mod.rs") || file.path.ends_with("lib.rs");
        if doc.is_empty() {
            mistakes.push(format!("{}: begin with a module doc (`//! …`)", file.path.display()));
        } else if !contents_page {
            for part in ["//! Owns:", "//! Must not know:"] {
                if !doc.iter().any(|line| line.starts_with(part)) {
                    mistakes.push(format!("{}: the module doc has no `{part}` line", file.path.display()));
                }
            }
        }
    }
    none(mistakes);
}

#[test]
fn no_file_is_named_for_nothing() {
    let bad = ["utils.rs", "helpers.rs", "common.rs", "misc.rs"];
    none(
        sources()
            .iter()
            .filter(|file| bad.iter().any(|name| file.path.ends_with(name)))
            .map(|file| format!("{}: name it for what it owns", file.path.display()))
            .collect(),
    );
}

#[test]
fn direct_dependencies_are_explained_in_the_readme() {
    let manifest = std::fs::read_to_string("Cargo.toml").expect("it is there");
    let readme = std::fs::read_to_string("README.md").expect("it is there");
    let mut section = "";
    let mut missing = BTreeMap::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if let (true, Some((name, _))) = (section.contains("dependencies]"), line.split_once(" = "))
            && !readme.contains(&format!("`{name}`"))
        {
            missing.insert(name.to_owned(), ());
        }
    }
    none(missing.keys().map(|name| format!("README.md: its table of dependencies does not say why `{name}`")).collect());
}

/// What has no example of one sign, and why.
const ONE_SIDED: [(&str, &str); 1] = [("same_as", "its examples would need files")];

#[test]
fn every_pattern_word_is_complete() {
    let mut mistakes = Vec::new();
    for word in checkride::matching::WORDS {
        let excused = ONE_SIDED.iter().any(|(name, _)| *name == word.name);
        for passes in [true, false] {
            if !excused && !word.examples.iter().any(|example| example.passes == passes) {
                let sign = if passes { "holds" } else { "fails" };
                mistakes.push(format!("the pattern word `{}` has no example that {sign}; give it one in its table", word.name));
            }
        }
        if word.doc.is_empty() || word.argument.is_empty() {
            mistakes.push(format!("the pattern word `{}` does not say what it means or takes", word.name));
        }
    }
    none(mistakes);
}

#[test]
fn every_word_of_the_language_has_a_page() {
    let pages = checkride::language::explain::words();
    assert!(pages.len() > 200, "the words were not found");
    none(
        pages
            .iter()
            .filter(|word| checkride::language::explain::explain(word).is_none_or(|page| page.lines().count() < 2))
            .map(|word| format!("`checkride explain {word}` says nothing; document it where it is defined"))
            .collect(),
    );
}

#[test]
fn every_built_in_protocol_is_a_file_that_ships() {
    let shipped: Vec<String> = std::fs::read_dir("suites/protocols")
        .expect("it is there")
        .flatten()
        .filter_map(|entry| entry.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    let built_in: Vec<&str> = checkride::language::builtin::PROTOCOLS.iter().map(|(name, _)| *name).collect();
    none(
        shipped
            .iter()
            .filter(|name| !built_in.contains(&name.as_str()))
            .map(|name| format!("suites/protocols/{name}.yaml is not embedded; add it to the table in src/language/builtin.rs"))
            .chain(built_in.iter().filter(|name| !shipped.iter().any(|file| file == *name)).map(|name| format!("`{name}` has no file")))
            .collect(),
    );
}
