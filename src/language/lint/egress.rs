//! Hosts that lead to fakes which do not exist, or which nobody can reach over HTTP.
//!
//! Owns: which kinds of fakes are servers.
//! Must not know: how a host is led anywhere.

use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Diagnostics};
use crate::language::lower::{Draft, egress::ALLOW};
use crate::model::egress::EgressTarget;

/// Kinds that answer behind the one HTTP server.
const SERVERS: [&str; 4] = ["model", "http", "websocket", "mcp"];

/// A host leads to a fake that is a server.
pub fn unknown_destinations(draft: &Draft, diagnostics: &mut Diagnostics) {
    let Some(agent) = &draft.agent else { return };
    let servers: Vec<&str> = names(draft, |kind| kind.is_some_and(|kind| SERVERS.contains(&kind)));
    for route in agent.egress.routes() {
        let EgressTarget::Fake(name) = &route.to else {
            if names(draft, |_| true).contains(&ALLOW) {
                diagnostics.push(
                    Diagnostic::error("name-clash", route.span, "`allow` lets a host through, and it is a fake too")
                        .label("one name for two things")
                        .help("give the fake another name"),
                );
            }
            continue;
        };
        // A fake whose kind is not known has its own mistake.
        if servers.contains(&name.as_str()) || names(draft, |kind| kind.is_none()).contains(&name.as_str()) {
            continue;
        }
        let kind = draft.fakes.iter().find(|fake| *fake.name.text == **name).and_then(|fake| fake.kind);
        let message = match kind {
            Some(kind) => format!("`{name}` is a `{kind}` fake, which no host can lead to"),
            None => format!("`{}` leads to a fake `{name}`, which is not declared", route.hosts),
        };
        let all = match servers.as_slice() {
            [] => "this case has no fake that is a server; let the host through with `allow`, or leave it out".to_owned(),
            names => format!("write {}, or `allow`", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        let near = did_you_mean(name, servers.iter().copied().chain([ALLOW]));
        diagnostics.push(
            Diagnostic::error("unknown-fake", route.span, message)
                .label("not a fake of this case that is a server")
                .help(near.map_or(all.clone(), |near| format!("{near} {all}"))),
        );
    }
}

fn names(draft: &Draft, wanted: impl Fn(Option<&'static str>) -> bool) -> Vec<&str> {
    draft.fakes.iter().filter(|fake| wanted(fake.kind)).map(|fake| &*fake.name.text).collect()
}
