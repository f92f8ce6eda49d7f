//! What a judge sees of a run: who said what, what was called and what came back, without anything that differs from run to run.
//!
//! Owns: the entries of a recording and their printed form, one JSON object a line.
//! Must not know: how a recording is made of a trace, who reads it.

use super::judge::Role;
use serde::Deserialize;
use serde_json::{Number, Value};

/// A run, or a run up to the end of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// In the order in which they began.
    pub entries: Vec<Entry>,
    /// The session that a step's rubric is about; only told where the recording shows more than one.
    pub about: Option<String>,
}

/// One thing said or done. Its name is `e` and its place, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub role: Role,
    /// Only told where the recording shows more than one session.
    pub session: Option<String>,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Text(String),
    /// `call` is `c` and the place of the call, counted from 1.
    Call {
        call: String,
        name: String,
        args: Value,
    },
    Result {
        call: String,
        name: String,
        status: String,
        result: Value,
    },
}

impl Recording {
    /// `e1` for the first.
    pub fn name(at: usize) -> String {
        format!("e{}", at + 1)
    }

    /// The entry of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        let at: usize = name.strip_prefix('e')?.parse().ok()?;
        self.entries.get(at.checked_sub(1)?).filter(|_| name == Recording::name(at - 1))
    }

    /// Reads the printed form. The error names the line.
    pub fn read(text: &str) -> Result<Recording, String> {
        let mut recording = Recording::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |what: String| format!("line {}: {what}", at + 1);
            let line: Line = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            match line.about {
                Some(about) if recording.entries.is_empty() && recording.about.is_none() => recording.about = Some(about.session),
                Some(_) => return Err(fault("`about` stands first, and once".to_owned())),
                None => {
                    let name = Recording::name(recording.entries.len());
                    recording.entries.push(line.entry(&name).map_err(fault)?);
                }
            }
        }
        if recording.entries.is_empty() { Err("the file holds no event".to_owned()) } else { Ok(recording) }
    }

    /// The printed form; equal recordings are equal byte for byte.
    pub fn print(&self) -> String {
        self.lines().join("\n")
    }

    pub fn lines(&self) -> Vec<String> {
        let about = self.about.iter().map(|session| format!("{{\"about\":{{\"session\":{}}}}}", json(session)));
        about.chain(self.events()).collect()
    }

    /// The lines of its entries alone.
    pub fn events(&self) -> impl Iterator<Item = String> {
        self.entries.iter().enumerate().map(|(at, entry)| entry.line(&Recording::name(at)))
    }
}

/// A line of the printed form, before it is known which kind it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    about: Option<About>,
    id: Option<String>,
    role: Option<Role>,
    session: Option<String>,
    text: Option<String>,
    call: Option<String>,
    name: Option<String>,
    args: Option<Value>,
    status: Option<String>,
    result: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    session: String,
}

impl Line {
    fn entry(self, expected: &str) -> Result<Entry, String> {
        if self.id.as_deref() != Some(expected) {
            return Err(format!("the event must have the id `{expected}`"));
        }
        let role = self.role.ok_or("the event has no role")?;
        let content = match (role, self.text, self.call, self.name, self.status) {
            (Role::User | Role::Assistant, Some(text), None, None, None) if self.args.is_none() && self.result.is_none() => {
                Content::Text(text)
            }
            (Role::ToolCall, None, Some(call), Some(name), None) if self.result.is_none() => {
                Content::Call { call, name, args: self.args.unwrap_or(Value::Null) }
            }
            (Role::ToolResult, None, Some(call), Some(name), Some(status)) if self.args.is_none() => {
                Content::Result { call, name, status, result: self.result.unwrap_or(Value::Null) }
            }
            _ => return Err(format!("these are not the members of an event of the role {}", role.word())),
        };
        Ok(Entry { role, session: self.session, content })
    }
}

impl Entry {
    fn line(&self, name: &str) -> String {
        let session = self.session.as_ref().map(|session| format!(",\"session\":{}", json(session))).unwrap_or_default();
        format!("{{\"id\":\"{name}\",\"role\":\"{}\"{session},{}}}", self.role.word(), self.content.members())
    }
}

impl Content {
    /// Its members as they stand in the line.
    pub fn members(&self) -> String {
        match self {
            Content::Text(text) => format!("\"text\":{}", json(text)),
            Content::Call { call, name, args } => format!("\"call\":\"{call}\",\"name\":{},\"args\":{}", json(name), canonical(args)),
            Content::Result { call, name, status, result } => {
                format!("\"call\":\"{call}\",\"name\":{},\"status\":{},\"result\":{}", json(name), json(status), canonical(result))
            }
        }
    }
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

/// By RFC 8785 (JCS): sorted keys, one spelling of each number. Whole numbers that a double cannot tell apart keep their own digits, which
/// the standard would round: a judge is shown the id that the agent was given, and two ids are two recordings.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            // The standard's order is that of UTF-16.
            members.sort_by_cached_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
            let member = |(key, item): (&String, &Value)| format!("{}:{}", json(key), canonical(item));
            format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Number(number) if is_too_large_for_a_double(number) => number.to_string(),
        leaf => serde_json_canonicalizer::to_string(leaf).unwrap_or_else(|_| leaf.to_string()),
    }
}

