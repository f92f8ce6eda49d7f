//! Texts with `{{holes}}`: reading them, and inserting values.
//!
//! Owns: the syntax inside the braces, what may be inserted into a longer text.
//! Must not know: which names exist and at which stage (a [`Scope`] answers that); what filters do.

use super::filter::Filter;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// A text with at least one hole. What was inserted is never scanned again.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// As written.
    pub source: Arc<str>,
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(Arc<str>),
    Hole(Hole),
}

/// `{{name|filter}}`, `{{name?}}`, `{{env.NAME:-default}}` or `{{'text'|filter}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    pub source: HoleSource,
    /// `{{x?}}`: a missing value leaves the whole key out.
    pub optional: bool,
    pub default: Option<Arc<str>>,
    pub filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HoleSource {
    /// A dotted name, such as `session.thread`.
    Name(Arc<str>),
    /// `{{'text'}}`.
    Literal(Arc<str>),
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    Value(Cow<'a, Value>),
    /// The name is known and has no value now (a setting of null, a parameter not given).
    Missing,
    /// Nobody knows the name, or not yet.
    Unknown,
}

/// Answers names with values.
pub trait Scope {
    /// `name` is the whole dotted name.
    fn lookup(&self, name: &str) -> Found<'_>;

    /// A text as everything recorded shows it, where it holds a secret; `None` where it holds none.
    fn hidden(&self, _text: &str) -> Option<String> {
        None
    }
}

/// The scope that knows no name.
pub struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _name: &str) -> Found<'_> {
        Found::Unknown
    }
}

/// Two scopes; the first that knows a name answers.
pub struct Over<'a>(pub &'a dyn Scope, pub &'a dyn Scope);

impl Scope for Over<'_> {
    fn lookup(&self, name: &str) -> Found<'_> {
        match self.0.lookup(name) {
            Found::Unknown => self.1.lookup(name),
            found => found,
        }
    }

    fn hidden(&self, text: &str) -> Option<String> {
        self.0.hidden(text).or_else(|| self.1.hidden(text))
    }
}

/// A flat table of values. `a.b` is the entry `a.b`, or the member `b` of the entry `a`.
impl Scope for indexmap::IndexMap<String, Value> {
    fn lookup(&self, name: &str) -> Found<'_> {
        if let Some(value) = self.get(name) {
            return found(Some(value));
        }
        let mut cut = name.len();
        while let Some(dot) = name[..cut].rfind('.') {
            if let Some(value) = self.get(&name[..dot]) {
                return member(value, &name[dot + 1..]);
            }
            cut = dot;
        }
        Found::Unknown
    }
}

/// A known name whose value is null or not there is missing.
pub fn found(value: Option<&Value>) -> Found<'_> {
    match value {
        None | Some(Value::Null) => Found::Missing,
        Some(value) => Found::Value(Cow::Borrowed(value)),
    }
}

/// The value at a dotted path inside another.
pub fn member<'a>(value: &'a Value, path: &str) -> Found<'a> {
    let step = |value: &'a Value, key: &str| match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => value.get(key),
    };
    found(path.split('.').try_fold(value, step))
}

/// The outcome of filling a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    Value(Value),
    LeftOut,
}

impl Template {
    /// Reads a text. `Ok(None)` if it holds no `{{`. The error says what is wrong and at which byte of the text.
    pub fn parse(text: &str) -> Result<Option<Template>, (usize, String)> {
        if !text.contains("{{") {
            return Ok(None);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find("{{") {
            if open > 0 {
                parts.push(Part::Text(rest[..open].into()));
            }
            let start = text.len() - rest.len() + open;
            let body = &rest[open + 2..];
            let close = hole_end(body).ok_or((start, "`{{` without `}}`".to_owned()))?;
            parts.push(Part::Hole(Hole::parse(body[..close].trim()).map_err(|reason| (start, reason))?));
            rest = &body[close + 2..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Some(Template { source: text.into(), parts }))
    }

    /// The only hole, if the text is nothing else.
    pub fn whole(&self) -> Option<&Hole> {
        match self.parts.as_slice() {
            [Part::Hole(hole)] => Some(hole),
            _ => None,
        }
    }

    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            Part::Text(_) => None,
        })
    }

    /// Inserts all values. A text that is exactly one hole keeps the value's type; inside a longer text a number
    /// or boolean is printed and anything else is an error.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Filled, String> {
        if let Some(hole) = self.whole() {
            return hole.value(scope).map(|value| value.map_or(Filled::LeftOut, Filled::Value));
        }
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(hole) => match hole.value(scope)? {
                    None => return Ok(Filled::LeftOut),
                    Some(value) => out.push_str(&printed(&value, &hole.shown())?),
                },
            }
        }
        Ok(Filled::Value(Value::String(out)))
    }
}

/// Where the `}}` of a hole stands; quotes may hold braces.
fn hole_end(body: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = body.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    None
}

/// A value as it stands inside a longer text.
pub fn printed(value: &Value, name: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!(
            "`{{{{{name}}}}}` is {} and stands inside a longer text; write `{{{{{name}|json}}}}`, or let it stand alone",
            if other.is_null() {
                "null"
            } else if other.is_array() {
                "a list"
            } else {
                "a mapping"
            }
        )),
    }
}

