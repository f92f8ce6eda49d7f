//! Conversations kept apart: each run has the script from its beginning, and counts by itself.
//!
//! Owns: which run a path names, how many runs are remembered.
//! Must not know: HTTP, what the journal looks like.

use crate::fakes::server::CaseFakes;
use crate::fakes::server::case::Case;
use crate::model::fake::Fake;
use crate::model::template::Nothing;
use crate::model::trace::Record;
use crate::recorder::Recorder;
use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard};

/// The run of paths that name none.
pub const DEFAULT: &str = "default";

/// Below this, the next segment names the run: `/j/<run>/v1/…`.
const PREFIX: &str = "/j/";

/// So many runs are remembered; the one that was not asked for the longest is forgotten first.
const MOST: usize = 1024;

/// So many problems of a run are remembered, at least.
const PROBLEMS: usize = 20;

pub struct Runs {
    fake: Arc<Fake>,
    /// The clock of all runs.
    clock: Recorder,
    open: Mutex<IndexMap<String, Run>>,
}

struct Run {
    /// Outlives a reset, so that it can be read what went wrong before.
    recorder: Recorder,
    /// `None` until the script is asked from its beginning.
    case: Option<Arc<Case>>,
}

/// The run that a target names, and what is below it.
pub fn split(target: &str) -> (Cow<'_, str>, &str) {
    let Some(rest) = target.strip_prefix(PREFIX) else { return (Cow::Borrowed(DEFAULT), target) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (run, below) = rest.split_at(end);
    (percent_decode_str(run).decode_utf8_lossy(), if below.is_empty() { "/" } else { below })
}

impl Runs {
    pub fn new(fake: Arc<Fake>) -> Runs {
        Runs { fake, clock: Recorder::of_the_last_problems(PROBLEMS), open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, IndexMap<String, Run>> {
        self.open.lock().expect("no panic happens under this lock")
    }

    /// The run of this name; it begins with the first request to it.
    pub fn get(&self, name: &str) -> Arc<Case> {
        let mut open = self.open();
        let at = match open.get_index_of(name) {
            Some(at) => at,
            None => {
                if open.len() >= MOST {
                    open.shift_remove_index(0);
                }
                open.insert(name.to_owned(), Run { recorder: self.clock.beside(PROBLEMS), case: None });
                open.len() - 1
            }
        };
        // With few runs the order matters to nobody, and moving costs.
        let last = open.len() - 1;
        let at = if last < MOST / 2 { at } else { last_of(&mut open, at) };
        let run = &mut open[at];
        let case = || Arc::new(Case::new(self.setup(name, &run.recorder)));
        run.case.get_or_insert_with(case).clone()
    }

    fn setup(&self, name: &str, recorder: &Recorder) -> CaseFakes {
        CaseFakes {
            key: name.to_owned(),
            recorder: recorder.clone(),
            fakes: vec![(name.to_owned(), self.fake.clone())],
            scope: Arc::new(Nothing),
        }
    }

    /// One run, or all, has the script from its beginning. What is being sent goes on.
    pub fn reset(&self, name: Option<&str>) {
        let mut open = self.open();
        chosen(&mut open, name, |run| run.case = None);
    }

    /// Forgets what went wrong in one run, or in all.
    pub fn forget_problems(&self, name: Option<&str>) {
        chosen(&mut self.open(), name, |run| run.recorder.forget());
    }

    /// What went wrong, with the run in which it did, in the order of time.
    pub fn problems(&self, name: Option<&str>) -> Vec<(String, Record)> {
        let mut problems = Vec::new();
        chosen_with_names(&mut self.open(), name, |name, run| {
            run.recorder.read(0, |records| problems.extend(records.iter().map(|record| (name.to_owned(), record.clone()))));
        });
        problems.sort_by(|(_, a), (_, b)| a.t_ms.total_cmp(&b.t_ms));
        problems
    }
}

/// Moves a run to the end, where those are that were asked last.
fn last_of(open: &mut IndexMap<String, Run>, at: usize) -> usize {
    let last = open.len() - 1;
    open.move_index(at, last);
    last
}

fn chosen(open: &mut IndexMap<String, Run>, name: Option<&str>, mut act: impl FnMut(&mut Run)) {
    chosen_with_names(open, name, |_, run| act(run));
}

fn chosen_with_names(open: &mut IndexMap<String, Run>, name: Option<&str>, mut act: impl FnMut(&str, &mut Run)) {
    open.iter_mut().filter(|(run, _)| name.is_none_or(|name| name == *run)).for_each(|(name, run)| act(name, run));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_run() {
        assert_eq!(split("/j/a%201/v1/responses?x=1"), ("a 1".into(), "/v1/responses?x=1"));
        assert_eq!(split("/j/a1"), ("a1".into(), "/"));
        assert_eq!(split("/v1/responses"), (DEFAULT.into(), "/v1/responses"));
        assert_eq!(split("/"), (DEFAULT.into(), "/"));
    }
}
