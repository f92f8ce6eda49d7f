//! What a trace shows beside the checks, and may explain why a case is red: the agent's last words, and whom it could not reach.
//!
//! Owns: when there is something to explain, how much is shown.
//! Must not know: what was expected.

use crate::model::trace::{Stream, Trace, What};
use serde_json::Value;

/// So many last lines are shown.
const LINES: usize = 5;
/// A line is shown up to here.
const WIDTH: usize = 240;

/// For a red case: what the agent said and tried where a turn did not go well, or a step ran out of time.
pub fn hints(trace: &Trace) -> Vec<String> {
    let whats = || trace.records.iter().map(|record| &record.what);
    let began = whats().any(|what| matches!(what, What::TurnBegin { .. }));
    if !began || !whats().any(went_wrong) {
        return vec![];
    }
    let mut refused: Vec<String> = Vec::new();
    for what in whats() {
        if let What::Egress { host, port, allowed: false, .. } = what {
            let place = format!("{host}:{port}");
            if !refused.contains(&place) {
                refused.push(place);
            }
        }
    }
    let said = |wanted: Stream| -> Vec<&str> {
        let line = |what| match what {
            &What::Log { stream, ref line } if stream == wanted => Some(line.as_str()),
            _ => None,
        };
        whats().filter_map(line).filter(|line| !line.trim().is_empty()).collect()
    };
    let mut hints = Vec::new();
    if !refused.is_empty() {
        hints.push(format!("the agent tried to reach {}, and was refused", refused.join(", ")));
    }
    let lines = said(Stream::Stderr);
    hints.extend(lines[lines.len().saturating_sub(LINES)..].iter().map(|line| format!("the agent said on stderr: {}", cut(line))));
    hints
}

fn went_wrong(what: &What) -> bool {
    match what {
        What::StepEnd { error, .. } => error.is_some(),
        What::Event { event, .. } if event.kind == "turn.finished" => {
            event.fields.get("status").and_then(Value::as_str).is_none_or(|status| status != "completed")
        }
        _ => false,
    }
}

fn cut(line: &str) -> String {
    if line.chars().count() <= WIDTH { line.to_owned() } else { line.chars().take(WIDTH).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::Event;
    use crate::recorder::Recorder;
    use serde_json::json;

    /// The hints after a turn that ended like this.
    fn after(status: &str) -> Vec<String> {
        let recorder = Recorder::new();
        recorder.push(What::TurnBegin { turn: 0, session: "main".into(), step: 0, said: "hello".into() });
        for n in 0..9 {
            recorder.push(What::Log { stream: Stream::Stderr, line: format!("line {n}") });
            recorder.push(What::Egress {
                host: "a.example".into(),
                port: 443,
                method: "CONNECT".into(),
                path: None,
                allowed: false,
                fake: None,
            });
        }
        let fields = json!({"status": status}).as_object().cloned().unwrap_or_default();
        let event = Event { kind: "turn.finished".into(), fields, batch: None };
        recorder.push(What::Event { event, session: "main".into(), turn: Some(0) });
        hints(&recorder.finish())
    }

    #[test]
    fn a_turn_that_failed_shows_the_last_lines_and_who_was_not_reached() {
        let hints = after("failed");
        assert_eq!(hints[0], "the agent tried to reach a.example:443, and was refused");
        assert_eq!(hints[1..], [4, 5, 6, 7, 8].map(|n| format!("the agent said on stderr: line {n}")));
    }

    #[test]
    fn a_turn_that_went_well_needs_no_hints() {
        assert!(after("completed").is_empty());
    }
}
