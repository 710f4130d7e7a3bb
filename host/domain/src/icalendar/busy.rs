//! When somebody is busy by a file: its events as they are in a time zone. Single ones are put in order
//! once; those that come again are worked out for the stretch of time that is asked about.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use super::Events;
use super::event::Event;
use super::recurrence::Recurrence;
use super::rule::End;
use super::value::{Length, Start};

/// How far ahead a change is looked for, and how far in one step.
const HORIZON: SignedDuration = SignedDuration::from_hours(3_653 * 24);
const STEP: SignedDuration = SignedDuration::from_hours(28 * 24);

/// From and to: the first instant is of it, the last is not.
pub(crate) type Stretch = (Timestamp, Timestamp);

/// When somebody is busy.
#[derive(Debug)]
pub struct Busy {
    /// In order, none meeting another.
    single: Box<[Stretch]>,
    recurring: Vec<Recurring>,
    /// When all is over. None where something comes again for ever.
    last: Option<Timestamp>,
}

/// An event that comes again, in its time zone.
#[derive(Debug)]
struct Recurring {
    recurrence: Recurrence,
    /// Whether it is of whole days.
    whole: bool,
    time: Time,
    place: Place,
    length: Length,
}

/// Where an event is, and when it is not.
#[derive(Debug)]
struct Place {
    zone: TimeZone,
    without_days: Vec<Date>,
    without_times: Vec<Timestamp>,
}

impl Busy {
    /// By these events, for somebody in this zone.
    #[must_use]
    pub fn of(events: &Events, zone: &TimeZone) -> Self {
        let (mut single, mut recurring) = (Vec::new(), Vec::new());
        for event in events.events.iter().filter(|event| !event.transparent) {
            let place = Place::of(event, zone);
            let own = |start: &Start| match start {
                Start::Day(day) => place.stretch(day.to_datetime(Time::midnight()), event.length),
                Start::Clock(time, None) => place.stretch(*time, event.length),
                Start::Clock(time, Some(zone)) => {
                    place.stretch(zone.to_timestamp(*time).ok()?.to_zoned(place.zone.clone()).datetime(), event.length)
                }
            };
            single.extend(event.singles().filter_map(own));
            if let Some(recurrence) = event.recurrence() {
                let (whole, time) = match event.start {
                    Start::Day(_) => (true, Time::midnight()),
                    Start::Clock(time, _) => (false, time.time()),
                };
                recurring.push(Recurring { recurrence: recurrence.clone(), whole, time, place, length: event.length });
            }
        }
        let single = joined(single);
        let ends =
            recurring.iter().map(Recurring::end).chain([Some(single.last().map_or(Timestamp::MIN, |last| last.1))]);
        let last = ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
        Self { single: single.into(), recurring, last }
    }

    /// The stretches that have an instant in this one, whole and in order; none meets another.
    pub(crate) fn within(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let start = self.single.partition_point(|(_, to)| *to <= from);
        let end = start + self.single[start..].partition_point(|(from, _)| *from < until);
        let mut all = self.single[start..end].to_vec();
        self.recurring.iter().for_each(|one| one.within(from, until, &mut all));
        joined(all)
    }

    /// Whether they are at that instant.
    #[must_use]
    pub fn is_busy(&self, at: Timestamp) -> bool {
        let after = at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX);
        !self.within(at, after).is_empty()
    }

    /// The first instant after that one at which they are free, if they are busy then, or else busy.
    /// None if that is more than ten years away.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let busy = self.is_busy(after);
        let horizon = after.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut from = after;
        while from < horizon && (busy || self.last.is_none_or(|last| from < last)) {
            let until = from.checked_add(STEP).unwrap_or(Timestamp::MAX);
            let found = self.within(from, until);
            let current = found.first().filter(|(begin, _)| *begin <= from);
            from = match (busy, current) {
                (true, None) => return Some(from),
                // What begins with its end or after it may not have been found yet.
                (true, Some((_, end))) if *end < until => return Some(*end),
                (true, Some((_, end))) => *end,
                (false, _) => match found.iter().find(|(begin, _)| *begin > after) {
                    Some((begin, _)) => return Some(*begin),
                    None => until,
                },
            };
        }
        None
    }
}

