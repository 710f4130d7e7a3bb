//! Business days. One begins with the hours of its date and is over when the last of them are,
//! which may be on the next date.

use jiff::Timestamp;

use super::{BusinessTime, DAY, HORIZON, Stretch, shift, stretches, weekday};

impl BusinessTime {
    /// The end of the business day that is not over at `start`, or of the one so many business days
    /// later. Time outside its hours belongs to the business day that comes next. A date whose
    /// hours fall away, or whose hours the clock skips, is no business day. None if that is more
    /// than ten years away.
    #[must_use]
    pub fn end_of_day(&self, start: Timestamp, later: u32) -> Option<Timestamp> {
        if self.week.total == 0 {
            return None;
        }
        let first = (start.as_nanosecond() + shift(&self.zone, start)).div_euclid(DAY) - 2;
        // Night hours end a day late, and a clock that is put back may show a date twice.
        let early = Timestamp::from_nanosecond(start.as_nanosecond() - 4 * DAY).unwrap_or(Timestamp::MIN);
        let mut coming = stretches(&self.zone, early, start.as_nanosecond() + HORIZON + 4 * DAY);
        let mut around: Vec<Stretch> = coming.next().into_iter().collect();
        let (mut left, mut latest) = (later, start);
        for day in first..=first + HORIZON / DAY {
            while around.last().is_some_and(|last| last.until < (day + 4) * DAY) {
                let Some(next) = coming.next() else { break };
                around.push(next);
            }
            match self.close(day, &around) {
                Some(close) if close > start => latest = latest.max(close),
                _ => continue,
            }
            if left == 0 {
                return Some(latest);
            }
            left -= 1;
        }
        None
    }

    /// When the hours that begin on this date are over. None where there are none.
    fn close(&self, day: i128, around: &[Stretch]) -> Option<Timestamp> {
        if self.holidays.contains(&day) {
            return None;
        }
        let own =
            self.week.spans(weekday(day), true, false).iter().map(|(from, to)| (day * DAY + from, day * DAY + to));
        let night = self.week.spans(weekday(day + 1), false, true).iter();
        let night = night.map(|(from, to)| ((day + 1) * DAY + from, (day + 1) * DAY + to));
        let ends = own.chain(night).flat_map(|(from, to)| {
            around.iter().filter_map(move |stretch| {
                let end = to.min(stretch.until + stretch.ahead);
                (from.max(stretch.from + stretch.ahead) < end).then_some(end - stretch.ahead)
            })
        });
        Timestamp::from_nanosecond(ends.max()?).ok()
    }
}
