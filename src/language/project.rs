//! The project file: the nearest `checkride.yaml`, upward from where one stands.
//!
//! Owns: where it is found, its parts as nodes, the built-in agent.
//! Must not know: what agents, templates and the judge's defaults mean.

use super::open;
use crate::base::{Diagnostic, Diagnostics, Sources};
use crate::model::tree::Node;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub const FILE_NAME: &str = "checkride.yaml";

/// The name of the built-in agent.
pub const REFERENCE: &str = "reference";

/// What all suites below a project file share. Without such a file everything but the built-in agent is empty.
#[derive(Clone, Debug)]
pub struct Project {
    /// Where one stands; paths below it are shown without it.
    pub start: PathBuf,
    /// The folder of the project file; `start` if there is none.
    pub root: PathBuf,
    pub file: Option<PathBuf>,
    pub tree: Option<Arc<Node>>,
    /// The folders of `suites`; without it `suites`, if there is such a folder.
    pub suites: Vec<PathBuf>,
    pub vars: Option<Arc<Node>>,
    pub define: Option<Arc<Node>>,
    pub agents: Option<Arc<Node>>,
    pub judge: Option<Arc<Node>>,
    /// The agent `reference`.
    pub reference: Arc<Node>,
}

impl Project {
    /// The project that `from` (a file or folder, relative to `start`) belongs to; paths are shown as seen from `start`.
    pub fn nearest(start: &Path, from: &Path, sources: &Sources, diagnostics: &mut Diagnostics) -> Project {
        let start = start.canonicalize().unwrap_or_else(|_| start.to_owned());
        let Some(path) = Project::file_of(&start, from) else {
            return Project::without_file(&start, sources);
        };
        let tree = open::open(&path, &open::shown(&path, &start), sources, diagnostics);
        let mut project = Project::without_file(&start, sources);
        project.root = path.parent().unwrap_or(&start).to_owned();
        project.suites = default_suites(&project.root);
        project.file = Some(path);
        if let Some(tree) = tree {
            let part = |key: &str| tree.get(key).filter(|node| !node.is_null()).cloned();
            project.vars = part("vars");
            project.define = part("define");
            project.agents = part("agents");
            project.judge = part("judge");
            if let Some(suites) = part("suites") {
                project.suites = suite_folders(&project.root, &suites, diagnostics);
            }
            project.tree = Some(tree);
        }
        project
    }

    /// The project file that `from` (relative to `start`) belongs to.
    pub fn file_of(start: &Path, from: &Path) -> Option<PathBuf> {
        let from = start.join(from);
        let from = from.canonicalize().unwrap_or(from);
        from.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
    }

    /// A project of which nothing is known but where one stands.
    pub fn without_file(start: &Path, sources: &Sources) -> Project {
        let text = include_bytes!("reference.yaml");
        let reference = super::yaml::read(sources, "<built-in>/reference.yaml", text, &mut Diagnostics::default());
        Project {
            start: start.to_owned(),
            root: start.to_owned(),
            file: None,
            tree: None,
            suites: default_suites(start),
            vars: None,
            define: None,
            agents: None,
            judge: None,
            reference: reference.expect("the embedded text is well-formed"),
        }
    }
}

fn default_suites(root: &Path) -> Vec<PathBuf> {
    [root.join("suites")].into_iter().filter(|folder| folder.is_dir()).collect()
}

fn suite_folders(root: &Path, suites: &Arc<Node>, diagnostics: &mut Diagnostics) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for item in suites.items() {
        // Another shape than a text is the schema's to name.
        let Some(text) = item.text() else { continue };
        let folder = root.join(text);
        if folder.exists() {
            folders.push(folder);
        } else {
            diagnostics.push(
                Diagnostic::error("no-such-path", item.span, format!("there is no `{text}` beside {FILE_NAME}"))
                    .label("not found")
                    .help(format!("folders are relative to {}", root.display())),
            );
        }
    }
    folders
}
