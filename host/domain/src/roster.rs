//! Who is in each pool, worked out once a workspace revision, so that a decision only looks
//! up.

use std::collections::HashMap;

use crate::id::{PoolId, RepId};
use crate::workspace::Workspace;

/// The reps and pools of one workspace revision.
#[derive(Debug)]
pub struct Roster {
    places: HashMap<RepId, usize>,
    pools: HashMap<PoolId, Vec<Seat>>,
}

/// A rep's place in a pool.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Who.
    pub rep: RepId,
    /// Their place in the workspace's list of reps.
    pub place: usize,
    /// Their weight.
    pub weight: u32,
}

impl Roster {
    /// The roster of this workspace.
    #[must_use]
    pub fn of(workspace: &Workspace) -> Self {
        let places: HashMap<_, _> =
            workspace.reps.iter().enumerate().map(|(place, rep)| (rep.id.clone(), place)).collect();
        let seats = |pool: &crate::workspace::Pool| {
            let seats = pool.members.iter().filter_map(|member| {
                let place = *places.get(&member.rep)?;
                Some(Seat { rep: member.rep.clone(), place, weight: member.weight })
            });
            let mut seats: Vec<Seat> = seats.collect();
            // The order in which rotations want their candidates.
            seats.sort_by(|a, b| a.rep.cmp(&b.rep));
            seats
        };
        let pools = workspace.pools.iter().map(|pool| (pool.id.clone(), seats(pool))).collect();
        Self { places, pools }
    }

    /// The place of a rep in the workspace's list.
    #[must_use]
    pub fn place(&self, rep: &RepId) -> Option<usize> {
        self.places.get(rep).copied()
    }

    /// The members of a pool, by id.
    #[must_use]
    pub fn pool(&self, pool: &PoolId) -> Option<&[Seat]> {
        self.pools.get(pool).map(Vec::as_slice)
    }
}
