//! Conversations kept apart: each run has the script from its beginning, and counts by itself.
//!
//! Owns: which run a path names, how many runs are remembered.
//! Must not know: HTTP, what the journal looks like.

use crate::fakes::server::CaseFakes;
use crate::fakes::server::case::Case;
use crate::model::fake::Fake;
use crate::model::template::Nothing;
use crate::recorder::Recorder;
use indexmap::IndexMap;
use std::sync::{Arc, Mutex};

/// The run of paths that name none.
pub const DEFAULT: &str = "default";

/// Below this, the next segment names the run: `/j/<run>/v1/…`.
const PREFIX: &str = "/j/";

/// So many runs are remembered; the one that was not asked for the longest is forgotten first.
const MOST: usize = 1024;

pub struct Runs {
    fake: Arc<Fake>,
    recorder: Recorder,
    open: Mutex<IndexMap<String, Arc<Case>>>,
}

/// The run that a target names, and what is below it.
pub fn split(target: &str) -> (&str, &str) {
    let Some(rest) = target.strip_prefix(PREFIX) else { return (DEFAULT, target) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (run, below) = rest.split_at(end);
    (run, if below.is_empty() { "/" } else { below })
}

impl Runs {
    pub fn new(fake: Arc<Fake>, recorder: Recorder) -> Runs {
        Runs { fake, recorder, open: Mutex::default() }
    }

    /// The run of this name; it begins with the first request to it.
    pub fn get(&self, name: &str) -> Arc<Case> {
        let mut open = self.open.lock().expect("no panic happens under this lock");
        if let Some(at) = open.get_index_of(name) {
            // With few runs the order matters to nobody, and moving costs.
            let last = open.len() - 1;
            if last < MOST / 2 {
                return open[at].clone();
            }
            open.move_index(at, last);
            return open[last].clone();
        }
        if open.len() >= MOST {
            open.shift_remove_index(0);
        }
        let setup = CaseFakes {
            key: name.to_owned(),
            recorder: self.recorder.clone(),
            fakes: vec![(name.to_owned(), self.fake.clone())],
            scope: Arc::new(Nothing),
        };
        let run = Arc::new(Case::new(setup));
        open.insert(name.to_owned(), run.clone());
        run
    }

    /// Forgets one run, or all: the next request has the script from its beginning. What is being sent goes on.
    pub fn reset(&self, name: Option<&str>) {
        let mut open = self.open.lock().expect("no panic happens under this lock");
        match name {
            Some(name) => drop(open.shift_remove(name)),
            None => open.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_run() {
        assert_eq!(split("/j/a1/v1/responses?x=1"), ("a1", "/v1/responses?x=1"));
        assert_eq!(split("/j/a1"), ("a1", "/"));
        assert_eq!(split("/v1/responses"), (DEFAULT, "/v1/responses"));
        assert_eq!(split("/"), (DEFAULT, "/"));
    }
}
