//! Two raters of one question: how far they agree, and how sure that is.
//!
//! Owns: the table, its rates and intervals, kappa with its standard error, the bootstrap over clusters.
//! Must not know: judges, labels, files.

use serde::{Deserialize, Serialize};

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How often each verdict met each label. `unsure_*` are verdicts that decided nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusion {
    /// Label and verdict `met`.
    pub true_met: u64,
    /// Verdict `met`, label `not_met`.
    pub false_met: u64,
    /// Verdict `not_met`, label `met`.
    pub false_not_met: u64,
    pub true_not_met: u64,
    pub unsure_met: u64,
    pub unsure_not_met: u64,
}

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Cohen's kappa with the standard error of Fleiss, Cohen and Everitt (1969).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kappa {
    pub value: f64,
    pub standard_error: f64,
    pub low: f64,
    pub high: f64,
}

impl Confusion {
    pub fn count(&mut self, label: bool, verdict: Option<bool>) {
        let cell = match (label, verdict) {
            (true, Some(true)) => &mut self.true_met,
            (false, Some(true)) => &mut self.false_met,
            (true, Some(false)) => &mut self.false_not_met,
            (false, Some(false)) => &mut self.true_not_met,
            (true, None) => &mut self.unsure_met,
            (false, None) => &mut self.unsure_not_met,
        };
        *cell += 1;
    }

    pub fn decided(&self) -> u64 {
        self.true_met + self.false_met + self.false_not_met + self.true_not_met
    }

    pub fn all(&self) -> u64 {
        self.decided() + self.unsure_met + self.unsure_not_met
    }

    pub fn coverage(&self) -> Option<Estimate> {
        wilson(self.decided(), self.all())
    }

    pub fn agreement(&self) -> Option<Estimate> {
        wilson(self.true_met + self.true_not_met, self.decided())
    }

    /// Of what people call met, how much the judge does.
    pub fn met_rate(&self) -> Option<Estimate> {
        wilson(self.true_met, self.true_met + self.false_not_met)
    }

    /// Of what people call not met, how much the judge does.
    pub fn not_met_rate(&self) -> Option<Estimate> {
        wilson(self.true_not_met, self.true_not_met + self.false_met)
    }

    pub fn f1(&self) -> Option<f64> {
        let (hits, misses) = (2 * self.true_met, self.false_met + self.false_not_met);
        (hits + misses > 0).then(|| hits as f64 / (hits + misses) as f64)
    }

    /// `None` where chance alone would agree always (one side says only one thing, and so does the other), or nothing was decided.
    /// Full agreement has a standard error of 0 however few items there are; its lower bound is that of the table with half an item more
    /// in each cell, so that two items prove nothing.
    pub fn kappa(&self) -> Option<Kappa> {
        let table = [[self.true_met, self.false_met], [self.false_not_met, self.true_not_met]].map(|row| row.map(|count| count as f64));
        let kappa = kappa(table)?;
        if self.false_met + self.false_not_met > 0 {
            return Some(kappa);
        }
        let low = self::kappa(table.map(|row| row.map(|count| count + 0.5)))?.low;
        Some(Kappa { low, ..kappa })
    }
}

/// Of a table of any weights: rows are the judge's, columns people's.
fn kappa(table: [[f64; 2]; 2]) -> Option<Kappa> {
    let n: f64 = table.iter().flatten().sum();
    if n == 0.0 {
        return None;
    }
    let p = table.map(|row| row.map(|count| count / n));
    let judge = [p[0][0] + p[0][1], p[1][0] + p[1][1]];
    let people = [p[0][0] + p[1][0], p[0][1] + p[1][1]];
    let (observed, chance) = (p[0][0] + p[1][1], judge[0] * people[0] + judge[1] * people[1]);
    if 1.0 - chance < 1e-12 {
        return None;
    }
    let value = (observed - chance) / (1.0 - chance);
    let agree: f64 = (0..2).map(|i| p[i][i] * ((1.0 - chance) - (judge[i] + people[i]) * (1.0 - observed)).powi(2)).sum();
    let differ = p[0][1] * (people[0] + judge[1]).powi(2) + p[1][0] * (people[1] + judge[0]).powi(2);
    let rest = (observed * chance - 2.0 * chance + observed).powi(2);
    let variance = (agree + (1.0 - observed).powi(2) * differ - rest) / (n * (1.0 - chance).powi(4));
    let standard_error = variance.max(0.0).sqrt();
    Some(Kappa { value, standard_error, low: value - Z * standard_error, high: (value + Z * standard_error).min(1.0) })
}

