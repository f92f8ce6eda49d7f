//! The JSONPath compliance suite (jsonpath-standard, BSD-2). It is not part of this repository; where it is, it runs.

use checkride::base::Span;
use checkride::matching::jsonpath::{all_ref, parse};
use serde_json::Value;
use std::path::Path;

/// Well-formed paths that are refused, since the engine would give wrong results for them.
const REFUSED_AT_MOST: usize = 12;

#[test]
fn every_case_gives_the_right_result_or_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/jsonpath-cts.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        // Not by `println!`, which the test harness keeps to itself.
        let why = format!("skipped: {} is not there; the JSONPath compliance suite is kept beside this repository\n", path.display());
        let _ = std::io::Write::write_all(&mut std::io::stderr(), why.as_bytes());
        return;
    };
    let suite: Value = serde_json::from_str(&text).expect("JSON");
    let (mut wrong, mut refused) = (Vec::new(), Vec::new());
    let tests = suite["tests"].as_array().expect("a list");
    for test in tests {
        let selector = test["selector"].as_str().expect("a text");
        let ill_formed = test["invalid_selector"] == true;
        match parse(selector, Span::NONE) {
            Err(error) if error.code == "ill-formed-jsonpath" && ill_formed => {}
            Err(error) if error.code == "jsonpath-not-supported" && !ill_formed => refused.push(selector),
            Err(error) => wrong.push(format!("{selector}: {}", error.message)),
            Ok(_) if ill_formed => wrong.push(format!("{selector}: accepted")),
            Ok(path) => {
                let found: Vec<&Value> = all_ref(&path, &test["document"]);
                let found = serde_json::to_value(found).expect("JSON");
                let right = match test.get("results") {
                    Some(results) => results.as_array().expect("a list").contains(&found),
                    None => test["result"] == found,
                };
                if !right {
                    wrong.push(format!("{selector}: {found}"));
                }
            }
        }
    }
    println!("{} cases, {} refused: {refused:?}", tests.len(), refused.len());
    assert_eq!(tests.len(), 703);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(refused.len() <= REFUSED_AT_MOST, "{refused:?}");
}
