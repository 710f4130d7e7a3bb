//! Leads that wait for a turn, in the order in which they get one. Whoever is there belongs to them
//! before any newer lead.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{LeadId, PoolId, RepId};
use crate::load::LeadKind;

/// Whose turn leads wait for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Line {
    /// A turn of this pool.
    pub pool: PoolId,
    /// Of one of these members, by id; none means of any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<RepId>,
    /// For a lead of these kinds, which caps of its own may keep from some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<LeadKind>,
}

/// A place in a line: what is worth most goes first, then what waits longest.
pub type Place = (Reverse<i64>, Timestamp, LeadId);

/// Members of a pool who are left to leads that wait longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reserved<'l> {
    /// Whether all of them are.
    pub all: bool,
    /// These are.
    pub reps: BTreeSet<&'l RepId>,
    /// Those are who can be given a lead of the kinds that wait here: no others, since nobody waits for who
    /// is full for such leads.
    pub of_kinds: Vec<&'l Line>,
}

impl Line {
    /// Whether its leads wait for this member, among others.
    #[must_use]
    pub fn wants(&self, rep: &RepId) -> bool {
        self.among.is_empty() || self.among.contains(rep)
    }
}

/// All lines of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Lines(BTreeMap<Line, BTreeSet<Place>>);

impl Lines {
    /// Where a lead of that worth stands that waits since then.
    #[must_use]
    pub fn place(lead: LeadId, since: Timestamp, worth: i64) -> Place {
        (Reverse(worth), since, lead)
    }

    /// A place before all others: who stands there has nobody's turn kept from them.
    #[must_use]
    pub fn front() -> Place {
        (Reverse(i64::MAX), Timestamp::MIN, LeadId::from(""))
    }

    /// Since when a lead of that worth waits that begins to now: after all of that worth who wait for a turn of
    /// the pool already, also if that was in the same instant, or a clock of another host was ahead.
    #[must_use]
    pub fn behind(&self, pool: &PoolId, worth: i64, now: Timestamp) -> Timestamp {
        let of_worth = |worth: i64| (Reverse(worth), Timestamp::MIN, LeadId::from(""));
        let before = |places: &BTreeSet<Place>| match worth.checked_sub(1) {
            Some(less) => places.range(of_worth(worth)..of_worth(less)).next_back().map(|(_, since, _)| *since),
            None => places.range(of_worth(worth)..).next_back().map(|(_, since, _)| *since),
        };
        let last = self.of(pool).filter_map(|(_, places)| before(places)).max();
        let next = last.and_then(|last| last.checked_add(SignedDuration::from_nanos(1)).ok());
        next.map_or(now, |next| next.max(now))
    }

    /// A lead waits.
    pub fn join(&mut self, line: Line, place: Place) {
        self.0.entry(line).or_default().insert(place);
    }

    /// It waits no more.
    pub fn leave(&mut self, line: &Line, place: &Place) {
        if let Some(places) = self.0.get_mut(line) {
            places.remove(place);
            if places.is_empty() {
                self.0.remove(line);
            }
        }
    }

    /// The members of a pool who belong to leads before this place; before any newer lead, where
    /// there is no place.
    #[must_use]
    pub fn reserved<'l>(&'l self, pool: &'l PoolId, before: Option<&Place>) -> Reserved<'l> {
        let mut reserved = Reserved::default();
        for (line, places) in self.of(pool) {
            let first = places.first();
            if first.is_none_or(|first| before.is_some_and(|place| first >= place)) {
                continue;
            }
            match (line.kinds.is_empty(), line.among.is_empty()) {
                (true, true) => return Reserved { all: true, ..Reserved::default() },
                (true, false) => reserved.reps.extend(&line.among),
                (false, _) => reserved.of_kinds.push(line),
            }
        }
        reserved
    }

