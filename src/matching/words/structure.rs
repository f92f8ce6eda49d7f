//! `is`, `exactly`, `json_text`, `json_schema`, `literal` and `same_as`.
//!
//! Owns: types, closedness, texts that are JSON, schemas, data as such.
//! Must not know: the other words.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::base::suggest;
use crate::matching::tester::{Inserted, Tester};
use crate::matching::{Reader, describe, equal};
use crate::model::pattern::{Pattern, SchemaCheck, Test, ValueKind};
use crate::model::tree::{Content, Node};
use base64::Engine as _;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

pub(super) const IS: WordKind = WordKind {
    name: "is",
    argument: "`string`, `integer`, `number`, `boolean`, `null`, `array` or `object`",
    doc: "The value is of this type; `2.0` is an integer too.",
    examples: &[
        passes("{is: integer}", "2.0"),
        passes("{is: number}", "2"),
        passes("{is: string}", "\"\""),
        passes("{is: null}", "null"),
        passes("{is: object}", "{}"),
        fails("{is: integer}", "2.5"),
        fails("{is: number}", "\"2\""),
        fails("{is: boolean}", "1"),
        fails("{is: null}", ""),
        fails("{is: array}", "{}"),
    ],
    role: Role::Test(read_is),
};

pub(super) const EXACTLY: WordKind = WordKind {
    name: "exactly",
    argument: "a value or pattern",
    doc: "Nothing more than what is listed, at every depth; pattern words inside keep their meaning.",
    examples: &[
        passes("{exactly: {a: 1}}", "{\"a\": 1}"),
        passes("{exactly: {a: 1, u: {optional: C}}}", "{\"a\": 1, \"u\": \"C\"}"),
        passes("{exactly: {}}", "{}"),
        passes("{exactly: {a: [{b: {gt: 0}}]}}", "{\"a\": [{\"b\": 1}]}"),
        fails("{exactly: {a: 1}}", "{\"a\": 1, \"b\": 2}"),
        fails("{exactly: {a: {b: 1}}}", "{\"a\": {\"b\": 1, \"c\": 2}}"),
        fails("{exactly: {a: [{b: 1}]}}", "{\"a\": [{\"b\": 1, \"c\": 2}]}"),
        fails("{exactly: {}}", "{\"a\": 1}"),
    ],
    role: Role::Test(|reader, argument| Some(Test::Exactly(Box::new(reader.pattern(argument.node))))),
};

pub(super) const JSON_TEXT: WordKind = WordKind {
    name: "json_text",
    argument: "a pattern",
    doc: "The value is a text that is JSON, and the pattern holds for what it says.",
    examples: &[
        passes("{json_text: {a: 1}}", "\"{\\\"a\\\": 1, \\\"b\\\": 2}\""),
        passes("{json_text: 5}", "\" 5 \""),
        fails("{json_text: {a: 1}}", "\"{\\\"a\\\": 2}\""),
        fails("{json_text: {a: 1}}", "\"a: 1\""),
        fails("{json_text: {a: 1}}", "{\"a\": 1}"),
    ],
    role: Role::Test(|reader, argument| Some(Test::JsonText(Box::new(reader.pattern(argument.node))))),
};

pub(super) const JSON_SCHEMA: WordKind = WordKind {
    name: "json_schema",
    argument: "a JSON Schema (2020-12), or the path of a JSON file with one",
    doc: "The JSON Schema allows the value.",
    examples: &[
        passes("{json_schema: {type: object, required: [id]}}", "{\"id\": 1}"),
        fails("{json_schema: {type: object, required: [id]}}", "{}"),
        fails("{json_schema: {type: object, required: [id]}}", ""),
    ],
    role: Role::Test(read_schema),
};

pub(super) const LITERAL: WordKind = WordKind {
    name: "literal",
    argument: "any value",
    doc: "The argument is data: keys in it that are pattern words are plain keys.",
    examples: &[
        passes("{literal: {contains: x}}", "{\"contains\": \"x\", \"more\": 1}"),
        passes("{exactly: {literal: {not: 1}}}", "{\"not\": 1}"),
        fails("{literal: {contains: x}}", "\"x\""),
        fails("{exactly: {literal: {not: 1}}}", "{\"not\": 1, \"more\": 1}"),
    ],
    role: Role::Test(|_, argument| Some(Test::Literal(argument.node.clone()))),
};

pub(super) const SAME_AS: WordKind = WordKind {
    name: "same_as",
    argument: "the path of a file, relative to the suite",
    doc: "The value is a text, or `{bytes: base64}`, with exactly the bytes of the file.",
    examples: &[],
    role: Role::Test(read_same_as),
};

const KINDS: [ValueKind; 7] =
    [ValueKind::String, ValueKind::Integer, ValueKind::Number, ValueKind::Boolean, ValueKind::Null, ValueKind::Array, ValueKind::Object];

