//! What a judge said beside what people said, added up.
//!
//! Owns: the figures by statement and over all, agreement among people, the gates.
//! Must not know: how a judge is asked, how figures are shown.

use super::labels::Item;
use super::statistics::{Confusion, Estimate, Kappa, bootstrap};
use crate::model::judge::Answers;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

const ROUNDS: usize = 2000;

/// What the judge made of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub recording: String,
    pub criterion_id: String,
    pub criterion: String,
    /// What most people said; true is `met`.
    pub label: bool,
    pub verdict: Verdict,
    /// Not all votes were alike.
    pub flipped: bool,
    pub hallucinated: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Met,
    NotMet,
    Unsure,
    /// The judge was at fault; its code and message.
    Fault(String),
}

/// What is asked of a calibration besides its figures.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: u64,
    /// True if there was more than one vote, so that flips mean something.
    pub several_votes: bool,
}

/// Bounds that the judge must reach over all statements.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gates {
    pub min_kappa_lower: Option<f64>,
    pub min_not_met_rate_lower: Option<f64>,
}

/// All figures of one set of items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Empty over all statements.
    pub criterion_id: String,
    pub criterion: String,
    pub confusion: Confusion,
    /// How many items a fault of the judge left without a verdict.
    pub faults: u64,
    pub coverage: Option<Estimate>,
    pub agreement: Option<Estimate>,
    pub kappa: Option<Kappa>,
    pub tpr: Option<Estimate>,
    pub tnr: Option<Estimate>,
    pub f1: Option<f64>,
    pub hallucinated_quotes: u64,
    /// The share of items whose votes were not all alike; `None` with one vote.
    pub flip_rate: Option<f64>,
}

/// How two people agree, over what both of them labelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    pub annotators: [String; 2],
    pub items: u64,
    pub kappa: Option<Kappa>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub criteria: Vec<Figures>,
    pub overall: Figures,
    /// 95 % intervals when whole recordings are drawn anew; `None` with one recording.
    pub bootstrap_kappa: Option<(f64, f64)>,
    pub bootstrap_tnr: Option<(f64, f64)>,
    pub seed: u64,
    /// The ceiling: no judge is asked to agree with people more than they do among themselves.
    pub people: Vec<People>,
    /// Items on which as many people said the one as the other; they are in no figure.
    pub disputed: u64,
}

/// What the judge made of an item; `met` is what its votes came to. `None` for a disputed item.
pub fn measured(item: &Item, met: Option<bool>, answers: &Answers) -> Option<Measured> {
    let answered = answers.criteria.iter().find(|answered| answered.criterion == item.criterion_id);
    let votes = answered.map_or(&[][..], |answered| answered.votes.as_slice());
    let fault = answers.fault.as_ref().or(answered.and_then(|answered| answered.fault.as_ref()));
    let verdict = match (fault, &answers.not_asked, met) {
        (Some(fault), _, _) => Verdict::Fault(format!("{}: {}", fault.code, fault.message)),
        (None, Some(reason), _) => Verdict::Fault(format!("not asked: {reason}")),
        (None, None, Some(true)) => Verdict::Met,
        (None, None, Some(false)) => Verdict::NotMet,
        (None, None, None) => Verdict::Unsure,
    };
    Some(Measured {
        recording: item.recording.clone(),
        criterion_id: item.criterion_id.clone(),
        criterion: item.criterion.clone(),
        label: item.label()?,
        verdict,
        flipped: votes.iter().any(|vote| vote.answer != votes[0].answer),
        hallucinated: votes.iter().flat_map(|vote| &vote.quotes).filter(|quote| !quote.found).count() as u64,
    })
}

/// Adds up. `items` are all of them, disputed ones too; `measured` those with a label.
pub fn calibration(items: &[Item], measured: &[Measured], options: Options) -> Calibration {
    let mut by_criterion: IndexMap<&str, Vec<&Measured>> = IndexMap::new();
    let mut by_recording: IndexMap<&str, Vec<&Measured>> = IndexMap::new();
    for one in measured {
        by_criterion.entry(&one.criterion_id).or_default().push(one);
        by_recording.entry(&one.recording).or_default().push(one);
    }
    let clusters: Vec<Vec<&Measured>> = by_recording.into_values().collect();
    let drawn = |value: fn(&Confusion) -> Option<f64>| {
        bootstrap(&clusters, options.seed, ROUNDS, |drawn| value(&confusion(drawn.iter().flat_map(|cluster| cluster.iter().copied()))))
    };
    let of_one = |of: &Vec<&Measured>| figures(of, &of[0].criterion_id, &of[0].criterion, options);
    Calibration {
        criteria: by_criterion.values().map(of_one).collect(),
        overall: figures(&measured.iter().collect::<Vec<_>>(), "", "", options),
        bootstrap_kappa: drawn(|table| table.kappa().map(|kappa| kappa.value)),
        bootstrap_tnr: drawn(|table| table.not_met_rate().map(|rate| rate.value)),
        seed: options.seed,
        people: people(items),
        disputed: items.iter().filter(|item| item.label().is_none()).count() as u64,
    }
}

fn confusion<'m>(measured: impl IntoIterator<Item = &'m Measured>) -> Confusion {
    let mut table = Confusion::default();
    for one in measured {
        match one.verdict {
            Verdict::Met => table.count(one.label, Some(true)),
            Verdict::NotMet => table.count(one.label, Some(false)),
            Verdict::Unsure => table.count(one.label, None),
            Verdict::Fault(_) => {}
        }
    }
    table
}

