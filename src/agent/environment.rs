//! The environment of a launched agent: what it may inherit, and what a case adds.
//!
//! Owns: the allow-list, the names of the variables that checkride sets.
//! Must not know: where the values come from.

use crate::model::fake::Vendor;
use indexmap::IndexMap;
use std::path::Path;

/// By this variable every process of a case is known.
pub const MARKER: &str = "CHECKRIDE_CASE";

/// What an agent may inherit, besides `LC_*`. Anything else could change what it does from one machine to the next, or hold a secret.
const INHERITED: [&str; 10] =
    ["PATH", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "COLORTERM", "__CF_USER_TEXT_ENCODING"];

/// Where programs are sought if nothing is said.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What must never be reached through the proxy: the fakes.
const NO_PROXY: &str = "127.0.0.1,localhost,::1";

/// Variables in the order set.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    variables: IndexMap<String, String>,
}

impl Environment {
    /// The inherited part, with HOME and TMPDIR.
    pub fn clean(home: &Path, tmp: &Path) -> Environment {
        let inherited = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let variables = inherited.filter(|(name, _)| INHERITED.contains(&name.as_str()) || name.starts_with("LC_")).collect();
        let mut environment = Environment { variables };
        environment.variables.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
        environment.set("HOME", home.to_string_lossy());
        environment.set("TMPDIR", tmp.to_string_lossy());
        environment
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    pub fn remove(&mut self, name: &str) {
        self.variables.shift_remove(name);
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The model fake as the usual clients look for their provider, with keys that look right and open nothing.
    ///
    /// Every vendor's variables are set, whichever wires the fake serves: an agent that asks on another wire then hears from the fake who has it,
    /// and does not leave for the real address. OpenRouter's clients are OpenAI's, at OpenRouter's path.
    pub fn use_model(&mut self, url: &str, vendor: Vendor) {
        let url = url.trim_end_matches('/');
        let openai = if vendor == Vendor::Openrouter { "/api/v1" } else { "/v1" };
        self.set("OPENAI_BASE_URL", format!("{url}{openai}"));
        self.set("OPENROUTER_BASE_URL", format!("{url}/api/v1"));
        self.set("OPENROUTER_API_KEY", "sk-or-checkride-dummy-key");
        self.set("OPENAI_API_KEY", "sk-checkride-dummy-key");
        self.set("ANTHROPIC_BASE_URL", url);
        self.set("ANTHROPIC_API_KEY", "sk-ant-checkride-dummy-key");
    }

    /// Everything but the loopback goes through this proxy.
    pub fn use_proxy(&mut self, url: &str) {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            self.set(name, url);
        }
        for name in ["NO_PROXY", "no_proxy"] {
            self.set(name, NO_PROXY);
        }
    }

    /// Puts a folder first on PATH.
    pub fn first_on_path(&mut self, bin: &Path) {
        let rest = self.get("PATH").filter(|path| !path.is_empty()).unwrap_or(DEFAULT_PATH);
        let path = format!("{}:{rest}", bin.display());
        self.set("PATH", path);
    }

    pub fn into_variables(self) -> Vec<(String, String)> {
        self.variables.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean() -> Environment {
        Environment::clean(Path::new("/h"), Path::new("/t"))
    }

    #[test]
    fn nothing_is_inherited_that_is_not_on_the_list() {
        let names: Vec<String> = clean().into_variables().into_iter().map(|(name, _)| name).collect();
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "cargo sets it for tests");
        assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
        assert!(names.iter().any(|name| name == "PATH"));
    }

    #[test]
    fn home_is_the_cases_own() {
        assert_eq!((clean().get("HOME"), clean().get("TMPDIR")), (Some("/h"), Some("/t")));
    }

    #[test]
    fn the_model_is_found_by_every_vendors_clients() {
        for (vendor, openai) in [(Vendor::Openai, "/v1"), (Vendor::Any, "/v1"), (Vendor::Anthropic, "/v1"), (Vendor::Openrouter, "/api/v1")]
        {
            let mut environment = clean();
            environment.use_model("http://127.0.0.1:9/k/llm/", vendor);
            assert_eq!(environment.get("OPENAI_BASE_URL"), Some(format!("http://127.0.0.1:9/k/llm{openai}").as_str()), "{vendor:?}");
            assert_eq!(environment.get("OPENROUTER_BASE_URL"), Some("http://127.0.0.1:9/k/llm/api/v1"));
            assert_eq!(environment.get("ANTHROPIC_BASE_URL"), Some("http://127.0.0.1:9/k/llm"));
        }
    }

    #[test]
    fn mocks_stand_first_whatever_path_says() {
        let mut environment = clean();
        environment.set("PATH", "/only");
        environment.first_on_path(Path::new("/m/bin"));
        assert_eq!(environment.get("PATH"), Some("/m/bin:/only"));
        environment.set("PATH", "");
        environment.first_on_path(Path::new("/m/bin"));
        assert_eq!(environment.get("PATH"), Some(format!("/m/bin:{DEFAULT_PATH}").as_str()));
    }
}
