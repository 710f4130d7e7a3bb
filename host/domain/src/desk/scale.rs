//! By what the members of a pool are compared for one lead: their own weights, those of a metric or
//! of the rule that asks, or how near they are.

use super::places::{Locations, place_of};
use super::{Ask, Desk};
use crate::fairness::Policy;
use crate::location::{Point, Unplaced};
use crate::roster::Seat;
use crate::workspace::Pool;

/// By what the members of a pool are compared for one lead.
pub(super) struct Scale<'d> {
    /// Of each rep, by place, whether the rule asks for them; none where it asks for all.
    chosen: Option<Vec<Chosen>>,
    /// The weights that follow from a metric, in the roster's order.
    by_metric: Option<Vec<u32>>,
    /// Where the lead is, under a policy that goes by it.
    place: Option<Result<Point, Unplaced>>,
    locations: &'d Locations,
}

/// Whether a turn is asked for among others with this rep.
#[derive(Clone, Copy)]
enum Chosen {
    No,
    AsUsual,
    With(u32),
}

impl<'d> Scale<'d> {
    pub(super) fn of(desk: &'d Desk, terms: &Pool, ask: &Ask<'_>) -> Self {
        let near = terms.near.as_ref().filter(|_| terms.policy == Policy::Nearest);
        let place = near.map(|near| match ask.lead {
            Some(lead) => place_of(lead, near, &desk.tables),
            None => Err(Unplaced::Missing),
        });
        Self {
            chosen: (!ask.among.is_empty()).then(|| chosen(desk.standing.len(), ask)),
            by_metric: desk.metrics.weights(ask.pool, ask.at),
            place,
            locations: &desk.locations,
        }
    }

    /// The policy that gives the turn: a lead that nobody can place goes to who was served longest ago.
    pub(super) fn policy(&self, policy: Policy) -> Policy {
        if self.unplaced().is_some() { Policy::LeastRecent } else { policy }
    }

    /// Why nobody can say how near anybody is.
    pub(super) fn unplaced(&self) -> Option<Unplaced> {
        self.place.as_ref()?.as_ref().err().copied()
    }

    /// Whether a seat would have a weight, but nothing follows from the metric for it.
    pub(super) fn has_no_share(&self, n: usize, seat: &Seat) -> bool {
        let by_metric = self.by_metric.as_ref().filter(|_| seat.weight.is_some());
        let is_asked = self.chosen.as_ref().is_none_or(|chosen| matches!(chosen[seat.place], Chosen::AsUsual));
        is_asked && by_metric.is_some_and(|weights| weights.get(n).is_none_or(|weight| *weight == 0))
    }

    /// The weight of a seat, which is at that place of the roster; none for whoever takes no turn.
    pub(super) fn weight(&self, n: usize, seat: &Seat) -> Option<u32> {
        let usual = || match &self.by_metric {
            Some(weights) => seat.weight.and(weights.get(n).copied()).filter(|weight| *weight > 0),
            None => seat.weight,
        };
        let weight = match self.chosen.as_ref().map(|chosen| chosen[seat.place]) {
            None | Some(Chosen::AsUsual) => usual(),
            Some(Chosen::No | Chosen::With(0)) => None,
            Some(Chosen::With(weight)) => Some(weight),
        }?;
        match &self.place {
            Some(Ok(point)) => self.locations.nearness(seat.place, point),
            _ => Some(weight),
        }
    }
}

/// Of each of so many reps, by place, whether it is chosen; the first mention counts.
fn chosen(reps: usize, ask: &Ask<'_>) -> Vec<Chosen> {
    let mut chosen = vec![Chosen::No; reps];
    for (n, place) in ask.among.iter().enumerate().rev() {
        if let Some(chosen) = chosen.get_mut(*place) {
            *chosen = ask.weights.get(n).map_or(Chosen::AsUsual, |weight| Chosen::With(*weight));
        }
    }
    chosen
}
