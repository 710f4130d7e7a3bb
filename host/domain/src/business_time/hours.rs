//! Weekly hours and holidays as they are written, read into spans of each day.

use std::collections::BTreeSet;

use jiff::Unit;
use jiff::civil::{Date, date};

use super::{DAY, MINUTE};
use crate::workspace::Calendar;

/// The most spans of a day.
pub const SPANS_MAX: usize = 24;
/// The most holidays of a calendar.
pub const HOLIDAYS_MAX: usize = 1_000;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// From and to, in nanoseconds from midnight.
type Span = (i128, i128);

/// Something in a calendar that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// A JSON pointer into the calendar, such as `/hours/mon/1`.
    pub(crate) at: String,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

/// The open spans of a week.
#[derive(Clone, Debug)]
pub(super) struct Week {
    /// Of each day: nothing, its own hours, the rest of the night before, both.
    days: [[Vec<Span>; 4]; 7],
    /// The open time of a week without holidays, in nanoseconds.
    pub(super) total: i128,
}

impl Week {
    fn new(written: &[Vec<Span>; 7]) -> Self {
        let days: [[Vec<Span>; 4]; 7] = std::array::from_fn(|day| {
            let own: Vec<Span> = written[day].iter().map(|(from, to)| (*from, (*to).min(DAY))).collect();
            let night: Vec<Span> =
                written[(day + 6) % 7].iter().filter(|(_, to)| *to > DAY).map(|(_, to)| (0, to - DAY)).collect();
            let both = joined([own.as_slice(), &night].concat());
            [Vec::new(), own, night, both]
        });
        let total = days.iter().flat_map(|day| &day[3]).map(|(from, to)| to - from).sum();
        Self { days, total }
    }

    /// A week without a closed minute.
    pub(super) fn whole() -> Self {
        Self::new(&std::array::from_fn(|_| vec![(0, DAY)]))
    }

    /// The spans of a day that keeps its own hours, or the rest of the night before, or both.
    pub(super) fn spans(&self, weekday: usize, own: bool, night: bool) -> &[Span] {
        &self.days[weekday][usize::from(own) + 2 * usize::from(night)]
    }
}

/// The hours and the holidays, as days since 1970-01-01, of a calendar: those that it lists, and those
/// of its file.
///
/// # Errors
/// The first that cannot be meant.
pub(super) fn read(calendar: &Calendar, file: &BTreeSet<Date>) -> Result<(Week, BTreeSet<i128>), Wrong> {
    let mut week: [Vec<Span>; 7] = Default::default();
    for (day, written) in &calendar.hours {
        let at = format!("/hours/{day}");
        let Some(place) = DAYS.iter().position(|known| known == day) else {
            let days = DAYS.map(|day| format!("`{day}`")).join(", ");
            return Err(wrong(&at, format!("`{day}` is no day; use {days}")));
        };
        if written.len() > SPANS_MAX {
            return Err(wrong(&at, format!("`{day}` has {} spans; {SPANS_MAX} are the most", written.len())));
        }
        for (n, text) in written.iter().enumerate() {
            let at = format!("{at}/{n}");
            let span = span(text).map_err(|message| wrong(&at, message))?;
            let meets = |other: &&Span| span.0 < other.1 && other.0 < span.1;
            if let Some(other) = week[place].iter().position(|other| meets(&other)) {
                let message = format!("`{text}` and `{}` of `{day}` overlap; join them", written[other]);
                return Err(wrong(&at, message));
            }
            week[place].push(span);
        }
    }
    week.iter_mut().for_each(|spans| spans.sort_unstable());
    let mut holidays = holidays(&calendar.holidays)?;
    holidays.extend(file.iter().filter_map(|day| since_1970(*day)));
    Ok((Week::new(&week), holidays))
}

fn holidays(written: &[String]) -> Result<BTreeSet<i128>, Wrong> {
    if written.len() > HOLIDAYS_MAX {
        let message = format!("there are {} holidays; {HOLIDAYS_MAX} are the most", written.len());
        return Err(wrong("/holidays", message));
    }
    let since = |(n, text): (usize, &String)| {
        day(text).and_then(since_1970).ok_or_else(|| {
            wrong(&format!("/holidays/{n}"), format!("`{text}` is no day; write it as in \"2026-12-25\""))
        })
    };
    written.iter().enumerate().map(since).collect()
}

fn since_1970(day: Date) -> Option<i128> {
    date(1970, 1, 1).until((Unit::Day, day)).ok().map(|since| i128::from(since.get_days()))
}

/// Whether it is open at least once in each year.
///
/// # Errors
/// Why it is not.
pub(super) fn opens(week: &Week, holidays: &BTreeSet<i128>) -> Result<(), Wrong> {
    if week.total == 0 {
        let advice = "write when it is open, as in { mon = [\"09:00-17:00\"] }";
        return Err(wrong("/hours", format!("it has no hours, so it is never open; {advice}")));
    }
    let open = |day: i128| !holidays.contains(&day) && !week.spans(super::weekday(day), true, false).is_empty();
    let mut closed = None;
    for day in holidays {
        // A week without holidays has an open day, so no more than seven are looked at.
        let from = closed.filter(|(_, to)| !(to + 1..*day).any(open)).map_or(*day, |(from, _)| from);
        if day - from >= 366 {
            let message = "with these holidays it is closed for more than a year; leave some out";
            return Err(wrong("/holidays", message.into()));
        }
        closed = Some((from, *day));
    }
    Ok(())
}

/// How many minutes a calendar is open in a year, if none of it is a holiday.
///
/// # Errors
/// What of it cannot be meant.
pub(crate) fn open_in_a_year(calendar: &Calendar) -> Result<i128, Wrong> {
    read(calendar, &BTreeSet::new()).map(|(week, _)| week.total / MINUTE * 52)
}

/// A day that is written as `2026-12-25`.
pub(crate) fn day(text: &str) -> Option<Date> {
    Date::strptime("%Y-%m-%d", text).ok().filter(|_| text.len() == 10)
}

/// `09:00-17:00`; what ends at or before its beginning ends on the next day.
fn span(text: &str) -> Result<Span, String> {
    let ends = text.split_once('-').and_then(|(from, to)| Some((minutes(from)?, minutes(to)?)));
    match ends {
        Some((from, to)) if from == to && from < 24 * 60 => {
            Err(format!("`{text}` ends where it begins; write \"00:00-24:00\" for a whole day"))
        }
        Some((from, to)) if from < 24 * 60 => {
            let to = if to < from { to + 24 * 60 } else { to };
            Ok((from * MINUTE, to * MINUTE))
        }
        _ => Err(format!(
            "`{text}` is no span of time; write it as in \"09:00-17:00\", or \"22:00-06:00\" over midnight"
        )),
    }
}

fn minutes(text: &str) -> Option<i128> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str| text.parse().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes): (u8, u8) = (two(hours)?, two(minutes)?);
    let all = i128::from(hours) * 60 + i128::from(minutes);
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

/// The same time in spans that do not meet, in order.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if *end >= from => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

fn wrong(at: &str, message: String) -> Wrong {
    Wrong { at: at.into(), message }
}
