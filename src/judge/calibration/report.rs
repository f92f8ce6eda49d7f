//! A calibration as people read it, and as later runs do.
//!
//! Owns: the table on the terminal, the file `calibration.json`, by which key a run finds its statement there.
//! Must not know: how figures are made.

use super::measured::{Calibration, Figures};
use super::statistics::{Estimate, Kappa, corrected};
use crate::base::clock::now_rfc3339;
use crate::judge::digest::sha256_of;
use crate::judge::prompt::{TEMPLATE, template_sha256};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// `calibration.json`: who judged, by which prompt, and how well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrated {
    pub v: u32,
    pub model: String,
    pub template: String,
    pub template_sha256: String,
    /// Of the file of labels.
    pub labels_sha256: String,
    pub created_at: String,
    pub calibration: Calibration,
    /// By the hash of template, model and statement: a changed one is not calibrated.
    pub by_key: BTreeMap<String, Figures>,
}

fn key(model: &str, criterion: &str) -> String {
    sha256_of(&json!([template_sha256(false), model, criterion]))
}

/// The file for one calibration.
pub fn calibrated(model: &str, labels: &[u8], calibration: Calibration) -> Calibrated {
    Calibrated {
        v: 1,
        model: model.to_owned(),
        template: TEMPLATE.to_owned(),
        template_sha256: template_sha256(false).to_owned(),
        labels_sha256: crate::judge::digest::sha256(labels),
        created_at: now_rfc3339(),
        by_key: calibration.criteria.iter().map(|figures| (key(model, &figures.criterion), figures.clone())).collect(),
        calibration,
    }
}

/// The SHA-256 of a file, as labels name it.
pub fn digest(bytes: &[u8]) -> String {
    crate::judge::digest::sha256(bytes)
}

impl Calibrated {
    pub fn print(&self) -> String {
        let mut out = serde_json::to_string_pretty(self).expect("plain data becomes JSON");
        out.push('\n');
        out
    }

    pub fn read(text: &str) -> Result<Calibrated, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What is known of this judge on this very statement by this very prompt.
    pub fn of(&self, model: &str, criterion: &str) -> Option<&Figures> {
        self.by_key.get(&key(model, criterion))
    }
}

/// One line on statements that were judged, each by its judge and its text; `None` if there is none. `known` is the file, if there is one.
pub fn standing<'s>(known: Option<&Calibrated>, judged: impl IntoIterator<Item = (&'s str, &'s str)>) -> Option<String> {
    let (mut calibrated, mut all, mut lowest) = (0, 0, None::<Kappa>);
    for (model, statement) in judged {
        all += 1;
        if let Some(figures) = known.and_then(|known| known.of(model, statement)) {
            calibrated += 1;
            lowest = [lowest, figures.kappa].into_iter().flatten().min_by(|a, b| a.value.total_cmp(&b.value));
        }
    }
    let lowest = lowest.map(|lowest| format!(" (lowest kappa {})", kappa(lowest))).unwrap_or_default();
    match (all, calibrated) {
        (0, _) => None,
        (all, 0) => Some(format!("judge: {all} UNCALIBRATED; `checkride judge calibrate` measures it against people's labels")),
        (all, some) if all == some => Some(format!("judge: all {all} calibrated{lowest}")),
        (all, some) => Some(format!("judge: {some} of {all} calibrated{lowest}, {} UNCALIBRATED", all - some)),
    }
}

fn kappa(kappa: Kappa) -> String {
    format!("{:.2} [{:.2}, {:.2}]", kappa.value, kappa.low, kappa.high)
}

fn estimate(estimate: Option<Estimate>) -> String {
    estimate.map_or("n/a".to_owned(), |e| format!("{:.3} [{:.3}, {:.3}]", e.value, e.low, e.high))
}

fn interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or("n/a".to_owned(), |(low, high)| format!("[{low:.3}, {high:.3}]"))
}

