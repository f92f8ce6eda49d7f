//! What becomes of suites, and what is refused where.

mod cases;
mod names;
mod templates;

use super::instances::{Context, Instance, instances};
use super::project::Project;
use super::yaml;
use crate::base::{Diagnostics, Sources};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// A suite with what surrounds it.
#[derive(Default)]
struct World {
    project: &'static str,
    overrides: &'static [(&'static str, &'static str)],
    env: &'static [(&'static str, &'static str)],
    seed: u64,
}

struct Loaded {
    made: Vec<Instance>,
    /// Each mistake as `code line:column`, with the file before it if that is not the suite.
    mistakes: Vec<String>,
    diagnostics: Diagnostics,
    sources: Sources,
}

impl Loaded {
    fn drawn(&self) -> String {
        self.diagnostics.render(&self.sources, false)
    }
}

impl World {
    fn load(&self, suite: &str) -> Loaded {
        let sources = Sources::default();
        let mut diagnostics = Diagnostics::default();
        let mut project = Project::without_file(Path::new("/nowhere"), &sources);
        if !self.project.is_empty() {
            let tree = yaml::read(&sources, "checkride.yaml", self.project.as_bytes(), &mut diagnostics).unwrap();
            let part = |key: &str| tree.get(key).cloned();
            (project.vars, project.define, project.agents) = (part("vars"), part("define"), part("agents"));
        }
        let tree = yaml::read(&sources, "s.yaml", suite.as_bytes(), &mut diagnostics).expect("a tree");
        let overrides: IndexMap<_, _> = self.overrides.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let env: HashMap<_, _> = self.env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let context = Context {
            sources: &sources,
            project: &project,
            suite_id: "s".to_owned(),
            suite_path: "s.yaml".to_owned(),
            folder: "/nowhere".into(),
            overrides: &overrides,
            env: &env,
            seed: self.seed,
        };
        let made = instances(&tree, &context, &mut diagnostics);
        for diagnostic in diagnostics.list.iter().take(10) {
            assert!(!diagnostic.help.is_empty() && !diagnostic.label.is_empty(), "{}", diagnostic.render(&sources, false));
        }
        let mistakes = diagnostics.list.iter().map(|diagnostic| match sources.locate(diagnostic.span) {
            Some(at) if at.path == "s.yaml" => format!("{} {}:{}", diagnostic.code, at.line, at.column),
            Some(at) => format!("{} {at}", diagnostic.code),
            None => diagnostic.code.to_owned(),
        });
        Loaded { made, mistakes: mistakes.collect(), diagnostics, sources }
    }

    /// The suite `suite: S` with these lines; without any mistake.
    fn makes(&self, lines: &str) -> Vec<Instance> {
        let loaded = self.load(&format!("suite: S\n{lines}"));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.drawn());
        loaded.made
    }

    fn key(&self, lines: &str, key: &str) -> Value {
        self.makes(lines)[0].tree.get(key).map_or(Value::Null, |node| node.to_value())
    }

    fn refuses(&self, lines: &str, mistakes: &[&str]) -> String {
        let loaded = self.load(&format!("suite: S\n{lines}"));
        assert_eq!(loaded.mistakes, mistakes, "{}", loaded.drawn());
        loaded.drawn()
    }
}

fn makes(lines: &str) -> Vec<Instance> {
    World::default().makes(lines)
}

fn ids(lines: &str) -> Vec<String> {
    makes(lines).into_iter().map(|instance| instance.id).collect()
}

fn key(lines: &str, key: &str) -> Value {
    World::default().key(lines, key)
}

fn refuses(lines: &str, mistakes: &[&str]) -> String {
    World::default().refuses(lines, mistakes)
}

// Defaults and agents.
