//! A reply with its templates filled: what a wire can render.
//!
//! Owns: which values may stand where in a reply.
//! Must not know: wires, requests.

use crate::model::fake::{PartKind, ReasoningPart, Reply};
use crate::model::template::{Scope, printed};
use crate::model::trace::{Blame, Problem};
use crate::model::tree::Node;
use crate::wire::script::{Event, McpCall, Part, Reasoning, Usage};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A reply that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    Parts(Vec<Part>),
    /// Another answer than 200.
    Http(HttpReply),
}

#[derive(Clone, Debug, PartialEq)]
pub struct HttpReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub retry_after: Option<Duration>,
    pub body: Option<Value>,
}

/// Fills a reply; `name` says which one, for messages. A part whose text is an optional value that is missing is left out.
pub fn fill(reply: &Reply, name: &str, scope: &dyn Scope) -> Result<Filled, Problem> {
    let mut parts = Vec::with_capacity(reply.parts.len());
    for (at, part) in reply.parts.iter().enumerate() {
        let filler = Filler { name, part: at, scope };
        if let PartKind::Http { status, headers, retry_after, body } = &part.kind {
            let body = body.as_ref().map(|node| filler.value(node)).transpose()?.flatten();
            return Ok(Filled::Http(HttpReply { status: *status, headers: headers.clone(), retry_after: *retry_after, body }));
        }
        parts.extend(filler.part(&part.kind)?);
    }
    Ok(Filled::Parts(parts))
}

struct Filler<'a> {
    name: &'a str,
    part: usize,
    scope: &'a dyn Scope,
}

