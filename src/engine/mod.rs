//! The engine: from suites to outcomes.
//!
//! | file | what |
//! |---|---|
//! | [`selection`], [`tags`], [`conditions`], [`planner`] | which cases run, which are skipped and why |
//! | [`world`], [`stage`], [`premises`], [`agents`], [`edge`], [`servers`], [`values`] | what all cases share; what one attempt stands in |
//! | [`runner`], [`steps`], [`waiting`], [`requests`], [`probes`], [`functions`] | one attempt, from the first step to the trace |
//! | [`judging`], `statements`, [`explained`], [`rubrics`](mod@rubrics) | the rubrics put to the judge; what its answers add to the findings |
//! | [`outcome`](mod@outcome), [`hints`](mod@hints), [`recheck`](mod@recheck), [`trace_store`] | from findings to a verdict; stored traces |
//! | [`harness`], [`tasks`], [`unused`] | libtest-mimic as the front of all of it; cases as tasks; what a full run never used |

pub mod agents;
pub mod conditions;
pub mod edge;
pub mod explained;
pub mod functions;
pub mod harness;
pub mod hints;
pub mod interrupt;
pub mod judging;
pub mod minted;
pub mod outcome;
pub mod planner;
pub mod premises;
pub mod probes;
pub mod recheck;
pub mod requests;
pub mod rubrics;
pub mod runner;
pub mod selection;
pub mod servers;
pub mod stage;
mod statements;
pub mod steps;
pub mod tags;
pub mod tasks;
pub mod trace_store;
pub mod unused;
pub mod values;
pub mod waiting;
pub mod world;
