//! Business time: whether a calendar is open, and when so many open minutes have passed.
//!
//! A calendar is open when a clock on its wall shows a time within its hours. An hour that
//! the wall clock skips in spring is therefore not open, and one that it shows twice in
//! autumn is open twice. Zones come from the database inside the binary, so that every
//! machine gives the same answer.

mod days;
mod hours;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

pub use hours::{HOLIDAYS_MAX, SPANS_MAX};
pub(crate) use hours::{Wrong, day, open_in_a_year};

use crate::icalendar::CalendarFiles;
use crate::workspace::{Calendar, Workspace};
use hours::{Week, opens, read};

/// Nanoseconds.
const MINUTE: i128 = 60_000_000_000;
const DAY: i128 = 24 * 60 * MINUTE;
const WEEK: i128 = 7 * DAY;
/// How far ahead an answer may be. A calendar that has no hours has no answer at all.
const HORIZON: i128 = 3_653 * DAY;

/// The calendars of a workspace, worked out. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Calendars(Arc<BTreeMap<String, BusinessTime>>);

impl Calendars {
    /// Those of this workspace that can be meant; [`Workspace::check`] tells of the others.
    /// Holidays of files are none.
    #[must_use]
    pub fn of(workspace: &Workspace) -> Self {
        Self::with_files(workspace, &CalendarFiles::default())
    }

    /// The same with the holidays of these files.
    #[must_use]
    pub fn with_files(workspace: &Workspace, files: &CalendarFiles) -> Self {
        let zones = TimeZoneDatabase::bundled();
        let known = workspace.calendars.iter().filter_map(|calendar| {
            let zone = zones.get(calendar.time_zone.as_ref().unwrap_or(&workspace.time_zone)).ok()?;
            Some((calendar.id.clone(), BusinessTime::new(calendar, zone, files).ok()?))
        });
        Self(Arc::new(known.collect()))
    }

    /// The calendar of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&BusinessTime> {
        self.0.get(name)
    }
}

/// A calendar in a time zone.
#[derive(Clone, Debug)]
pub struct BusinessTime {
    zone: TimeZone,
    week: Week,
    /// Days since 1970-01-01.
    holidays: BTreeSet<i128>,
}

impl BusinessTime {
    /// A calendar whose hours and holidays are in this zone.
    ///
    /// # Errors
    /// The first of its hours or holidays that cannot be meant.
    pub(crate) fn new(calendar: &Calendar, zone: TimeZone, files: &CalendarFiles) -> Result<Self, Wrong> {
        let file = calendar.holidays_digest.as_ref().and_then(|digest| files.get(digest));
        // A file with anything but holidays is refused where it is read.
        let days = file.and_then(|file| file.holidays().ok()).unwrap_or_default();
        let (week, holidays) = read(calendar, &days)?;
        Ok(Self { zone, week, holidays })
    }

    /// A calendar in this zone that never closes.
    #[must_use]
    pub fn around_the_clock(zone: TimeZone) -> Self {
        Self { zone, week: Week::whole(), holidays: BTreeSet::new() }
    }

