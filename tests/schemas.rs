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
