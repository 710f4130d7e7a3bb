//! How a pool stands: who is in it, who is there, what each has in hand and is owed, and whose turn
//! it is.

use jiff::Timestamp;
use rota_domain::agenda::Lines;
use rota_domain::desk::{Ask, Availability, Desk};
use rota_domain::event::Status;
use rota_domain::fairness::{Policy, leads};
use rota_domain::id::{FlowId, PoolId, RepId};
use rota_domain::load::{Left, Load};
use rota_domain::table::Amount;
use rota_domain::workspace::{Pool, Scope, Weights};
use schemars::JsonSchema;
use serde::Serialize;

/// For how many leads it is said who gets them.
const AHEAD: usize = 10;

/// A pool, as the end of the log leaves it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolState {
    /// Its name.
    pub id: PoolId,
    /// How turns are given.
    pub policy: Policy,
    /// Where its weights come from, in place of its members'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Weights>,
    /// When it gives leads: the id of a calendar.
    pub calendar: Option<String>,
    /// Turns taken so far.
    pub turns: u64,
    /// Whose turn is next among all who are there; a rule may ask among fewer.
    pub next: Option<RepId>,
    /// Who gets the next ten leads, if nothing else changes: nobody comes or goes, no lead is closed. Nobody,
    /// where turns go by distance.
    pub coming: Vec<RepId>,
    /// How many leads wait for a turn of it: they come before those.
    pub waiting: usize,
    /// Since when the one waits that waits longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub waiting_since: Option<Timestamp>,
    /// The same of each flow that had turns, where flows have rotations of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowTurns>,
    /// Who is in it, in the workspace's order.
    pub members: Vec<PoolMember>,
}

/// The turns of one flow in a pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FlowTurns {
    /// The flow.
    pub flow: FlowId,
    /// Turns taken so far.
    pub turns: u64,
    /// Who gets its next ten leads.
    pub coming: Vec<RepId>,
}

/// A member of a pool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PoolMember {
    /// Who.
    pub rep: RepId,
    /// What people call them.
    pub name: String,
    /// Their share, relative to the others'.
    pub weight: u32,
    /// What they have by the metric that weights come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub amount: Option<Amount>,
    /// Their place in a pecking order.
    pub score: Option<i32>,
    /// Whether they can be given a lead of this pool now.
    pub availability: Availability,
    /// Open leads; none where they are not counted, for want of a capacity or caps.
    pub open: Option<u32>,
    /// Most open leads; none means no limit.
    pub capacity: Option<u32>,
    /// What is left of their caps.
    pub caps: Vec<Left>,
    /// When a shift, a time off, the pool's hours or a cap change that.
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// What they were last said to be.
    pub status: Option<Status>,
    /// What they are owed, in leads; below zero, what they have had in advance.
    pub credit: f64,
    /// How many turns are kept for them from an absence.
    #[serde(skip_serializing_if = "is_none")]
    pub kept: usize,
}

/// Whether a number is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(number: &usize) -> bool {
    *number == 0
}

impl PoolState {
    /// How a pool stands at that time.
    #[must_use]
    pub fn of(pool: &Pool, desk: &Desk, now: Timestamp) -> Self {
        let rotation_of = |flow| desk.rotation(&desk.rotation_of(flow, &pool.id)?);
        let rotation = rotation_of(None);
        let credits = rotation.map(|rotation| rotation.credits()).unwrap_or_default();
        let credit = |rep: &RepId| credits.iter().find(|credit| credit.rep == *rep).map_or(0, |credit| credit.units);
        let measured = desk.measured(&pool.id, now);
        let members = pool.members.iter().filter_map(|member| {
            let place = desk.place(&member.rep)?;
            let rep = &desk.workspace.reps[place];
            Some(PoolMember {
                rep: rep.id.clone(),
                name: rep.title().to_owned(),
                weight: measured.as_ref().map_or(member.share(), |of| of.get(&rep.id).map_or(0, |of| of.weight)),
                amount: measured.as_ref().and_then(|of| Some(of.get(&rep.id)?.amount)),
                score: member.score,
                availability: desk.availability(place, Some(&pool.id), now),
                open: desk.counts(&rep.id).then(|| desk.load(place).map_or(0, Load::open)),
                capacity: rep.capacity,
                caps: desk.left(place, now),
                until: desk.next_change(place, Some(&pool.id), now),
                status: desk.status(&rep.id),
                credit: rounded(leads(credit(&rep.id))),
                kept: rotation.map_or(0, |rotation| rotation.kept(&rep.id, pool.absence(), now)),
            })
        });
        // Where turns go by distance, it is the lead that says whose it is.
        let coming = |flow| if pool.near.is_some() { Vec::new() } else { coming(&pool.id, flow, desk, now) };
        let own = desk.workspace.flows.iter().filter(|_| pool.scope == Scope::Flow).filter_map(|flow| {
            let turns = rotation_of(Some(&flow.id))?.picks();
            Some(FlowTurns { flow: flow.id.clone(), turns, coming: coming(Some(&flow.id)) })
        });
        let (flows, coming): (Vec<FlowTurns>, _) = (own.collect(), coming(None));
        Self {
            id: pool.id.clone(),
            policy: pool.policy,
            weights: pool.weights.clone(),
            calendar: pool.calendar.clone(),
            turns: rotation.map_or(0, |rotation| rotation.picks()) + flows.iter().map(|flow| flow.turns).sum::<u64>(),
            next: coming.first().cloned(),
            coming,
            waiting: desk.lines().waiting(&pool.id),
            waiting_since: desk.lines().since(&pool.id),
            flows,
            members: members.collect(),
        }
    }
}

/// Credits are kept in 2^-40 leads; what is left of that below a millionth is noise to people.
fn rounded(leads: f64) -> f64 {
    (leads * 1e6).round() / 1e6
}

/// Who gets the next leads that this flow routes to a pool now.
fn coming(pool: &PoolId, flow: Option<&FlowId>, desk: &Desk, now: Timestamp) -> Vec<RepId> {
    let mut desk = desk.clone();
    let mut coming = Vec::with_capacity(AHEAD);
    // Whoever waits is among the next leads.
    let front = Lines::front();
    while coming.len() < AHEAD
        && let Some(turn) = desk.turn(&Ask { flow, place: Some(&front), ..Ask::of(pool, now) })
    {
        desk.take(&turn);
        if desk.counts(&turn.rep) {
            desk.loads_mut().give(&turn.rep, &[], now);
        }
        coming.push(turn.rep);
    }
    coming
}
