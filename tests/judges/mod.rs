//! The official SDKs, where this machine has them (`tests/sdk/README.md` says how to install them).
//!
//! Owns: the two variables that say where they are, and how a program that uses them is started.
//! Must not know: what is asked of them.

use std::path::PathBuf;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// An interpreter that has `openai[realtime]`, `anthropic` and `mcp`.
    Python,
    /// A folder `node_modules` that has `openai`, `@anthropic-ai/sdk`, `@openai/agents-realtime` and `zod`.
    Node,
}

/// How programs on the SDKs are started.
#[derive(Clone, Debug)]
pub struct Found {
    pub interpreter: String,
    /// `NODE_PATH`; of no meaning to Python.
    pub modules: String,
}

impl Judge {
    pub const ALL: [Judge; 2] = [Judge::Python, Judge::Node];

    pub fn name(self) -> &'static str {
        match self {
            Judge::Python => "python",
            Judge::Node => "node",
        }
    }

    pub fn variable(self) -> &'static str {
        match self {
            Judge::Python => "CHECKRIDE_SDK_PYTHON",
            Judge::Node => "CHECKRIDE_SDK_NODE",
        }
    }

    /// `None` where the variable is not set. One that leads nowhere is a mistake, not an absence.
    pub fn find(self) -> Option<Found> {
        let place = std::env::var(self.variable()).ok().filter(|place| !place.is_empty())?;
        assert!(PathBuf::from(&place).exists(), "{} leads nowhere: {place}", self.variable());
        Some(match self {
            Judge::Python => Found { interpreter: place, modules: String::new() },
            Judge::Node => Found { interpreter: "node".to_owned(), modules: place },
        })
    }

    /// As [`Judge::find`], with the reason on standard error.
    pub fn find_or_say(self) -> Option<Found> {
        let found = self.find();
        if found.is_none() {
            eprintln!("not checked: {} is not set (see tests/sdk/README.md)", self.variable());
        }
        found
    }
}

impl Found {
    /// The keys of an agent that runs this file of `tests/sdk` with `words`, in YAML's flow form.
    pub fn agent(&self, file: &str, words: &[&str]) -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/").to_owned() + file;
        let command: Vec<_> = [self.interpreter.as_str(), path.as_str()].into_iter().chain(words.iter().copied()).collect();
        format!("command: {command:?}, env: {{NODE_PATH: {:?}}}", self.modules)
    }
}