impl Hole {
    fn parse(body: &str) -> Result<Hole, String> {
        let (source, mut rest) = match body.strip_prefix('\'') {
            Some(quoted) => {
                let end = quoted.find('\'').ok_or("a `'` is not closed")?;
                (HoleSource::Literal(quoted[..end].into()), quoted[end + 1..].trim())
            }
            None => {
                let end = body.find([':', '|', '?']).unwrap_or(body.len());
                let name = body[..end].trim();
                check_name(name)?;
                (HoleSource::Name(name.into()), body[end..].trim())
            }
        };
        let optional = rest.starts_with('?');
        rest = rest.strip_prefix('?').unwrap_or(rest).trim();
        let mut default = None;
        if let Some(text) = rest.strip_prefix(":-") {
            let end = text.find('|').unwrap_or(text.len());
            default = Some(text[..end].trim().into());
            rest = text[end..].trim();
        }
        let mut filters = Vec::new();
        while let Some(after) = rest.strip_prefix('|') {
            let end = after.find('|').unwrap_or(after.len());
            filters.push(Filter::parse(after[..end].trim())?);
            rest = after[end..].trim();
        }
        match rest {
            "" => Ok(Hole { source, optional, default, filters }),
            rest => Err(format!("`{rest}` is not understood inside `{{{{…}}}}`")),
        }
    }

    /// The dotted name; `None` for `{{'text'}}`.
    pub fn name(&self) -> Option<&str> {
        match &self.source {
            HoleSource::Name(name) => Some(name),
            HoleSource::Literal(_) => None,
        }
    }

    /// The first word of the name.
    pub fn root(&self) -> Option<&str> {
        self.name().map(|name| name.split('.').next().unwrap_or(name))
    }

    /// The name, or the quoted text, as written.
    pub fn shown(&self) -> String {
        match &self.source {
            HoleSource::Name(name) => name.to_string(),
            HoleSource::Literal(text) => format!("'{text}'"),
        }
    }

    /// The value with filters applied; `None` if it is optional and missing.
    pub fn value(&self, scope: &dyn Scope) -> Result<Option<Value>, String> {
        let value = match &self.source {
            HoleSource::Literal(text) => Value::from(&**text),
            HoleSource::Name(name) => match scope.lookup(name) {
                Found::Value(value) => value.into_owned(),
                Found::Missing | Found::Unknown if self.default.is_some() => Value::from(self.default.as_deref().unwrap_or_default()),
                Found::Missing if self.optional => return Ok(None),
                Found::Unknown if self.optional => return Ok(None),
                Found::Missing => Value::Null,
                Found::Unknown => return Err(format!("`{{{{{name}}}}}` has no value here")),
            },
        };
        self.apply(value).map(Some)
    }

    /// Applies the filters, left to right.
    pub fn apply(&self, value: Value) -> Result<Value, String> {
        self.filters.iter().try_fold(value, |value, filter| filter.apply(&value, &self.shown()))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let ok = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() {
        return Err("`{{}}` names nothing".to_owned());
    }
    match name.chars().find(|c| !ok(*c)) {
        None => Ok(()),
        Some(c) => Err(format!("`{name}` is not a name: `{c}` may not stand in one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope() -> indexmap::IndexMap<String, Value> {
        [("n", json!(5)), ("who", json!("Ana")), ("doc", json!({"id": 7})), ("none", Value::Null), ("s.x", json!("t"))]
            .map(|(key, value)| (key.to_owned(), value))
            .into()
    }

    fn filled(text: &str) -> Result<Filled, String> {
        Template::parse(text).map_err(|(_, reason)| reason)?.expect("has a hole").fill(&scope())
    }

    fn gives(text: &str, value: Value) {
        assert_eq!(filled(text), Ok(Filled::Value(value)), "{text}");
    }

    #[test]
    fn a_hole_alone_keeps_the_type() {
        gives("{{n}}", json!(5));
        gives("{{doc}}", json!({"id": 7}));
        gives("{{doc.id}}", json!(7));
        gives("{{ s.x }}", json!("t"));
    }

    #[test]
    fn inside_a_text_values_are_printed() {
        gives("Hi {{who}}, {{n}} times", json!("Hi Ana, 5 times"));
        gives("{{doc|json}}", json!("{\"id\":7}"));
        assert!(filled("a {{doc}}").is_err_and(|e| e.contains("|json")));
    }

    #[test]
    fn missing_names_are_left_out_only_if_optional() {
        assert_eq!(filled("{{none?}}"), Ok(Filled::LeftOut));
        gives("{{none}}", Value::Null);
        assert_eq!(filled("{{nobody?}}"), Ok(Filled::LeftOut));
        assert!(filled("{{nobody}}").is_err());
        gives("{{env.X:-d}}", json!("d"));
    }

    #[test]
    fn filters_are_applied_in_turn() {
        gives("{{'ab'|times:2|hex}}", json!("61626162"));
        gives("{{'a b'|url}}", json!("a%20b"));
        gives("{{'}} x'}}", json!("}} x"));
        gives("{{'A'|tags}}", json!("\u{E0041}"));
        gives("{{'«secrets.x»'|base64}}", json!("«secrets.x:base64»"));
        gives("{{'«secrets.x»'|url}}", json!("«secrets.x»"));
        assert!(filled("{{n|jsn}}").is_err_and(|e| e.contains("did you mean `json`")));
    }

    #[test]
    fn ill_formed_holes_say_why() {
        for text in ["{{", "{{}}", "{{a b}}", "{{'a}}", "{{a!}}"] {
            assert!(filled(text).is_err(), "{text}");
        }
    }
}
