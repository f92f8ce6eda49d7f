//! "Did you mean": the nearest of the known names.
//!
//! Owns: the distance at which a name still counts as a typo of another.
//! Must not know: what the names stand for.

/// The known name nearest to `name`, if it is near enough to be a typo: at most a third of its letters
/// differ (Damerau-Levenshtein), or it is very alike by its beginning (Jaro-Winkler above 0.88).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit || strsim::jaro_winkler(name, candidate) > 0.88)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean `x`?`, if there is a near name.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_swap_is_a_typo() {
        assert_eq!(nearest("repyl", ["calls", "reply", "events"]), Some("reply"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(nearest("wallet", ["calls", "reply"]), None);
    }
}
