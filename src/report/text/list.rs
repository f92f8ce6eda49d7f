//! What `--list` prints: each selected case in one line.
//!
//! Owns: the columns.
//! Must not know: how cases are selected.

use crate::model::outcome::CaseFacts;
use crate::report::clean;

/// A case that would run, or would be skipped.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    pub case: CaseFacts,
    pub skip: Option<String>,
}

/// One line a case: its id first, so that `cut -d' ' -f1` works where ids have no spaces. Ends with a count; no final line break.
pub fn list(cases: &[Listed]) -> String {
    let width = cases.iter().map(|listed| listed.case.id.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = cases.iter().map(|listed| line(listed, width)).collect();
    let skipped = cases.iter().filter(|listed| listed.skip.is_some()).count();
    lines.push(match (cases.len(), skipped) {
        (0, _) => "no cases".to_owned(),
        (1, 0) => "1 case".to_owned(),
        (all, 0) => format!("{all} cases"),
        (all, skipped) => format!("{all} case{}, {skipped} to be skipped", if all == 1 { "" } else { "s" }),
    });
    lines.join("\n")
}

fn line(listed: &Listed, width: usize) -> String {
    let case = &listed.case;
    let place = format!("{}:{}", clean::line(&case.path), case.line);
    let tags = case.tags.iter().map(|tag| format!("  #{}", clean::line(tag))).collect::<String>();
    let level = if case.level == "should" { "  should" } else { "" };
    let skip = listed.skip.as_ref().map(|reason| format!("  skipped: {}", clean::line(reason))).unwrap_or_default();
    format!("{:<width$}  {place}{level}{tags}{skip}", clean::line(&case.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn each_case_is_one_line_and_all_are_counted() {
        let mut second = samples::failed("a/long::b").case;
        second.tags = vec!["fast".into()];
        second.level = "should".into();
        let cases = [Listed { case: samples::passed("a::b").case, skip: None }, Listed { case: second, skip: Some("needs\nredis".into()) }];
        assert_eq!(
            list(&cases),
            "a::b       suites/dexter/wallets.yaml:9\na/long::b  suites/dexter/wallets.yaml:9  should  #fast  skipped: needs redis\n2 cases, 1 to be skipped"
        );
    }

    #[test]
    fn an_empty_list_is_told() {
        assert_eq!(list(&[]), "no cases");
    }
}