/// A whole number beyond ±2^53.
fn is_too_large_for_a_double(number: &Number) -> bool {
    const LARGEST: u64 = 1 << 53;
    number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)).is_some_and(|size| size > LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recording() -> Recording {
        let entry = |role, content| Entry { role, session: None, content };
        let entries = vec![
            entry(Role::User, Content::Text("say \"hi\"\n".into())),
            entry(Role::ToolCall, Content::Call { call: "c1".into(), name: "f".into(), args: json!({"b": 1.0, "a": [null]}) }),
            entry(Role::ToolResult, Content::Result { call: "c1".into(), name: "f".into(), status: "ok".into(), result: json!("r") }),
        ];
        Recording { entries, about: None }
    }

    #[test]
    fn a_line_is_one_json_object_with_its_keys_in_order() {
        assert_eq!(
            recording().lines(),
            [
                r#"{"id":"e1","role":"user","text":"say \"hi\"\n"}"#,
                r#"{"id":"e2","role":"tool_call","call":"c1","name":"f","args":{"a":[null],"b":1}}"#,
                r#"{"id":"e3","role":"tool_result","call":"c1","name":"f","status":"ok","result":"r"}"#,
            ]
        );
        for line in recording().lines() {
            assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
        }
    }

    #[test]
    fn whole_numbers_keep_all_their_digits_and_others_are_spelt_as_the_standard_says() {
        for (value, text) in [
            (json!({"id": 1_234_567_890_123_456_789_u64}), r#"{"id":1234567890123456789}"#),
            (json!([u64::MAX, i64::MIN, (1_u64 << 53) + 1]), "[18446744073709551615,-9223372036854775808,9007199254740993]"),
            (json!([1.0, -0.0, 1e21, 1e-7, 4.50, 1_u64 << 53]), "[1,0,1e+21,1e-7,4.5,9007199254740992]"),
            (
                json!({"\u{FFFD}": 1, "\u{1F600}": "\u{7f}\n/", "a": {}, "A": []}),
                "{\"A\":[],\"a\":{},\"\u{1F600}\":\"\u{7f}\\n/\",\"\u{FFFD}\":1}",
            ),
        ] {
            assert_eq!(canonical(&value), text);
        }
    }

    #[test]
    fn all_but_large_whole_numbers_is_as_the_standard_has_it() {
        let value = json!({"b": [1.5, {"z": null, "\u{1F600}\u{0}": "\u{8}\u{1f}\"\\", "\u{FB33}": true}], "": 0, "a\"": -7, "aa": 1e300});
        assert_eq!(canonical(&value), serde_json_canonicalizer::to_string(&value).unwrap());
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let mut told = recording();
        assert_eq!(Recording::read(&told.print()).unwrap().print(), told.print());
        told.about = Some("bob".into());
        told.entries[0].session = Some("bob".into());
        let read = Recording::read(&told.print()).unwrap();
        assert_eq!((read.print(), read.about), (told.print(), told.about));
    }

    #[test]
    fn what_is_no_recording_is_refused_by_its_line() {
        let first = r#"{"id":"e1","role":"user","text":"hi"}"#;
        for (line, says) in [
            (r#"{"id":"e3","role":"user","text":"hi"}"#, "line 2: the event must have the id `e2`"),
            (r#"{"id":"e2","role":"tool_call","text":"hi"}"#, "line 2: these are not the members"),
            (r#"{"id":"e2","role":"user","text":"hi","args":{}}"#, "line 2: these are not the members"),
            (r#"{"id":"e2","role":"judge","text":"hi"}"#, "line 2: unknown variant"),
            (r#"{"id":"e2","role":"user","text":"hi","time":1}"#, "line 2: unknown field"),
            (r#"{"about":{"session":"bob"}}"#, "line 2: `about` stands first"),
            ("no json", "line 2: expected"),
        ] {
            let error = Recording::read(&format!("{first}\n{line}\n")).unwrap_err();
            assert!(error.starts_with(says), "{error}");
        }
        assert_eq!(Recording::read("\n"), Err("the file holds no event".into()));
    }

    #[test]
    fn an_entry_is_found_by_its_name_alone() {
        let recording = recording();
        assert_eq!(recording.entry("e1").map(|entry| entry.role), Some(Role::User));
        for name in ["e0", "e4", "e01", "1", "e", "E1", "e-1", "e99999999999999999999"] {
            assert_eq!(recording.entry(name), None, "{name}");
        }
    }
}
