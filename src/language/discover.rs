//! Which files there are, and what each one says it is.
//!
//! Owns: walking folders, the first key that names a file's kind, the ids of suites.
//! Must not know: what is in a suite.

use super::open;
use super::project::{FILE_NAME, Project};
use crate::base::{Diagnostic, Diagnostics, Sources, Span, suggest};
use crate::model::tree::Node;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    Suite,
    Protocol,
    Script,
}

/// The first keys, and what they say.
pub const KINDS: [(&str, FileKind); 3] = [("suite", FileKind::Suite), ("protocol", FileKind::Protocol), ("script", FileKind::Script)];

/// One file that was read.
#[derive(Clone, Debug)]
pub struct File {
    pub path: PathBuf,
    /// The path as the user would type it.
    pub shown: String,
    pub kind: FileKind,
    /// The path below the suites folder (or the folder given), with `/`, without its ending.
    pub id: String,
    pub tree: Arc<Node>,
}

/// Reads all YAML files of `paths`, files or folders; of the project's suites folders if there are none. Sorted by path, each
/// file once, hidden folders left out.
pub fn discover(paths: &[PathBuf], project: &Project, sources: &Sources, diagnostics: &mut Diagnostics) -> Vec<File> {
    let mut found = BTreeMap::new();
    let given = if paths.is_empty() { &project.suites } else { paths };
    for path in given {
        let path = project.start.join(path);
        if path.is_dir() {
            let below = suites_folder_of(&path, project).unwrap_or_else(|| path.clone());
            walk(&path, &below, &mut vec![], &mut found, diagnostics);
        } else if path.exists() {
            let id = id_of_file(&path, project);
            found.entry(path).or_insert(id);
        } else {
            diagnostics.push(missing(&path, project));
        }
    }
    let mut files = Vec::new();
    for (path, id) in found {
        if path.file_name().is_some_and(|name| name == FILE_NAME) {
            continue;
        }
        let shown = open::shown(&path, &project.start);
        if let Some(tree) = open::open(&path, &shown, sources, diagnostics)
            && let Some(kind) = kind(&tree, diagnostics)
        {
            files.push(File { path, shown, kind, id, tree });
        }
    }
    refuse_same_ids(&files, diagnostics);
    files
}

/// What a file says it is by its first key.
pub fn kind(tree: &Arc<Node>, diagnostics: &mut Diagnostics) -> Option<FileKind> {
    let known = KINDS.map(|(key, _)| key);
    let Some(first) = tree.entries().first() else {
        diagnostics.push(
            Diagnostic::error("unknown-file-kind", tree.span, format!("a file is a mapping, and this one is {}", tree.kind()))
                .label("not a mapping with keys")
                .help("a suite begins with `suite: <its name>`"),
        );
        return None;
    };
    if let Some((_, kind)) = KINDS.iter().find(|(key, _)| *key == &*first.key) {
        return Some(*kind);
    }
    let diagnostic = Diagnostic::error("unknown-file-kind", first.key_span, format!("`{}` does not say what this file is", first.key))
        .label("the first key must be `suite`, `protocol` or `script`");
    let elsewhere = tree.entries().iter().find(|entry| known.contains(&&*entry.key));
    diagnostics.push(match elsewhere {
        Some(entry) => diagnostic.help(format!("move `{}:` to the top of the file", entry.key)),
        None => diagnostic
            .maybe_help(suggest::did_you_mean(&first.key, known))
            .help(format!("only {FILE_NAME} does without; a YAML file that is none of these belongs outside the suites folder")),
    });
    None
}

/// The files below a folder; `below` is where their ids begin, `above` the folders that led here. A link that leads back to one
/// of them is not followed: its files are found already.
fn walk(folder: &Path, below: &Path, above: &mut Vec<PathBuf>, found: &mut BTreeMap<PathBuf, String>, diagnostics: &mut Diagnostics) {
    let opened = folder.canonicalize().and_then(|real| Ok((std::fs::read_dir(folder)?, real)));
    let (entries, real) = match opened {
        Ok((_, real)) if above.contains(&real) => return,
        Ok(opened) => opened,
        Err(error) => {
            let message = format!("failed to read the folder {}: {error}", folder.display());
            let diagnostic = Diagnostic::error("unreadable-file", Span::NONE, message);
            return diagnostics.push(diagnostic.help("check the path and its permissions"));
        }
    };
    above.push(real);
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, below, above, found, diagnostics);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let id = id_below(&path, below);
            found.entry(path).or_insert(id);
        }
    }
    above.pop();
}

/// The suites folder that holds a path.
fn suites_folder_of(path: &Path, project: &Project) -> Option<PathBuf> {
    let absolute = path.canonicalize().ok()?;
    let folders = project.suites.iter().filter_map(|folder| folder.canonicalize().ok());
    folders.filter(|folder| absolute.starts_with(folder)).max_by_key(|folder| folder.as_os_str().len())
}

fn id_of_file(path: &Path, project: &Project) -> String {
    match suites_folder_of(path, project) {
        Some(folder) => id_below(path, &folder),
        None => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

fn id_below(path: &Path, folder: &Path) -> String {
    let path = path.with_extension("");
    let inside = match path.strip_prefix(folder) {
        Ok(inside) => inside.to_owned(),
        Err(_) => {
            let absolute = path.parent().and_then(|parent| parent.canonicalize().ok()).unwrap_or_default();
            let absolute = absolute.join(path.file_name().unwrap_or_default());
            absolute.strip_prefix(folder).map_or_else(|_| PathBuf::from(path.file_name().unwrap_or_default()), Path::to_owned)
        }
    };
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn missing(path: &Path, project: &Project) -> Diagnostic {
    let shown = open::shown(path, &project.start);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = path.parent().and_then(|parent| std::fs::read_dir(parent).ok()).into_iter().flatten();
    let names: Vec<_> = beside.filter_map(|entry| entry.ok().map(|entry| entry.file_name().to_string_lossy().into_owned())).collect();
    Diagnostic::error("no-such-path", Span::NONE, format!("there is no file or folder `{shown}`"))
        .maybe_help(suggest::did_you_mean(&name, names.iter().map(String::as_str).filter(|other| *other != name)))
        .help(format!("paths are relative to {}", project.start.display()))
}

/// Two suites of one id could not be told apart in filters and reports.
fn refuse_same_ids(files: &[File], diagnostics: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, &File> = BTreeMap::new();
    for file in files.iter().filter(|file| file.kind == FileKind::Suite) {
        match seen.get(file.id.as_str()) {
            Some(first) => diagnostics.push(
                Diagnostic::error("duplicate-name", file.tree.entries()[0].key_span, format!("two suites have the id `{}`", file.id))
                    .label("the second one")
                    .help(format!("the first is {}; give one of the files another name", first.shown)),
            ),
            None => {
                seen.insert(&file.id, file);
            }
        }
    }
}
