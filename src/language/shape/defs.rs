//! The JSON Schemas of all document types, and their pages, gathered in one walk.
//!
//! Owns: how templates and `{use: …}` are let through everywhere, how a document type becomes a schema.
//! Must not know: which document types there are.
//!
//! Parts are moved into the whole, not written into `json!`, which copies them: schemas are deep, and made at each start.

use super::form::{Key, WordKey};
use serde_json::{Map, Value, json};

/// What a text must look like to stand for a value of another type.
pub const TEMPLATE: &str = "^\\{\\{.*\\}\\}$";

/// The schemas met so far. Named types refer to each other through `$defs`.
#[derive(Default)]
pub struct Defs {
    pub schemas: Map<String, Value>,
    pub pages: Vec<Page>,
    /// True if `{use: name, …}` may stand in place of any value (suites), false where there are no named templates (protocols).
    pub uses: bool,
    /// True if titles, descriptions and examples are wanted; validation needs none.
    pub annotations: bool,
}

/// What `explain` tells of one document type or closed list of words.
pub struct Page {
    pub word: &'static str,
    pub about: &'static str,
    pub examples: &'static [&'static str],
    pub keys: Vec<PageKey>,
}

pub struct PageKey {
    pub name: &'static str,
    pub about: &'static str,
    pub examples: &'static [&'static str],
    pub later: Option<&'static str>,
    pub required: bool,
}

impl Defs {
    pub fn new(uses: bool) -> Defs {
        Defs { uses, ..Defs::default() }
    }

    /// A schema for values of these JSON types, which lets templates and `{use: …}` through.
    pub fn typed(&self, types: &[&'static str], mut schema: Value) -> Value {
        let mut all = types.to_vec();
        if !all.contains(&"string") {
            all.push("string");
            schema["pattern"] = json!(TEMPLATE);
        }
        if self.uses && !all.contains(&"object") {
            all.push("object");
            schema["required"] = json!(["use"]);
        }
        schema["type"] = match all.as_slice() {
            [one] => json!(one),
            _ => json!(all),
        };
        schema
    }

    /// A mapping whose content is described by `body`, unless it is a `{use: …}`.
    pub fn mapping(&self, head: Value, body: Value) -> Value {
        let mut schema = self.typed(&["object"], head);
        if self.uses {
            schema["if"] = json!({"required": ["use"]});
            schema["else"] = body;
        } else {
            merge(&mut schema, body);
        }
        schema
    }

    /// Puts a document type into `$defs`, once, and answers with a reference to it. `open` ones take other keys too.
    pub fn document(&mut self, page: Page, keys: &[Key], open: bool) -> Value {
        let reference = json!({"$ref": format!("#/$defs/{}", page.word)});
        if self.schemas.contains_key(page.word) {
            return reference;
        }
        self.schemas.insert(page.word.to_owned(), Value::Null);
        let word = page.word;
        let head = if self.annotations { json!({"title": word, "description": page.about.trim()}) } else { json!({}) };
        self.pages.push(page);
        let mut properties = Map::new();
        for key in keys {
            properties.insert(key.name.to_owned(), self.property(key));
        }
        let mut body = Value::from_iter([("properties", properties)]);
        if !open {
            body["additionalProperties"] = json!(false);
        }
        let required: Vec<_> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        if !required.is_empty() {
            body["required"] = json!(required);
        }
        let schema = self.mapping(head, body);
        self.schemas.insert(word.to_owned(), schema);
        reference
    }

    fn property(&mut self, key: &Key) -> Value {
        let mut schema = (key.schema)(self);
        if !self.annotations {
            return schema;
        }
        let mut about = key.about.trim().to_owned();
        if key.later.is_some() {
            about.push_str("\n(not supported yet)");
        }
        schema["description"] = json!(about);
        let examples: Vec<_> = key.examples.iter().filter_map(|text| super::document::example(text)).collect();
        if !examples.is_empty() {
            schema["examples"] = json!(examples);
        }
        schema
    }

    /// A closed list of words. A template may stand for one.
    pub fn words(&mut self, page: Page, words: &[WordKey]) -> Value {
        if !self.pages.iter().any(|known| known.word == page.word) {
            self.pages.push(page);
        }
        let names: Vec<_> = words.iter().map(|word| word.name).collect();
        self.typed(&["string"], json!({"if": {"type": "string", "not": {"pattern": TEMPLATE}}, "then": {"enum": names}}))
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
