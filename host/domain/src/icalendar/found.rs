//! The events of a file together: how many they may be, and which take the place of others. Whatever a
//! file says, it is read in seconds, and a week of it is worked out in milliseconds.

use std::collections::HashMap;

use jiff::Span;
use jiff::civil::Date;

use super::BadLine;
use super::draft::Draft;
use super::event::{Event, More};
use super::lines::Line;
use super::recurrence::Recurrence;
use super::rule::End;
use super::value::{Length, Start};

/// The most events of a file.
pub const EVENTS_MAX: usize = 20_000;
/// The most of them that come again by a rule.
pub const RECURRING_MAX: usize = 1_000;
/// The most points of time that the exceptions and additions of a file name.
const LISTED_MAX: usize = 100_000;
/// The most times that all COUNTs of a file say.
const COUNTED_MAX: usize = 1_000_000;
/// The most events that come again and are to be found in a week, if they are spread evenly.
const IN_A_WEEK_MAX: usize = 20_000;
/// How many days of a rule are looked at for that.
const SAMPLE: i32 = 800;

/// The events that were read whole.
#[derive(Default)]
pub(super) struct Found {
    /// Each with whether it is cancelled.
    events: Vec<(Event, bool)>,
    /// The places of the events of a name that take nobody's place, and whether there are several.
    named: HashMap<String, (usize, bool)>,
    /// Whose place is taken: a name, when it would have begun, and the line of the event that takes it.
    instead: Vec<(String, Start, usize)>,
    recurring: usize,
    listed: usize,
    counted: usize,
    in_a_week: usize,
}

impl Found {
    /// Takes an event in, which ends with this line.
    pub(super) fn add(&mut self, draft: Draft, end: &Line<'_>) -> Result<(), BadLine> {
        let wrong = |what: &str| Err(BadLine::new(draft.line, what));
        let Some(start) = draft.start.clone() else {
            return wrong("this event has no DTSTART; say when it begins, or leave it out");
        };
        let length = draft.length(&start)?;
        let whole = matches!(start, Start::Day(_));
        if draft.besides.iter().any(|other| matches!(other, Start::Day(_)) != whole) {
            return wrong("the RDATE of this event is of another kind than its DTSTART; write days or times for both");
        }
        if whole && draft.without.iter().any(|other| !matches!(other, Start::Day(_))) {
            return wrong("this event is of whole days, and its EXDATE has a time; write EXDATE;VALUE=DATE");
        }
        self.listed += draft.besides.len() + draft.without.len();
        if let Some((rule, _)) = &draft.rule {
            self.recurring += 1;
            self.counted += if let End::After(count) = rule.end { count as usize } else { 0 };
        }
        self.within(end)?;
        let recurrence = match draft.rule {
            Some((rule, line)) => {
                Some(Recurrence::new(start.date(), rule).map_err(|what| BadLine::new(line, format!("RRULE {what}")))?)
            }
            None => None,
        };
        self.in_a_week += recurrence.as_ref().map_or(0, |again| in_a_week(again, start.date(), length));
        self.within(end)?;
        match (draft.uid, draft.instead) {
            (Some(uid), Some(of)) => self.instead.push((uid, of, draft.line)),
            (None, Some(_)) => return wrong("this event has a RECURRENCE-ID and no UID; say of which event it is one"),
            (Some(uid), None) => {
                self.named.entry(uid).and_modify(|(_, several)| *several = true).or_insert((self.events.len(), false));
            }
            (None, None) => {}
        }
        let more = More { recurrence, besides: draft.besides, without: draft.without };
        let plain = more.recurrence.is_none() && more.besides.is_empty() && more.without.is_empty();
        let more = (!plain).then(|| Box::new(more));
        let event = Event { line: draft.line, start, length, transparent: draft.transparent, more };
        self.events.push((event, draft.cancelled));
        Ok(())
    }

    /// Whether there is not too much of anything, with the event that ends here.
    fn within(&self, end: &Line<'_>) -> Result<(), BadLine> {
        let all = [
            (self.events.len() + 1, EVENTS_MAX, "events"),
            (self.recurring, RECURRING_MAX, "events that come again"),
            (self.listed, LISTED_MAX, "points of time in EXDATE and RDATE"),
            (self.counted, COUNTED_MAX, "times in COUNT together"),
            (self.in_a_week, IN_A_WEEK_MAX, "events in a week by its rules"),
        ];
        match all.into_iter().find(|(count, most, _)| count > most) {
            Some((_, most, what)) => {
                Err(end.wrong(format!("the file has more than {most} {what}; leave past ones out")))
            }
            None => Ok(()),
        }
    }

    /// What takes place: not what is cancelled, nor that whose place another event takes.
    pub(super) fn events(mut self) -> Result<Vec<Event>, BadLine> {
        for (uid, of, line) in self.instead {
            match self.named.get(&uid) {
                Some((_, true)) => {
                    let what =
                        "this event takes the place of one of a series, and several have its UID; keep one of them";
                    return Err(BadLine::new(line, what));
                }
                Some((place, false)) => self.events[*place].0.more.get_or_insert_default().without.push(of),
                // The series is not of this file.
                None => {}
            }
        }
        Ok(self.events.into_iter().filter(|(_, cancelled)| !cancelled).map(|(event, _)| event).collect())
    }
}

/// How many of a series are to be found in a week, those included that began before it.
fn in_a_week(again: &Recurrence, first: Date, length: Length) -> usize {
    let until = first.checked_add(Span::new().days(SAMPLE)).unwrap_or(Date::MAX);
    let days = i64::from(length.days) + length.seconds / 86_400 + 9;
    let days = usize::try_from(days).unwrap_or(usize::MAX);
    again.days(first, until).count().saturating_mul(days) / SAMPLE.unsigned_abs() as usize + 1
}
