//! Capacities and caps of a workspace's reps, worked out once a revision, and who has reached theirs.

use std::collections::HashSet;

use jiff::civil::{DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{LeadKind, Load};
use crate::id::RepId;
use crate::lead::Lead;
use crate::workspace::{Cap, Condition, Per, Rep, Workspace};

/// The capacities and caps of a workspace's reps.
#[derive(Debug, Default)]
pub struct Caps {
    /// Each stretch of time once, whoever it is counted for.
    stretches: Vec<Stretch>,
    /// Each kind of leads once that is counted apart.
    kinds: Vec<(LeadKind, Condition)>,
    /// Of each rep, by place.
    reps: Vec<Limits>,
}

#[derive(Debug, Default)]
struct Limits {
    capacity: Option<u32>,
    caps: Vec<Limit>,
    /// Whether a pool goes by what they have in hand, whatever their limits.
    weighed: bool,
}

#[derive(Debug)]
struct Limit {
    leads: u32,
    /// In which stretch of time; none of open leads.
    stretch: Option<usize>,
    /// Of leads of which kind; none of all.
    kind: Option<usize>,
}

/// A stretch of time that leads are counted in.
#[derive(Clone, Debug, PartialEq)]
enum Stretch {
    Rolling(Per),
    Calendar(Per, TimeZone),
}

/// Since when leads count at an instant.
#[derive(Debug)]
pub struct Since<'c> {
    caps: &'c Caps,
    starts: Vec<Timestamp>,
    /// Of each kind, whether the lead that is asked for is one.
    asked: Vec<bool>,
}

/// What is left of a cap.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Left {
    /// How many leads it is of.
    pub leads: u32,
    /// In how long; none of leads that are open.
    pub per: Option<Per>,
    /// Whether any such stretch counts.
    pub rolling: bool,
    /// Of which leads, where not of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// How many more leads there can be now.
    pub left: u32,
}

impl Caps {
    /// Those of this workspace that can be meant; [`Workspace::check`] tells of the others.
    #[must_use]
    pub fn of(workspace: &Workspace) -> Self {
        let zones = TimeZoneDatabase::bundled();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut kinds: Vec<(LeadKind, Condition)> = Vec::new();
        let mut limit = |rep: &Rep, cap: &Cap| {
            let zone = cap.time_zone.as_ref().or(rep.time_zone.as_ref()).unwrap_or(&workspace.time_zone);
            let stretch = match cap.per {
                None => None,
                Some(per) if cap.rolling => Some(Stretch::Rolling(per)),
                Some(per) => Some(Stretch::Calendar(per, zones.get(zone).ok()?)),
            };
            let kind = cap.when.as_ref().map(|when| (LeadKind::of(when), when.clone()));
            let stretch = stretch.map(|stretch| place(&mut stretches, stretch));
            Some(Limit { leads: cap.leads, stretch, kind: kind.map(|kind| place(&mut kinds, kind)) })
        };
        let weighed = weighed(workspace);
        let reps = workspace.reps.iter().map(|rep| Limits {
            capacity: rep.capacity,
            caps: rep.caps.iter().filter_map(|cap| limit(rep, cap)).collect(),
            weighed: weighed.contains(&rep.id),
        });
        let reps = reps.collect();
        Self { stretches, kinds, reps }
    }

    /// Whether what the rep at this place has in hand is counted.
    #[must_use]
    pub fn counts(&self, place: usize) -> bool {
        self.reps
            .get(place)
            .is_some_and(|limits| limits.weighed || limits.capacity.is_some() || !limits.caps.is_empty())
    }

    /// The kinds that a lead is of.
    #[must_use]
    pub fn kinds(&self, lead: &Lead) -> Vec<LeadKind> {
        self.kinds.iter().filter(|(_, condition)| condition.holds(lead)).map(|(kind, _)| kind.clone()).collect()
    }

    /// Since when leads count at that instant, for one of these kinds.
    #[must_use]
    pub fn at(&self, kinds: &[LeadKind], at: Timestamp) -> Since<'_> {
        Since {
            caps: self,
            starts: self.stretches.iter().map(|stretch| stretch.start(at)).collect(),
            asked: self.kinds.iter().map(|(kind, _)| kinds.contains(kind)).collect(),
        }
    }

    /// When time alone brings the rep at this place below all caps again; none if they are, or if only
    /// a lead that is closed can do it.
    #[must_use]
    pub fn free_again(&self, place: usize, load: &Load, at: Timestamp) -> Option<Timestamp> {
        let limits = self.reps.get(place)?;
        if limits.is_full(load) {
            return None;
        }
        let since = self.at(&[], at);
        let hit = limits.caps.iter().filter(|limit| since.asks(limit) && since.left_of(limit, load) == 0);
        let ends = hit.filter_map(|limit| match &self.stretches[limit.stretch?] {
            Stretch::Rolling(per) => load.all.last_but(count(limit.leads))?.checked_add(per.length()).ok(),
            Stretch::Calendar(per, zone) => begin(*per, at, zone, 1),
        });
        ends.max()
    }
}

