//! What a persona plays: the honest and the taken-in conduct of each turn.
//!
//! Owns: which turn a `solution` and an `attack` belong to.
//! Must not know: how a role is played.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::key_span;
use crate::language::docs::fake::PersonaWord;
use crate::language::docs::step::StepDoc;
use crate::language::docs::suite::{CaseDoc, ConductDoc};
use crate::language::shape::Or;
use crate::model::persona::{Conduct, Persona, Role, Turn};

/// `None` for `off`.
pub fn of(word: PersonaWord, turns: &[Turn]) -> Option<Persona> {
    let role = match word {
        PersonaWord::Resists => Role::Resists,
        PersonaWord::Obeys => Role::Obeys,
        PersonaWord::Refuses => Role::Refuses,
        PersonaWord::NeverReads => Role::NeverReads,
        PersonaWord::Off => return None,
    };
    Some(Persona { role, turns: turns.to_vec() })
}

/// One turn for each `user` step. What stands in the case itself is of its only one; with several, each has its own.
pub fn turns(case: &CaseDoc, steps: &[StepDoc], low: &mut Lowering<'_>) -> Vec<Turn> {
    let users: Vec<_> = steps.iter().filter_map(|step| Some((step, step.user.as_ref()?))).collect();
    let alone = users.len() == 1;
    for key in ["solution", "attack"] {
        if case.node.get(key).is_some() && !alone {
            let why = "with several `user` steps, each has its own";
            low.push(wrong_place(key_span(&case.node, key), key, why));
        }
    }
    let of_case = |conduct: &Option<ConductDoc>| conduct.as_ref().filter(|_| alone).map(self::conduct);
    let turn = |(step, user): (&StepDoc, &crate::language::shape::Templated)| Turn {
        prompt: user.0.clone(),
        solution: step.solution.as_ref().map(conduct).or_else(|| of_case(&case.solution)).unwrap_or_else(nothing),
        attack: step.attack.as_ref().map(conduct).or_else(|| of_case(&case.attack)),
    };
    users.into_iter().map(turn).collect()
}

fn nothing() -> Conduct {
    Conduct { runs: vec![], reply: None, tells: false }
}

fn conduct(doc: &ConductDoc) -> Conduct {
    let runs = match &doc.run {
        None => vec![],
        Some(Or::This(one)) => vec![one.0.clone()],
        Some(Or::That(several)) => several.iter().map(|one| one.0.clone()).collect(),
    };
    Conduct { runs, reply: doc.reply.as_ref().map(|reply| reply.0.clone()), tells: doc.tell.is_some_and(|tell| tell.on) }
}