/// What people write who think of YAML or of another language.
const OTHER_NAMES: [(&str, &str); 11] = [
    ("text", "string"),
    ("str", "string"),
    ("int", "integer"),
    ("float", "number"),
    ("bool", "boolean"),
    ("list", "array"),
    ("mapping", "object"),
    ("map", "object"),
    ("dict", "object"),
    ("none", "null"),
    ("nil", "null"),
];

fn read_is(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    let name = match &argument.node.value {
        Content::Null => "null",
        Content::Text(text) => text,
        _ => "",
    };
    if let Some(kind) = KINDS.into_iter().find(|kind| describe::kind_name(*kind) == name) {
        return Some(Test::Is(kind));
    }
    let known = KINDS.map(describe::kind_name);
    let near = OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, kind)| *kind).or_else(|| suggest::nearest(name, known));
    let help = near.map_or_else(|| format!("the types are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    reader.wrong_argument(argument, "the name of a type", &help)
}

fn read_schema(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const HELP: &str = "write a schema as a mapping, or the path of a JSON file relative to the suite";
    let schema = match &argument.node.value {
        Content::Map(_) | Content::Bool(_) => {
            let mut templates = false;
            argument.node.templates(&mut |_, _| templates = true);
            if templates {
                return reader.wrong_argument(
                    argument,
                    "a schema without `{{…}}`",
                    "a value known only during the run cannot be part of a schema",
                );
            }
            argument.node.to_value()
        }
        Content::Text(path) => {
            let bytes = reader.read_file(argument, path)?;
            match serde_json::from_slice(&bytes) {
                Ok(schema) => schema,
                Err(error) => {
                    return reader.wrong_argument(argument, "a file with a JSON Schema", &format!("`{path}` is not JSON: {error}"));
                }
            }
        }
        _ => return reader.wrong_argument(argument, "a JSON Schema", HELP),
    };
    match jsonschema::draft202012::options().build(&schema) {
        Ok(validator) => Some(Test::JsonSchema(SchemaCheck { validator: Arc::new(validator) })),
        Err(error) => reader.wrong_argument(argument, "a JSON Schema (2020-12)", &format!("{error}, at `{}`", error.instance_path())),
    }
}

fn read_same_as(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    let Content::Text(path) = &argument.node.value else {
        return reader.wrong_argument(argument, "the path of a file", "write the path relative to the suite");
    };
    let bytes = Arc::new(reader.read_file(argument, path)?);
    Some(Test::SameAs { path: path.to_string(), bytes })
}

pub(super) fn is(tester: &mut Tester<'_>, test: &Test, kind: ValueKind, value: &Value) -> bool {
    let holds = match (kind, value) {
        (ValueKind::Integer, Value::Number(number)) => equal::integer(number).is_some(),
        (ValueKind::String, Value::String(_))
        | (ValueKind::Number, Value::Number(_))
        | (ValueKind::Boolean, Value::Bool(_))
        | (ValueKind::Null, Value::Null)
        | (ValueKind::Array, Value::Array(_))
        | (ValueKind::Object, Value::Object(_)) => true,
        _ => false,
    };
    holds || tester.fail(false, || describe::test(test), Some(value))
}

pub(super) fn json_text(tester: &mut Tester<'_>, test: &Test, inner: &Pattern, value: &Value) -> bool {
    let Value::String(text) = value else { return tester.fail(!value.is_null(), || describe::test(test), Some(value)) };
    match serde_json::from_str::<Value>(text) {
        Ok(parsed) => tester.at(|| Cow::Borrowed("(as JSON)"), inner, Some(&parsed)),
        Err(error) => tester.fail(false, || format!("{} ({error})", describe::test(test)), Some(value)),
    }
}

pub(super) fn json_schema(tester: &mut Tester<'_>, test: &Test, schema: &SchemaCheck, value: &Value) -> bool {
    match schema.validator.validate(value) {
        Ok(()) => true,
        Err(error) => tester.fail(false, || format!("{}: {error} (at `{}`)", describe::test(test), error.instance_path()), Some(value)),
    }
}

pub(super) fn literal(tester: &mut Tester<'_>, data: &Node, value: &Value) -> bool {
    match tester.insert(data) {
        Inserted::Value(expected) => tester.data(&expected, Some(value)),
        Inserted::LeftOut | Inserted::Wild => true,
        Inserted::Fault => false,
    }
}

pub(super) fn same_as(tester: &mut Tester<'_>, test: &Test, bytes: &[u8], value: &Value) -> bool {
    let holds = match value {
        Value::String(text) => text.as_bytes() == bytes,
        Value::Object(map) => match map.get("bytes") {
            Some(Value::String(text)) => base64::engine::general_purpose::STANDARD.decode(text).is_ok_and(|decoded| decoded == bytes),
            _ => false,
        },
        _ => false,
    };
    holds
        || tester.fail(
            !value.is_string() && !value.is_object(),
            || format!("{} ({} bytes)", describe::test(test), bytes.len()),
            Some(value),
        )
}
