//! Who is in each pool, worked out once a workspace revision, so that a decision only looks
//! up.

use std::collections::HashMap;

use crate::fairness::Candidate;
use crate::id::{ConnectionId, OwnerId, PoolId, RepId, RotationId};
use crate::workspace::{Rep, Workspace};

/// The most backups of backups that are looked at.
pub const BACKUPS_MAX: usize = 16;
/// Bytes of an e-mail address.
const EMAIL_MAX: usize = 320;

/// The reps and pools of one workspace revision.
#[derive(Debug)]
pub struct Roster {
    places: HashMap<RepId, usize>,
    /// Of each rep, by place, who stands in.
    backups: Vec<Option<usize>>,
    pools: HashMap<PoolId, Vec<Seat>>,
    emails: HashMap<String, usize>,
    owners: HashMap<(ConnectionId, OwnerId), usize>,
}

/// A rep's place in a pool.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Who.
    pub rep: RepId,
    /// Their place in the workspace's list of reps.
    pub place: usize,
    /// Their weight, or their score in a pecking order; none takes no turns.
    pub weight: Option<u32>,
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
                Some(Seat { rep: member.rep.clone(), place, weight: member.counts(pool.policy) })
            });
            let mut seats: Vec<Seat> = seats.collect();
            // The order in which rotations want their candidates.
            seats.sort_by(|a, b| a.rep.cmp(&b.rep));
            seats
        };
        let (mut emails, mut owners) = (HashMap::new(), HashMap::new());
        for (place, rep) in workspace.reps.iter().enumerate() {
            if let Some(email) = &rep.email {
                emails.entry(email.to_lowercase()).or_insert(place);
            }
            for (connection, owner) in &rep.crm {
                owners.entry((connection.clone(), owner.clone())).or_insert(place);
            }
        }
        let pools = workspace.pools.iter().map(|pool| (pool.id.clone(), seats(pool))).collect();
        let backup = |rep: &Rep| rep.backup.as_ref().and_then(|backup| places.get(backup).copied());
        let backups = workspace.reps.iter().map(backup).collect();
        Self { places, backups, pools, emails, owners }
    }

    /// Who stands in for the rep at this place: the first on the way from backup to backup for whom this
    /// is true. A way that is too long, or leads round a circle, ends at nobody.
    #[must_use]
    pub fn stand_in(&self, place: usize, is_there: impl Fn(usize) -> bool) -> Option<usize> {
        let next = |place: &usize| self.backups.get(*place).copied().flatten();
        let way = std::iter::successors(next(&place), next).take(BACKUPS_MAX);
        way.take_while(|backup| *backup != place).find(|backup| is_there(*backup))
    }

    /// The place of a rep in the workspace's list.
    #[must_use]
    pub fn place(&self, rep: &RepId) -> Option<usize> {
        self.places.get(rep).copied()
    }

    /// The place of the rep with this e-mail address, compared without regard to case.
    #[must_use]
    pub fn place_of_email(&self, email: &str) -> Option<usize> {
        // A longer one is no address (RFC 5321, section 4.5.3.1), and a rule may send anything.
        let sound = email.len() <= EMAIL_MAX;
        sound.then(|| email.to_lowercase()).and_then(|email| self.emails.get(&email).copied())
    }

    /// The place of the rep with this owner id in a CRM.
    #[must_use]
    pub fn place_of_owner(&self, connection: &ConnectionId, owner: &OwnerId) -> Option<usize> {
        self.owners.get(&(connection.clone(), owner.clone())).copied()
    }

    /// Whoever has a weight in a pool of this rotation, by id, with the largest that they have.
    #[must_use]
    pub fn members(&self, rotation: &RotationId, workspace: &Workspace) -> Vec<Candidate> {
        let pools = workspace.pools.iter().filter(|pool| pool.is_of(rotation, &workspace.tenant));
        let seats = pools.flat_map(|pool| self.pool(&pool.id).unwrap_or_default());
        let mut members: Vec<Candidate> =
            seats.filter_map(|seat| Some(Candidate { rep: seat.rep.clone(), weight: seat.weight? })).collect();
        members.sort_by(|a, b| a.rep.cmp(&b.rep).then(b.weight.cmp(&a.weight)));
        members.dedup_by(|later, first| later.rep == first.rep);
        members
    }

    /// The members of a pool, by id.
    #[must_use]
    pub fn pool(&self, pool: &PoolId) -> Option<&[Seat]> {
        self.pools.get(pool).map(Vec::as_slice)
    }
}
