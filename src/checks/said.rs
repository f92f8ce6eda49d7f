//! What a check says, and the texts in which it says so.
//!
//! Owns: the three answers of a check, how values are shown in messages.
//! Must not know: which checks there are.

use crate::matching::value::{self, Fault, Mismatch};
use crate::model::outcome::{Failure, FindingVerdict};
use crate::model::pattern::Pattern;
use crate::model::template::Scope;
use crate::model::trace::Blame;
use serde_json::Value;

/// The longest value in a message, in characters.
const LONGEST: usize = 300;

/// The answer of one check. For `never`, `Fails` means that the forbidden thing happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Holds,
    Fails(Failure),
    Cannot(Blame, Failure),
}

impl Said {
    pub(crate) fn fails(message: impl Into<String>) -> Said {
        Said::Fails(failure(message))
    }

    /// The check could not be made because of how the suite is written.
    pub(crate) fn suite(message: impl Into<String>) -> Said {
        Said::Cannot(Blame::Suite, failure(message))
    }

    /// The check could not be made for a reason that its pattern gave. Names are known since the suite was read, so that a value of a
    /// turn that is missing now is one that the agent did not tell.
    pub(crate) fn unchecked(subject: &str, reason: &str) -> Said {
        let message = format!("{subject} could not be checked: {reason}");
        match reason.starts_with("`{{turn.") {
            true => Said::fails(format!("{message}, since the agent did not tell it")),
            false => Said::suite(message),
        }
    }

    /// What a value test said about `subject`, such as `the reply`.
    pub(crate) fn of(subject: &str, result: Result<(), Mismatch>) -> Said {
        match result {
            Ok(()) => Said::Holds,
            Err(Mismatch { fault: Some(Fault::Suite(reason)), .. }) => Said::unchecked(subject, &reason),
            Err(mismatch) => Said::Fails(mismatched(subject, &mismatch)),
        }
    }

    /// The first that does not hold; fakes and suites at fault come before the agent.
    pub(crate) fn all(said: impl IntoIterator<Item = Said>) -> Said {
        let mut first = Said::Holds;
        for said in said {
            match said {
                Said::Holds => {}
                Said::Cannot(..) => return said,
                Said::Fails(_) if first == Said::Holds => first = said,
                Said::Fails(_) => {}
            }
        }
        first
    }

    pub(crate) fn verdict(self) -> FindingVerdict {
        match self {
            Said::Holds => FindingVerdict::Pass,
            Said::Fails(failure) => FindingVerdict::Fail(failure),
            Said::Cannot(blame, failure) => FindingVerdict::Broken(blame, failure),
        }
    }

    /// In `reach`, what fails was not reached.
    pub(crate) fn reached(self) -> FindingVerdict {
        match self {
            Said::Fails(failure) => FindingVerdict::NotReached(Failure { message: format!("not reached: {}", failure.message), ..failure }),
            said => said.verdict(),
        }
    }
}

/// What negative tests found, one candidate after another.
#[derive(Debug, Default)]
pub(crate) struct Hunt {
    compared: usize,
    misshapen: Option<Mismatch>,
    shapes: usize,
}

impl Hunt {
    /// Tests one candidate. `Some` if the hunt is over: it matched, or the pattern cannot be tested.
    pub(crate) fn take(
        &mut self,
        pattern: &Pattern,
        value: Option<&Value>,
        scope: &dyn Scope,
        found: impl FnOnce() -> Failure,
    ) -> Option<Said> {
        self.compared += 1;
        match value::holds(pattern, value, scope) {
            Ok(true) => return Some(Said::Fails(found())),
            Err(reason) => return Some(Said::suite(format!("what must never be could not be checked: {reason}"))),
            Ok(false) => {}
        }
        let mut differences = value::differences(pattern, value, scope);
        if !differences.is_empty() && differences.iter().all(|mismatch| mismatch.fault == Some(Fault::Shape)) {
            self.shapes += 1;
            self.misshapen.get_or_insert(differences.swap_remove(0));
        }
        None
    }

    /// Nothing matched. A pattern that found nothing but another shape in every candidate could not have matched.
    pub(crate) fn end(self) -> Said {
        match self.misshapen {
            Some(mismatch) if self.shapes == self.compared => Said::Cannot(Blame::Suite, {
                let at = if mismatch.path.is_empty() { String::new() } else { format!(" at `{}`", mismatch.path) };
                Failure {
                    message: format!(
                        "this negative pattern can never match: it expects {}{at}, and every value it met there is of another shape, such as {}",
                        mismatch.expected, mismatch.actual
                    ),
                    expected: mismatch.expected,
                    actual: mismatch.actual,
                    details: vec!["`checkride show` prints what was observed; write the pattern for that shape".to_owned()],
                }
            }),
            _ => Said::Holds,
        }
    }
}

pub(crate) fn failure(message: impl Into<String>) -> Failure {
    Failure { message: message.into(), ..Failure::default() }
}

/// `the reply: expected …, got …`, with the path inside the value if there is one.
pub(crate) fn mismatched(subject: &str, mismatch: &Mismatch) -> Failure {
    let at = match mismatch.path.as_str() {
        "" => subject.to_owned(),
        path => format!("{subject}, at `{path}`"),
    };
    let (expected, actual) = (cut(&mismatch.expected), cut(&mismatch.actual));
    Failure { message: format!("{at}: expected {expected}, got {actual}"), expected, actual, details: vec![] }
}

/// A value as compact JSON, cut.
pub(crate) fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

/// At most 300 characters; what is left out is marked by `…`. Line breaks become spaces, so that a message stays one line.
pub(crate) fn cut(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).map(|c| if c == '\n' || c == '\r' { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}
