//! The schema files are those that the document types give. `UPDATE=1 cargo test --test schemas` writes them anew.

use checkride::language::schema::{self, Kind};
use std::path::{Path, PathBuf};

fn file(kind: Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{}.json", kind.name()))
}

#[test]
fn schema_files_are_in_step_with_the_types() {
    for kind in Kind::ALL {
        let (path, generated) = (file(kind), schema::text(kind));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == generated, "{} is out of step; run `UPDATE=1 cargo test --test schemas`", path.display());
    }
}

#[test]
fn schemas_are_valid_draft_2020_12() {
    for kind in Kind::ALL {
        let schema = schema::generate(kind);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", kind.name());
    }
}

#[test]
fn every_named_schema_has_a_description() {
    for kind in Kind::ALL {
        let schema = schema::generate(kind);
        for (name, part) in schema["$defs"].as_object().unwrap() {
            assert!(part["description"].as_str().is_some_and(|text| text.len() > 10), "{name} of {}", kind.name());
        }
    }
}

#[test]
fn no_schema_answers_with_a_choice_of_alternatives() {
    for kind in Kind::ALL {
        let text = schema::text(kind);
        assert!(!text.contains("\"anyOf\"") && !text.contains("\"oneOf\""), "{}", kind.name());
    }
}

/// What an editor says of a suite with these keys: nothing, or the keyword that is broken.
fn keywords(keys: serde_json::Value) -> Vec<String> {
    let mut suite = serde_json::json!({"suite": "T", "cases": []});
    for (key, value) in keys.as_object().into_iter().flatten() {
        suite[key] = value.clone();
    }
    let schema = schema::generate(Kind::Suite);
    let validator = jsonschema::draft202012::options().build(&schema).expect("the schema is valid");
    validator.iter_errors(&suite).map(|error| error.kind().keyword().to_owned()).collect()
}

#[test]
fn templates_and_uses_may_stand_anywhere() {
    use serde_json::json;
    for keys in [
        json!({"timeout": "{{t}}"}),
        json!({"level": "{{l}}"}),
        json!({"tags": "{{tags}}"}),
        json!({"tags": {"use": "tags"}}),
        json!({"agent": {"use": "a", "x": 1}}),
        json!({"agent": {"command": {"use": "c"}, "files": "{{files}}"}}),
        json!({"fakes": {"llm": "{{llm}}", "gog": {"use": "gog"}}}),
        json!({"fakes": {"llm": {"model": "openai", "script": ["{{parts}}", {"use": "r"}, [{"use": "p"}, {"delay": "{{d}}"}]]}}}),
        json!({"cases": [{"name": "{{n}}", "prompt": {"use": "p"}, "expect": {"use": "e"}, "steps": [{"use": "s"}]}]}),
        json!({"cases": [{"name": "n", "timeout": null, "fakes": {"llm": null}, "agent": {"settings": {"a": null}}}]}),
    ] {
        assert_eq!(keywords(keys.clone()), Vec::<String>::new(), "{keys}");
    }
}

#[test]
fn a_mistake_breaks_one_plain_keyword() {
    use serde_json::json;
    for (keys, keyword) in [
        (json!({"cases": [{"name": "n", "expect": {"repli": 1}}]}), "additionalProperties"),
        (json!({"cases": [{"name": "n", "steps": [{"usr": "x"}]}]}), "additionalProperties"),
        (json!({"fakes": {"llm": {"modle": "openai"}}}), "additionalProperties"),
        (json!({"fakes": {"llm": {"model": "openai", "script": [{"txt": "x"}]}}}), "additionalProperties"),
        (json!({"fakes": {"llm": {"model": "opnai"}}}), "enum"),
        (json!({"cases": [{"prompt": "x"}]}), "required"),
        (json!({"tags": "slow"}), "pattern"),
        (json!({"tags": 5}), "type"),
        (json!({"timeout": "30"}), "pattern"),
        (json!({"agent": ["x"]}), "type"),
    ] {
        assert_eq!(keywords(keys.clone()), [keyword], "{keys}");
    }
}
