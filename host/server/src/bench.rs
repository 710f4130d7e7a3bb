//! The figures of `rota bench`: many decisions by one plugin, and how they spread.

use anyhow::bail;
use rota_domain::rule::Question;
use rota_rules::{Catalogue, Cost};
use serde::Serialize;

/// Decisions before the first one that counts: code and memory are cold at first.
const WARM: usize = 50;

/// What decisions of one plugin cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How many decisions.
    pub decisions: u32,
    /// How many different leads they were about.
    pub leads: usize,
    /// Fuel a decision.
    pub fuel: Spread,
    /// The most fuel that is granted.
    pub fuel_granted: u64,
    /// The whole decision, in nanoseconds of processor time; so are its parts.
    pub total_nanos: Spread,
    /// A fresh store and instance.
    pub instantiate_nanos: Spread,
    /// The rule, with the host's answers.
    pub call_nanos: Spread,
    /// Clearing the instance away.
    pub clear_nanos: Spread,
    /// The most bytes of memory that any of them had.
    pub memory: usize,
    /// The most that is granted.
    pub memory_granted: usize,
}

/// The middle and the slow end of many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Half are no larger.
    pub p50: u64,
    /// 99 of a hundred are no larger.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl Spread {
    /// Of some numbers; of none, zero.
    #[must_use]
    pub fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let at = |hundredths: usize| {
            let place = (numbers.len() * hundredths).div_ceil(100).saturating_sub(1);
            numbers.get(place).copied().unwrap_or(0)
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// Puts these questions in turn, `decisions` times altogether.
///
/// # Errors
/// If the plugin stops at one of them.
pub fn measure(catalogue: &Catalogue, questions: &[Question], decisions: u32) -> anyhow::Result<Figures> {
    let Some(first) = questions.first() else { bail!("there is nothing to ask the plugin") };
    let (fuel_granted, memory_granted) = (first.limits.fuel, first.limits.memory);
    let count = usize::try_from(decisions)?;
    let mut costs = Vec::with_capacity(count);
    for question in questions.iter().cycle().take(WARM + count) {
        let lead = question.lead.id.clone();
        match catalogue.measure(question.clone()) {
            Ok(cost) => costs.push(cost),
            Err(failure) => bail!("the plugin failed on lead {lead} [{}]: {}", failure.code, failure.detail),
        }
    }
    let costs = costs.split_off(WARM);
    let spread = |part: &dyn Fn(&Cost) -> u64| Spread::of(costs.iter().map(part).collect());
    Ok(Figures {
        decisions,
        leads: questions.len(),
        fuel: spread(&|cost| cost.fuel),
        fuel_granted,
        total_nanos: spread(&|cost| cost.instantiate_nanos + cost.call_nanos + cost.clear_nanos),
        instantiate_nanos: spread(&|cost| cost.instantiate_nanos),
        call_nanos: spread(&|cost| cost.call_nanos),
        clear_nanos: spread(&|cost| cost.clear_nanos),
        memory: costs.iter().map(|cost| cost.memory).max().unwrap_or(0),
        memory_granted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slow_end_are_those_of_the_numbers() {
        let spread = Spread::of((1..=200).rev().collect());
        assert_eq!(spread, Spread { p50: 100, p99: 198, max: 200 });
        assert_eq!(Spread::of(vec![7]), Spread { p50: 7, p99: 7, max: 7 });
    }
}
