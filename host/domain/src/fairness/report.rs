//! Fairness worked out again from the turns that the log holds, without looking at the
//! credits that the host kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shares::{is_zero, leads, moving_bound};
use super::{Candidate, Credit, Policy, Turn, UNIT};
use crate::id::{DecisionId, PoolId, RepId};

/// How fairly one pool's turns were given.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PoolReport {
    /// The pool.
    pub pool: PoolId,
    /// Its policy, as of the last turn.
    pub policy: Policy,
    /// Turns taken.
    pub picks: u64,
    /// Stretches in which candidates and weights stayed the same.
    pub runs: Vec<Run>,
    /// How many stretches there were besides, which kept their bounds and are only counted, since
    /// the facts of their decisions are no longer kept.
    #[serde(skip_serializing_if = "is_none")]
    pub runs_before: u64,
    /// Each rep who was ever a candidate.
    pub members: Vec<MemberReport>,
}

/// Whether a number is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// A stretch in which candidates and weights stayed the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// The number of its first turn in the pool, from 1.
    pub from: u64,
    /// The number of its last turn.
    pub to: u64,
    /// How many candidates there were.
    pub candidates: usize,
    /// How far a rep can be from the exact share, in leads. Under `quota` the strict bound where the
    /// run began at zero, else the stated one for changing candidates; under other policies, which
    /// promise nothing from one run to the next, from where the run began.
    pub bound: f64,
    /// How far one was, at most.
    pub max_abs_lag: f64,
}

/// How one rep fared in a pool.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MemberReport {
    /// Who.
    pub rep: RepId,
    /// The exact share of the leads, in leads.
    pub due: f64,
    /// Leads got by turn.
    pub got: u64,
    /// What they are owed now, in leads.
    pub lag: f64,
    /// The furthest that they ever were from their share.
    pub worst_lag: f64,
    /// The decision that left them there.
    pub worst_at: Option<DecisionId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    due: i64,
    got: u64,
    lag: i64,
    worst: i64,
    worst_at: Option<DecisionId>,
}

impl Run {
    /// Whether it kept its bound. A millionth of a lead is allowed for rounding.
    fn holds(&self) -> bool {
        self.max_abs_lag <= self.bound + 1e-6
    }
}

impl PoolReport {
    /// Whether no run left its bound.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.runs.iter().all(Run::holds)
    }

    /// The widest bound of its runs, and the largest lag.
    #[must_use]
    pub fn widest(&self) -> (f64, f64) {
        self.runs
            .iter()
            .fold((0.0, 0.0), |(bound, lag): (f64, f64), run| (bound.max(run.bound), lag.max(run.max_abs_lag)))
    }
}

/// Works out fairness per pool from turns in the order of the log.
#[must_use]
pub fn report<'a>(turns: impl Iterator<Item = (&'a DecisionId, Timestamp, &'a Turn)>) -> Vec<PoolReport> {
    let mut reckoning = Reckoning::default();
    for (decision, _, turn) in turns {
        reckoning.enter(decision, turn);
    }
    reckoning.close()
}

/// Fairness as far as the log was read, for logs that are read piece by piece. It can be written
/// down in the place of what was read, and goes on from there as if nothing were gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reckoning {
    pools: BTreeMap<PoolId, Ledger>,
}

