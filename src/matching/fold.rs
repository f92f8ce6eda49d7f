//! How texts are compared when `ignore_case` or `normalize` is given.
//!
//! Owns: folding of case, white space, typographic quotes and Unicode form.
//! Must not know: which words fold.

use crate::model::pattern::Fold;
use std::borrow::Cow;

/// The text as it is compared. Nothing is copied if nothing is folded.
pub fn fold(text: &str, how: Fold) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if how.normalize {
        text = Cow::Owned(normalized(&text));
    }
    if how.ignore_case {
        text = Cow::Owned(text.to_lowercase());
    }
    text
}

/// Canonical composition (NFC); a run of white space is one space, at the ends none; typographic quotes are plain ones.
fn normalized(text: &str) -> String {
    let composed = icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text);
    let mut out = String::with_capacity(composed.len());
    let mut gap = false;
    for c in composed.chars() {
        if c.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        out.push(match c {
            '‘' | '’' | '‚' | '‛' | '‹' | '›' => '\'',
            '“' | '”' | '„' | '‟' | '«' | '»' => '"',
            c => c,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMALIZE: Fold = Fold { ignore_case: false, normalize: true };

    #[test]
    fn white_space_quotes_and_unicode_form_are_folded() {
        assert_eq!(fold(" “Hi”,\n\u{a0} it’s  e\u{301} ", NORMALIZE), "\"Hi\", it's é");
    }

    #[test]
    fn case_is_folded_only_when_asked() {
        assert_eq!(fold("ÄB", NORMALIZE), "ÄB");
        assert_eq!(fold("ÄB", Fold { ignore_case: true, normalize: false }), "äb");
        assert!(matches!(fold("ÄB", Fold::default()), Cow::Borrowed("ÄB")));
    }
}
