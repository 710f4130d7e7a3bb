//! The days of a rule. A rule has periods (days, weeks, months, years); each is looked at on its own,
//! so that any stretch of time is found without those before it, and the work is bounded by its length.

use jiff::Span;
use jiff::civil::{Date, date};

use super::rule::{End, Every, Rule};

/// How long a rule that ends after so many times may take for it.
const YEARS_OF_COUNT: i16 = 100;
/// The last year that a rule has days in.
const LAST_YEAR: i16 = 2_400;

/// A rule, and the day from which it holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recurrence {
    first: Date,
    pub(super) rule: Rule,
    /// The last day, where the rule says after how many times it ends.
    last: Option<Date>,
}

impl Recurrence {
    /// A rule for what takes place on this day for the first time, whether or not the day fits it.
    ///
    /// # Errors
    /// When it does not end after so many times, to follow "RRULE".
    pub(super) fn new(first: Date, rule: Rule) -> Result<Self, String> {
        let mut all = Self { first, rule, last: None };
        if let End::After(count) = all.rule.end {
            let end = date(first.year().saturating_add(YEARS_OF_COUNT), 12, 31);
            let mut later = first.tomorrow().into_iter().flat_map(|next| all.days(next, end));
            let last = match usize::try_from(count).unwrap_or(usize::MAX).checked_sub(2) {
                Some(more) => later.nth(more),
                None => Some(first),
            };
            let told = || format!("does not come to COUNT={count} within {YEARS_OF_COUNT} years; leave COUNT out");
            drop(later);
            all.last = Some(last.ok_or_else(told)?);
        }
        Ok(all)
    }

    /// The days between, both included, that fit the rule, in order. The first day of all may not be
    /// among them.
    pub(super) fn days(&self, from: Date, to: Date) -> impl Iterator<Item = Date> + '_ {
        let from = from.max(self.first);
        let to = self.last.map_or(to, |last| to.min(last));
        let start = self.index(self.first);
        let interval = i64::from(self.rule.interval);
        let before = (self.index(from) - start) / interval;
        let periods = (before..).map_while(move |n| {
            let index = start + n * interval;
            let (begin, end) = (self.begin(index)?, self.begin(index + 1)?.yesterday().ok()?);
            (begin <= to).then_some((begin, end))
        });
        periods.flat_map(move |(begin, end)| self.of_period(begin, end, from, to))
    }

    /// The last day that may be of it by the rule's UNTIL, which [`Self::days`] leaves to whoever knows
    /// the time of day.
    pub(super) fn until(&self) -> Option<Date> {
        match &self.rule.end {
            End::Until(until, _) => Some(until.date()),
            End::Never | End::After(_) => None,
        }
    }

    /// The last day, if there is one, or a later one.
    pub(super) fn last(&self) -> Option<Date> {
        self.until().map_or(self.last, |until| until.tomorrow().ok())
    }

    /// The days of a period, of which those between are asked for.
    fn of_period(&self, begin: Date, end: Date, from: Date, to: Date) -> Vec<Date> {
        let fits = |day: &Date| self.fits(*day);
        if self.rule.positions.is_empty() {
            return days_between(begin.max(from), end.min(to)).filter(fits).collect();
        }
        let all: Vec<Date> = days_between(begin, end).filter(fits).collect();
        let count = i16::try_from(all.len()).unwrap_or(i16::MAX);
        let places = (1..).zip(&all).filter(|(place, day)| {
            let chosen = self.rule.positions.contains(place) || self.rule.positions.contains(&(place - count - 1));
            chosen && (from..=to).contains(*day)
        });
        places.map(|(_, day)| *day).collect()
    }

    /// Whether a day fits the rule, wherever its period is.
    fn fits(&self, day: Date) -> bool {
        let Rule { every, months, month_days, weekdays, .. } = &self.rule;
        if *months != 0 && months & (1 << day.month()) == 0 {
            return false;
        }
        let last = i16::from(day.days_in_month());
        let of_month = i16::from(day.day());
        if !month_days.is_empty() && !month_days.iter().any(|n| *n == of_month || *n == of_month - last - 1) {
            return false;
        }
        let in_year = *every == Every::Year && *months == 0;
        let (place, last) = if in_year { (day.day_of_year(), day.days_in_year()) } else { (of_month, last) };
        let nth = [0, (place - 1) / 7 + 1, -((last - place) / 7 + 1)];
        if !weekdays.is_empty() {
            return weekdays.iter().any(|(n, weekday)| nth.contains(n) && *weekday == day.weekday());
        }
        match every {
            _ if !month_days.is_empty() => true,
            Every::Day => true,
            Every::Week => day.weekday() == self.first.weekday(),
            Every::Month => day.day() == self.first.day(),
            Every::Year => day.day() == self.first.day() && (*months != 0 || day.month() == self.first.month()),
        }
    }

    /// The number of the period that a day is in.
    fn index(&self, day: Date) -> i64 {
        match self.rule.every {
            Every::Day => number(day),
            Every::Week => (number(day) + self.ahead_of_week()).div_euclid(7),
            Every::Month => i64::from(day.year()) * 12 + i64::from(day.month()) - 1,
            Every::Year => i64::from(day.year()),
        }
    }

    /// The first day of a period. None after the end of time.
    fn begin(&self, index: i64) -> Option<Date> {
        let begin = match self.rule.every {
            Every::Day => of_number(index)?,
            Every::Week => of_number(index * 7 - self.ahead_of_week())?,
            Every::Month => {
                let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
                Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?
            }
            Every::Year => Date::new(i16::try_from(index).ok()?, 1, 1).ok()?,
        };
        (begin.year() <= LAST_YEAR).then_some(begin)
    }

    /// The first day of 1970 was a Thursday.
    fn ahead_of_week(&self) -> i64 {
        3 - i64::from(self.rule.week_start.to_monday_zero_offset())
    }
}

/// Days since 1970-01-01.
fn number(day: Date) -> i64 {
    day.duration_since(date(1970, 1, 1)).as_hours() / 24
}

fn of_number(number: i64) -> Option<Date> {
    date(1970, 1, 1).checked_add(Span::new().try_days(number).ok()?).ok()
}

fn days_between(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(move |day| *day <= to)
}
