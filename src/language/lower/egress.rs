//! `egress`: from its word, or its map of hosts, to routes.
//!
//! Owns: which hosts may be written.
//! Must not know: which fakes there are; a rule over the whole case holds the names against them.

use super::Lowering;
use super::check::wrong_place;
use super::lowering::key_span;
use crate::base::Diagnostic;
use crate::language::docs::agent::{AgentDoc, EgressWord};
use crate::language::shape::{Named, Or, Text, mistake};
use crate::model::egress::{Egress, EgressRoute, EgressTarget, HostPattern};

/// The word in the map that is no fake.
pub const ALLOW: &str = "allow";

/// A launched agent is trapped unless something else is said; nobody can watch another.
pub fn egress(doc: &AgentDoc, low: &mut Lowering<'_>) -> Egress {
    let launched = doc.command.is_some();
    let egress = match &doc.egress {
        Some(Or::This(EgressWord::Open)) => Egress::Open,
        Some(Or::This(EgressWord::Trap)) => Egress::Trap,
        Some(Or::That(hosts)) => Egress::Map(routes(hosts, low)),
        None if launched => Egress::Trap,
        None => Egress::Open,
    };
    if !launched && egress != Egress::Open {
        let message = "`egress` belongs to an agent that is launched; one that runs already cannot be told of a proxy";
        low.push(wrong_place(key_span(&doc.node, "egress"), "egress", message).help("give the agent a `command`, or leave `egress` out"));
    }
    egress
}

fn routes(hosts: &Named<Text>, low: &mut Lowering<'_>) -> Vec<EgressRoute> {
    let mut routes: Vec<EgressRoute> = Vec::new();
    for (host, target) in &hosts.entries {
        let pattern = match HostPattern::parse(host) {
            Ok(pattern) => pattern,
            Err(reason) => {
                let message = format!("`{}` cannot be a host here: {reason}", &**host);
                low.push(mistake::wrong_value(
                    host.span,
                    message,
                    "`api.example.com`, `\"*.example.com\"` or `\"*\"`, with or without `:port`",
                ));
                continue;
            }
        };
        if routes.iter().any(|route| route.hosts == pattern) {
            low.push(
                Diagnostic::error("duplicate-key", host.span, format!("the host `{pattern}` stands twice in `egress`"))
                    .label("the same host again")
                    .help("keep one of them; upper and lower case, and a last dot, make no difference"),
            );
            continue;
        }
        let to = if &**target == ALLOW { EgressTarget::Allow } else { EgressTarget::Fake(target.to_string()) };
        routes.push(EgressRoute { span: target.span, hosts: pattern, to });
    }
    routes
}
