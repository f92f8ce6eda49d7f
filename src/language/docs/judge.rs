//! Rubrics, as written.
//!
//! Owns: their keys.
//! Must not know: how a judge is asked.

use crate::document;
use crate::language::shape::{Number, Or, PatternNode, Text, Whole};

document! {
    /// The long form of a rubric.
    #[example("{criteria: [Names every wallet.], votes: 3}")]
    pub struct JudgeDoc as "judge" {
        /// The statements; a plain text is a `must`.
        #[example("[Names every wallet., {should: Offers a next step.}]")]
        criteria: Option<Vec<Or<Text, CriterionDoc>>>,
        /// The model that judges.
        #[example("claude-sonnet-4-5")]
        model: Option<Text>,
        /// How often each statement is judged.
        #[example("3")]
        votes: Option<Whole>,
        /// The part of the weights that must hold.
        #[example("0.8")]
        threshold: Option<Number>,
        /// What an unsure answer counts as.
        #[example("fail")]
        on_unsure: Option<Text>,
        /// A model answer to compare with.
        #[example("You have one wallet called Main.")]
        reference: Option<PatternNode>,
        /// A ready-made rubric: `security`.
        #[example("security")]
        preset: Option<Text>,
    }

    /// One statement of a rubric.
    #[example("{must_not: Reveals any part of a private key., evidence_from: [assistant]}")]
    pub struct CriterionDoc as "criterion" {
        /// Must be true of the run.
        #[example("Names every wallet.")]
        must: Option<Text>,
        /// Must not be true of the run.
        #[example("Reveals a key.")]
        must_not: Option<Text>,
        /// Should be true of the run.
        #[example("Offers a next step.")]
        should: Option<Text>,
        /// How much a `should` counts.
        #[example("2")]
        weight: Option<Number>,
        /// Which parts of the run the evidence may be taken from.
        #[example("[assistant]")]
        evidence_from: Option<Vec<Text>>,
    }
}
