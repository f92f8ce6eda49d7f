//! Tag expressions: `security and not slow`, `(a or b) and c`.
//!
//! Owns: their grammar and meaning.
//! Must not know: which tags exist; the planner checks that.

/// `or` binds weakest, then `and`, then `not`.
#[derive(Clone, Debug, PartialEq)]
pub enum TagExpression {
    Tag(String),
    Not(Box<TagExpression>),
    And(Box<TagExpression>, Box<TagExpression>),
    Or(Box<TagExpression>, Box<TagExpression>),
}

impl TagExpression {
    /// Reads an expression; the error says what was expected where.
    pub fn parse(text: &str) -> Result<TagExpression, String> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut reader = Reader { words: &words, at: 0 };
        let expression = reader.any()?;
        match reader.peek() {
            None => Ok(expression),
            Some(word) => Err(format!("`{word}` was not expected in the tag expression `{text}`; join tags by `and` or `or`")),
        }
    }

    pub fn holds(&self, tags: &[String]) -> bool {
        match self {
            TagExpression::Tag(tag) => tags.contains(tag),
            TagExpression::Not(inner) => !inner.holds(tags),
            TagExpression::And(left, right) => left.holds(tags) && right.holds(tags),
            TagExpression::Or(left, right) => left.holds(tags) || right.holds(tags),
        }
    }

    /// The tags it names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            TagExpression::Tag(tag) => vec![tag],
            TagExpression::Not(inner) => inner.names(),
            TagExpression::And(left, right) | TagExpression::Or(left, right) => [left.names(), right.names()].concat(),
        }
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<TagExpression, String> {
        let mut left = self.all()?;
        while self.take("or") {
            left = TagExpression::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<TagExpression, String> {
        let mut left = self.one()?;
        while self.take("and") {
            left = TagExpression::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<TagExpression, String> {
        if self.take("not") {
            return Ok(TagExpression::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.any()?;
            return if self.take(")") { Ok(inner) } else { Err("a `(` in the tag expression is not closed".to_owned()) };
        }
        match self.peek() {
            Some(word) if !["and", "or", ")"].contains(&word) => {
                self.at += 1;
                Ok(TagExpression::Tag(word.to_owned()))
            }
            Some(word) => Err(format!("the tag expression has `{word}` where a tag was expected")),
            None => Err("the tag expression ends where a tag was expected".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str, tags: &[&str]) -> bool {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        TagExpression::parse(expression).expect("well-formed").holds(&tags)
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert!(holds("a and not b", &["a"]));
        assert!(!holds("a and not b", &["a", "b"]));
        assert!(holds("a or b and c", &["a"]));
        assert!(!holds("(a or b) and c", &["a"]));
    }

    #[test]
    fn ill_formed_expressions_say_what_was_expected() {
        for text in ["", "a and", "a b", "(a", "and", "not"] {
            assert!(TagExpression::parse(text).is_err(), "{text}");
        }
    }
}
