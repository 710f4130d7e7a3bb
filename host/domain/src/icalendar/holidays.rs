//! The days of a file as holidays, which are days wherever the calendar is read.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::{Date, date};

use super::BadLine;
use super::event::Event;
use super::value::Start;

/// The last day of which a rule makes a holiday.
pub const HOLIDAYS_UNTIL: Date = date(2099, 12, 31);
/// The most holidays of a file; a day that several events name counts as often.
pub const HOLIDAY_DAYS_MAX: usize = 20_000;

/// The days of all events. Whether an event leaves people free is not asked: published calendars of
/// holidays say that they do.
pub(super) fn days(events: &[Event]) -> Result<BTreeSet<Date>, BadLine> {
    let (mut all, mut named) = (BTreeSet::new(), 0);
    for event in events {
        let wrong = |what: String| BadLine::new(event.line, what);
        let Start::Day(first) = event.start else {
            let what = "this event has a time of day, and a holiday is a whole day; write DTSTART;VALUE=DATE:20261225, or leave it out";
            return Err(wrong(what.into()));
        };
        let recurring = event.recurrence().into_iter().flat_map(|again| {
            again.days(first, again.until().map_or(HOLIDAYS_UNTIL, |until| until.min(HOLIDAYS_UNTIL)))
        });
        let without: BTreeSet<Date> = event.without().iter().map(Start::date).collect();
        let listed = event.singles().map(Start::date);
        for begin in listed.chain(recurring) {
            if without.contains(&begin) {
                continue;
            }
            let days = (0..event.length.days).map_while(|n| begin.checked_add(Span::new().try_days(n).ok()?).ok());
            for day in days {
                all.insert(day);
                named += 1;
                if named > HOLIDAY_DAYS_MAX {
                    return Err(wrong(format!(
                        "with this event there are more than {HOLIDAY_DAYS_MAX} holidays; leave some out"
                    )));
                }
            }
        }
    }
    Ok(all)
}
