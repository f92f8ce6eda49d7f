//! Launched agents: their home, their environment, their process tree from start to end.
//!
//! Owns: everything between a filled command line and a process that can be spoken to, and that nothing of it is left behind.
//! Must not know: how one talks to the agent, how commands are mocked (only where the mocks lie), what is checked.
//!
//! | file | what |
//! |---|---|
//! | [`run_dir`] | the temporary folders of a run and its cases |
//! | [`home`] | a case's HOME: files, secrets, shell profiles, and the launch made of it |
//! | [`environment`] | the clean environment |
//! | [`profiles`] | shell profiles that keep mocked commands first on PATH |
//! | [`snapshot`] | what changed in the home |
//! | [`process`] | start, watch, stop |
//! | [`program`] | finding a program, starting it, and saying why it cannot be started |
//! | [`ready`] | when an agent can be spoken to |
//! | [`output`] | what it prints |
//! | [`tree`] | the whole process tree, and its end |
//! | [`once`] | a command run once in the agent's environment; the version probe |
//! | [`canary`] | proof that mocked commands resolve to their mocks |

pub mod canary;
pub mod environment;
pub mod home;
pub mod once;
pub mod output;
mod problem;
pub mod process;
pub mod profiles;
pub mod program;
pub mod ready;
pub mod run_dir;
pub mod snapshot;
pub mod tree;

pub use canary::Canary;
pub use home::{Home, HomeSetup, Launch, argv, prepare_home};
pub use once::{Finished, read_version, run_once, version_launch};
pub use process::{Ended, RunningAgent, start};
pub use ready::{is_free, takes_a_connection};
pub use run_dir::{CaseDir, RunDir};
pub use snapshot::Snapshot;
pub use tree::{Tree, end_all};
