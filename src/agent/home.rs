//! A case's home: the folder that is HOME, working folder and `{{case.dir}}` of a launched agent, and the launch made of it.
//!
//! Owns: files, planted secrets, the order in which the environment is put together.
//! Must not know: how the process is started, where fakes and proxy come from.

use super::environment::{Environment, MARKER};
use super::problem::problem;
use super::profiles;
use super::run_dir::CaseDir;
use super::snapshot::Snapshot;
use crate::model::agent::FileSource;
use crate::model::fake::Vendor;
use crate::model::suite::Secret;
use crate::model::template::{Found, Scope};
use crate::model::trace::{Blame, Problem};
use crate::model::tree::Node;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Everything needed to start a process as the agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    pub argv: Vec<String>,
    /// The whole environment; nothing else is inherited.
    pub env: Vec<(String, String)>,
    /// HOME and working folder.
    pub home: PathBuf,
}

/// What a home is made of.
pub struct HomeSetup<'a> {
    pub case: &'a CaseDir,
    /// The agent's `files` and `env`.
    pub files: &'a [(String, FileSource)],
    pub env: &'a [(String, Arc<Node>)],
    /// Their values are `secrets.<name>` in the scope.
    pub secrets: &'a [Secret],
    /// The folder of the mocked commands, if there are any.
    pub bin: Option<&'a Path>,
    /// The case's only model fake.
    pub model: Option<(&'a str, Vendor)>,
    /// The trap for outbound connections.
    pub proxy_url: Option<&'a str>,
    pub scope: &'a dyn Scope,
}

/// A home that is ready.
#[derive(Debug)]
pub struct Home {
    pub env: Vec<(String, String)>,
    pub dir: PathBuf,
    /// Its files before the run.
    pub before: Snapshot,
    /// The suite wrote a shell profile of its own.
    pub own_profiles: bool,
}

impl Home {
    /// Of a case that launches nothing and puts nothing there.
    pub fn unused(case: &CaseDir) -> Home {
        Home { env: vec![], dir: case.home.clone(), before: Snapshot::empty(&case.home), own_profiles: false }
    }

    pub fn launch(&self, argv: Vec<String>) -> Launch {
        Launch { argv, env: self.env.clone(), home: self.dir.clone() }
    }
}

/// Writes the files and puts the environment together.
pub fn prepare_home(setup: &HomeSetup<'_>) -> Result<Home, Problem> {
    let home = &setup.case.home;
    for (path, source) in setup.files {
        write_file(home, path, source, setup.scope)?;
    }
    let mut environment = Environment::clean(home, &setup.case.tmp);
    if let Some(url) = setup.proxy_url {
        environment.use_proxy(url);
    }
    if let Some((url, vendor)) = setup.model {
        environment.use_model(url, vendor);
    }
    for secret in setup.secrets {
        plant(home, secret, setup.scope, &mut environment)?;
    }
    let own_profiles = setup.files.iter().any(|(path, _)| profiles::is_profile(path));
    if let Some(bin) = setup.bin {
        profiles::put_first(home, bin, &mut environment).map_err(|error| cannot_write("the shell profiles", &error))?;
    }
    add_own(&mut environment, setup.env, setup.scope)?;
    if let Some(bin) = setup.bin {
        environment.first_on_path(bin);
    }
    environment.set(MARKER, setup.case.marker());
    let before = Snapshot::take(home);
    Ok(Home { env: environment.into_variables(), dir: home.clone(), before, own_profiles })
}

/// The agent's own `env`; null takes a variable away.
fn add_own(environment: &mut Environment, own: &[(String, Arc<Node>)], scope: &dyn Scope) -> Result<(), Problem> {
    for (name, node) in own {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(suite_fault(format!("`{name}` cannot be the name of a variable (`env`)")));
        }
        match filled(node, &format!("env.{name}"), scope)? {
            None => {}
            Some(Value::Null) => environment.remove(name),
            Some(value) => environment.set(name, text(&value, &format!("env.{name}"))?),
        }
    }
    Ok(())
}

/// Fills a command line. What is left out is no argument.
pub fn argv(nodes: &[Arc<Node>], what: &str, scope: &dyn Scope) -> Result<Vec<String>, Problem> {
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        if let Some(value) = filled(node, what, scope)? {
            out.push(text(&value, what)?);
        }
    }
    if out.first().is_none_or(|program| program.is_empty()) { Err(suite_fault(format!("`{what}` names no program"))) } else { Ok(out) }
}

fn write_file(home: &Path, path: &str, source: &FileSource, scope: &dyn Scope) -> Result<(), Problem> {
    let target = below(home, path)?;
    let failed = |error| cannot_write(&format!("`{path}` (`files`)"), &error);
    make_parent(&target, 0o755).map_err(failed)?;
    match source {
        FileSource::Text(node) => {
            let what = format!("files.{path}");
            let value = filled(node, &what, scope)?.unwrap_or(Value::Null);
            fs::write(&target, text(&value, &what)?).map_err(failed)
        }
        FileSource::Copy { path: from } => fs::copy(from, &target)
            .map(drop)
            .map_err(|error| suite_fault(format!("cannot copy `{}` to `{path}` (`files`): {error}", from.display()))),
    }
}

/// The secret's file holds it and nothing else, and only its owner can read it.
fn plant(home: &Path, secret: &Secret, scope: &dyn Scope, environment: &mut Environment) -> Result<(), Problem> {
    let name = format!("secrets.{}", secret.name);
    let Found::Value(value) = scope.lookup(&name) else {
        return Err(problem(Blame::Harness, "secret-missing", format!("`{{{{{name}}}}}` has no value"), vec![]));
    };
    let value = text(&value, &name)?;
    if let Some(path) = &secret.file {
        let target = below(home, path)?;
        let failed = |error| cannot_write(&format!("the secret's file `{path}`"), &error);
        make_parent(&target, 0o700).map_err(failed)?;
        fs::write(&target, &value).map_err(failed)?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    if let Some(variable) = &secret.env {
        environment.set(variable, value);
    }
    Ok(())
}

fn make_parent(target: &Path, mode: u32) -> std::io::Result<()> {
    match target.parent() {
        Some(parent) => fs::DirBuilder::new().recursive(true).mode(mode).create(parent),
        None => Ok(()),
    }
}

/// A path that cannot leave the home.
fn below(home: &Path, path: &str) -> Result<PathBuf, Problem> {
    let path = path.strip_prefix("~/").unwrap_or(path);
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || path.is_empty() || path.contains('\0') {
        return Err(suite_fault(format!("`{path}` is not a path below the case's folder")));
    }
    Ok(home.join(path))
}

fn filled(node: &Arc<Node>, what: &str, scope: &dyn Scope) -> Result<Option<Value>, Problem> {
    node.fill(scope).map_err(|unfilled| suite_fault(format!("`{what}`: {}", unfilled.reason)))
}

fn text(value: &Value, what: &str) -> Result<String, Problem> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(suite_fault(format!("`{what}` must be a text, not {value}"))),
    };
    // The system ends texts there, so the rest would silently be lost.
    if text.contains('\0') && !what.starts_with("files.") {
        return Err(suite_fault(format!("`{what}` holds a NUL character")));
    }
    Ok(text)
}

fn suite_fault(message: String) -> Problem {
    problem(Blame::Suite, "agent-setup", message, vec![])
}

fn cannot_write(what: &str, error: &std::io::Error) -> Problem {
    problem(Blame::Harness, "home-not-written", format!("cannot write {what}: {error}"), vec![])
}
