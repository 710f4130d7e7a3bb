//! Fairness worked out again from the turns that the log holds, without looking at the
//! credits that the host kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::shares::{bound, is_zero, leads, moving_bound, shares};
use super::{Candidate, Turn, UNIT};
use crate::id::{DecisionId, PoolId, RepId};

/// How fairly one pool's turns were given.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PoolReport {
    /// The pool.
    pub pool: PoolId,
    /// Its policy.
    pub policy: &'static str,
    /// Turns taken.
    pub picks: u64,
    /// Stretches in which candidates and weights stayed the same.
    pub runs: Vec<Run>,
    /// Each rep who was ever a candidate.
    pub members: Vec<MemberReport>,
}

/// A stretch in which candidates and weights stayed the same.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Run {
    /// The number of its first turn in the pool, from 1.
    pub from: u64,
    /// The number of its last turn.
    pub to: u64,
    /// How many candidates there were.
    pub candidates: usize,
    /// How far a rep can be from the exact share, in leads: the strict bound where the run
    /// began at zero, else the stated one for changing candidates.
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

#[derive(Default)]
struct Tally {
    due: i64,
    got: u64,
    lag: i64,
    worst: i64,
    worst_at: Option<DecisionId>,
}

impl PoolReport {
    /// Whether no run left its bound. A millionth of a lead is allowed for rounding.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.runs.iter().all(|run| run.max_abs_lag <= run.bound + 1e-6)
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

/// Fairness as far as the log was read, for logs that are read piece by piece.
#[derive(Default)]
pub struct Reckoning {
    pools: BTreeMap<PoolId, Ledger>,
}

impl Reckoning {
    /// The next turn of the log, and the decision that took it.
    pub fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        self.pools.entry(turn.pool.clone()).or_default().enter(decision, turn);
    }

    /// What it comes to, pool by pool.
    #[must_use]
    pub fn close(self) -> Vec<PoolReport> {
        self.pools.into_iter().map(|(pool, ledger)| ledger.close(pool)).collect()
    }
}

#[derive(Default)]
struct Ledger {
    picks: u64,
    tallies: BTreeMap<RepId, Tally>,
    runs: Vec<Run>,
    roster: Vec<Candidate>,
}

impl Ledger {
    fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        self.picks += 1;
        if self.runs.is_empty() || self.roster != turn.candidates {
            self.begin_run(turn);
        }
        let shares = shares(turn.candidates.iter().map(|candidate| candidate.weight));
        let mut worst = 0;
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
            worst = worst.max(tally.lag.abs());
        }
        if let Some(run) = self.runs.last_mut() {
            run.to = self.picks;
            run.max_abs_lag = run.max_abs_lag.max(leads(worst));
        }
    }

    fn begin_run(&mut self, turn: &Turn) {
        let lag = |candidate: &Candidate| self.tallies.get(&candidate.rep).map_or(0, |tally| tally.lag);
        let from_zero = turn.candidates.iter().all(|candidate| is_zero(lag(candidate)));
        let members = self.tallies.len().max(turn.candidates.len());
        let bound = if from_zero { bound(turn.candidates.len()) } else { moving_bound(members) };
        self.roster.clone_from(&turn.candidates);
        self.runs.push(Run {
            from: self.picks,
            to: self.picks,
            candidates: turn.candidates.len(),
            bound,
            max_abs_lag: 0.0,
        });
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
        PoolReport { pool, policy: "quota", picks: self.picks, runs: self.runs, members }
    }
}
