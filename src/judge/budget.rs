//! What a run has spent on its judge, and what it may still spend.
//!
//! Owns: reservations before each call, the costs of calls, prices that nobody knows.
//! Must not know: who is asked what.

use super::lock::Usage;
use crate::model::judge::{Budget, JudgeProblem, Price};
use std::sync::Mutex;

/// A token is seldom shorter than this, so a reservation is seldom too small.
const BYTES_OF_A_TOKEN: f64 = 3.0;
const MILLION: f64 = 1e6;

/// Shared by all cases of a run.
#[derive(Debug, Default)]
pub(super) struct Spent(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    calls: u64,
    usd: f64,
}

/// Room for one call. One that is never settled counts as spent: nobody knows what a call that did not come back cost.
#[derive(Debug)]
pub(super) struct Reservation {
    usd: f64,
}

impl Spent {
    /// Takes room for one call that sends `bytes` and may bring `output` tokens.
    pub(super) fn reserve(&self, budget: &Budget, price: Option<&Price>, bytes: usize, output: u32) -> Result<Reservation, JudgeProblem> {
        let usd = match (price, budget.usd) {
            (Some(price), _) => (price.input * bytes as f64 / BYTES_OF_A_TOKEN + price.output * f64::from(output)) / MILLION,
            (None, None) => 0.0,
            (None, Some(_)) => return Err(unknown_price()),
        };
        let mut state = self.0.lock().expect("no panic happens under this lock");
        if let Some(most) = budget.calls.filter(|most| state.calls >= *most) {
            return Err(exhausted(format!("{most} calls were made, and more are not allowed")));
        }
        if let Some(most) = budget.usd.filter(|most| state.usd + usd > *most) {
            return Err(exhausted(format!("of ${most:.2}, ${:.4} is spent, and the next call may cost ${usd:.4}", state.usd)));
        }
        state.calls += 1;
        state.usd += usd;
        Ok(Reservation { usd })
    }

    /// Puts what a call really cost in the place of what was reserved for it.
    pub(super) fn settle(&self, reservation: Reservation, usd: Option<f64>) {
        if let Some(usd) = usd {
            self.0.lock().expect("no panic happens under this lock").usd += usd - reservation.usd;
        }
    }
}

/// What a call cost; `None` if nobody says.
pub(super) fn cost(usage: &Usage, price: Option<&Price>) -> Option<f64> {
    usage.usd.or_else(|| {
        let price = price?;
        let fresh = usage.input.saturating_sub(usage.cached) as f64;
        Some((fresh * price.input + usage.cached as f64 * price.cached + usage.output as f64 * price.output) / MILLION)
    })
}

fn exhausted(why: String) -> JudgeProblem {
    let message = format!("the judge's budget is used up: {why}");
    JudgeProblem { code: "budget-exhausted".to_owned(), message, details: vec!["raise `judge: budget`, or commit the lock".to_owned()] }
}

fn unknown_price() -> JudgeProblem {
    JudgeProblem {
        code: "price-unknown".to_owned(),
        message: "the judge's budget is in US dollars, and nobody wrote what this model costs".to_owned(),
        details: vec!["write it into `judge: prices` of checkride.yaml, or limit `calls` alone".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price { input: 3.0, cached: 0.3, output: 15.0 };

    #[test]
    fn the_call_beyond_the_budget_is_refused() {
        let (spent, budget) = (Spent::default(), Budget { calls: Some(2), usd: None });
        for _ in 0..2 {
            spent.reserve(&budget, None, 1000, 100).unwrap();
        }
        assert_eq!(spent.reserve(&budget, None, 1000, 100).unwrap_err().code, "budget-exhausted");
    }

    #[test]
    fn room_is_taken_before_the_call_and_given_back_after_it() {
        let (spent, budget) = (Spent::default(), Budget { calls: None, usd: Some(0.002) });
        // 300 bytes and 100 tokens: $0.0018.
        let first = spent.reserve(&budget, Some(&PRICE), 300, 100).unwrap();
        assert!(spent.reserve(&budget, Some(&PRICE), 300, 100).is_err());
        spent.settle(first, Some(0.0001));
        let second = spent.reserve(&budget, Some(&PRICE), 300, 100).unwrap();
        spent.settle(second, None);
        assert!(spent.reserve(&budget, Some(&PRICE), 300, 100).is_err(), "what is not known counts as reserved");
    }

    #[test]
    fn a_budget_in_dollars_needs_a_price() {
        let budget = Budget { calls: None, usd: Some(1.0) };
        assert_eq!(Spent::default().reserve(&budget, None, 1, 1).unwrap_err().code, "price-unknown");
        assert!(Spent::default().reserve(&Budget::default(), None, 1, 1).is_ok());
    }

    #[test]
    fn a_cost_is_by_price_or_as_the_provider_says_or_not_known() {
        let usage = Usage { input: 1_000_000, cached: 500_000, output: 100_000, ..Usage::default() };
        assert_eq!(cost(&usage, Some(&PRICE)), Some(1.5 + 0.15 + 1.5));
        assert_eq!(cost(&usage, None), None);
        assert_eq!(cost(&Usage { usd: Some(0.2), ..usage }, Some(&PRICE)), Some(0.2));
    }
}
