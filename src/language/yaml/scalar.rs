//! Plain scalars by the YAML 1.2 core schema.
//!
//! Owns: which plain texts are null, booleans or numbers. `off`, `no` and dates are texts; `010` is ten.
//! Must not know: quoting, templates, places.

use serde_json::Number;

#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    Null,
    Bool(bool),
    Number(Number),
    Text,
    /// A number that JSON cannot hold; says why.
    Refused(&'static str),
}

const TOO_LARGE: &str = "is a number too large to be kept exactly";

/// What a plain (unquoted) scalar stands for.
pub fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned.as_bytes().first() {
        Some(b'0'..=b'9' | b'.') => number(text, unsigned),
        _ => Plain::Text,
    }
}

fn number(text: &str, unsigned: &str) -> Plain {
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Plain::Refused("is not a number that JSON has");
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
            return match u64::from_str_radix(digits, radix) {
                Ok(value) if all => Plain::Number(value.into()),
                Err(_) if all => Plain::Refused(TOO_LARGE),
                _ => Plain::Text,
            };
        }
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text);
    }
    if !is_float(unsigned) {
        return Plain::Text;
    }
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(value) => Plain::Number(value),
        None => Plain::Refused(TOO_LARGE),
    }
}

fn integer(text: &str) -> Plain {
    match (text.parse::<i64>(), text.parse::<u64>()) {
        (Ok(value), _) => Plain::Number(value.into()),
        (_, Ok(value)) => Plain::Number(value.into()),
        _ => Plain::Refused(TOO_LARGE),
    }
}

/// `(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(unsigned: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(unsigned);
    let mut rest = &unsigned[whole..];
    if let Some(after) = rest.strip_prefix('.') {
        let fraction = digits(after);
        if whole == 0 && fraction == 0 {
            return false;
        }
        rest = &after[fraction..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn gives(text: &str, value: serde_json::Value) {
        let found = match resolve(text) {
            Plain::Null => serde_json::Value::Null,
            Plain::Bool(flag) => flag.into(),
            Plain::Number(number) => number.into(),
            Plain::Text => text.into(),
            Plain::Refused(reason) => json!({"refused": reason}),
        };
        assert_eq!(found, value, "{text}");
    }

    #[test]
    fn words_of_yaml_1_1_and_dates_are_texts() {
        for text in [
            "off",
            "no",
            "yes",
            "on",
            "y",
            "n",
            "2026-01-02",
            "12:30:45",
            "1_000",
            "0b11",
            "0o9",
            "0x",
            "-0x1F",
            "1.2.3",
            "1e",
            ".",
            "-",
            "+",
            "e3",
            "0.121-x",
            "tRUE",
        ] {
            gives(text, text.into());
        }
    }

    #[test]
    fn numbers_follow_the_core_schema() {
        gives("010", json!(10));
        gives("0o10", json!(8));
        gives("0x1F", json!(31));
        gives("+7", json!(7));
        gives("-7", json!(-7));
        gives("18446744073709551615", json!(u64::MAX));
        gives("1e3", json!(1000.0));
        gives(".5", json!(0.5));
        gives("1.", json!(1.0));
        gives("-1.5E-1", json!(-0.15));
    }

    #[test]
    fn null_and_booleans_have_three_spellings() {
        for text in ["", "~", "null", "Null", "NULL"] {
            gives(text, json!(null));
        }
        gives("True", json!(true));
        gives("FALSE", json!(false));
    }

    #[test]
    fn numbers_that_json_lacks_are_refused() {
        for text in [".inf", "-.INF", "+.Inf", ".nan", "1e999", "123456789012345678901234567890", "0xFFFFFFFFFFFFFFFFF"] {
            assert!(matches!(resolve(text), Plain::Refused(_)), "{text}");
        }
    }
}
