//! Whose turn it is: the members of a pool who are there, but for those who belong to leads that wait
//! longer, and those who had the lead already.

use jiff::Timestamp;

use super::scale::Scale;
use super::{Availability, Desk};
use crate::agenda::{Line, Lines, Place, Reserved};
use crate::fairness::{Candidate, Hand, Lineup, Rotation, Turn, stand_ins};
use crate::id::{FlowId, PoolId, RepId, RotationId};
use crate::lead::Lead;
use crate::load::{LeadKind, Load, Since};
use crate::roster::Seat;

/// Whose turn is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Of which pool.
    pub pool: &'a PoolId,
    /// For a lead of this flow, which may have a rotation of its own.
    pub flow: Option<&'a FlowId>,
    /// Among these members, by their places in the workspace's list; none means all of them.
    pub among: &'a [usize],
    /// Weights instead of theirs, one for each of `among`, or none.
    pub weights: &'a [u32],
    /// For this lead, where turns go by what it says; none if it is not known yet.
    pub lead: Option<&'a Lead>,
    /// The kinds that it is of, as far as caps are about them.
    pub kinds: &'a [LeadKind],
    /// At what time.
    pub at: Timestamp,
    /// The place in line of the lead that it is asked for, if it waits in one.
    pub place: Option<&'a Place>,
    /// Who had the lead already, or was asked, and gets it no more.
    pub passed_over: &'a [RepId],
}

/// Who a lead could go to.
struct LinedUp {
    lineup: Lineup,
    /// Who could have it but for their capacity or a cap.
    capped: Vec<RepId>,
    /// Who could, but has nothing by the metric that gives the weights.
    no_share: Vec<RepId>,
}