/// Wilson's 95 % interval of `x` in `n`; `None` of nothing.
pub fn wilson(x: u64, n: u64) -> Option<Estimate> {
    if n == 0 {
        return None;
    }
    let (p, n) = (x as f64 / n as f64, n as f64);
    let width = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let (middle, scale) = (p + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    Some(Estimate { value: p, low: ((middle - width) / scale).max(0.0), high: ((middle + width) / scale).min(1.0) })
}

/// The share of `met` among people that stands behind an observed one (Rogan and Gladen 1978); `None` where the judge tells too little.
pub fn corrected(observed: f64, met_rate: f64, not_met_rate: f64) -> Option<f64> {
    let power = met_rate + not_met_rate - 1.0;
    (power >= 0.2).then(|| ((observed + not_met_rate - 1.0) / power).clamp(0.0, 1.0))
}

/// The 95 % percentile interval of a statistic when whole clusters are drawn anew: what stands in one recording is not independent.
/// `None` where fewer than two clusters, or fewer than half of the draws, have the statistic.
pub fn bootstrap<T>(clusters: &[T], seed: u64, rounds: usize, statistic: impl Fn(&[&T]) -> Option<f64>) -> Option<(f64, f64)> {
    if clusters.len() < 2 {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let mut values = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let drawn: Vec<&T> = clusters.iter().map(|_| &clusters[random.usize(..clusters.len())]).collect();
        values.extend(statistic(&drawn));
    }
    if values.len() * 2 < rounds {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Some((at(0.025), at(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(true_met: u64, false_met: u64, false_not_met: u64, true_not_met: u64) -> Confusion {
        Confusion { true_met, false_met, false_not_met, true_not_met, ..Confusion::default() }
    }

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 6e-5, "{got} is not {expected}");
    }

    fn estimate(got: Option<Estimate>, value: f64, low: f64, high: f64) {
        let got = got.unwrap();
        near(got.value, value);
        near(got.low, low);
        near(got.high, high);
    }

    #[test]
    fn the_worked_example_holds() {
        let table = table(41, 6, 3, 30);
        estimate(table.agreement(), 0.8875, 0.7998, 0.9397);
        estimate(table.met_rate(), 0.9318, 0.8178, 0.9765);
        estimate(table.not_met_rate(), 0.8333, 0.6811, 0.9213);
        let kappa = table.kappa().unwrap();
        near(kappa.value, 0.770992);
        near(kappa.standard_error, 0.071671);
        near(kappa.low, 0.6305);
        near(kappa.high, 0.9115);
        near(table.f1().unwrap(), 0.9011);
    }

    #[test]
    fn the_trap_is_seen_by_kappa_and_not_by_agreement() {
        let table = table(92, 6, 1, 1);
        near(table.agreement().unwrap().value, 0.93);
        assert!((table.f1().unwrap() - 0.963).abs() < 5e-4);
        assert!((table.kappa().unwrap().value - 0.197).abs() < 5e-4);
        assert!((table.not_met_rate().unwrap().value - 0.143).abs() < 5e-4);
    }

    #[test]
    fn wilson_is_as_in_the_tables() {
        for (x, n, low, high) in [
            (8, 10, 0.490162, 0.943318),
            (10, 10, 0.722467, 1.0),
            (0, 10, 0.0, 0.277533),
            (18, 20, 0.698966, 0.972134),
            (3, 3, 0.438503, 1.0),
        ] {
            estimate(wilson(x, n), x as f64 / n as f64, low, high);
        }
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn what_cannot_be_known_is_not_a_number() {
        assert_eq!(table(10, 0, 0, 0).kappa(), None, "chance alone would agree always");
        assert_eq!(table(0, 0, 0, 0).kappa(), None);
        assert_eq!((table(5, 0, 0, 0).not_met_rate(), table(0, 0, 0, 5).f1()), (None, None));
        let mut unsure = Confusion::default();
        unsure.count(true, None);
        assert_eq!((unsure.kappa(), unsure.agreement(), unsure.coverage().unwrap().value), (None, None, 0.0));
    }

    #[test]
    fn a_perfect_judge_has_kappa_1_and_a_reversed_one_less_than_0() {
        let perfect = table(10, 0, 0, 10).kappa().unwrap();
        near(perfect.value, 1.0);
        assert!(perfect.low > 0.6 && perfect.low < 0.85, "{}", perfect.low);
        assert!(table(1, 0, 0, 1).kappa().unwrap().low < 0.0, "two items prove nothing");
        near(table(0, 10, 10, 0).kappa().unwrap().value, -1.0);
    }

    #[test]
    fn a_rate_is_corrected_for_what_the_judge_gets_wrong() {
        let (met, not_met) = (41.0 / 44.0, 30.0 / 36.0);
        assert!((corrected(0.9, met, not_met).unwrap() - 0.958).abs() < 5e-4);
        assert!((corrected(0.7, met, not_met).unwrap() - 0.697).abs() < 5e-4);
        assert_eq!((corrected(0.5, 0.6, 0.5), corrected(1.0, 1.0, 1.0)), (None, Some(1.0)));
    }

    #[test]
    fn a_bootstrap_is_the_same_for_a_seed_and_wider_than_nothing() {
        let clusters: Vec<u32> = (0..40).collect();
        let mean = |drawn: &[&u32]| Some(drawn.iter().map(|n| f64::from(**n)).sum::<f64>() / drawn.len() as f64);
        let (low, high) = bootstrap(&clusters, 7, 500, mean).unwrap();
        assert_eq!(bootstrap(&clusters, 7, 500, mean), Some((low, high)));
        assert!(low < 19.5 && 19.5 < high && high - low < 10.0, "{low} {high}");
        assert_eq!(bootstrap(&clusters[..1], 7, 500, mean), None);
        assert_eq!(bootstrap(&clusters, 7, 500, |_| None), None);
    }
}
