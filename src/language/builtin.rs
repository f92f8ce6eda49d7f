//! Protocols by name: those inside the program, and those in files beside a suite.
//!
//! Owns: which protocols are built in; each protocol is read once.
//! Must not know: what is in a protocol.

use super::lower::{Lowering, protocol as lowered};
use super::open;
use super::shape::Text;
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics, FileId, Sources};
use crate::model::protocol::Protocol;
use crate::model::tree::Node;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The protocols inside the program, with their files' texts.
pub const PROTOCOLS: [(&str, &str); 13] = [
    ("anthropic-messages", include_str!("../../suites/protocols/anthropic-messages.yaml")),
    ("claude-code", include_str!("../../suites/protocols/claude-code.yaml")),
    ("codex-app-server", include_str!("../../suites/protocols/codex-app-server.yaml")),
    ("codex-exec", include_str!("../../suites/protocols/codex-exec.yaml")),
    ("command-line", include_str!("../../suites/protocols/command-line.yaml")),
    ("core2", include_str!("../../suites/protocols/core2.yaml")),
    ("dexter-chat", include_str!("../../suites/protocols/dexter-chat.yaml")),
    ("mcp", include_str!("../../suites/protocols/mcp.yaml")),
    ("moltbot-gateway", include_str!("../../suites/protocols/moltbot-gateway.yaml")),
    ("openai-chat", include_str!("../../suites/protocols/openai-chat.yaml")),
    ("openai-realtime", include_str!("../../suites/protocols/openai-realtime.yaml")),
    ("openai-responses", include_str!("../../suites/protocols/openai-responses.yaml")),
    ("openclaw-gateway", include_str!("../../suites/protocols/openclaw-gateway.yaml")),
];

/// All protocols met during one load.
pub struct Protocols {
    read: HashMap<PathBuf, Option<Arc<Protocol>>>,
    /// Those that files name, by the file and what it says: thousands of cases need not look for theirs again.
    named: HashMap<(FileId, Arc<str>), Arc<Protocol>>,
}

impl Default for Protocols {
    fn default() -> Protocols {
        Protocols::new()
    }
}

impl Protocols {
    pub fn new() -> Protocols {
        Protocols { read: HashMap::new(), named: HashMap::new() }
    }

    /// The protocol that an agent names: a built-in one, or a file.
    pub fn named(&mut self, name: &Text, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
        let protocol = match PROTOCOLS.iter().find(|(known, _)| *known == &**name) {
            Some((known, text)) => self.built_in(known, text, low),
            None => self.file(name, low),
        }?;
        if let Some((_, feature)) = protocol.unsupported.first() {
            let message = format!("the protocol `{}` needs what is not supported yet: {feature}", protocol.name);
            low.push(Diagnostic::error("not-supported-yet", name.span, message).label("cannot be spoken by this version"));
        }
        Some(protocol)
    }

    fn built_in(&mut self, name: &str, text: &str, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
        let key = PathBuf::from(format!("<built-in>/{name}.yaml"));
        if let Some(known) = self.read.get(&key) {
            return known.clone();
        }
        let node = super::yaml::read(low.sources, &key.to_string_lossy(), text.as_bytes(), low.diagnostics);
        let protocol = node.and_then(|node| lowered::protocol(&node, low)).map(Arc::new);
        self.read.insert(key, protocol.clone());
        protocol
    }

    fn file(&mut self, name: &Text, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
        let key = (name.span.file, name.text.clone());
        if let Some(known) = self.named.get(&key) {
            return Some(known.clone());
        }
        let protocol = self.found(name, low)?;
        self.named.insert(key, protocol.clone());
        Some(protocol)
    }

    fn found(&mut self, name: &Text, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
        let looks_like_path = name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml");
        let path = low.beside(name.span).join(&**name);
        if !looks_like_path || !path.is_file() {
            low.push(unknown(name, looks_like_path, &path));
            return None;
        }
        let shown = open::shown(&path, low.start);
        let mut mistakes = Diagnostics::default();
        let node = open::open(&path, &shown, low.sources, &mut mistakes);
        low.diagnostics.extend(mistakes);
        self.tree(&path, &node?, low)
    }

    /// A protocol file that was found; read once, whoever finds it.
    pub fn tree(&mut self, path: &Path, node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<Arc<Protocol>> {
        let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if let Some(known) = self.read.get(&key) {
            return known.clone();
        }
        let protocol = lowered::protocol(node, low).map(Arc::new);
        self.read.insert(key, protocol.clone());
        protocol
    }
}

fn unknown(name: &Text, looks_like_path: bool, path: &Path) -> Diagnostic {
    let known: Vec<_> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
    let all = PROTOCOLS.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let help = if looks_like_path {
        format!("there is no file {}", path.display())
    } else {
        let all = format!("built in are {all}; a path names a protocol file");
        did_you_mean(name, known).map_or(all.clone(), |near| format!("{near} {all}"))
    };
    Diagnostic::error("unknown-protocol", name.span, format!("unknown protocol `{}`", &**name)).label("no such protocol").help(help)
}

/// The text of a built-in protocol, for `explain` and tests.
pub fn text(name: &str) -> Option<&'static str> {
    PROTOCOLS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Reads a built-in protocol alone. The embedded texts are well-formed; a test keeps them so.
pub fn protocol(name: &str) -> Option<Arc<Protocol>> {
    let (mut diagnostics, sources) = (Diagnostics::default(), Sources::default());
    let here = Path::new(".");
    let mut low = Lowering { diagnostics: &mut diagnostics, folder: here, start: here, sources: &sources };
    let (name, text) = PROTOCOLS.iter().find(|(known, _)| *known == name)?;
    Protocols::new().built_in(name, text, &mut low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_protocol_is_sound_and_carried_out() {
        for (name, text) in PROTOCOLS {
            let (mut diagnostics, sources) = (Diagnostics::default(), Sources::default());
            let here = Path::new(".");
            let node = crate::language::yaml::read(&sources, name, text.as_bytes(), &mut diagnostics).unwrap();
            crate::language::schema::validate(crate::language::schema::Kind::Protocol, &node, &mut diagnostics);
            let mut low = Lowering { diagnostics: &mut diagnostics, folder: here, start: here, sources: &sources };
            let protocol = Protocols::new().built_in(name, text, &mut low).unwrap();
            assert!(diagnostics.is_empty(), "{}", diagnostics.render(&sources, false));
            assert_eq!(protocol.name, name);
            assert!(protocol.unsupported.is_empty() && !protocol.actions.is_empty());
        }
    }
}
