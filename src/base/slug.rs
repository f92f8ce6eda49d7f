//! Names turned into the identifiers that people type to select a test.
//!
//! Owns: the rule for slugs.
//! Must not know: which names must be unique.

/// Lower case; each run of other characters than letters and digits becomes one underscore.
/// A name without a letter or digit becomes `case`.
pub fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let trimmed = out.trim_end_matches('_');
    if trimmed.is_empty() { "case".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn words_are_joined_by_one_underscore() {
        assert_eq!(slug("Lists managed  wallets!"), "lists_managed_wallets");
        assert_eq!(slug("TC-BT-2 thinking, and message"), "tc_bt_2_thinking_and_message");
    }

    #[test]
    fn nothing_to_keep_is_still_a_name() {
        assert_eq!(slug("???"), "case");
    }
}
