//! The project file `checkride.yaml`, as written.
//!
//! Owns: its keys.
//! Must not know: how names are resolved.

use super::agent::AgentDoc;
use super::judge::JudgeDoc;
use crate::document;
use crate::language::shape::{Any, Named, Text};

document! {
    /// The project file.
    #[example("{suites: [suites], agents: {mine: {protocol: codex-exec, command: [codex, exec, --json]}}}")]
    pub struct ProjectDoc as "project" {
        /// Folders and files with suites, relative to this file.
        #[example("[suites]")]
        suites: Option<Vec<Text>>,
        /// Variables of all suites.
        #[example("{exec_mode: full}")]
        vars: Option<Named<Any>>,
        /// Named templates of all suites.
        #[example("{hello: {type: message}}")]
        define: Option<Named<Any>>,
        /// Named agents, for `agent: name`.
        #[example("{mine: {protocol: codex-exec, command: [codex, exec, --json]}}")]
        agents: Option<Named<AgentDoc>>,
        /// Defaults of all rubrics: who judges, how votes are counted.
        #[example("{model: anthropic/claude-sonnet-4-5-20250929}")]
        judge: Option<JudgeDoc>,
    }
}