/// Whose open leads a pool goes by: members of such pools, whoever stands in for somebody, and those of whom it
/// counts what people gave them by hand.
fn weighed(workspace: &Workspace) -> HashSet<&RepId> {
    let pools = || workspace.pools.iter().filter(|pool| pool.measure().is_some());
    let members = pools().flat_map(|pool| &pool.members).map(|member| &member.rep);
    let by_hand = workspace.pools.iter().filter(|pool| !pool.manual.is_ignored());
    let by_hand = by_hand.flat_map(|pool| &pool.members).map(|member| &member.rep);
    let backups = workspace.reps.iter().filter_map(|rep| rep.backup.as_ref()).filter(|_| pools().next().is_some());
    members.chain(backups).chain(by_hand).collect()
}

impl Since<'_> {
    /// Whether the rep at this place can be given no more leads.
    #[must_use]
    pub fn is_capped(&self, place: usize, load: &Load) -> bool {
        self.caps.reps.get(place).is_some_and(|limits| {
            limits.is_full(load) || limits.caps.iter().any(|limit| self.asks(limit) && self.left_of(limit, load) == 0)
        })
    }

    /// Whether a limit is about the lead that is asked for.
    fn asks(&self, limit: &Limit) -> bool {
        limit.kind.is_none_or(|kind| self.asked[kind])
    }

    /// How many leads there can be more under a limit.
    fn left_of(&self, limit: &Limit, load: &Load) -> u32 {
        let kind = limit.kind.map(|kind| &self.caps.kinds[kind].0);
        let had = load.of(kind).map_or(0, |tally| match limit.stretch {
            Some(stretch) => u32::try_from(tally.since(self.starts[stretch])).unwrap_or(u32::MAX),
            None => tally.open,
        });
        limit.leads.saturating_sub(had)
    }

    /// The least that is left of the limits that are about the lead that is asked for.
    #[must_use]
    pub fn room(&self, place: usize, load: &Load) -> Option<u32> {
        let limits = self.caps.reps.get(place)?;
        let open = limits.capacity.map(|most| most.saturating_sub(load.open()));
        let caps = limits.caps.iter().filter(|limit| self.asks(limit)).map(|limit| self.left_of(limit, load));
        open.into_iter().chain(caps).min()
    }

    /// What is left of each cap of the rep at this place, in the order of the workspace.
    #[must_use]
    pub fn left(&self, place: usize, load: &Load) -> Vec<Left> {
        let caps = self.caps.reps.get(place).map(|limits| limits.caps.as_slice()).unwrap_or_default();
        let left = caps.iter().map(|limit| {
            let (per, rolling) = match limit.stretch.map(|stretch| &self.caps.stretches[stretch]) {
                Some(Stretch::Rolling(per)) => (Some(*per), true),
                Some(Stretch::Calendar(per, _)) => (Some(*per), false),
                None => (None, false),
            };
            let when = limit.kind.map(|kind| self.caps.kinds[kind].1.clone());
            Left { leads: limit.leads, per, rolling, when, left: self.left_of(limit, load) }
        });
        left.collect()
    }
}

impl Limits {
    fn is_full(&self, load: &Load) -> bool {
        self.capacity.is_some_and(|capacity| load.open() >= capacity)
    }
}

/// The place of this among those that are known, where it is added if it is new.
fn place<T: PartialEq>(known: &mut Vec<T>, one: T) -> usize {
    let place = known.iter().position(|other| *other == one);
    place.unwrap_or_else(|| {
        known.push(one);
        known.len() - 1
    })
}

impl Stretch {
    /// The first instant that counts.
    fn start(&self, at: Timestamp) -> Timestamp {
        match self {
            // A lead of exactly so long ago counts no more.
            Self::Rolling(per) => {
                let start = at.checked_sub(per.length()).and_then(|at| at.checked_add(Span::new().nanoseconds(1)));
                start.unwrap_or(Timestamp::MIN)
            }
            Self::Calendar(per, zone) => begin(*per, at, zone, 0).unwrap_or(Timestamp::MIN),
        }
    }
}

/// When the wall clock's hour, day, week or month began in which that instant is, or the one after
/// so many. An hour that it shows twice is one hour; a day that it skips is none.
fn begin(per: Per, at: Timestamp, zone: &TimeZone, later: i64) -> Option<Timestamp> {
    let now = zone.to_datetime(at);
    let midnight = |date| DateTime::from_parts(date, Time::midnight());
    let (start, span) = match per {
        Per::Hour => (now.date().at(now.hour(), 0, 0, 0), Span::new().hours(later)),
        Per::Day => (midnight(now.date()), Span::new().days(later)),
        Per::Week => {
            let back = i64::from(now.weekday().to_monday_zero_offset());
            (midnight(now.date().checked_sub(Span::new().days(back)).ok()?), Span::new().weeks(later))
        }
        Per::Month => (midnight(now.date().first_of_month()), Span::new().months(later)),
    };
    let start = start.checked_add(span).ok()?;
    Some(zone.to_ambiguous_zoned(start).compatible().ok()?.timestamp())
}

fn count(leads: u32) -> usize {
    usize::try_from(leads).unwrap_or(usize::MAX)
}
