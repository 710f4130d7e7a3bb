//! When reps work and pools give leads: calendars, time off and diaries, worked out once a workspace
//! revision. A rep is there while the calendars of both are open, by the wall clock of each.

mod diaries;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use crate::business_time::BusinessTime;
use crate::desk::Availability;
use crate::icalendar::{Busy, CalendarFiles};
use crate::id::{Digest, PoolId};
use crate::workspace::{TimeOff, Workspace};
use diaries::{Diaries, Week};

/// The most beginnings and ends of hours and days off that are looked at for a change.
const AHEAD: usize = 2_000;

/// The working hours of a workspace's reps and pools.
#[derive(Debug, Default)]
pub struct Shifts {
    /// Each calendar once for each zone that it is read in.
    calendars: Vec<BusinessTime>,
    /// Each file once for each zone that it is read in.
    diaries: Diaries,
    /// Of each rep, by place.
    reps: Vec<Shift>,
    /// The calendar of each pool that has one.
    pools: HashMap<PoolId, usize>,
}

/// When a rep works.
#[derive(Debug, Default)]
struct Shift {
    calendar: Option<usize>,
    /// From and to, as long as they are away.
    off: Vec<(Timestamp, Timestamp)>,
    diary: Option<usize>,
}

/// Which calendars are open at an instant.
#[derive(Debug)]
pub struct Open<'s> {
    shifts: &'s Shifts,
    calendars: Vec<bool>,
    week: Option<Arc<Week>>,
    at: Timestamp,
}

impl Shifts {
    /// Those of this workspace that can be meant; [`Workspace::check`] tells of the others.
    #[must_use]
    pub fn of(workspace: &Workspace, files: &CalendarFiles) -> Self {
        let zones = TimeZoneDatabase::bundled();
        let mut read = Reading {
            workspace,
            files,
            zones: &zones,
            places: HashMap::new(),
            calendars: Vec::new(),
            diary_places: HashMap::new(),
            diaries: Vec::new(),
        };
        let reps = workspace.reps.iter().map(|rep| {
            let zone = rep.zone(workspace);
            let off = zones.get(zone).map(|zone| time_off(&rep.time_off, &zone)).unwrap_or_default();
            let diary = rep.busy_digest.as_ref().and_then(|digest| read.diary(digest, zone));
            Shift { calendar: read.calendar(rep.calendar.as_deref(), zone), off, diary }
        });
        let reps = reps.collect();
        let pools = workspace
            .pools
            .iter()
            .filter_map(|pool| Some((pool.id.clone(), read.calendar(pool.calendar.as_deref(), &workspace.time_zone)?)));
        let pools = pools.collect();
        Self { calendars: read.calendars, diaries: Diaries::new(read.diaries), reps, pools }
    }

    /// What is open at that instant.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Open<'_> {
        let calendars = self.calendars.iter().map(|calendar| calendar.is_open(at)).collect();
        Open { shifts: self, calendars, week: self.diaries.week(at), at }
    }

    /// The hours in which this pool, or none, gives a rep leads: its own, else the rep's.
    #[must_use]
    pub fn hours(&self, place: usize, pool: Option<&PoolId>) -> Option<&BusinessTime> {
        let pool = pool.and_then(|pool| self.pools.get(pool).copied());
        self.calendars.get(pool.or(self.reps.get(place)?.calendar)?)
    }

    /// When what the clock says of a rep, in this pool or in any, is something else for the first
    /// time after that instant. None if nothing is, as far as is looked.
    #[must_use]
    pub fn next_change(&self, place: usize, pool: Option<&PoolId>, after: Timestamp) -> Option<Timestamp> {
        let shift = self.reps.get(place)?;
        let calendars = [shift.calendar, pool.and_then(|pool| self.pools.get(pool).copied())];
        let now = self.at(after).of(place, pool);
        let mut at = after;
        for _ in 0..AHEAD {
            let hours = calendars.iter().flatten().filter_map(|calendar| self.calendars[*calendar].next_change(at));
            let days = shift.off.iter().flat_map(|(from, to)| [*from, *to]).filter(|edge| *edge > at);
            let busy = shift.diary.and_then(|diary| self.diaries.next_change(diary, at));
            at = hours.chain(days).chain(busy).min()?;
            if self.at(at).of(place, pool) != now {
                return Some(at);
            }
        }
        None
    }
}

impl Open<'_> {
    /// Why the clock keeps a rep from being given a lead by this pool, or by any; none if it does not.
    #[must_use]
    pub fn of(&self, place: usize, pool: Option<&PoolId>) -> Option<Availability> {
        let Shift { calendar, off, diary } = self.shifts.reps.get(place)?;
        let busy = || self.week.as_ref().zip(*diary).is_some_and(|(week, diary)| week.is_busy(diary, self.at));
        if off.iter().any(|(from, to)| (*from..*to).contains(&self.at)) || busy() {
            return Some(Availability::Away);
        }
        let pool = pool.and_then(|pool| self.shifts.pools.get(pool));
        let closed = calendar.iter().chain(pool).any(|calendar| !self.calendars[*calendar]);
        closed.then_some(Availability::OffShift)
    }
}

/// Calendars as they are come across.
struct Reading<'w> {
    workspace: &'w Workspace,
    files: &'w CalendarFiles,
    zones: &'w TimeZoneDatabase,
    /// Name and zone → place.
    places: HashMap<(&'w str, &'w str), usize>,
    calendars: Vec<BusinessTime>,
    /// File and zone → place.
    diary_places: HashMap<(&'w Digest, &'w str), usize>,
    diaries: Vec<Busy>,
}

impl<'w> Reading<'w> {
    /// The place of the calendar of this name; where it says no zone, it is read in this one.
    fn calendar(&mut self, name: Option<&str>, zone: &'w str) -> Option<usize> {
        let calendar = self.workspace.calendars.iter().find(|calendar| Some(calendar.id.as_str()) == name)?;
        let zone = calendar.time_zone.as_deref().unwrap_or(zone);
        if let Some(place) = self.places.get(&(calendar.id.as_str(), zone)) {
            return Some(*place);
        }
        self.calendars.push(BusinessTime::new(calendar, self.zones.get(zone).ok()?, self.files).ok()?);
        self.places.insert((&calendar.id, zone), self.calendars.len() - 1);
        Some(self.calendars.len() - 1)
    }

    /// The place of what this file says, where nothing else is said in this zone.
    fn diary(&mut self, digest: &'w Digest, zone: &'w str) -> Option<usize> {
        if let Some(place) = self.diary_places.get(&(digest, zone)) {
            return Some(*place);
        }
        self.diaries.push(Busy::of(self.files.get(digest)?, &self.zones.get(zone).ok()?));
        self.diary_places.insert((digest, zone), self.diaries.len() - 1);
        Some(self.diaries.len() - 1)
    }
}

/// From midnight to midnight in this zone, with the days around.
fn time_off(written: &[TimeOff], zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    let midnight = |day: Date| Some(day.to_zoned(zone.clone()).ok()?.timestamp());
    let stretch = |off: &TimeOff| {
        let (from, to) = off.days().ok()?;
        let from = from.checked_sub(Span::new().days(off.before)).ok()?;
        let to = to.checked_add(Span::new().days(i64::from(off.after) + 1)).ok()?;
        Some((midnight(from)?, midnight(to)?))
    };
    written.iter().filter_map(stretch).collect()
}
