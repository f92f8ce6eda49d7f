//! The last look at a finished recording: secrets that no single record holds.
//!
//! Owns: which texts of different records are read as one (the deltas of a message, the lines of a log), and parts of secrets.
//! Must not know: what a leak is, which checks there are.

use crate::base::finder::Finder;
use crate::base::redact::texts_of;
use crate::model::trace::{Record, What};
use indexmap::IndexMap;
use serde_json::Value;
use std::fmt::Write as _;

/// Texts that follow each other in one place, by that place.
type Places<'r> = IndexMap<String, Vec<&'r mut String>>;

/// Puts marks in the place of planted secrets that stand over several records, and of parts of secrets.
pub fn seal(records: &mut [Record], planted: &Finder) {
    if planted.is_empty() {
        return;
    }
    let mut places = Places::new();
    for record in records {
        match &mut record.what {
            What::Frame { session, data, .. } => streamed(format!("frame {session}"), data, &mut places),
            What::FakeFrame { fake, connection, data } => streamed(format!("fake {fake} {connection}"), data, &mut places),
            What::Log { stream, line } => places.entry(format!("log {stream:?}")).or_default().push(line),
            What::Event { session, event, .. } => {
                let item = event.fields.get("item").map(Value::to_string).unwrap_or_default();
                let place = format!("event {session} {} {item}", event.kind);
                event.fields.iter_mut().for_each(|(key, value)| streamed(format!("{place} {key}"), value, &mut places));
            }
            what => alone(what, planted),
        }
    }
    for texts in places.values_mut() {
        planted.redact(texts, true);
    }
}

/// Adds every text of a value under its path.
fn streamed<'r>(path: String, value: &'r mut Value, places: &mut Places<'r>) {
    match value {
        Value::String(text) => places.entry(path).or_default().push(text),
        Value::Array(items) => items.iter_mut().for_each(|item| streamed(format!("{path}[]"), item, places)),
        Value::Object(map) => map.iter_mut().for_each(|(key, item)| {
            let mut path = path.clone();
            let _ = write!(path, ".{key}");
            streamed(path, item, places);
        }),
        _ => {}
    }
}

/// A record that holds all that belongs together.
fn alone(what: &mut What, planted: &Finder) {
    let mut value = serde_json::to_value(&*what).expect("records hold only JSON");
    let mut texts = Vec::new();
    texts_of(&mut value, &mut texts);
    if planted.redact(&mut texts, true)
        && let Ok(sealed) = serde_json::from_value(value)
    {
        *what = sealed;
    }
}

#[cfg(test)]
mod tests {
    use crate::model::trace::{Event, What};
    use crate::recorder::Recorder;
    use serde_json::{Value, json};

    const SECRET: &str = "Zk3vQ9xT7bLmW2cR8nYp5sHd4fGj6kAe";

    fn delta(item: u8, text: &str) -> What {
        let fields = json!({"item": item, "text": text}).as_object().cloned().unwrap_or_default();
        What::Event { session: "main".into(), turn: Some(0), event: Event { kind: "delta".into(), fields, batch: None } }
    }

    fn sealed(whats: Vec<What>) -> Vec<Value> {
        let recorder = Recorder::new();
        recorder.plant("pin", SECRET);
        for what in whats {
            recorder.push(what);
        }
        recorder.finish().records.iter().map(|record| serde_json::to_value(&record.what).unwrap()).collect()
    }

    #[test]
    fn deltas_of_one_item_are_read_as_one() {
        let texts = ["is Zk3vQ9", "other", "xT7bLmW2cR8nYp5sHd", "4fGj6kAe."];
        let sealed = sealed(texts.iter().map(|text| delta(u8::from(*text == "other"), text)).collect());
        let text = |at: usize| sealed[at]["event"]["event"]["fields"]["text"].as_str().unwrap();
        assert_eq!((0..4).map(text).collect::<Vec<_>>(), ["is «pin»", "other", "", "."]);
    }

    #[test]
    fn frames_are_read_as_one_along_each_path() {
        let frame = |text: &str| What::Frame { session: "main".into(), turn: None, data: json!({"type": "delta", "d": [text]}) };
        let sealed = sealed(vec![frame(&SECRET[..9]), frame(&SECRET[9..])]);
        assert_eq!((&sealed[0]["frame"]["data"]["d"], &sealed[1]["frame"]["data"]["d"]), (&json!(["«pin»"]), &json!([""])));
    }

    #[test]
    fn a_part_is_marked_wherever_it_stands() {
        let note = What::Note { message: format!("begins with {}", &SECRET[..16]) };
        let sealed = sealed(vec![note, delta(0, &SECRET[9..25])]);
        assert_eq!(sealed[0]["note"]["message"], "begins with «pin:part»");
        assert_eq!(sealed[1]["event"]["event"]["fields"]["text"], "«pin:part»");
    }
}
