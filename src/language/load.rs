//! Loading: the one way from paths to suites.
//!
//! Owns: the order of the stages, and that every mistake of every file is found in one go.
//! Must not know: how a suite is run; the process's own arguments and environment.

use super::attacked::has_attack;
use super::builtin::Protocols;
use super::discover::{File, FileKind, discover};
use super::instances::{Context, instances};
use super::lower::{self, Lowering};
use super::project::Project;
use super::{consequences, lint, names, open, overrides, schema};
use crate::base::{Diagnostic, Diagnostics, Sources};
use crate::model::fake::{Fake, FakeKind};
use crate::model::suite::Suite;
use crate::model::tree::Node;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is loaded, and from where. Nothing but files is read besides.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Files and folders; the project's suites folders if there are none.
    pub paths: Vec<PathBuf>,
    /// Where one stands.
    pub start: PathBuf,
    /// `--var name=value`.
    pub vars: IndexMap<String, String>,
    /// One seed gives the same random values in each run.
    pub seed: u64,
    pub env: HashMap<String, String>,
    /// Only the suite with this id; the others are not looked into.
    pub only: Option<String>,
}

/// Everything that was loaded. With errors in `diagnostics` nothing should be run.
#[derive(Debug)]
pub struct Loaded {
    pub suites: Vec<Suite>,
    pub diagnostics: Diagnostics,
    pub sources: Sources,
    pub project: Project,
    /// How many files of each kind were read.
    pub files: usize,
}

/// Loads all suites. Mistakes are collected, never stopped at, and sorted by place.
pub fn load(options: &Options) -> Loaded {
    schema::Kind::Suite.prepare();
    let (mut diagnostics, sources) = (Diagnostics::default(), Sources::default());
    let mut protocols = Protocols::new();
    let (mut suites, mut trees, mut count) = (Vec::new(), Vec::new(), 0);
    let mut projects = Vec::new();
    for (from, paths) in by_project(options) {
        let project = Project::nearest(&options.start, &from, &sources, &mut diagnostics);
        if project.tree.is_some() {
            schema::Kind::Project.prepare();
        }
        let mut files = discover(&paths, &project, &sources, &mut diagnostics);
        files.retain(|file| options.only.as_ref().is_none_or(|only| file.id == *only));
        if let Some(tree) = &project.tree {
            schema::validate(schema::Kind::Project, tree, &mut diagnostics);
            let (folder, start) = (&project.root, &project.start);
            let mut low = Lowering { diagnostics: &mut diagnostics, folder, start, sources: &sources };
            lower::rubric::defaults(project.judge.as_ref(), &mut low);
        }
        let mut loading =
            Loading { options, project: &project, sources: &sources, protocols: &mut protocols, diagnostics: &mut diagnostics };
        suites.extend(files.iter().filter_map(|file| loading.file(file)));
        count += files.len();
        trees.extend(files.into_iter().map(|file| file.tree).chain(project.tree.clone()));
        projects.push(project);
    }
    // One suite alone need not have every variable that a run of all was given.
    if options.only.is_none() {
        let trees: Vec<_> = trees.iter().map(|tree| &**tree).collect();
        overrides::check(options.vars.keys(), &trees, &mut diagnostics);
    }
    consequences::drop_consequences(&mut diagnostics);
    diagnostics.sort();
    Loaded { suites, diagnostics, sources, project: projects.swap_remove(0), files: count }
}

/// A path elsewhere belongs to the project it lies in; one that lies in none, to the project that the user stands in: where to
/// look for each project, and its paths. Without paths, the project that the user stands in.
fn by_project(options: &Options) -> Vec<(PathBuf, Vec<PathBuf>)> {
    if options.paths.is_empty() {
        return vec![(PathBuf::new(), vec![])];
    }
    let mut groups: IndexMap<Option<PathBuf>, Vec<PathBuf>> = IndexMap::new();
    let here = Project::file_of(&options.start, Path::new(""));
    for path in &options.paths {
        groups.entry(Project::file_of(&options.start, path).or_else(|| here.clone())).or_default().push(path.clone());
    }
    groups.into_iter().map(|(file, paths)| (file.unwrap_or_default(), paths)).collect()
}

/// A script file as a fake of its own, for whoever serves it without a suite.
pub struct LoadedScript {
    /// `None` after a mistake that leaves nothing to serve.
    pub fake: Option<Fake>,
    pub diagnostics: Diagnostics,
    pub sources: Sources,
}