    /// The lines of a pool.
    fn of<'l>(&'l self, pool: &'l PoolId) -> impl Iterator<Item = (&'l Line, &'l BTreeSet<Place>)> {
        let first = Line { pool: pool.clone(), among: Vec::new(), kinds: Vec::new() };
        self.0.range(first..).take_while(move |(line, _)| line.pool == *pool)
    }

    /// Every line with who waits in it.
    pub fn iter(&self) -> impl Iterator<Item = (&Line, &BTreeSet<Place>)> {
        self.0.iter()
    }

    /// How many leads wait for a turn of this pool.
    #[must_use]
    pub fn waiting(&self, pool: &PoolId) -> usize {
        self.of(pool).map(|(_, places)| places.len()).sum()
    }

    /// Since when the one waits that waits longest for a turn of this pool.
    #[must_use]
    pub fn since(&self, pool: &PoolId) -> Option<Timestamp> {
        self.of(pool).flat_map(|(_, places)| places).map(|(_, since, _)| *since).min()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lead: &str, second: i64, worth: i64) -> Place {
        Lines::place(lead.into(), Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second), worth)
    }

    fn line(among: &[&str]) -> Line {
        Line { pool: "na".into(), among: among.iter().map(|rep| RepId::from(*rep)).collect(), kinds: Vec::new() }
    }

    #[test]
    fn the_most_valuable_is_first_and_among_equals_the_longest_waiting() {
        let mut lines = Lines::default();
        for (lead, second, worth) in [("new", 3, 0), ("old", 1, 0), ("big", 2, 50)] {
            lines.join(line(&[]), place(lead, second, worth));
        }
        let (_, places) = lines.iter().next().unwrap();
        assert_eq!(places.iter().map(|(_, _, lead)| lead.as_str()).collect::<Vec<_>>(), ["big", "old", "new"]);
    }

    #[test]
    fn who_begins_to_wait_in_the_same_instant_is_behind_those_of_the_same_worth() {
        let (mut lines, na) = (Lines::default(), PoolId::from("na"));
        let now = Timestamp::UNIX_EPOCH;
        for (worth, among) in [(0, &[][..]), (0, &["ana"][..]), (7, &[][..]), (0, &[][..]), (i64::MIN, &[][..])] {
            let since = lines.behind(&na, worth, now);
            lines.join(line(among), Lines::place(format!("l{worth}").as_str().into(), since, worth));
        }
        let nanos = |worth: i64| lines.behind(&na, worth, now).as_nanosecond();
        assert_eq!([nanos(0), nanos(7), nanos(i64::MIN), nanos(3)], [3, 1, 1, 0]);
        assert_eq!(lines.behind(&"emea".into(), 0, now), now);
        let later = now + SignedDuration::from_secs(1);
        assert_eq!(lines.behind(&na, 0, later), later);
    }

    #[test]
    fn who_is_left_to_leads_of_a_kind_is_for_their_caps_to_say() {
        let (mut lines, na) = (Lines::default(), PoolId::from("na"));
        let enterprise = Line { kinds: vec![LeadKind::from("enterprise")], ..line(&[]) };
        lines.join(enterprise.clone(), place("big", 5, 0));
        let reserved = lines.reserved(&na, None);
        assert!(!reserved.all && reserved.reps.is_empty());
        assert_eq!(reserved.of_kinds, [&enterprise]);
    }

    #[test]
    fn whoever_a_lead_waits_for_belongs_to_it_before_newer_leads_and_not_before_older_ones() {
        let mut lines = Lines::default();
        assert_eq!(lines.reserved(&"na".into(), None), Reserved::default());
        lines.join(line(&["ana"]), place("german", 5, 0));
        let reserved = |pool: &str, before: Option<Place>| {
            let (lines, pool) = (lines.clone(), pool.into());
            let reserved = lines.reserved(&pool, before.as_ref());
            reserved.reps.into_iter().map(|rep| rep.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(reserved("na", None), ["ana"]);
        assert!(reserved("na", Some(place("older", 4, 0))).is_empty());
        assert!(reserved("na", Some(place("german", 5, 0))).is_empty());
        assert!(reserved("emea", None).is_empty());
        lines.join(line(&[]), place("any", 6, 0));
        assert!(lines.reserved(&"na".into(), None).all);
        assert_eq!(lines.since(&"na".into()).map(Timestamp::as_second), Some(5), "the german one");
        lines.leave(&line(&[]), &place("any", 6, 0));
        lines.leave(&line(&["ana"]), &place("german", 5, 0));
        assert!(lines.is_empty());
    }
}
