//! A rubric put to the judge.
//!
//! Owns: which statement is asked when, and of whom.
//! Must not know: prompts, wires, files.

use super::world::{JudgeWorld, Mode};
use crate::model::judge::{Answers, JudgeProblem, Rubric};
use crate::model::recording::Recording;

/// The judge of one run, shared by all its cases.
pub struct Judge {
    world: JudgeWorld,
}

impl Judge {
    pub fn new(world: JudgeWorld) -> Judge {
        Judge { world }
    }

    /// Puts each statement to each model as often as the rubric says. `step` is the one whose rubric it is; `security` tells that the
    /// case is tagged so. What goes wrong is told in the answers: a fault of the judge is never the agent's failure.
    pub async fn answer(&self, rubric: &Rubric, recording: &Recording, step: Option<usize>, security: bool) -> Answers {
        let _ = (rubric, recording, security);
        let mut answers = Answers { step, ..Answers::default() };
        match self.world.mode {
            Mode::Off => answers.not_asked = Some("the judge is off".to_owned()),
            _ => {
                let message = "this build cannot ask a judge".to_owned();
                answers.fault = Some(JudgeProblem { code: "judge-unavailable".to_owned(), message, details: vec![] });
            }
        }
        answers
    }
}
