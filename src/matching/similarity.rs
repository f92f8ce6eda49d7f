//! How alike two texts are, from 0 to 1.
//!
//! Owns: three measures. Words are lower-cased runs of letters and digits.
//! Must not know: which threshold is enough.

use crate::model::pattern::Measure;
use std::collections::HashMap;

/// From 0 (nothing in common) to 1 (the same).
pub fn similarity(measure: Measure, a: &str, b: &str) -> f64 {
    match measure {
        Measure::Levenshtein => strsim::normalized_levenshtein(a, b),
        Measure::RougeL => {
            let (a, b) = (words(a), words(b));
            f1(longest_common_subsequence(&a, &b), a.len(), b.len())
        }
        Measure::TokenF1 => {
            let (a, b) = (words(a), words(b));
            f1(common(&a, &b), a.len(), b.len())
        }
    }
}

fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The harmonic mean of precision and recall; two empty texts are the same text.
fn f1(shared: usize, a: usize, b: usize) -> f64 {
    if a + b == 0 { 1.0 } else { 2.0 * shared as f64 / (a + b) as f64 }
}

/// The number of words of both, each as often as both have it.
fn common(a: &[String], b: &[String]) -> usize {
    let mut left: HashMap<&str, usize> = HashMap::new();
    a.iter().for_each(|word| *left.entry(word).or_default() += 1);
    b.iter()
        .filter(|word| match left.get_mut(word.as_str()) {
            Some(n) if *n > 0 => {
                *n -= 1;
                true
            }
            _ => false,
        })
        .count()
}

fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(measure: Measure, a: &str, b: &str, expected: f64) {
        let got = similarity(measure, a, b);
        assert!((got - expected).abs() < 1e-6, "{measure:?} {a:?} {b:?}: {got}");
    }

    #[test]
    fn measures_give_the_published_values() {
        check(Measure::Levenshtein, "kitten", "sitting", 0.571_428_6);
        check(Measure::RougeL, "the cat sat on the mat", "the cat is on the mat", 0.833_333_3);
        check(Measure::TokenF1, "the cat sat on the mat", "the cat is on the mat", 0.833_333_3);
        check(Measure::RougeL, "a b", "b a", 0.5);
        check(Measure::TokenF1, "a b", "B, A!", 1.0);
    }

    #[test]
    fn nothing_in_common_is_zero() {
        check(Measure::TokenF1, "a", "b", 0.0);
        check(Measure::RougeL, "", "b", 0.0);
        check(Measure::RougeL, "", "", 1.0);
    }
}
