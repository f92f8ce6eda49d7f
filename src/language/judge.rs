//! The judge that a project names, for who asks it without a suite.
//!
//! Owns: the project's defaults of rubrics as settings of their own.
//! Must not know: suites, what is judged.

use super::docs::judge::JudgeDoc;
use super::lower::{Lowering, judge, rubric};
use super::project::Project;
use super::schema::{self, Kind};
use super::{merge, shape::reading};
use crate::base::{Diagnostics, Sources, Span};
use crate::model::judge::{JudgeSettings, Role};
use crate::model::tree::{Content, Node};
use std::path::Path;

/// What was read, with every mistake.
pub struct Named {
    /// `None` after a mistake.
    pub settings: Option<JudgeSettings>,
    pub project: Project,
    pub sources: Sources,
    pub diagnostics: Diagnostics,
}

/// The settings of `judge` in the nearest project file, `model` in the place of its own.
pub fn named(start: &Path, model: Option<&str>) -> Named {
    let (mut diagnostics, sources) = (Diagnostics::default(), Sources::default());
    let project = Project::nearest(start, Path::new("."), &sources, &mut diagnostics);
    if let Some(tree) = &project.tree {
        schema::validate(Kind::Project, tree, &mut diagnostics);
    }
    let over = Node::from_value(Span::NONE, &model.map_or_else(|| serde_json::json!({}), |model| serde_json::json!({"model": model})));
    let node = merge::by_name(project.judge.as_ref(), Some(&over)).unwrap_or_else(|| Node::new(Span::NONE, Content::Map(vec![])));
    let doc: Option<JudgeDoc> = reading::read(&node, &mut diagnostics);
    let (folder, start) = (project.root.clone(), project.start.clone());
    let mut low = Lowering { diagnostics: &mut diagnostics, folder: &folder, start: &start, sources: &sources };
    rubric::defaults(project.judge.as_ref(), &mut low);
    let settings = doc.map(|doc| judge::settings(&doc, Role::ALL.to_vec(), false, &mut low));
    let settings = settings.filter(|_| !diagnostics.has_errors());
    Named { settings, project, sources, diagnostics }
}
