//! What a judge is given by the run: how it may be asked, where its lock lies, its keys and prices.
//!
//! Owns: the modes, which key each provider needs and where it is asked.
//! Must not know: the command line, how a provider is asked.

use super::digest::{sha256, sha256_of};
use super::lock::Entry;
use crate::model::judge::{JudgeSettings, Provider};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const OPENAI: &str = "https://api.openai.com/v1";

/// Where answers may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From the lock alone; what it lacks is an error.
    Replay,
    /// From the lock; what it lacks is asked and written there.
    Auto,
    /// Asked anew, the lock neither read nor written.
    Live,
    /// Asked anew, and written to the lock.
    Record,
    /// Nobody is asked.
    Off,
}

impl Mode {
    pub const ALL: [Mode; 5] = [Mode::Replay, Mode::Auto, Mode::Live, Mode::Record, Mode::Off];

    pub fn word(self) -> &'static str {
        match self {
            Mode::Replay => "replay",
            Mode::Auto => "auto",
            Mode::Live => "live",
            Mode::Record => "record",
            Mode::Off => "off",
        }
    }

    /// The lock is asked first.
    pub fn reads(self) -> bool {
        matches!(self, Mode::Replay | Mode::Auto)
    }

    pub fn writes(self) -> bool {
        matches!(self, Mode::Auto | Mode::Record)
    }

    /// A provider may be asked.
    pub fn asks(self) -> bool {
        matches!(self, Mode::Auto | Mode::Live | Mode::Record)
    }
}

/// What the run gives its judge.
#[derive(Clone, Debug)]
pub struct JudgeWorld {
    pub mode: Mode,
    /// The folder of the lock; made when the first entry is written.
    pub lock: PathBuf,
    /// Where programs that judge (`exec`) are started.
    pub folder: PathBuf,
    /// Keys and addresses of providers, and the environment of programs that judge.
    pub environment: BTreeMap<String, String>,
}

/// The variable that a provider's key is read from; `None` where none is needed.
pub(super) fn key_variable(provider: &Provider) -> Option<&'static str> {
    match provider {
        Provider::Anthropic(_) => Some("ANTHROPIC_API_KEY"),
        Provider::OpenAi(_) | Provider::Chat(_) => Some("OPENAI_API_KEY"),
        Provider::Exec(_) | Provider::Fake(_) => None,
    }
}

/// Where a wire's provider is asked: the value of its variable, or its own address.
pub(super) fn address<'e>(provider: &Provider, environment: &'e BTreeMap<String, String>) -> &'e str {
    let (variable, own) = match provider {
        Provider::Anthropic(_) => ("ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
        _ => ("OPENAI_BASE_URL", OPENAI),
    };
    let given = environment.get(variable).map(|url| url.trim()).filter(|url| !url.is_empty());
    given.unwrap_or(own).trim_end_matches('/')
}

/// The host, and the port if one is named, of a model whose name says nothing of who serves it: `chat/llama-3` is one model here and
/// another there. Those of Anthropic and OpenAI are the same behind any gateway, so their answers may be replayed without one.
pub(super) fn host(provider: &Provider, environment: &BTreeMap<String, String>) -> Option<String> {
    let place = |address: &str| {
        let url = url::Url::parse(address).ok()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    };
    let is_named = matches!(provider, Provider::Chat(_));
    place(address(provider, environment)).filter(|host| is_named && Some(host) != place(OPENAI).as_ref())
}

/// Of the files among the words of a program that judges; `None` if none of them is one, as for a program that is found by its name.
pub(super) fn program_sha256(provider: &Provider, folder: &Path) -> Option<String> {
    let Provider::Exec(words) = provider else { return None };
    // The first word is looked for where programs are, unless it is a path.
    let paths = words.iter().enumerate().filter(|(at, word)| *at > 0 || word.contains('/')).map(|(_, word)| folder.join(word));
    let files: Vec<_> = paths.filter(|path| path.is_file()).filter_map(|path| Some(sha256(&std::fs::read(path).ok()?))).collect();
    (!files.is_empty()).then(|| sha256_of(&files))
}

impl JudgeWorld {
    /// True of an entry that another address gave than the one that models of `chat/…` have here: no rubric could ask for it.
    pub fn is_elsewhere(&self, entry: &Entry) -> bool {
        let chat = Provider::Chat(entry.asked.model.clone());
        entry.asked.provider == "chat" && entry.asked.host != host(&chat, &self.environment)
    }
}

/// Why these models cannot be asked: the first key that is missing. Answers from the lock need none.
pub fn unavailable(settings: &JudgeSettings, environment: &BTreeMap<String, String>) -> Option<String> {
    if settings.models.is_empty() {
        return Some("no model is named for the judge; write `judge: {model: …}` in checkride.yaml".to_owned());
    }
    let missing = settings.models.iter().find_map(|model| {
        let variable = key_variable(&model.provider)?;
        let given = environment.get(variable).is_some_and(|value| !value.trim().is_empty());
        (!given).then_some((&model.name, variable))
    });
    missing.map(|(model, variable)| format!("the judge `{model}` needs {variable}, which is not set"))
}
