//! JSONPath: the engine that evaluates against the one that only parses, on random paths and documents.
//!
//! The compliance suite cannot hold every form on which an engine is wrong. What `parse` accepts must give what the second
//! engine gives.

use checkride::base::Span;
use checkride::matching::jsonpath::{all_ref, first_ref, parse};
use fastrand::Rng;
use serde_json::{Value, json};

const KEYS: [&str; 4] = ["a", "b", "c d", "é"];

fn document(rng: &mut Rng, depth: usize) -> Value {
    match rng.u8(0..if depth == 0 { 5 } else { 9 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(-1..3)),
        3 => json!(["", "x", "xy", "é"][rng.usize(0..4)]),
        4 => json!(1.0),
        5 | 6 => (0..rng.usize(0..4)).map(|_| document(rng, depth - 1)).collect(),
        _ => (0..rng.usize(0..4))
            .map(|_| (KEYS[rng.usize(0..4)].to_owned(), document(rng, depth - 1)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

fn segments(rng: &mut Rng, filters: bool) -> String {
    (0..rng.usize(0..4)).map(|_| segment(rng, filters)).collect()
}

fn segment(rng: &mut Rng, filters: bool) -> String {
    let dots = if rng.u8(0..6) == 0 { ".." } else { "" };
    match rng.u8(0..5) {
        0 if dots.is_empty() => format!(".{}", ["a", "b", "é"][rng.usize(0..3)]),
        0 => format!("..{}", ["a", "b", "é"][rng.usize(0..3)]),
        1 => {
            if dots.is_empty() {
                ".*".to_owned()
            } else {
                "..*".to_owned()
            }
        }
        _ => {
            let many = if rng.u8(0..4) == 0 { 2 } else { 1 };
            let selectors: Vec<_> = (0..many).map(|_| selector(rng, filters)).collect();
            format!("{dots}[{}]", selectors.join(","))
        }
    }
}

fn selector(rng: &mut Rng, filters: bool) -> String {
    match rng.u8(0..if filters { 8 } else { 5 }) {
        0 => format!("'{}'", KEYS[rng.usize(0..4)]),
        1 => rng.i64(-2..3).to_string(),
        2 => "*".to_owned(),
        3 => format!("{}:{}", rng.i64(-2..2), rng.i64(-2..3)),
        4 => format!("::{}", [-2, -1, 1, 2][rng.usize(0..4)]),
        _ => format!("?{}", condition(rng, 2)),
    }
}

fn condition(rng: &mut Rng, depth: usize) -> String {
    match rng.u8(0..if depth == 0 { 4 } else { 7 }) {
        0 => query(rng),
        1 => format!("!{}", query(rng)),
        2 | 3 => comparison(rng),
        4 => format!("({} || {})", condition(rng, depth - 1), condition(rng, depth - 1)),
        5 => format!("!({} && {})", condition(rng, depth - 1), condition(rng, depth - 1)),
        _ => format!("{}(@.{}, '{}')", ["match", "search"][rng.usize(0..2)], KEYS[rng.usize(0..2)], ["x", "x.*", "[xy]+"][rng.usize(0..3)]),
    }
}

/// The second engine is wrong where a comparison has a negative index (`$[-1] == …` finds nothing), and where it puts nothing
/// or a boolean in order (`value(@) < true`; `@.a <= @.b` holds if neither is there); so only numbers and texts are.
fn comparison(rng: &mut Rng) -> String {
    let (left, operator) = (comparable(rng), ["==", "!=", "<", "<=", ">", ">="][rng.usize(0..6)]);
    let plain = |side: &str| side.starts_with(['0', '1', '-', '\'']);
    let right = loop {
        let right = comparable(rng);
        if matches!(operator, "==" | "!=") || plain(&left) || plain(&right) {
            break right;
        }
    };
    format!("{left} {operator} {right}")
}

fn query(rng: &mut Rng) -> String {
    format!("{}{}", ["@", "@", "$"][rng.usize(0..3)], segments(rng, false))
}

fn comparable(rng: &mut Rng) -> String {
    match rng.u8(0..8) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => ["0", "1", "1.0", "-1"][rng.usize(0..4)].to_owned(),
        3 => "'x'".to_owned(),
        4 => format!("length(@.{})", ["a", "b"][rng.usize(0..2)]),
        5 => format!("count({})", query(rng)),
        6 => format!("value({})", query(rng)),
        _ => format!("{}{}", ["@", "$"][rng.usize(0..2)], ["", ".a", "[0]", "['c d']"][rng.usize(0..4)]),
    }
}

#[test]
fn what_is_accepted_gives_what_the_second_engine_gives() {
    let mut rng = Rng::with_seed(7);
    let (mut accepted, mut found, mut wrong) = (0, 0, Vec::new());
    for _ in 0..8_000 {
        let text = format!("${}", segments(&mut rng, true));
        let document = document(&mut rng, 4);
        let Ok(path) = parse(&text, Span::NONE) else { continue };
        accepted += 1;
        let reference = serde_json_path::JsonPath::parse(&text).expect("`parse` refuses what this refuses");
        let (ours, theirs) = (all_ref(&path, &document), reference.query(&document).all());
        found += usize::from(!theirs.is_empty());
        // The order of descendants is free (RFC 9535, 2.5.2.2); with them only the values are compared.
        let same = if text.contains("..") { sorted(&ours) == sorted(&theirs) } else { ours == theirs };
        if !same || (path.singular && first_ref(&path, &document) != theirs.first().copied()) {
            wrong.push(format!("{text}\n  on {document}\n  {ours:?}\n  {theirs:?}"));
        }
    }
    println!("{accepted} accepted, {found} with a result");
    assert!(accepted > 6_000 && found > 2_000);
    assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong.iter().take(25).cloned().collect::<Vec<_>>().join("\n"));
}

fn sorted(values: &[&Value]) -> Vec<String> {
    let mut out: Vec<_> = values.iter().map(|value| value.to_string()).collect();
    out.sort();
    out
}
