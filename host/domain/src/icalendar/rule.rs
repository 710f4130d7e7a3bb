//! The rule by which an event comes again, as RRULE writes it. A part that is not read here, or that
//! RFC 5545 allows in no such rule, is an error: a rule that is half understood would give other days.

use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use super::value::{clock, date, shown};

/// The largest number in a rule.
const NUMBER_MAX: u32 = 100_000;

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) every: Every,
    /// Of so many of these, only the first.
    pub(super) interval: u32,
    /// Bit 1 is January; none is all months.
    pub(super) months: u16,
    /// From 1, or from -1 for the last.
    pub(super) month_days: Vec<i16>,
    /// Of so many weekdays the one, or with 0 each.
    pub(super) weekdays: Vec<(i16, Weekday)>,
    /// Which of the days of a period, from 1, or from -1 for the last; none is all.
    pub(super) positions: Vec<i16>,
    pub(super) week_start: Weekday,
    pub(super) end: End,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Every {
    Day,
    Week,
    Month,
    Year,
}

/// When it ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Never,
    After(u32),
    /// With what begins then or earlier, by the wall clock or, with a zone, whatever the clock says.
    /// Where the day alone is said, with that day.
    Until(DateTime, Option<TimeZone>),
}

impl Rule {
    /// Reads the value of RRULE.
    ///
    /// # Errors
    /// What is wrong and what to do, to follow "RRULE".
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let (mut every, mut rest, mut seen) = (None, Vec::new(), Vec::new());
        for part in text.trim().trim_end_matches(';').split(';') {
            let wrong = || format!("has `{}`, which is no part of a rule; write parts as in FREQ=WEEKLY", shown(part));
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            let key = key.trim().to_ascii_uppercase();
            if seen.contains(&key) {
                return Err(format!("has {key} twice; keep one"));
            }
            match key.as_str() {
                "FREQ" => every = Some(frequency(value.trim())?),
                _ => rest.push((key.clone(), value.trim().to_ascii_uppercase())),
            }
            seen.push(key);
        }
        let every = every.ok_or("says no FREQ; add one, as in FREQ=WEEKLY")?;
        let mut rule = Self {
            every,
            interval: 1,
            months: 0,
            month_days: Vec::new(),
            weekdays: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
            end: End::Never,
        };
        for (key, value) in rest {
            rule.part(&key, &value)?;
        }
        rule.check()?;
        Ok(rule)
    }

    fn part(&mut self, key: &str, value: &str) -> Result<(), String> {
        let wrong =
            |example: &str| format!("has {key}={}, which does not read; write it as in {example}", shown(value));
        match key {
            "INTERVAL" => self.interval = number(value).ok_or_else(|| wrong("INTERVAL=2"))?,
            "COUNT" | "UNTIL" if self.end != End::Never => {
                return Err("has both COUNT and UNTIL; leave one out".into());
            }
            "COUNT" => self.end = End::After(number(value).ok_or_else(|| wrong("COUNT=10"))?),
            "UNTIL" => self.end = until(value).ok_or_else(|| wrong("UNTIL=20261231 or UNTIL=20261231T225959Z"))?,
            "WKST" => self.week_start = weekday(value).ok_or_else(|| wrong("WKST=MO"))?,
            "BYMONTH" => {
                for month in list(value, 12).ok_or_else(|| wrong("BYMONTH=1,7"))? {
                    self.months |=
                        u16::try_from(month).ok().map(|month| 1 << month).ok_or_else(|| wrong("BYMONTH=1,7"))?;
                }
            }
            "BYMONTHDAY" => self.month_days = list(value, 31).ok_or_else(|| wrong("BYMONTHDAY=1,-1"))?,
            "BYSETPOS" => self.positions = list(value, 366).ok_or_else(|| wrong("BYSETPOS=-1"))?,
            "BYDAY" => {
                let days: Option<Vec<_>> = value.split(',').map(|day| nth_weekday(day.trim())).collect();
                self.weekdays = days.ok_or_else(|| wrong("BYDAY=MO,WE or BYDAY=-1FR"))?;
                self.weekdays.sort_unstable_by_key(|(nth, day)| (*nth, day.to_monday_zero_offset()));
                self.weekdays.dedup();
            }
            _ => {
                return Err(format!(
                    "has {}, which is not read here; write the rule with INTERVAL, COUNT, UNTIL, BYDAY, BYMONTH, BYMONTHDAY, BYSETPOS and WKST, or its days as events",
                    shown(key)
                ));
            }
        }
        Ok(())
    }

    /// What fits no rule of its kind.
    fn check(&self) -> Result<(), String> {
        let Self { every, month_days, weekdays, positions, .. } = self;
        let nth = weekdays.iter().any(|(nth, _)| *nth != 0);
        let long = matches!(every, Every::Month | Every::Year);
        if nth && !long {
            return Err("counts weekdays with BYDAY, as in 1MO, which only FREQ=MONTHLY and FREQ=YEARLY can; leave the number out".into());
        }
        if nth && !month_days.is_empty() {
            return Err("has both counted weekdays and BYMONTHDAY; leave one out".into());
        }
        if *every == Every::Week && !month_days.is_empty() {
            return Err("has BYMONTHDAY, which FREQ=WEEKLY cannot have; use FREQ=MONTHLY".into());
        }
        if !positions.is_empty() && (!long || (weekdays.is_empty() && month_days.is_empty())) {
            return Err("has BYSETPOS, which is read with FREQ=MONTHLY or FREQ=YEARLY and with BYDAY or BYMONTHDAY; leave it out".into());
        }
        Ok(())
    }
}

fn frequency(text: &str) -> Result<Every, String> {
    match text.to_ascii_uppercase().as_str() {
        "DAILY" => Ok(Every::Day),
        "WEEKLY" => Ok(Every::Week),
        "MONTHLY" => Ok(Every::Month),
        "YEARLY" => Ok(Every::Year),
        _ => Err(format!("has FREQ={}, which is not read here; use DAILY, WEEKLY, MONTHLY or YEARLY", shown(text))),
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && (1..=NUMBER_MAX).contains(number))
}

/// Numbers up to so many, and the same below zero; each once.
fn list(text: &str, most: i16) -> Option<Vec<i16>> {
    let one =
        |text: &str| text.trim().parse::<i16>().ok().filter(|number| *number != 0 && (-most..=most).contains(number));
    let mut all: Vec<i16> = text.split(',').map(one).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn until(text: &str) -> Option<End> {
    let Some((day, time)) = text.split_once('T') else {
        return Some(End::Until(date(text)?.at(23, 59, 59, 999_999_999), None));
    };
    let zone = time.ends_with('Z').then_some(TimeZone::UTC);
    Some(End::Until(date(day)?.to_datetime(clock(time.trim_end_matches('Z'))?), zone))
}

fn nth_weekday(text: &str) -> Option<(i16, Weekday)> {
    let start = text.len().checked_sub(2).filter(|start| text.is_char_boundary(*start))?;
    let (nth, day) = text.split_at(start);
    let nth = match nth {
        "" => 0,
        nth => nth.parse::<i16>().ok().filter(|nth| *nth != 0 && (-53..=53).contains(nth))?,
    };
    Some((nth, weekday(day)?))
}

fn weekday(text: &str) -> Option<Weekday> {
    let days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let place = days.iter().position(|day| *day == text)?;
    Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok()
}