impl Recurring {
    /// When it is over, or later; none if it never is.
    fn end(&self) -> Option<Timestamp> {
        let day = self.recurrence.last()?.checked_add(Span::new().days(self.length.days)).ok()?;
        let end = day.to_datetime(self.time).checked_add(SignedDuration::from_secs(self.length.seconds)).ok()?;
        // Later than by any clock.
        self.place.zone.to_timestamp(end.checked_add(SignedDuration::from_hours(48)).ok()?).ok()
    }

    /// Adds what has an instant in this stretch.
    fn within(&self, from: Timestamp, until: Timestamp, all: &mut Vec<Stretch>) {
        let Place { zone, .. } = &self.place;
        let lasts = SignedDuration::from_secs(self.length.seconds) + SignedDuration::from_hours(24 * 2);
        let early = from.checked_sub(lasts).unwrap_or(Timestamp::MIN);
        let first = zone.to_datetime(early).date();
        let first = first.checked_sub(Span::new().days(self.length.days)).unwrap_or(Date::MIN);
        let last = zone.to_datetime(until).date();
        let begins = self.recurrence.days(first, last).map(|day| day.to_datetime(self.time));
        let stretches = begins.filter(|begin| self.is_before_end(*begin));
        let stretches = stretches.filter_map(|begin| self.place.stretch(begin, self.length));
        all.extend(stretches.filter(|(begin, end)| *begin < until && *end > from));
    }

    fn is_before_end(&self, begin: DateTime) -> bool {
        match &self.recurrence.rule.end {
            End::Until(until, _) if self.whole => begin.date() <= until.date(),
            End::Until(until, None) => begin <= *until,
            End::Until(until, Some(zone)) => {
                let at = self.place.zone.to_timestamp(begin);
                at.is_ok_and(|at| zone.to_timestamp(*until).is_ok_and(|until| at <= until))
            }
            End::Never | End::After(_) => true,
        }
    }
}

impl Place {
    /// Where this event is for somebody in this zone.
    fn of(event: &Event, zone: &TimeZone) -> Self {
        let (whole, zone) = match &event.start {
            Start::Day(_) => (true, zone.clone()),
            Start::Clock(_, own) => (false, own.as_ref().unwrap_or(zone).clone()),
        };
        let (mut without_days, mut without_times) = (Vec::new(), Vec::new());
        for other in event.without() {
            match other {
                Start::Clock(time, other) if !whole => {
                    without_times.extend(other.as_ref().unwrap_or(&zone).to_timestamp(*time));
                }
                other => without_days.push(other.date()),
            }
        }
        without_days.sort_unstable();
        without_times.sort_unstable();
        Self { zone, without_days, without_times }
    }

    /// From when to when an event is that begins so. A time that the clock skips is as much later, one
    /// that it shows twice is the first. None if it does not take place then, or takes no time.
    fn stretch(&self, begin: DateTime, length: Length) -> Option<Stretch> {
        if self.without_days.binary_search(&begin.date()).is_ok() {
            return None;
        }
        let from = self.zone.to_timestamp(begin).ok()?;
        if self.without_times.binary_search(&from).is_ok() {
            return None;
        }
        let day = match length.days {
            0 => from,
            days => self.zone.to_timestamp(begin.checked_add(Span::new().days(days)).ok()?).ok()?,
        };
        let to = day.checked_add(SignedDuration::from_secs(length.seconds)).ok()?;
        (from < to).then_some((from, to))
    }
}

/// The same time in stretches that do not meet, in order.
fn joined(mut all: Vec<Stretch>) -> Vec<Stretch> {
    all.sort_unstable();
    all.dedup_by(|next, last| {
        let meets = next.0 <= last.1;
        if meets {
            last.1 = last.1.max(next.1);
        }
        meets
    });
    all
}