impl<'a> Ask<'a> {
    /// A turn of all members of a pool, for a lead that just came.
    #[must_use]
    pub fn of(pool: &'a PoolId, at: Timestamp) -> Self {
        Self { pool, flow: None, among: &[], weights: &[], lead: None, kinds: &[], at, place: None, passed_over: &[] }
    }
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
        let wanted = |seat: &&Seat| line.wants(&seat.rep);
        let seats: Vec<&Seat> = seats.iter().filter(wanted).filter(|seat| seat.weight.is_some()).collect();
        let found = self.availabilities(seats.iter().map(|seat| seat.place), Some(&line.pool), &line.kinds, at);
        let there = seats.iter().zip(found).filter(|(_, found)| *found == Availability::Available);
        let (since, nothing) = (self.caps.at(&line.kinds, at), Load::default());
        let room = |place: usize| since.room(place, self.load(place).unwrap_or(&nothing)).unwrap_or(u32::MAX);
        there.map(|(seat, _)| room(seat.place)).fold(0, u32::saturating_add)
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
        let LinedUp { lineup, capped, no_share } = self.lineup(ask)?;
        let id = self.rotation_of(ask.flow, ask.pool)?;
        let mut turn = match self.rotations.get(&id) {
            Some(rotation) => rotation.turn(ask.pool.clone(), lineup),
            None => Rotation::default().turn(ask.pool.clone(), lineup),
        }?;
        turn.capped = capped;
        turn.besides.no_share = no_share;
        let by_metric =
            self.workspace.pool(ask.pool).filter(|_| ask.weights.is_empty()).and_then(|pool| pool.weights.as_ref());
        turn.besides.metric = by_metric.map(|weights| weights.metric.clone());
        turn.besides.rotation = Some(id).filter(|id| id.as_str() != ask.pool.as_str());
        Some(turn)
    }

    /// Who could be given that lead, but is too far ahead of the others.
    #[must_use]
    pub fn stopped(&self, ask: &Ask<'_>) -> Vec<RepId> {
        let rotation = self.rotation_of(ask.flow, ask.pool).and_then(|id| self.rotations.get(&id));
        let stopped = rotation.zip(self.lineup(ask)).map(|(rotation, mut found)| rotation.stop(&mut found.lineup));
        stopped.unwrap_or_default().into_iter().map(|stopped| stopped.rep).collect()
    }

    /// The rotation that gives turns of this pool to leads of this flow.
    #[must_use]
    pub fn rotation_of(&self, flow: Option<&FlowId>, pool: &PoolId) -> Option<RotationId> {
        let scope = &self.workspace.pool(pool)?.scope;
        Some(scope.rotation(pool, flow, &self.workspace.tenant).unwrap_or_else(|| RotationId::of(pool)))
    }

    /// Who such a lead could go to, and who could have it but for something.
    fn lineup(&self, ask: &Ask<'_>) -> Option<LinedUp> {
        let Ask { pool, at, place, passed_over, kinds, .. } = *ask;
        let reserved = self.lines.reserved(pool, place);
        if reserved.all {
            return None;
        }
        let of_kinds = self.left_to(&reserved, at);
        let left_out =
            |rep: &RepId, place| passed_over.contains(rep) || reserved.reps.contains(rep) || of_kinds(rep, place);
        let seats = self.roster.pool(pool)?;
        let terms = self.workspace.pool(pool)?;
        let sight = self.sight(Some(pool), kinds, at);
        let scale = Scale::of(self, terms, ask);
        let mut lineup = Lineup::new(scale.policy(terms.policy), Vec::with_capacity(seats.len()), at);
        (lineup.absence, lineup.stop, lineup.by) = (terms.absence(), terms.stop, terms.by);
        lineup.unplaced = scale.unplaced();
        let (mut capped, mut no_share, mut away) = (Vec::new(), Vec::new(), Vec::new());
        for (n, seat) in seats.iter().enumerate() {
            let found = sight(seat.place);
            if found == Availability::Inactive || left_out(&seat.rep, seat.place) {
                continue;
            }
            let Some(weight) = scale.weight(n, seat) else {
                no_share.extend(scale.has_no_share(n, seat).then(|| seat.rep.clone()));
                continue;
            };
            let candidate = Candidate { rep: seat.rep.clone(), weight };
            match found {
                Availability::Available => lineup.candidates.push(candidate),
                Availability::Capped => {
                    capped.push(seat.rep.clone());
                    lineup.absent.push(candidate);
                }
                _ => {
                    away.push((candidate.clone(), seat.place));
                    lineup.absent.push(candidate);
                }
            }
        }
        let is_there =
            |place: usize| sight(place) == Availability::Available && !left_out(&self.workspace.reps[place].id, place);
        let by = away.iter().filter_map(|(of, place)| Some((of, self.roster.stand_in(*place, is_there)?)));
        lineup.stand_in(stand_ins(by.map(|(of, by)| (of, &self.workspace.reps[by].id))));
        if terms.measure().is_some() {
            lineup.hands = self.hands(seats, &lineup);
        }
        Some(LinedUp { lineup, capped, no_share })
    }

    /// Who is left to leads of some kinds that wait longer: whoever their caps let have one.
    fn left_to<'a>(&'a self, reserved: &'a Reserved<'_>, at: Timestamp) -> impl Fn(&RepId, usize) -> bool + 'a {
        let since: Vec<_> = reserved.of_kinds.iter().map(|line| (*line, self.caps.at(&line.kinds, at))).collect();
        move |rep, place| {
            let is_free = |since: &Since<'_>| !self.load(place).is_some_and(|load| since.is_capped(place, load));
            since.iter().any(|(line, since)| line.wants(rep) && is_free(since))
        }
    }

    /// What is in the hands of who would get a lead of each candidate, and the candidate's capacity.
    fn hands(&self, seats: &[Seat], lineup: &Lineup) -> Vec<Hand> {
        // Both are sorted by id.
        let mut seats = seats.iter();
        let hand = |candidate: &Candidate| {
            let own = seats.find(|seat| seat.rep == candidate.rep).map(|seat| seat.place)?;
            let backup = lineup.backups.iter().find(|backup| backup.of == candidate.rep);
            let by = backup.map_or(Some(own), |backup| self.place(&backup.by))?;
            let capacity = self.workspace.reps[own].capacity.unwrap_or(u32::MAX);
            Some(Hand { open: self.load(by).map_or(0, Load::open), capacity })
        };
        lineup.candidates.iter().map(hand).map(Option::unwrap_or_default).collect()
    }
}
