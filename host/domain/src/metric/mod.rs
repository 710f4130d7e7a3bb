//! Weights that come from a metric: numbers of reps, each with its time, such as the deals that they
//! have won. A pool names a dated table, and its members' weights follow from what it says at the
//! instant of a decision, which is one and the same whenever that is worked out again.

mod series;

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::id::PoolId;
use crate::roster::{Roster, Seat};
use crate::table::{Amount, Tables};
use crate::workspace::{Rep, Weights, Workspace};

use series::Series;

/// The largest weight that follows from a metric.
pub const WEIGHT_MAX: u32 = 1_000_000;

/// The metrics of a workspace's pools, worked out once a revision.
#[derive(Debug, Default)]
pub struct Metrics(HashMap<PoolId, Metric>);

#[derive(Debug)]
struct Metric {
    terms: Weights,
    /// Of each member, in the roster's order.
    members: Vec<Series>,
}

/// What a member of a pool has by its metric.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// How much, the floor aside.
    pub amount: Amount,
    /// The weight that follows.
    pub weight: u32,
}

impl Metrics {
    /// Those of this workspace whose tables are there.
    #[must_use]
    pub fn of(workspace: &Workspace, roster: &Roster, tables: &Tables) -> Self {
        let zone = TimeZoneDatabase::bundled().get(&workspace.time_zone).unwrap_or(TimeZone::UTC);
        let metrics = workspace.pools.iter().filter_map(|pool| {
            let terms = pool.weights.clone()?;
            let table = tables.get(&terms.metric)?;
            let members = roster.pool(&pool.id)?.iter();
            let series = |seat: &Seat| {
                Series::of(
                    keys(&workspace.reps[seat.place]).flat_map(|key| table.dated(&key, &zone).collect::<Vec<_>>()),
                )
            };
            let members = members.map(series).collect();
            Some((pool.id.clone(), Metric { terms, members }))
        });
        Self(metrics.collect())
    }

    /// What each member of a pool has by its metric at that instant, the floor aside, in the roster's
    /// order; none where weights do not follow from one.
    #[must_use]
    pub fn amounts(&self, pool: &PoolId, at: Timestamp) -> Option<Vec<Amount>> {
        let Metric { terms, members } = self.0.get(pool)?;
        let window = terms.days.map(|days| series::Window::of(days, at));
        let amounts = members.iter().map(|member| match window {
            Some(window) => member.within(window),
            None => member.newest(at),
        });
        Some(amounts.collect())
    }

    /// The weights that follow from that: the largest is a million, and the others are in proportion,
    /// rounded up, so that whoever has anything has a weight.
    #[must_use]
    pub fn weights(&self, pool: &PoolId, at: Timestamp) -> Option<Vec<u32>> {
        let mut amounts = self.amounts(pool, at)?;
        let floor = Amount::of(self.0.get(pool)?.terms.floor);
        amounts.iter_mut().for_each(|amount| *amount = floor.max(*amount));
        let most = amounts.iter().copied().max().unwrap_or_default();
        Some(amounts.into_iter().map(|amount| amount.part_of(most, WEIGHT_MAX)).collect())
    }
}

/// What a rep is called in a table: by id, and as the owner of a CRM's records.
fn keys(rep: &Rep) -> impl Iterator<Item = String> {
    let owners = rep.crm.iter().map(|(connection, owner)| format!("{connection}:{owner}"));
    std::iter::once(rep.id.to_string()).chain(owners)
}