impl Filler<'_> {
    fn part(&self, kind: &PartKind) -> Result<Option<Part>, Problem> {
        Ok(match kind {
            PartKind::Text(node) => self.text(node)?.map(Part::Text),
            PartKind::Message(node) => self.text(node)?.map(Part::Message),
            PartKind::Reasoning(reasoning) => self.reasoning(reasoning)?.map(Part::Reasoning),
            PartKind::Refusal(node) => self.text(node)?.map(Part::Refusal),
            PartKind::Audio { transcript, audio } => {
                let audio = audio.as_ref().map(|audio| self.text(audio)).transpose()?.flatten();
                self.text(transcript)?.map(|transcript| Part::Audio { transcript, audio })
            }
            PartKind::ToolCall { name, args, id } => Some(self.call(name, args, id.as_deref())?),
            PartKind::McpCall { server, name, args, output, error } => {
                let result = match error {
                    Some(error) => Err(self.json_or_text(Some(error))?),
                    None => Ok(self.json_or_text(output.as_ref())?),
                };
                let (server, name) = (self.name_of(server, "server")?, self.name_of(name, "name")?);
                Some(Part::McpCall(McpCall { arguments: self.arguments(args.as_deref(), &name)?, server, name, result }))
            }
            PartKind::Usage { input, output, cached, reasoning } => {
                Some(Part::Usage(Usage { input: *input, output: *output, cached: *cached, reasoning: *reasoning }))
            }
            PartKind::Stop(reason) => Some(Part::Stop(reason.clone())),
            PartKind::Error { message, code, kind, flat } => {
                Some(Part::Error { message: message.clone(), code: code.clone(), kind: kind.clone(), flat: *flat })
            }
            PartKind::Fail { message, code } => Some(Part::Fail { message: message.clone(), code: code.clone() }),
            PartKind::Delay(time) => Some(Part::Delay(*time)),
            PartKind::Gate(gate) => Some(Part::Gate(gate.clone())),
            PartKind::Ping => Some(Part::Ping),
            PartKind::Raw(node) => self.text(node)?.map(Part::Raw),
            PartKind::Event { name, data } => Some(Part::Event(self.event(name.as_deref(), data)?)),
            PartKind::Comment(text) => Some(Part::Comment(text.clone())),
            PartKind::Abort(how) => Some(Part::Abort(*how)),
            PartKind::Http { .. } => None,
        })
    }

    fn call(&self, name: &Node, args: &Node, id: Option<&Node>) -> Result<Part, Problem> {
        let name = self.name_of(name, "name")?;
        let arguments = self.arguments(Some(args), &name)?;
        let id = id.map(|id| self.text(id)).transpose()?.flatten();
        if id.as_ref().is_some_and(String::is_empty) {
            return Err(self.ill_formed(&format!("the id of the call of `{name}` is empty")));
        }
        Ok(Part::ToolCall { name, arguments, id })
    }

    /// The name of a tool or of its server; a provider sends none without.
    fn name_of(&self, node: &Node, what: &str) -> Result<String, Problem> {
        let name = self.text(node)?.filter(|name| !name.is_empty());
        name.ok_or_else(|| self.ill_formed(&format!("the {what} of a tool call is empty")))
    }

    fn arguments(&self, args: Option<&Node>, tool: &str) -> Result<String, Problem> {
        match args.map(|args| self.value(args)).transpose()?.flatten() {
            None => Ok("{}".to_owned()),
            Some(value @ Value::Object(_)) => Ok(value.to_string()),
            Some(Value::String(raw)) => Ok(raw),
            Some(other) => Err(self.ill_formed(&format!(
                "the arguments of `{tool}` are {other}; a provider sends an object (or write a text, which is sent raw)"
            ))),
        }
    }

    /// What an MCP tool said: a text as it is, anything else as JSON.
    fn json_or_text(&self, node: Option<&Arc<Node>>) -> Result<String, Problem> {
        Ok(match node.map(|node| self.value(node)).transpose()?.flatten() {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
        })
    }

    /// `None` where everything that could be shown is an optional value that is missing.
    fn reasoning(&self, part: &ReasoningPart) -> Result<Option<Reasoning>, Problem> {
        let text = |node: &Option<Arc<Node>>| node.as_ref().map(|node| self.text(node)).transpose().map(Option::flatten);
        let (said, signature, encrypted) = (text(&part.text)?, text(&part.signature)?, text(&part.encrypted)?);
        if part.text.is_some() && said.is_none() && signature.is_none() && encrypted.is_none() && !part.hidden {
            return Ok(None);
        }
        Ok(Some(Reasoning { text: said.unwrap_or_default(), signature, encrypted, hidden: part.hidden }))
    }

    fn event(&self, name: Option<&Node>, data: &Node) -> Result<Event, Problem> {
        let name = name.map(|name| self.text(name)).transpose()?.flatten();
        let data = self.value(data)?.unwrap_or_default();
        let kind = data.get("type").and_then(Value::as_str).map(str::to_owned);
        for name in name.iter().chain(&kind) {
            if name.contains(['\r', '\n']) {
                return Err(self.ill_formed(&format!("the name of an event has a line break: {name:?} (`raw` sends any bytes)")));
            }
        }
        let data = if let Value::String(text) = data { text } else { data.to_string() };
        Ok(Event { name, kind, data })
    }

    fn text(&self, node: &Node) -> Result<Option<String>, Problem> {
        match self.value(node)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => printed(&value, "this text").map(Some).map_err(|_| self.unfilled(&format!("a text is needed, not {value}"))),
        }
    }

    fn value(&self, node: &Node) -> Result<Option<Value>, Problem> {
        node.fill(self.scope).map_err(|unfilled| self.unfilled(&unfilled.reason))
    }

    fn unfilled(&self, reason: &str) -> Problem {
        self.problem(Blame::Suite, "unfilled-reply", reason)
    }

    fn ill_formed(&self, reason: &str) -> Problem {
        self.problem(Blame::Fake, "ill-formed-reply", reason)
    }

    fn problem(&self, blame: Blame, code: &str, reason: &str) -> Problem {
        let message = format!("{} cannot be sent: {reason}", self.name);
        Problem { blame: Some(blame), code: code.to_owned(), message, details: vec![format!("in part {} of the reply", self.part + 1)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::model::fake::ReplyPart;
    use crate::model::template::Template;
    use crate::model::tree::Content;
    use serde_json::json;

    fn template(text: &str) -> Arc<Node> {
        Node::new(Span::NONE, Content::Template(Arc::new(Template::parse(text).unwrap().unwrap())))
    }

    fn plain(value: Value) -> Arc<Node> {
        Node::from_value(Span::NONE, &value)
    }

    fn filled(kind: PartKind) -> Result<Filled, (Option<Blame>, String)> {
        let scope: indexmap::IndexMap<String, Value> =
            [("n", json!(5)), ("doc", json!({"id": 7})), ("none", Value::Null)].map(|(k, v)| (k.to_owned(), v)).into();
        let reply = Reply { span: Span::NONE, parts: vec![ReplyPart { span: Span::NONE, kind }] };
        fill(&reply, "script[0] of `llm`", &scope).map_err(|problem| (problem.blame, problem.message))
    }

    fn call(args: Arc<Node>) -> PartKind {
        PartKind::ToolCall { name: plain(json!("exec")), args, id: None }
    }

    #[test]
    fn a_number_becomes_text_where_text_is_needed() {
        assert_eq!(filled(PartKind::Text(template("{{n}}"))), Ok(Filled::Parts(vec![Part::Text("5".into())])));
    }

    #[test]
    fn a_missing_optional_text_leaves_its_part_out() {
        assert_eq!(filled(PartKind::Text(template("{{none?}}"))), Ok(Filled::Parts(vec![])));
    }

    #[test]
    fn arguments_are_an_object_or_raw() {
        for (args, expected) in
            [(template("{{doc}}"), r#"{"id":7}"#), (plain(json!("{\"half")), "{\"half"), (plain(json!({"a": [1]})), r#"{"a":[1]}"#)]
        {
            let part = Part::ToolCall { name: "exec".into(), arguments: expected.into(), id: None };
            assert_eq!(filled(call(args)), Ok(Filled::Parts(vec![part])));
        }
    }

    #[test]
    fn arguments_of_another_shape_are_the_fakes_fault() {
        for args in [plain(json!([1])), plain(json!(1)), plain(Value::Null)] {
            let (blame, message) = filled(call(args)).unwrap_err();
            assert!(blame == Some(Blame::Fake) && message.starts_with("script[0] of `llm` cannot be sent"), "{message}");
        }
    }

    #[test]
    fn what_would_be_ill_formed_unasked_is_the_fakes_fault() {
        let hosted = |server: &str, name: &str, args: Value| PartKind::McpCall {
            server: plain(json!(server)),
            name: plain(json!(name)),
            args: Some(plain(args)),
            output: None,
            error: None,
        };
        let event = |name: Value, data: Value| PartKind::Event { name: Some(plain(name)), data: plain(data) };
        for kind in [
            PartKind::ToolCall { name: plain(json!("")), args: plain(json!({})), id: None },
            PartKind::ToolCall { name: plain(json!("exec")), args: plain(json!({})), id: Some(plain(json!(""))) },
            hosted("", "f", json!({})),
            hosted("s", "", json!({})),
            hosted("s", "f", json!([1])),
            event(json!("a\nb"), json!({})),
            event(json!("a"), json!({"type": "x\ry"})),
        ] {
            let shown = format!("{kind:?}");
            assert_eq!(filled(kind).unwrap_err().0, Some(Blame::Fake), "{shown}");
        }
    }

    #[test]
    fn a_hosted_call_says_its_output_as_text() {
        let part = |output, error| PartKind::McpCall { server: plain(json!("s")), name: plain(json!("f")), args: None, output, error };
        let call =
            |result| Filled::Parts(vec![Part::McpCall(McpCall { server: "s".into(), name: "f".into(), arguments: "{}".into(), result })]);
        assert_eq!(filled(part(Some(plain(json!({"a": 1}))), None)), Ok(call(Ok(r#"{"a":1}"#.into()))));
        assert_eq!(filled(part(Some(plain(json!("two"))), None)), Ok(call(Ok("two".into()))));
        assert_eq!(filled(part(None, Some(plain(json!("denied"))))), Ok(call(Err("denied".into()))));
        assert_eq!(filled(part(None, None)), Ok(call(Ok(String::new()))));
    }

    #[test]
    fn an_event_is_called_by_its_type_unless_it_has_a_name() {
        let event = |name: Option<&str>, kind: Option<&str>, data: &str| {
            let (name, kind) = (name.map(str::to_owned), kind.map(str::to_owned));
            Ok(Filled::Parts(vec![Part::Event(Event { name, kind, data: data.to_owned() })]))
        };
        let part = |name: Option<Value>, data: Value| PartKind::Event { name: name.map(plain), data: plain(data) };
        assert_eq!(filled(part(None, json!({"type": "t", "n": 1}))), event(None, Some("t"), r#"{"type":"t","n":1}"#));
        assert_eq!(filled(part(Some(json!("e")), json!("as it is"))), event(Some("e"), None, "as it is"));
    }

    #[test]
    fn reasoning_that_has_nothing_to_show_is_left_out_unless_it_is_hidden() {
        let part = |text: &str, hidden| {
            PartKind::Reasoning(ReasoningPart { text: Some(template(text)), signature: None, encrypted: None, hidden })
        };
        assert_eq!(filled(part("{{none?}}", false)), Ok(Filled::Parts(vec![])));
        let hidden = Reasoning { hidden: true, ..Reasoning::default() };
        assert_eq!(filled(part("{{none?}}", true)), Ok(Filled::Parts(vec![Part::Reasoning(hidden)])));
    }

    #[test]
    fn a_template_without_a_value_is_the_suites_fault() {
        for kind in [PartKind::Text(template("{{nobody}}")), PartKind::Text(template("{{doc}}")), call(template("{{nobody}}"))] {
            assert_eq!(filled(kind).unwrap_err().0, Some(Blame::Suite));
        }
    }
}