impl Reckoning {
    /// The next turn of the log, and the decision that took it.
    pub fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        self.pools.entry(turn.pool.clone()).or_default().enter(decision, turn);
    }

    /// Leaves no more of the past than has an end: of the stretches in each pool, the last, the one
    /// that went furthest, the one with the widest bound, and those that left their bounds. The others
    /// are counted.
    pub fn condense(&mut self) {
        self.pools.values_mut().for_each(Ledger::condense);
    }

    /// What it comes to, pool by pool.
    #[must_use]
    pub fn close(self) -> Vec<PoolReport> {
        self.pools.into_iter().map(|(pool, ledger)| ledger.close(pool)).collect()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ledger {
    picks: u64,
    tallies: BTreeMap<RepId, Tally>,
    runs: Vec<Run>,
    runs_before: u64,
    roster: Vec<Candidate>,
    #[serde(default, skip_serializing_if = "Policy::is_quota")]
    policy: Policy,
    /// What each candidate was owed when the last run began, where that is what it is measured from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    began: BTreeMap<RepId, i64>,
}

impl Ledger {
    fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        self.picks += 1;
        let lost = turn.owed.as_ref().map(|owed| self.move_credit(owed));
        if lost.is_some() || self.runs.is_empty() || self.roster != turn.candidates || self.policy != turn.policy {
            self.begin_run(turn);
        }
        let shares = turn.policy.shares(&turn.candidates);
        // What members who left were owed has to be with those who stay, all of it.
        let mut worst = lost.unwrap_or(0);
        for (candidate, share) in turn.candidates.iter().zip(shares) {
            let tally = self.tallies.entry(candidate.rep.clone()).or_default();
            tally.due += share;
            tally.lag += share;
            if candidate.rep == turn.rep {
                tally.got += 1;
                tally.lag -= UNIT;
            }
            if tally.lag.abs() > tally.worst.abs() {
                tally.worst = tally.lag;
                tally.worst_at = Some(decision.clone());
            }
            let began = self.began.get(&candidate.rep).copied().unwrap_or(0);
            worst = worst.max((tally.lag - began).abs());
        }
        if let Some(run) = self.runs.last_mut() {
            run.to = self.picks;
            run.max_abs_lag = run.max_abs_lag.max(leads(worst));
        }
    }

    /// Members left: everybody is owed this now. Gives how much more or less that is in all.
    fn move_credit(&mut self, owed: &[Credit]) -> i64 {
        let before: i64 = self.tallies.values().map(|tally| tally.lag).sum();
        for Credit { rep, .. } in owed {
            self.tallies.entry(rep.clone()).or_default();
        }
        for (rep, tally) in &mut self.tallies {
            let now = owed.iter().find(|credit| credit.rep == *rep).map_or(0, |credit| credit.units);
            tally.due += now - tally.lag;
            tally.lag = now;
        }
        let after: i64 = owed.iter().map(|credit| credit.units).sum();
        (after - before).abs()
    }

    fn begin_run(&mut self, turn: &Turn) {
        let lag = |candidate: &Candidate| self.tallies.get(&candidate.rep).map_or(0, |tally| tally.lag);
        let from_zero = turn.candidates.iter().all(|candidate| is_zero(lag(candidate)));
        let members = self.tallies.len().max(turn.candidates.len());
        let strict = from_zero || !turn.policy.is_quota();
        let bound = if strict { turn.policy.bound(&turn.candidates) } else { moving_bound(members) };
        let owed = turn.candidates.iter().map(|candidate| (candidate.rep.clone(), lag(candidate)));
        self.began = if turn.policy.is_quota() { BTreeMap::new() } else { owed.collect() };
        self.policy = turn.policy;
        self.roster.clone_from(&turn.candidates);
        self.runs.push(Run {
            from: self.picks,
            to: self.picks,
            candidates: turn.candidates.len(),
            bound,
            max_abs_lag: 0.0,
        });
    }

    fn condense(&mut self) {
        let place = |by: fn(&Run) -> f64| {
            let runs = self.runs.iter().enumerate();
            runs.max_by(|(_, one), (_, other)| by(one).total_cmp(&by(other))).map(|(place, _)| place)
        };
        let kept = [place(|run| run.max_abs_lag), place(|run| run.bound), self.runs.len().checked_sub(1)];
        let before = self.runs.len();
        let mut place = 0;
        self.runs.retain(|run| {
            place += 1;
            kept.contains(&Some(place - 1)) || !run.holds()
        });
        self.runs_before += u64::try_from(before - self.runs.len()).unwrap_or(0);
    }

    fn close(self, pool: PoolId) -> PoolReport {
        let members = self
            .tallies
            .into_iter()
            .map(|(rep, tally)| MemberReport {
                rep,
                due: leads(tally.due),
                got: tally.got,
                lag: leads(tally.lag),
                worst_lag: leads(tally.worst),
                worst_at: tally.worst_at,
            })
            .collect();
        let Self { picks, runs, runs_before, policy, .. } = self;
        PoolReport { pool, policy, picks, runs, runs_before, members }
    }
}
