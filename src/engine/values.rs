//! The values that templates may name while a case runs.
//!
//! Owns: start values (fakes, secrets, the case's folder) and what steps saved.
//! Must not know: sessions and turns; the conversation answers for those.

use super::world::World;
use crate::agent::CaseDir;
use crate::fakes::mcp::bridge;
use crate::model::agent::AgentScope;
use crate::model::fake::FakeKind;
use crate::model::protocol::Protocol;
use crate::model::suite::{Case, Secret};
use crate::model::template::{Found, Scope};
use crate::model::trace::{Binding, What};
use crate::recorder::Recorder;
use indexmap::IndexMap;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::{Mutex, OnceLock};

/// Names and values, growing during the run. Every value is recorded, so that a stored trace can be judged alone.
pub struct Values {
    table: Mutex<IndexMap<String, Value>>,
    recorder: Recorder,
    /// Made when somebody asks where it is.
    folder: OnceLock<CaseDir>,
    /// Recorded when somebody asks for one.
    settings: OnceLock<IndexMap<String, Value>>,
}

impl Values {
    pub fn new(recorder: Recorder) -> Values {
        Values { table: Mutex::default(), recorder, folder: OnceLock::new(), settings: OnceLock::new() }
    }

    /// The values that are known before anything runs.
    pub fn at_start(world: &World, case: &Case, key: &str, dir: &CaseDir, recorder: &Recorder) -> Values {
        let values = Values::new(recorder.clone());
        // An agent that is shared keeps the secrets of its first case.
        let planted_for = if case.agent.scope == AgentScope::Suite { &case.suite_path } else { &case.id };
        values.plant(&case.secrets, &mut fastrand::Rng::with_seed(world.secrets_seed ^ fingerprint(planted_for)));
        values.set("checkride", world.checkride.display().to_string());
        values.set_folder(dir);
        for (name, fake) in &case.fakes {
            if fake.kind.is_server() {
                let url = world.fakes.url(key, name);
                match fake.kind {
                    FakeKind::Mcp(_) => {
                        let program = bridge::command(&dir.bridges, name);
                        values.set(&format!("{name}.command"), program.display().to_string());
                    }
                    _ => values.set(&format!("{name}.ws"), url.replacen("http", "ws", 1)),
                }
                values.set(&format!("{name}.url"), url);
            }
        }
        if let Some(port) = case.agent.command.as_ref().and_then(|_| free_port()) {
            values.set("agent.port", port);
        }
        values
    }

    /// Gives a name its value from now on.
    pub fn set(&self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        self.table.lock().expect("no panic happens under this lock").insert(name.to_owned(), value.clone());
        self.recorder.push(What::Bind(Binding { name: name.to_owned(), value, session: None, turn: None }));
    }

    /// Gives `case.dir` and `case.bin` their values. The folders need not be there: who asks for one by name finds it made.
    pub fn set_folder(&self, dir: &CaseDir) {
        self.set("case.dir", dir.home.display().to_string());
        self.set("case.bin", dir.bin().display().to_string());
        self.folder.get_or_init(|| dir.clone());
    }

    /// What `agent.settings.x` is: the settings of the protocol as the agent has them. Secrets are nobody's business.
    pub fn set_settings(&self, protocol: &Protocol, given: &IndexMap<String, Value>) {
        let plain = protocol.settings.iter().filter(|setting| !setting.secret);
        let settings = plain.map(|setting| {
            let given = given.get(&setting.name).filter(|value| !value.is_null());
            (format!("agent.settings.{}", setting.name), given.unwrap_or(&setting.default).clone())
        });
        self.settings.get_or_init(|| settings.collect());
    }

    fn tell_setting(&self, name: &str) {
        let is_known = || self.table.lock().expect("no panic happens under this lock").contains_key(name);
        if let Some(value) = self.settings.get().and_then(|settings| settings.get(name))
            && !is_known()
        {
            self.set(name, value.clone());
        }
    }

    /// Fresh random values; hidden in everything recorded.
    pub fn plant(&self, secrets: &[Secret], random: &mut fastrand::Rng) {
        for secret in secrets {
            let value: String = std::iter::repeat_with(|| random.alphanumeric()).take(32).collect();
            self.recorder.plant(&format!("secrets.{}", secret.name), &value);
            self.set(&format!("secrets.{}", secret.name), value);
        }
    }
}

impl Scope for Values {
    fn lookup(&self, name: &str) -> Found<'_> {
        if let ("case.dir" | "case.bin", Some(dir)) = (name, self.folder.get()) {
            // Who cannot use it says so better than this place could.
            let _ = dir.make();
        }
        if name.starts_with("agent.settings.") {
            self.tell_setting(name);
        }
        match self.table.lock().expect("no panic happens under this lock").lookup(name) {
            Found::Value(value) => Found::Value(Cow::Owned(value.into_owned())),
            Found::Missing => Found::Missing,
            Found::Unknown => Found::Unknown,
        }
    }

    fn hidden(&self, text: &str) -> Option<String> {
        self.recorder.hidden(text)
    }
}

/// A port that was free a moment ago; nobody can promise more to a program that opens it itself.
fn free_port() -> Option<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).ok().map(|address| address.port())
}

/// Keeps the random values of two cases apart.
pub fn fingerprint(id: &str) -> u64 {
    id.bytes().fold(0, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

/// The slug of a case: what stands behind `::` in its id.
pub fn case_slug(case: &Case) -> String {
    let slug = case.id.rsplit("::").next().unwrap_or(&case.id);
    crate::base::slug::slug(slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::RunDir;
    use crate::language::builtin;

    fn is_there(after: impl FnOnce(&Values)) -> bool {
        let run = RunDir::new().expect("a temporary folder can be made");
        let dir = run.place("1");
        let values = Values::new(Recorder::new());
        values.set_folder(&dir);
        after(&values);
        dir.home.is_dir()
    }

    #[test]
    fn the_folder_is_made_for_who_asks_for_it() {
        assert!(is_there(|values| assert!(matches!(values.lookup("case.dir"), Found::Value(_)))));
    }

    #[test]
    fn a_setting_is_recorded_when_somebody_asks_for_it() {
        let recorder = Recorder::new();
        let values = Values::new(recorder.clone());
        let protocol = builtin::protocol("codex-app-server").expect("it is built in");
        values.set_settings(&protocol, &[("modality".to_owned(), "text".into())].into());
        let recorded = || recorder.read(0, |records| records.len());
        assert_eq!(recorded(), 0);
        assert_eq!(values.lookup("agent.settings.modality"), Found::Value(Cow::Owned("text".into())));
        assert_eq!((values.lookup("agent.settings.api_key"), recorded()), (Found::Unknown, 1));
    }

    #[test]
    fn the_folder_is_not_made_for_nobody() {
        assert!(!is_there(|values| assert!(matches!(values.lookup("other"), Found::Unknown))));
    }
}
