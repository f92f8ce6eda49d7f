//! Equality and order of JSON values, as the suite language sees them.
//!
//! Owns: `1` equals `1.0`; nothing else is converted: `"1"` is not `1`, `true` is not `1`.
//! Must not know: patterns.

use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Deep equality. The order of keys does not matter.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

/// The order of two numbers; exact also for integers that no float can hold. `None` only for what is not a number.
pub fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// The value of a number without a fraction, `2.0` included.
pub fn integer(number: &Number) -> Option<i128> {
    if let Some(n) = number.as_i64() {
        return Some(n.into());
    }
    if let Some(n) = number.as_u64() {
        return Some(n.into());
    }
    // Beyond this bound a float says nothing about single units; it is compared as a float.
    number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e30).map(|f| f as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_equal_by_value() {
        for (a, b) in [(json!(1), json!(1.0)), (json!([1, {"a": 2.0}]), json!([1.0, {"a": 2}])), (json!(u64::MAX), json!(u64::MAX))] {
            assert!(equal(&a, &b), "{a} {b}");
        }
    }

    #[test]
    fn nothing_else_is_converted() {
        let pairs = [
            (json!(1), json!("1")),
            (json!(1), json!(true)),
            (json!(0), json!(null)),
            (json!([1]), json!([1, 2])),
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64)),
        ];
        for (a, b) in pairs {
            assert!(!equal(&a, &b), "{a} {b}");
        }
    }
}
