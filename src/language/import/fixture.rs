//! aimock's fixture files: `{"fixtures": [{match, response, …}]}`.
//!
//! Owns: which files a folder has and in which order, mistakes in JSON.
//! Must not know: what a fixture means.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// One fixture and where it stands, `greetings.json #2`; the first of a file is 0, as in aimock's own messages.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub place: String,
    pub value: Value,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub fixtures: Vec<Fixture>,
    pub files: usize,
    /// Files of a folder that hold no fixtures.
    pub others: Vec<String>,
}

pub const NO_LIST: &str = "it has no list `fixtures`; aimock's files are {\"fixtures\": [{\"match\": …, \"response\": …}]}";

/// All fixtures of a file, or of a folder: its `*.json` by name, then its folders. The error says what is wrong and where.
pub fn read(path: &Path) -> Result<Found, String> {
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, &mut files)?;
        if files.is_empty() {
            return Err(format!("there is no `*.json` below `{}`", path.display()));
        }
    } else {
        files.push(path.to_owned());
    }
    let mut found = Found { files: files.len(), ..Found::default() };
    for file in &files {
        of_file(file, path, &mut found)?;
    }
    Ok(found)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("failed to read `{}`: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.sort();
    // A folder that is linked to could lead back here.
    let (folders, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
    files.extend(others.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")));
    folders.iter().filter(|folder| !folder.is_symlink()).try_for_each(|folder| collect(folder, files))
}

fn of_file(file: &Path, root: &Path, found: &mut Found) -> Result<(), String> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| format!("failed to read `{shown}`: {error}"))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| {
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text);
        format!("{shown}:{}:{}: this is no JSON: {text}", error.line(), error.column().max(1))
    })?;
    let name = file.strip_prefix(root).ok().filter(|rest| !rest.as_os_str().is_empty());
    let name = name.map_or_else(|| file.file_name().unwrap_or_default().to_string_lossy(), |rest| rest.to_string_lossy());
    let Some(Value::Array(list)) = value.get("fixtures") else {
        if file == root {
            return Err(format!("{shown}:1:1: this is no file of fixtures: {NO_LIST}"));
        }
        found.others.push(name.into_owned());
        return Ok(());
    };
    let fixtures = &mut found.fixtures;
    fixtures.extend(list.iter().enumerate().map(|(at, value)| Fixture { place: format!("{name} #{at}"), value: value.clone() }));
    Ok(())
}
