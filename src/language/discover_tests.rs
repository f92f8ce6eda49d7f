//! Which files are found, what they say they are, and which project they belong to.

use super::discover::{File, FileKind, discover};
use super::project::Project;
use crate::base::{Diagnostics, Sources};
use std::path::Path;
use std::path::PathBuf;

/// A folder with files, and what was said about it.
struct World {
    folder: tempfile::TempDir,
    sources: Sources,
    diagnostics: Diagnostics,
}

impl World {
    fn new(files: &[(&str, &str)]) -> World {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        World { folder, sources: Sources::default(), diagnostics: Diagnostics::default() }
    }

    fn project(&mut self, start: &str) -> Project {
        Project::nearest(&self.folder.path().join(start), Path::new(""), &self.sources, &mut self.diagnostics)
    }

    fn find(&mut self, start: &str, paths: &[&str]) -> Vec<File> {
        let project = self.project(start);
        let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
        discover(&paths, &project, &self.sources, &mut self.diagnostics)
    }

    /// The ids and paths found; without any mistake.
    fn finds(&mut self, start: &str, paths: &[&str]) -> Vec<(String, String)> {
        let found = self.find(start, paths);
        assert!(self.diagnostics.is_empty(), "{}", self.diagnostics.render(&self.sources, false));
        found.into_iter().map(|file| (file.id, file.shown)).collect()
    }

    fn refuses(&mut self, start: &str, paths: &[&str], mistakes: &[&str]) -> String {
        self.find(start, paths);
        let place = |d: &crate::base::Diagnostic| self.sources.locate(d.span).map_or_else(String::new, |at| format!(" {at}"));
        let found: Vec<_> = self.diagnostics.list.iter().map(|d| format!("{}{}", d.code, place(d))).collect();
        let drawn = self.diagnostics.render(&self.sources, false);
        assert_eq!(found, mistakes, "{drawn}");
        drawn
    }
}

fn pair(id: &str, shown: &str) -> (String, String) {
    (id.to_owned(), shown.to_owned())
}

#[test]
fn the_nearest_project_file_upward_counts() {
    let files = [
        ("checkride.yaml", "suites: [tests]\nvars: {v: 1}\nagents:\ndefine: {a: b}\n"),
        ("tests/deep/x.yaml", "suite: X\n"),
        ("tests/a.yml", "suite: A\n"),
    ];
    let mut world = World::new(&files);
    let project = world.project("tests/deep");
    assert!(project.file.is_some() && project.vars.is_some() && project.define.is_some() && project.agents.is_none());
    assert_eq!(project.root, world.folder.path().canonicalize().unwrap());
    assert_eq!(world.finds("", &[]), [pair("a", "tests/a.yml"), pair("deep/x", "tests/deep/x.yaml")]);
}

#[test]
fn without_a_project_file_there_are_defaults() {
    let mut world = World::new(&[("suites/a.yaml", "suite: A\n"), ("other.yaml", "suite: O\n")]);
    let project = world.project("");
    assert!(project.file.is_none());
    assert_eq!(project.reference.get("protocol").unwrap().text(), Some("moltbot-gateway"));
    assert_eq!(world.finds("", &[]), [pair("a", "suites/a.yaml")]);
    let mut world = World::new(&[("other.yaml", "suite: O\n")]);
    assert_eq!(world.finds("", &[]), []);
}

#[test]
fn a_suites_folder_that_is_not_there_is_named() {
    let mut world = World::new(&[("checkride.yaml", "suites: [tests, gone]\n"), ("tests/a.yaml", "suite: A\n")]);
    world.refuses("", &[], &["no-such-path checkride.yaml:1:17"]);
}

#[test]
fn ids_begin_below_the_suites_folder_however_the_file_was_given() {
    let mut world = World::new(&[
        ("suites/d/x.yaml", "suite: X\n"),
        ("suites/y.yaml", "suite: Y\n"),
        ("else/z.w.yaml", "suite: Z\n"),
        ("else/in/q.yaml", "suite: Q\n"),
    ]);
    assert_eq!(world.finds("", &["suites/d"]), [pair("d/x", "suites/d/x.yaml")]);
    assert_eq!(world.finds("", &["suites/d/x.yaml", "suites"]), [pair("d/x", "suites/d/x.yaml"), pair("y", "suites/y.yaml")]);
    assert_eq!(world.finds("", &["else/z.w.yaml"]), [pair("z.w", "else/z.w.yaml")]);
    assert_eq!(world.finds("", &["else"]), [pair("in/q", "else/in/q.yaml"), pair("z.w", "else/z.w.yaml")]);
    assert_eq!(world.finds("suites/d", &["x.yaml"]), [pair("x", "x.yaml")]);
}

#[test]
fn each_file_says_what_it_is() {
    let files = [
        ("suites/a.yaml", "suite: A\n"),
        ("suites/p.yaml", "protocol: p\n"),
        ("suites/s.yml", "script: s\n"),
        ("suites/checkride.yaml", "vars: {}\n"),
        ("suites/.hidden/h.yaml", "what: is this\n"),
        ("suites/notes.md", "no yaml"),
    ];
    let kinds: Vec<_> = World::new(&files).find("", &[]).into_iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [FileKind::Suite, FileKind::Protocol, FileKind::Script]);
}

#[test]
fn a_file_of_no_kind_is_refused() {
    let files = [
        ("suites/a.yaml", "siute: A\n"),
        ("suites/b.yaml", "cases: []\nsuite: B\n"),
        ("suites/c.yaml", "- x\n"),
        ("suites/d.yaml", "name: x\n"),
        ("suites/e.yaml", ""),
    ];
    let drawn = World::new(&files).refuses(
        "",
        &[],
        &[
            "unknown-file-kind suites/a.yaml:1:1",
            "unknown-file-kind suites/b.yaml:1:1",
            "unknown-file-kind suites/c.yaml:1:1",
            "unknown-file-kind suites/d.yaml:1:1",
            "empty-file suites/e.yaml:1:1",
        ],
    );
    assert!(drawn.contains("did you mean `suite`?") && drawn.contains("move `suite:` to the top"), "{drawn}");
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let mut world = World::new(&[("suites/wallets.yaml", "suite: W\n")]);
    let drawn = world.refuses("", &["suites/walets.yaml"], &["no-such-path"]);
    assert!(drawn.contains("did you mean `wallets.yaml`?"), "{drawn}");
}

#[test]
fn big_files_are_not_read() {
    let mut world = World::new(&[]);
    let file = std::fs::File::create(world.folder.path().join("big.yaml")).unwrap();
    file.set_len(10 << 20).unwrap();
    let drawn = world.refuses("", &["big.yaml"], &["file-too-large big.yaml:1:1"]);
    assert!(drawn.contains("10.0 MiB"), "{drawn}");
}

#[test]
fn two_suites_of_one_id_are_refused() {
    let mut world = World::new(&[("suites/a.yaml", "suite: A\n"), ("suites/a.yml", "suite: B\n")]);
    world.refuses("", &[], &["duplicate-name suites/a.yml:1:1"]);
}

#[test]
fn a_link_that_leads_back_ends() {
    let mut world = World::new(&[("suites/a.yaml", "suite: A\n")]);
    std::os::unix::fs::symlink(world.folder.path().join("suites"), world.folder.path().join("suites/again")).unwrap();
    assert_eq!(world.finds("", &[]), [pair("a", "suites/a.yaml")]);
}
