//! `matching.json`: list patterns against calls.

use crate::tree::{node, read};
use checkride::matching::list::{Entry, check, forbidden};
use checkride::model::pattern::ListKind;
use checkride::model::template::Nothing;
use serde_json::Value;

/// Calls of one batch are issued together, and their results come before the next batch.
fn entries(trace: &[Value]) -> Vec<Entry<'_>> {
    let entry = |(index, call): (usize, &'_ Value)| (index, call["batch"].as_u64().expect("a batch"), call["status"] == "pending");
    let places: Vec<_> = trace.iter().enumerate().map(entry).collect();
    let zip = places.into_iter().zip(trace);
    zip.map(|((index, batch, pending), value)| Entry {
        value,
        index,
        session_index: index,
        session: "main",
        issued: 2 * batch,
        batch,
        delivered: (!pending).then_some(2 * batch + 1),
    })
    .collect()
}

#[test]
fn every_vector_gives_its_verdict() {
    let file: Value = serde_json::from_str(include_str!("matching.json")).expect("JSON");
    let vectors = file["vectors"].as_array().expect("a list");
    assert!(vectors.len() >= 27, "{} vectors", vectors.len());
    for vector in vectors {
        let trace = vector["trace"].as_array().expect("a list");
        let entries = entries(trace);
        let mut passed = true;
        let mut told = String::new();
        if let Some(calls) = vector["expect"].get("calls") {
            let pattern = read(|reader| reader.list(&node(calls), ListKind::Calls));
            let verdict = check(&pattern, &entries, &Nothing);
            assert_eq!(verdict.fault, None, "{}", vector["name"]);
            passed &= verdict.passed;
            told = format!("{}\n{}", verdict.message, verdict.details.join("\n"));
            assert_eq!(verdict.passed, verdict.message.is_empty(), "{}", vector["name"]);
        }
        if let Some(never) = vector.get("never") {
            for item in read(|reader| reader.items(&node(&never["calls"]), ListKind::Calls)) {
                passed &= forbidden(&item, &entries, &Nothing).expect("no fault").is_empty();
            }
        }
        println!("{} {passed}\n{told}\n", vector["name"]);
        assert_eq!(Some(passed), vector["pass"].as_bool(), "{}\n{told}", vector["name"]);
    }
}
