//! The JSON Schemas of the document kinds: generated from the document types, and used to validate.
//!
//! Owns: which kinds of documents there are, the schema of each, validation with every mistake at its place.
//! Must not know: what the documents mean.

use super::docs::project::ProjectDoc;
use super::docs::protocol::ProtocolDoc;
use super::docs::reply::ScriptDoc;
use super::docs::suite::SuiteDoc;
use super::schema_mistake;
use super::shape::{Defs, Page, Shape};
use crate::base::Diagnostics;
use crate::model::tree::Node;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// A kind of document, with a schema of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Suite,
    Protocol,
    Script,
    Project,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Suite, Kind::Protocol, Kind::Script, Kind::Project];

    /// The name of its schema file, without `.json`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Suite => "suite",
            Kind::Protocol => "protocol",
            Kind::Script => "script",
            Kind::Project => "project",
        }
    }

    /// `{use: name, …}` means something in suites and in the project's agents.
    fn uses(self) -> bool {
        matches!(self, Kind::Suite | Kind::Project)
    }

    fn gather(self, defs: &mut Defs) -> Value {
        match self {
            Kind::Suite => SuiteDoc::schema(defs),
            Kind::Protocol => ProtocolDoc::schema(defs),
            Kind::Script => ScriptDoc::schema(defs),
            Kind::Project => ProjectDoc::schema(defs),
        }
    }

    fn compiled(self) -> &'static Compiled {
        static COMPILED: [OnceLock<Compiled>; 4] = [const { OnceLock::new() }; 4];
        COMPILED[self as usize].get_or_init(|| {
            let schema = whole(self, false);
            let validator = jsonschema::draft202012::options().build(&schema).expect("the schema is made of keywords that exist");
            Compiled { schema, validator }
        })
    }

    /// Begins to compile the schema, so that it is there when the first document is validated.
    pub fn prepare(self) {
        // Without a thread for it, whoever validates first compiles.
        let _ = std::thread::Builder::new().spawn(move || self.compiled());
    }
}

struct Compiled {
    schema: Value,
    validator: Validator,
}

/// The schema of a kind of document, draft 2020-12.
pub fn generate(kind: Kind) -> Value {
    whole(kind, true)
}

fn whole(kind: Kind, annotations: bool) -> Value {
    let mut defs = Defs { annotations, ..Defs::new(kind.uses()) };
    let root = kind.gather(&mut defs);
    let mut schemas = defs.schemas;
    schemas.sort_keys();
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("checkride {}", kind.name()),
        "$ref": root["$ref"],
    });
    whole["$defs"] = schemas.into();
    whole
}

/// The schema file's text.
pub fn text(kind: Kind) -> String {
    let mut text = serde_json::to_string_pretty(&generate(kind)).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// The pages of all document types of all kinds, each once.
pub fn pages() -> &'static [Page] {
    static PAGES: OnceLock<Vec<Page>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages: Vec<Page> = Vec::new();
        for kind in Kind::ALL {
            let mut defs = Defs::new(kind.uses());
            kind.gather(&mut defs);
            for page in defs.pages {
                if !pages.iter().any(|known| known.word == page.word) {
                    pages.push(page);
                }
            }
        }
        pages
    })
}

/// Validates a document; every mistake is reported at its place.
pub fn validate(kind: Kind, node: &Arc<Node>, diagnostics: &mut Diagnostics) {
    let compiled = kind.compiled();
    let value = node.to_value();
    for error in compiled.validator.iter_errors(&value) {
        schema_mistake::report(&error, &compiled.schema, node, diagnostics);
    }
}