fn figures(of: &[&Measured], criterion_id: &str, criterion: &str, options: Options) -> Figures {
    let table = confusion(of.iter().copied());
    let flipped = of.iter().filter(|one| one.flipped).count() as f64;
    Figures {
        criterion_id: criterion_id.to_owned(),
        criterion: criterion.to_owned(),
        confusion: table,
        faults: of.iter().filter(|one| matches!(one.verdict, Verdict::Fault(_))).count() as u64,
        coverage: table.coverage(),
        agreement: table.agreement(),
        kappa: table.kappa(),
        tpr: table.met_rate(),
        tnr: table.not_met_rate(),
        f1: table.f1(),
        hallucinated_quotes: of.iter().map(|one| one.hallucinated).sum(),
        flip_rate: (options.several_votes && !of.is_empty()).then(|| flipped / of.len() as f64),
    }
}

/// Every two annotators who labelled the same items.
fn people(items: &[Item]) -> Vec<People> {
    let mut names: Vec<&str> = items.iter().flat_map(|item| item.labels.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    let mut out = Vec::new();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let mut table = Confusion::default();
            for item in items {
                if let (Some(a), Some(b)) = (item.labels.get(*one), item.labels.get(*other)) {
                    table.count(*a, Some(*b));
                }
            }
            if table.all() > 0 {
                out.push(People { annotators: [(*one).to_owned(), (*other).to_owned()], items: table.all(), kappa: table.kappa() });
            }
        }
    }
    out
}

impl Calibration {
    /// What the judge does not reach, one line each. A figure that cannot be known reaches nothing.
    pub fn short_of(&self, gates: &Gates) -> Vec<String> {
        let bounds = [
            ("kappa", self.overall.kappa.map(|kappa| kappa.low), gates.min_kappa_lower),
            ("TNR", self.overall.tnr.map(|rate| rate.low), gates.min_not_met_rate_lower),
        ];
        let mut out = Vec::new();
        for (name, got, wanted) in bounds {
            let Some(wanted) = wanted else { continue };
            match got {
                Some(got) if got >= wanted => {}
                Some(got) => out.push(format!("the lower bound of {name} is {got:.3}, below {wanted}")),
                None => out.push(format!("{name} is not known from these labels, so it does not reach {wanted}")),
            }
        }
        if self.overall.faults > 0 && !(gates.min_kappa_lower.is_none() && gates.min_not_met_rate_lower.is_none()) {
            out.push(format!("the judge was at fault on {} items", self.overall.faults));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(recording: usize, id: &str, label: bool, verdict: Verdict) -> Measured {
        Measured {
            recording: format!("r{recording}"),
            criterion_id: id.into(),
            criterion: "It is so.".into(),
            label,
            verdict,
            flipped: false,
            hallucinated: 0,
        }
    }

    /// The table 41/6/3/30, as items.
    fn worked() -> Vec<Measured> {
        let cells = [(41, true, Verdict::Met), (6, false, Verdict::Met), (3, true, Verdict::NotMet), (30, false, Verdict::NotMet)];
        let all = cells.into_iter().flat_map(|(count, label, verdict)| (0..count).map(move |_| (label, verdict.clone())));
        all.enumerate().map(|(at, (label, verdict))| measured(at % 16, if at % 2 == 0 { "a" } else { "b" }, label, verdict)).collect()
    }

    const OPTIONS: Options = Options { seed: 1, several_votes: false };

    fn gates(kappa: Option<f64>, tnr: Option<f64>) -> Gates {
        Gates { min_kappa_lower: kappa, min_not_met_rate_lower: tnr }
    }

    #[test]
    fn figures_are_by_statement_and_over_all() {
        let calibration = calibration(&[], &worked(), OPTIONS);
        assert_eq!(calibration.criteria.iter().map(|one| one.confusion.all()).sum::<u64>(), 80);
        assert_eq!(calibration.overall.confusion.true_met, 41);
        let (low, high) = calibration.bootstrap_kappa.unwrap();
        assert!(low < 0.771 && 0.771 < high, "{low} {high}");
    }

    #[test]
    fn the_gates_hold_or_say_what_is_missing() {
        let calibration = calibration(&[], &worked(), OPTIONS);
        assert_eq!(calibration.short_of(&gates(Some(0.63), Some(0.68))), Vec::<String>::new());
        let short = calibration.short_of(&gates(Some(0.7), Some(0.7)));
        assert!(short.len() == 2 && short[0].contains("kappa is 0.63") && short[1].contains("TNR is 0.681"), "{short:?}");
    }

    #[test]
    fn a_gate_is_not_reached_by_a_figure_that_nobody_knows_nor_by_a_judge_at_fault() {
        let only_met = calibration(&[], &[measured(0, "a", true, Verdict::Met)], OPTIONS);
        assert_eq!(only_met.short_of(&gates(Some(0.0), Some(0.0))).len(), 2);
        let mut with_fault = worked();
        with_fault.push(measured(0, "a", true, Verdict::Fault("judge-timeout".into())));
        assert_eq!(calibration(&[], &with_fault, OPTIONS).short_of(&gates(Some(0.0), None)), ["the judge was at fault on 1 items"]);
    }

    #[test]
    fn people_are_compared_with_each_other() {
        let item = |a: bool, b: Option<bool>| Item {
            recording: "r".into(),
            sha256: "s".into(),
            criterion_id: "a".into(),
            criterion: "T.".into(),
            evidence_from: vec![],
            labels: [("ann".to_owned(), Some(a)), ("bob".to_owned(), b)].into_iter().filter_map(|(who, said)| Some((who, said?))).collect(),
        };
        let items = [item(true, Some(true)), item(false, Some(false)), item(true, Some(false)), item(true, None)];
        let calibration = calibration(&items, &[], OPTIONS);
        assert_eq!((calibration.people[0].items, calibration.disputed), (3, 1));
        assert!((calibration.people[0].kappa.unwrap().value - 0.4).abs() < 1e-9);
    }
}
