//! Whose turn it is: the members of a pool who are there, but for those who belong to leads that wait
//! longer, and those who had the lead already.

use jiff::Timestamp;

use super::{Availability, Desk};
use crate::agenda::{Line, Lines, Place, Reserved};
use crate::fairness::{Candidate, Rotation, Turn};
use crate::id::{PoolId, RepId};
use crate::load::Load;
use crate::roster::Seat;

/// Whose turn is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Of which pool.
    pub pool: &'a PoolId,
    /// Among these members, by their places in the workspace's list; none means all of them.
    pub among: &'a [usize],
    /// Weights instead of theirs, one for each of `among`, or none.
    pub weights: &'a [u32],
    /// At what time.
    pub at: Timestamp,
    /// The place in line of the lead that it is asked for, if it waits in one.
    pub place: Option<&'a Place>,
    /// Who had the lead already, or was asked, and gets it no more.
    pub passed_over: &'a [RepId],
}

impl<'a> Ask<'a> {
    /// A turn of all members of a pool, for a lead that just came.
    #[must_use]
    pub fn of(pool: &'a PoolId, at: Timestamp) -> Self {
        Self { pool, among: &[], weights: &[], at, place: None, passed_over: &[] }
    }
}

/// Whether a turn is asked for among others with this rep.
#[derive(Clone, Copy)]
enum Chosen {
    No,
    AsUsual,
    With(u32),
}

impl Desk {
    /// Leads that wait for a turn.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Leads that wait for a turn, to be changed by an entry of the log.
    pub fn lines_mut(&mut self) -> &mut Lines {
        &mut self.lines
    }

    /// How many leads those who are there now could be given who wait in this line, as far as
    /// capacities and caps tell; `u32::MAX` where nothing limits one of them.
    #[must_use]
    pub fn room(&self, line: &Line, at: Timestamp) -> u32 {
        let Some(seats) = self.roster.pool(&line.pool) else { return 0 };
        let wanted = |seat: &&Seat| line.among.is_empty() || line.among.contains(&seat.rep);
        let seats: Vec<&Seat> = seats.iter().filter(wanted).filter(|seat| seat.weight.is_some()).collect();
        let found = self.availabilities(seats.iter().map(|seat| seat.place), Some(&line.pool), at);
        let there = seats.iter().zip(found).filter(|(_, found)| *found == Availability::Available);
        there.map(|(seat, _)| self.room_of(seat.place, at)).fold(0, u32::saturating_add)
    }

    fn room_of(&self, place: usize, at: Timestamp) -> u32 {
        let open = self.load(place).map_or(0, Load::open);
        let capacity = self.workspace.reps[place].capacity.map(|most| most.saturating_sub(open));
        let caps = self.left(place, at).into_iter().map(|left| left.left);
        capacity.into_iter().chain(caps).min().unwrap_or(u32::MAX)
    }

    /// Whose turn it would be at that time, for a lead that just came. `among` narrows the members
    /// (none: all of them), by their places in the workspace's list; `weights` replaces their
    /// weights, one for each of `among`.
    #[must_use]
    pub fn next(&self, pool: &PoolId, among: &[usize], weights: &[u32], at: Timestamp) -> Option<Turn> {
        self.turn(&Ask { among, weights, ..Ask::of(pool, at) })
    }

    /// Whose turn it would be. Who belongs to leads that wait longer is no candidate, nor is who is
    /// passed over.
    #[must_use]
    pub fn turn(&self, ask: &Ask<'_>) -> Option<Turn> {
        let Ask { pool, among, weights, at, place, passed_over } = *ask;
        let seats = self.roster.pool(pool)?;
        let reserved = self.lines.reserved(pool, place);
        if reserved == Reserved::All {
            return None;
        }
        let availabilities = self.availabilities(seats.iter().map(|seat| seat.place), Some(pool), at);
        let mut candidates = Vec::with_capacity(seats.len());
        let narrowed = (!among.is_empty()).then(|| self.narrowed(among, weights));
        let mut capped = Vec::new();
        for (seat, found) in seats.iter().zip(availabilities) {
            if !matches!(found, Availability::Available | Availability::Capped) {
                continue;
            }
            let weight = match &narrowed {
                None => seat.weight,
                Some(chosen) => match chosen[seat.place] {
                    Chosen::No | Chosen::With(0) => None,
                    Chosen::AsUsual => seat.weight,
                    Chosen::With(weight) => Some(weight),
                },
            };
            let Some(weight) = weight.filter(|_| !passed_over.contains(&seat.rep) && !reserved.has(&seat.rep)) else {
                continue;
            };
            match found {
                Availability::Capped => capped.push(seat.rep.clone()),
                _ => candidates.push(Candidate { rep: seat.rep.clone(), weight }),
            }
        }
        let policy = self.workspace.pool(pool)?.policy;
        let fresh = Rotation::default();
        let rotation = self.rotations.get(pool).unwrap_or(&fresh);
        let rep = rotation.next(policy, &candidates)?.clone();
        Some(Turn { capped, owed: rotation.moved(), ..Turn::new(pool.clone(), candidates, rep, policy) })
    }

    /// Of each rep, by place, whether it is chosen; the first mention counts.
    fn narrowed(&self, among: &[usize], weights: &[u32]) -> Vec<Chosen> {
        let mut chosen = vec![Chosen::No; self.standing.len()];
        for (n, place) in among.iter().enumerate().rev() {
            if let Some(chosen) = chosen.get_mut(*place) {
                *chosen = weights.get(n).map_or(Chosen::AsUsual, |weight| Chosen::With(*weight));
            }
        }
        chosen
    }
}