/// All figures as text. Intervals are of 95 %.
pub fn shown(calibration: &Calibration, model: &str) -> String {
    let mut out = format!("judge {model}, prompt {TEMPLATE}\n");
    for figures in &calibration.criteria {
        let _ = writeln!(out, "\n{}: {:?}", figures.criterion_id, figures.criterion);
        block(&mut out, figures);
    }
    out.push_str("\nover all statements\n");
    block(&mut out, &calibration.overall);
    let _ = writeln!(
        out,
        "  by recordings drawn anew (seed {}): kappa {}, TNR {}",
        calibration.seed,
        interval(calibration.bootstrap_kappa),
        interval(calibration.bootstrap_tnr)
    );
    for people in &calibration.people {
        let agreed = people.kappa.map_or("n/a".to_owned(), kappa);
        let _ = writeln!(out, "  people: {} and {}, {} items, kappa {agreed}", people.annotators[0], people.annotators[1], people.items);
    }
    if calibration.disputed > 0 {
        let _ = writeln!(out, "  disputed among people and left out: {}", calibration.disputed);
    }
    let not_met = calibration.overall.confusion.true_not_met + calibration.overall.confusion.false_met;
    if not_met < 35 {
        let _ = writeln!(out, "  only {not_met} decided items are not_met by people; TNR within 0.10 needs 35 or more");
    }
    out
}

fn block(out: &mut String, figures: &Figures) {
    let table = &figures.confusion;
    let _ = writeln!(out, "                  judge: met  not_met  unsure");
    let _ = writeln!(out, "  people met      {:>10}  {:>7}  {:>6}", table.true_met, table.false_not_met, table.unsure_met);
    let _ = writeln!(out, "  people not_met  {:>10}  {:>7}  {:>6}", table.false_met, table.true_not_met, table.unsure_not_met);
    let _ = writeln!(out, "  n {}, faults {}, coverage {}", table.all(), figures.faults, estimate(figures.coverage));
    let se =
        figures.kappa.map_or("n/a".to_owned(), |k| format!("{:.3} (SE {:.3}) [{:.3}, {:.3}]", k.value, k.standard_error, k.low, k.high));
    let _ = writeln!(out, "  agreement {}, kappa {se}", estimate(figures.agreement));
    let f1 = figures.f1.map_or("n/a".to_owned(), |f1| format!("{f1:.3}"));
    let _ = writeln!(out, "  TPR {}, TNR {}, F1 {f1}", estimate(figures.tpr), estimate(figures.tnr));
    let flips = figures.flip_rate.map_or(String::new(), |rate| format!(", flip rate {rate:.3}"));
    let _ = writeln!(out, "  quotes made up: {}{flips}", figures.hallucinated_quotes);
    if let (Some(tpr), Some(tnr), true) = (figures.tpr, figures.tnr, table.decided() > 0) {
        let observed = (table.true_met + table.false_met) as f64 / table.decided() as f64;
        let corrected = corrected(observed, tpr.value, tnr.value).map_or("n/a".to_owned(), |rate| format!("{rate:.3}"));
        let _ = writeln!(out, "  share met: {observed:.3} by the judge, {corrected} corrected");
    }
}

#[cfg(test)]
mod tests {
    use super::super::measured::{Measured, Options, Verdict, calibration};
    use super::*;

    fn sample() -> Calibration {
        let one = |label, verdict| Measured {
            recording: "r".into(),
            criterion_id: "a".into(),
            criterion: "It is so.".into(),
            label,
            verdict,
            flipped: false,
            hallucinated: 1,
        };
        calibration(
            &[],
            &[one(true, Verdict::Met), one(false, Verdict::NotMet), one(true, Verdict::Unsure)],
            Options { seed: 7, several_votes: true },
        )
    }

    #[test]
    fn a_run_finds_its_statement_by_model_and_words() {
        let file = calibrated("m", b"labels", sample());
        let again = Calibrated::read(&file.print()).unwrap();
        assert_eq!(again, file);
        assert!(again.of("m", "It is so.").is_some() && again.of("m", "It is not so.").is_none() && again.of("n", "It is so.").is_none());
        let says = |judged: &[(&str, &str)]| standing(Some(&again), judged.iter().copied()).unwrap_or_default();
        assert_eq!(says(&[("m", "It is so.")]), "judge: all 1 calibrated (lowest kappa 1.00 [-0.35, 1.00])");
        assert!(
            says(&[("m", "It is so."), ("n", "It is so.")])
                .ends_with("1 of 2 calibrated (lowest kappa 1.00 [-0.35, 1.00]), 1 UNCALIBRATED")
        );
        assert!(says(&[("n", "It is so.")]).starts_with("judge: 1 UNCALIBRATED"));
        assert_eq!((says(&[]), standing(None, [("m", "It is so.")]).is_some()), (String::new(), true));
    }

    #[test]
    fn what_is_not_known_is_shown_so_and_the_seed_is_printed() {
        let text = shown(&sample(), "m");
        for part in ["seed 7", "kappa n/a, TNR n/a", "n 3, faults 0, coverage 0.667", "quotes made up: 3, flip rate 0.000", "needs 35"] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