/// Loads one script file. Outside of a suite nothing has a name, so that only `{{request.…}}` of its routes means anything.
pub fn script(path: &Path, start: &Path) -> LoadedScript {
    let (mut diagnostics, sources) = (Diagnostics::default(), Sources::default());
    let tree = open::open(&start.join(path), &path.to_string_lossy(), &sources, &mut diagnostics);
    let fake = tree.and_then(|tree| {
        if !lower::script::is_script(&tree) {
            diagnostics
                .push(Diagnostic::error("wrong-file", tree.span, "this file is not a script").help("a script's first key is `script:`"));
            return None;
        }
        schema::validate(schema::Kind::Script, &tree, &mut diagnostics);
        nothing_named(&tree, &mut diagnostics);
        let folder = start.join(path.parent().unwrap_or(Path::new(".")));
        let mut low = Lowering { diagnostics: &mut diagnostics, folder: &folder, start, sources: &sources };
        let kind = FakeKind::Model(lower::script::alone(&tree, &mut low)?);
        Some(Fake { span: tree.span, unused_allowed: true, kind })
    });
    consequences::drop_consequences(&mut diagnostics);
    diagnostics.sort();
    LoadedScript { fake, diagnostics, sources }
}

/// Tells of names that only a suite has.
fn nothing_named(tree: &Node, diagnostics: &mut Diagnostics) {
    tree.templates(&mut |node, template| {
        let of_suite = |name: &&str| names::answering(name).is_none();
        if let Some(name) = template.holes().filter(|hole| hole.default.is_none()).filter_map(|hole| hole.name()).find(of_suite) {
            diagnostics.push(
                Diagnostic::error("unknown-name", node.span, format!("`{name}` is not a name that is known here"))
                    .label("not known in a script that is served alone")
                    .help("a suite has such names; if it is text, write `{{'{{'}}`"),
            );
        }
    });
}

struct Loading<'a> {
    options: &'a Options,
    project: &'a Project,
    sources: &'a Sources,
    protocols: &'a mut Protocols,
    diagnostics: &'a mut Diagnostics,
}

impl Loading<'_> {
    fn file(&mut self, file: &File) -> Option<Suite> {
        let kind = match file.kind {
            FileKind::Suite => schema::Kind::Suite,
            FileKind::Protocol => schema::Kind::Protocol,
            FileKind::Script => schema::Kind::Script,
        };
        schema::validate(kind, &file.tree, self.diagnostics);
        let folder = file.path.parent().unwrap_or(Path::new("."));
        let mut low = Lowering { diagnostics: self.diagnostics, folder, start: &self.project.start, sources: self.sources };
        match file.kind {
            FileKind::Suite => return Some(self.suite(file, folder)),
            FileKind::Protocol => {
                self.protocols.tree(&file.path, &file.tree, &mut low);
            }
            FileKind::Script => {
                lower::script::alone(&file.tree, &mut low);
            }
        }
        None
    }

    fn suite(&mut self, file: &File, folder: &Path) -> Suite {
        let context = Context {
            sources: self.sources,
            project: self.project,
            suite_id: file.id.clone(),
            suite_path: file.shown.clone(),
            folder: folder.to_owned(),
            overrides: &self.options.vars,
            env: &self.options.env,
            seed: self.options.seed,
        };
        let (mut cases, mut twins) = (Vec::new(), lint::attacks::Twins::default());
        let mistakes = self.diagnostics.list.len();
        let instances = instances(&file.tree, &context, self.diagnostics);
        let mut low = Lowering { diagnostics: self.diagnostics, folder, start: &self.project.start, sources: self.sources };
        // Where a case could not be read, nobody knows what stands in it.
        let attacked = low.diagnostics.list.len() > mistakes || instances.iter().any(|instance| has_attack(&instance.tree));
        lower::rubric::defaults_of_suite(file.tree.get("judge"), attacked, &mut low);
        for instance in instances {
            let mut low = Lowering { diagnostics: self.diagnostics, folder, start: &self.project.start, sources: self.sources };
            let Some(draft) = lower::case::draft(&instance, self.protocols, &mut low) else { continue };
            lint::case(&draft, self.diagnostics);
            twins.see(&draft);
            cases.extend(draft.case(&instance).map(Arc::new));
        }
        twins.missing(self.diagnostics);
        let name = file.tree.get("suite").and_then(|name| name.text()).unwrap_or_default().to_owned();
        Suite { path: file.shown.clone(), id: file.id.clone(), name, cases }
    }
}
