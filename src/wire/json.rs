//! JSON of frames, read into no more memory than it needs.
//!
//! Owns: a value whose mappings have just the room that they use.
//! Must not know: what a frame means.
//!
//! The library makes room for four keys at first, then for eight, and sorts all of them in anew each time. Frames are many and small,
//! and each stays until its case has been judged.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Mappings of so many keys are gathered before room is made for them.
const GATHERED: usize = 8;

/// As `serde_json::from_str`: the same value, or the same error.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).map(|Exact(value)| value)
}

struct Exact(Value);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Exact, D::Error> {
        deserializer.deserialize_any(Reader).map(Exact)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Most lists in frames have one item.
        let mut items = Vec::with_capacity(1);
        while let Some(Exact(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut gathered: [Option<(String, Value)>; GATHERED] = [const { None }; GATHERED];
        let (mut count, mut rest) = (0, true);
        while count < GATHERED {
            match entries.next_entry()? {
                Some((key, Exact(value))) => gathered[count] = Some((key, value)),
                None => {
                    rest = false;
                    break;
                }
            }
            count += 1;
        }
        let mut map = Map::with_capacity(if rest { 2 * GATHERED } else { count });
        map.extend(gathered.into_iter().flatten());
        while rest {
            match entries.next_entry()? {
                Some((key, Exact(value))) => drop(map.insert(key, value)),
                None => rest = false,
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::Value;

    #[test]
    fn it_reads_what_the_library_reads() {
        let many = (0..40).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
        let texts = [
            "null",
            "true",
            "-1",
            "18446744073709551615",
            "18446744073709551616",
            "1.50",
            "-0",
            "-0.0",
            "1e400",
            "\"\\u00e4\\n\"",
            "[]",
            "[1,[2,{}]]",
            "{}",
            r#"{"b":1,"a":{"c":[{"d":null}]}}"#,
            r#"{"a":1,"b":2,"a":3}"#,
            "{\"a\":1",
            "",
            "x",
            "[1] 2",
            r#"{"a":"\ud800"}"#,
        ];
        let eight = r#"{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8}"#.to_owned();
        for text in texts.map(str::to_owned).into_iter().chain([eight, format!("{{{many}}}"), "[".repeat(200)]) {
            let (ours, theirs) = (parse(&text), serde_json::from_str::<Value>(&text));
            // Also the order of keys, which equality does not look at.
            let shown = |read: &serde_json::Result<Value>| read.as_ref().map(Value::to_string).map_err(ToString::to_string);
            assert_eq!(shown(&ours), shown(&theirs), "{text}");
        }
    }
}
