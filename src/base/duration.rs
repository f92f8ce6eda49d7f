//! Durations as people write them: `300ms`, `1.5s`, `2m`, `1h`. A number without a unit is refused.
//!
//! Owns: reading and printing durations.
//! Must not know: what is being timed.

use std::time::Duration;

/// What a duration looks like, for messages.
pub const EXPECTED: &str = "a duration with a unit, such as 300ms, 1.5s, 2m or 1h";

/// Reads a duration. `None` if the text is not a non-negative number directly followed by a unit.
pub fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let scale = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let seconds: f64 = number.parse().ok()?;
    Duration::try_from_secs_f64(seconds * scale).ok()
}

/// Prints a duration in the unit that reads best.
pub fn show(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    match ms {
        ms if ms < 10.0 => format!("{ms:.1}ms"),
        ms if ms < 1000.0 => format!("{ms:.0}ms"),
        ms if ms < 120_000.0 => format!("{:.2}s", ms / 1e3),
        ms => format!("{:.1}m", ms / 60_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, ms) in [("300ms", 300), ("1.5s", 1500), ("2m", 120_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(parse(text), Some(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        for text in ["30", "", "s", "-1s", "1 s", "1d", "1.2.3s", "s1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
