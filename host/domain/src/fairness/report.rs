//! Fairness worked out again from the turns that the log holds, without looking at the
//! credits that the host kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levels::Levels;
use super::lifts::Lifts;
use super::makeup::Makeup;
use super::shares::{is_zero, leads, moving_bound};
use super::{Candidate, Credit, Policy, Turn, UNIT};
use crate::id::{DecisionId, PoolId, RepId, RotationId};

/// The most broken promises of a pool that are told; one is enough for it not to hold.
const BROKEN_MOST: usize = 20;

/// How fairly one pool's turns were given.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PoolReport {
    /// The pool; or the rotation, where flows have their own in it or pools share one: `na/inbound`,
    /// `group:west`, `tenant:acme`.
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
    /// Each rep who was ever a candidate. Turns that a backup took count for whose they were.
    pub members: Vec<MemberReport>,
    /// Turns that broke a promise besides: the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<Broken>,
}

/// A turn that was against what its pool says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Broken {
    /// The decision that took it.
    pub decision: DecisionId,
    /// Whose it was.
    pub rep: RepId,
    /// What it is against.
    pub promise: Promise,
}

/// What a pool may promise besides its policy's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// A turn that is paid besides was missed before, is not expired, and makes no two in a row.
    MakeUp,
    /// Each turn goes to who has least in hand, for the weight.
    Least,
    /// Each turn goes to who is nearest.
    Nearest,
    /// Nobody has a turn who is further ahead than the pool's stop.
    Stop,
}

impl Promise {
    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::MakeUp => "a kept turn was paid that nobody had missed",
            Self::Least => "a turn went to somebody who had not least in hand",
            Self::Nearest => "a turn went to somebody who was not nearest",
            Self::Stop => "a turn went to somebody too far ahead",
        }
    }
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
    /// How many of them were turns kept from an absence; those were due as well.
    #[serde(skip_serializing_if = "is_none")]
    pub made_up: u64,
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
    #[serde(default, skip_serializing_if = "is_none")]
    made_up: u64,
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
    /// Whether no run left its bound, and no promise was broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken.is_empty() && self.runs.iter().all(Run::holds)
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
    pools: BTreeMap<RotationId, Ledger>,
}

impl Reckoning {
    /// The next turn of the log, and the decision that took it.
    pub fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        self.pools.entry(turn.rotation()).or_default().enter(decision, turn);
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
        self.pools.into_iter().map(|(rotation, ledger)| ledger.close(rotation.as_str().into())).collect()
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
    /// What absent members missed, and who is how far ahead, by the log alone.
    #[serde(default, skip_serializing_if = "Makeup::is_empty")]
    makeup: Makeup,
    #[serde(default, skip_serializing_if = "Levels::is_empty")]
    levels: Levels,
    #[serde(default, skip_serializing_if = "Lifts::is_empty")]
    lifts: Lifts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    broken: Vec<Broken>,
}

impl Ledger {
    fn enter(&mut self, decision: &DecisionId, turn: &Turn) {
        if turn.besides.by_hand {
            // Turns go on from there: what was due before is due no more.
            return self.roster.clear();
        }
        self.judge(decision, turn);
        self.picks += 1;
        let lost = turn.owed.as_ref().map(|owed| self.move_credit(owed));
        if turn.besides.made_up {
            return self.make_up(turn, lost);
        }
        let bounded = turn.policy.is_shared();
        if !bounded {
            // What is in hand or how far it is is no share: no run is bounded, and the next that is begins anew.
            (self.policy, self.roster) = (turn.policy, Vec::new());
        } else if lost.is_some() || self.runs.is_empty() || self.roster != turn.candidates || self.policy != turn.policy
        {
            self.begin_run(turn);
        }
        let shares = turn.policy.shares(&turn.candidates);
        // What members who left were owed has to be with those who stay, all of it.
        let mut worst = lost.unwrap_or(0);
        for (candidate, share) in turn.candidates.iter().zip(shares) {
            let tally = self.tallies.entry(candidate.rep.clone()).or_default();
            tally.due += share;
            tally.lag += share;
            if candidate.rep == *turn.seat() {
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
        if let Some(run) = self.runs.last_mut().filter(|_| bounded) {
            run.to = self.picks;
            run.max_abs_lag = run.max_abs_lag.max(leads(worst));
        }
    }

    /// Whether the turn is one that its pool's own words allow, after those before it.
    fn judge(&mut self, decision: &DecisionId, turn: &Turn) {
        let nearest = turn.policy.nearest(&turn.candidates).and_then(|place| turn.candidates.get(place));
        let unpaid = turn.besides.made_up && !self.makeup.covers(turn);
        let wrong = [
            (unpaid, Promise::MakeUp),
            (self.levels.breaks(turn), Promise::Stop),
            (self.lifts.breaks(turn), Promise::Least),
            (nearest.is_some_and(|nearest| nearest.rep != *turn.seat()), Promise::Nearest),
        ];
        for (_, promise) in wrong.into_iter().filter(|(wrong, _)| *wrong) {
            if self.broken.len() < BROKEN_MOST {
                self.broken.push(Broken { decision: decision.clone(), rep: turn.seat().clone(), promise });
            }
        }
        self.makeup.enter(turn);
        self.levels.enter(turn);
        self.lifts.enter(turn);
    }

    /// A turn that is paid beside the rotation: it was due, and changes nobody's lag.
    fn make_up(&mut self, turn: &Turn, lost: Option<i64>) {
        let tally = self.tallies.entry(turn.seat().clone()).or_default();
        tally.due += UNIT;
        tally.got += 1;
        tally.made_up += 1;
        let Some(lost) = lost else { return };
        // The next turn of the rotation begins a run.
        self.roster.clear();
        if let Some(run) = self.runs.last_mut() {
            run.max_abs_lag = run.max_abs_lag.max(leads(lost));
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
                made_up: tally.made_up,
                lag: leads(tally.lag),
                worst_lag: leads(tally.worst),
                worst_at: tally.worst_at,
            })
            .collect();
        let Self { picks, runs, runs_before, policy, broken, .. } = self;
        PoolReport { pool, policy, picks, runs, runs_before, members, broken }
    }
}