    /// Whether it is open at that instant. The first instant of a span is, the last is not.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = at.as_nanosecond() + shift(&self.zone, at);
        let time = local.rem_euclid(DAY);
        self.spans(local.div_euclid(DAY)).iter().any(|(from, to)| (*from..*to).contains(&time))
    }

    /// The first instant at which so many minutes of open time have passed since `start`:
    /// `start` itself for none, and the end of the hours rather than the next beginning
    /// where they come out even. None if that is more than ten years away, as it is where
    /// there are no hours.
    #[must_use]
    pub fn add_minutes(&self, start: Timestamp, minutes: u32) -> Option<Timestamp> {
        let mut left = i128::from(minutes) * MINUTE;
        if left == 0 {
            return Some(start);
        }
        let horizon = start.as_nanosecond() + HORIZON;
        stretches(&self.zone, start, horizon).find_map(|Stretch { from, until, ahead }| {
            let end = self.walk(from + ahead, until + ahead, &mut left)?;
            Some(Timestamp::from_nanosecond(end - ahead).ok())
        })?
    }

    /// The open time from one instant to another; below zero if the other is earlier.
    #[must_use]
    pub fn elapsed(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        if to < from {
            return -self.elapsed(to, from);
        }
        let mut left = i128::MAX;
        for Stretch { from, until, ahead } in stretches(&self.zone, from, to.as_nanosecond()) {
            // That much is never used up.
            let _ = self.walk(from + ahead, until + ahead, &mut left);
        }
        SignedDuration::from_nanos_i128(i128::MAX - left)
    }

    /// The first instant after that one at which it closes, if it is open then, or else opens.
    /// None if that is more than ten years away.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(after);
        let changes = |at: &Timestamp| *at > after && self.is_open(*at) != open;
        let mut at = after.as_nanosecond();
        let horizon = at + HORIZON;
        let mut ahead = shift(&self.zone, after);
        let mut following = self.zone.following(after);
        loop {
            let change = following.next();
            let until = change.as_ref().map_or(horizon, |change| change.timestamp().as_nanosecond().min(horizon));
            for day in (at + ahead).div_euclid(DAY)..=(until + ahead).div_euclid(DAY) {
                let edges = self.spans(day).iter().flat_map(|(from, to)| [day * DAY + from, day * DAY + to]);
                let edges = edges.map(|edge| edge - ahead).filter(|edge| (at..until).contains(edge));
                let mut edges = edges.filter_map(|edge| Timestamp::from_nanosecond(edge).ok());
                if let Some(edge) = edges.find(|edge| changes(edge)) {
                    return Some(edge);
                }
            }
            // A clock that is put forward or back may open or close it by that.
            let change = change.filter(|_| until < horizon)?;
            if changes(&change.timestamp()) {
                return Some(change.timestamp());
            }
            at = until;
            ahead = i128::from(change.offset().seconds()) * 1_000_000_000;
        }
    }

    /// Uses `left` up on the open time between two times of an evenly running wall clock, and
    /// gives the time at which nothing is left.
    fn walk(&self, mut at: i128, until: i128, left: &mut i128) -> Option<i128> {
        while at < until {
            let day = at.div_euclid(DAY);
            let midnight = day * DAY;
            let weeks = if at == midnight { self.plain_weeks(day, until, *left) } else { 0 };
            if weeks > 0 {
                *left -= weeks * self.week.total;
                at += weeks * WEEK;
                continue;
            }
            for (from, to) in self.spans(day) {
                let (from, to) = ((midnight + from).max(at), (midnight + to).min(until));
                let open = (to - from).max(0);
                if open >= *left {
                    return Some(from + *left);
                }
                *left -= open;
            }
            at = (midnight + DAY).min(until);
        }
        None
    }

    /// How many weeks from this day on are like any other, and do not use up what is left: so
    /// many need not be looked at day by day.
    fn plain_weeks(&self, day: i128, until: i128, left: i128) -> i128 {
        let whole = (until - day * DAY) / WEEK;
        // A holiday takes hours of the night after it, too.
        let before_holiday = match self.holidays.range(day - 1..).next() {
            Some(holiday) => (holiday - day).max(0) / 7,
            None => whole,
        };
        let fitting = if self.week.total == 0 { whole } else { (left - 1) / self.week.total };
        whole.min(before_holiday).min(fitting)
    }

    /// The open spans of a day, in nanoseconds from its midnight. Hours that pass midnight
    /// belong to the day on which they begin: a holiday takes its own night with it, and leaves
    /// the early hours that the day before it began.
    fn spans(&self, day: i128) -> &[(i128, i128)] {
        let own = !self.holidays.contains(&day);
        let night = !self.holidays.contains(&(day - 1));
        self.week.spans(weekday(day), own, night)
    }
}

/// Whether a calendar's hours and holidays can be meant, with these days of its file.
///
/// # Errors
/// The first that cannot.
pub(crate) fn check(calendar: &Calendar, file: &BTreeSet<Date>) -> Result<(), Wrong> {
    let (week, holidays) = read(calendar, file)?;
    opens(&week, &holidays)
}

/// Time during which a zone's wall clock runs evenly: between two changes of its offset.
#[derive(Clone, Copy)]
struct Stretch {
    from: i128,
    until: i128,
    /// How far the wall clock is ahead of UTC.
    ahead: i128,
}

/// The stretches of the time between, in order.
fn stretches(zone: &TimeZone, from: Timestamp, until: i128) -> impl Iterator<Item = Stretch> {
    let mut at = from.as_nanosecond();
    let mut ahead = shift(zone, from);
    let mut following = zone.following(from);
    std::iter::from_fn(move || {
        let change = following.next().filter(|_| at < until);
        let end = change.as_ref().map_or(until, |change| change.timestamp().as_nanosecond().min(until));
        let stretch = Stretch { from: at, until: end, ahead };
        at = end;
        if let Some(change) = change {
            ahead = i128::from(change.offset().seconds()) * 1_000_000_000;
        }
        (stretch.from < until).then_some(stretch)
    })
}

/// How far the wall clock is ahead of UTC, in nanoseconds.
fn shift(zone: &TimeZone, at: Timestamp) -> i128 {
    i128::from(zone.to_offset(at).seconds()) * 1_000_000_000
}

/// The day of the week, 0 for Monday. The first day of 1970 was a Thursday.
fn weekday(day: i128) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()
}
