//! A request on its wire, and its reply there.
//!
//! Owns: which renderer belongs to which wire, what is no request at all.
//! Must not know: which reply it is, sockets.

use super::route::Wire;
use crate::model::trace::Request;
use crate::wire::chat::{self, Variant};
use crate::wire::messages::{self, asked::refused};
use crate::wire::responses;
use crate::wire::script::{Pace, Part};
use crate::wire::stream::Rendered;
use serde_json::Value;

/// What a request asked for, on its wire.
pub enum Asked {
    Responses(responses::Asked),
    Chat(chat::Asked),
    Messages(messages::Asked),
}

impl Asked {
    pub fn read(wire: Wire, body: &Value) -> Asked {
        match wire {
            Wire::Responses => Asked::Responses(responses::Asked::read(body, 0)),
            Wire::Chat => Asked::Chat(chat::Asked::read(body, 0, Variant::Openai)),
            Wire::Router => Asked::Chat(chat::Asked::read(body, 0, Variant::Openrouter)),
            Wire::Messages => Asked::Messages(messages::Asked::read(body, 0)),
        }
    }

    pub fn stream(&self) -> bool {
        match self {
            Asked::Responses(asked) => asked.stream,
            Asked::Chat(asked) => asked.stream,
            Asked::Messages(asked) => asked.stream,
        }
    }

    /// The reply to this request, the `nth` of those that are counted.
    pub fn render(&mut self, nth: usize, parts: &[Part], pace: Pace) -> Rendered {
        match self {
            Asked::Responses(asked) => {
                asked.nth = nth;
                responses::render(parts, asked, pace)
            }
            Asked::Chat(asked) => {
                asked.nth = nth;
                chat::render(parts, asked, pace)
            }
            Asked::Messages(asked) => {
                asked.nth = nth;
                messages::render(parts, asked, pace)
            }
        }
    }
}

/// Why the real API would refuse this request before any model saw it.
pub fn refused_by_api(wire: Wire, version: Option<&str>, body: &Value) -> Option<String> {
    if wire == Wire::Messages { refused(version, body) } else { None }
}

/// What is wrong with a body that is no JSON object.
pub fn ill_formed(json: Result<(), String>, request: &Request) -> String {
    match json {
        Ok(()) => "is no JSON object".to_owned(),
        Err(_) if request.raw.as_str() == Some("") => "is empty".to_owned(),
        Err(error) => format!("is no JSON: {error}"),
    }
}

/// What stands in a reply and has no place on this wire, or in a reply that is no stream.
pub fn misfit(parts: &[Part], wire: Wire, stream: bool) -> Option<Misfit> {
    parts.iter().find_map(|part| match part {
        Part::McpCall(_) if matches!(wire, Wire::Chat | Wire::Router) => Some(Misfit::NotOnThisWire),
        Part::Raw(_) if !stream => Some(Misfit::LeftOut("raw")),
        Part::Event(_) if !stream => Some(Misfit::LeftOut("event")),
        _ => None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Chat completions have no calls that the provider runs itself, so the reply cannot be sent.
    NotOnThisWire,
    /// It belongs to streams; the rest of the reply is sent.
    LeftOut(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::script::McpCall;

    #[test]
    fn a_hosted_call_fits_where_the_wire_has_it() {
        let call = McpCall { server: "s".into(), name: "n".into(), arguments: "{}".into(), result: Ok(String::new()) };
        let parts = [Part::Text("a".into()), Part::McpCall(call)];
        let no = Some(Misfit::NotOnThisWire);
        for (wire, expected) in [(Wire::Responses, None), (Wire::Messages, None), (Wire::Chat, no), (Wire::Router, no)] {
            assert_eq!(misfit(&parts, wire, true), expected, "{wire:?}");
        }
    }

    #[test]
    fn bytes_fit_into_streams_only() {
        let parts = [Part::Raw("x".into())];
        assert_eq!(misfit(&parts, Wire::Messages, true), None);
        assert_eq!(misfit(&parts, Wire::Messages, false), Some(Misfit::LeftOut("raw")));
    }
}
