//! Rules against a slow reading of the standard, day by day: a day is of a rule if its period counts and
//! it stands in the list of that period's days.

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, Unit};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rota_domain::icalendar::{Busy, Events};

use super::file;

const DAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

#[derive(Clone, Debug)]
struct Written {
    first: Date,
    every: &'static str,
    interval: i64,
    months: Vec<i8>,
    month_days: Vec<i8>,
    weekdays: Vec<(i32, usize)>,
    positions: Vec<i32>,
    week_start: usize,
    /// `COUNT`, or how many days after the first it ends.
    count: Option<usize>,
    until: Option<i64>,
}

impl Written {
    fn rule(&self) -> String {
        fn list<T: ToString>(key: &str, all: &[T]) -> String {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            if all.is_empty() { String::new() } else { format!(";{key}={}", all.join(",")) }
        }
        let weekdays: Vec<String> = self
            .weekdays
            .iter()
            .map(|(n, day)| if *n == 0 { DAYS[*day].0.into() } else { format!("{n}{}", DAYS[*day].0) })
            .collect();
        let count = self.count.map_or(String::new(), |count| format!(";COUNT={count}"));
        let until = self.until.map(|days| self.first + days.days());
        let until = until.map_or(String::new(), |until| format!(";UNTIL={}", until.strftime("%Y%m%d")));
        format!(
            "FREQ={};INTERVAL={};WKST={}{}{}{}{}{count}{until}",
            self.every,
            self.interval,
            DAYS[self.week_start].0,
            list("BYMONTH", &self.months),
            list("BYMONTHDAY", &self.month_days),
            list("BYDAY", &weekdays),
            list("BYSETPOS", &self.positions),
        )
    }

    /// All days of the period that a day is in.
    fn period(&self, day: Date) -> Vec<Date> {
        let (from, to) = match self.every {
            "DAILY" => (day, day),
            "WEEKLY" => {
                let mut from = day;
                while from.weekday() != DAYS[self.week_start].1 {
                    from = from.yesterday().unwrap();
                }
                (from, from + 6.days())
            }
            "MONTHLY" => (day.first_of_month(), day.last_of_month()),
            _ => (day.first_of_year(), day.last_of_year()),
        };
        from.series(1.day()).take_while(|day| *day <= to).collect()
    }

    /// How many periods a day's is after the first one.
    fn after(&self, day: Date) -> i64 {
        let (from, to) = (self.period(self.first)[0], self.period(day)[0]);
        let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month() - from.month());
        let days = i64::from(from.until((Unit::Day, to)).unwrap().get_days());
        match self.every {
            "DAILY" => days,
            "WEEKLY" => days / 7,
            "MONTHLY" => months,
            _ => months / 12,
        }
    }

    /// The days of a list that are the nth of their weekday in it.
    fn nth(list: &[Date], n: i32, weekday: Weekday) -> Vec<Date> {
        let mut all: Vec<Date> = list.iter().copied().filter(|day| day.weekday() == weekday).collect();
        if n < 0 {
            all.reverse();
        }
        match usize::try_from(n.abs()).unwrap() {
            0 => all,
            n => all.get(n - 1).copied().into_iter().collect(),
        }
    }

    /// The days of the period that a day is in that fit, before positions are chosen.
    fn chosen(&self, day: Date) -> Vec<Date> {
        let mut days = self.period(day);
        if !self.months.is_empty() {
            days.retain(|day| self.months.contains(&day.month()));
        }
        if !self.month_days.is_empty() {
            let named =
                |day: Date, n: i8| if n > 0 { day.day() == n } else { day.day() == day.days_in_month() + 1 + n };
            days.retain(|day| self.month_days.iter().any(|n| named(*day, *n)));
        }
        if !self.weekdays.is_empty() {
            let by_month = self.every == "MONTHLY" || !self.months.is_empty();
            let mut fitting = Vec::new();
            for (n, weekday) in &self.weekdays {
                let weekday = DAYS[*weekday].1;
                for day in &days {
                    let scope: Vec<Date> = match (n, by_month) {
                        (0, _) => vec![*day],
                        (_, true) => {
                            day.first_of_month().series(1.day()).take(day.days_in_month().try_into().unwrap()).collect()
                        }
                        (_, false) => self.period(*day),
                    };
                    if Self::nth(&scope, *n, weekday).contains(day) {
                        fitting.push(*day);
                    }
                }
            }
            days.retain(|day| fitting.contains(day));
        } else if self.month_days.is_empty() {
            match self.every {
                "DAILY" => {}
                "WEEKLY" => days.retain(|day| day.weekday() == self.first.weekday()),
                "MONTHLY" => days.retain(|day| day.day() == self.first.day()),
                _ => {
                    let months = if self.months.is_empty() { vec![self.first.month()] } else { self.months.clone() };
                    days.retain(|day| day.day() == self.first.day() && months.contains(&day.month()));
                }
            }
        }
        days
    }

    /// The days up to that one.
    fn days(&self, to: Date) -> Vec<Date> {
        let mut all = vec![self.first];
        // The last day of a period, whether it counts, and its days that fit.
        let mut known: Option<(Date, bool, Vec<Date>)> = None;
        for day in self.first.tomorrow().unwrap().series(1.day()).take_while(|day| *day <= to) {
            let (_, counts, list) = match &mut known {
                Some(known) if day <= known.0 => known,
                other => {
                    let last = *self.period(day).last().unwrap();
                    let counts = self.after(day) % self.interval == 0;
                    other.insert((last, counts, if counts { self.chosen(day) } else { Vec::new() }))
                }
            };
            if !*counts {
                continue;
            }
            let Some(place) = list.iter().position(|other| *other == day) else { continue };
            let (place, len) = (i32::try_from(place).unwrap(), i32::try_from(list.len()).unwrap());
            if self.positions.is_empty() || self.positions.iter().any(|n| *n == place + 1 || *n == place - len) {
                all.push(day);
            }
        }
        all.truncate(self.count.unwrap_or(usize::MAX));
        if let Some(until) = self.until {
            all.retain(|day| *day <= self.first + until.days() || *day == self.first);
        }
        all
    }
}

fn written() -> impl Strategy<Value = Written> {
    let every = select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let numbers =
        (0_i64..1_500, 1_i64..5, 0_usize..7, proptest::option::of(1_usize..12), proptest::option::of(0_i64..900));
    let months = subsequence((1..=12).collect::<Vec<i8>>(), 0..4);
    let month_days = subsequence((-31..=31).filter(|n| *n != 0).collect::<Vec<i8>>(), 0..6);
    let plain = subsequence((0..7).map(|day| (0, day)).collect::<Vec<(i32, usize)>>(), 0..5);
    let nth = proptest::collection::vec((select(vec![-5, -2, -1, 1, 2, 3, 5, 20]), 0_usize..7), 1..4);
    let weekdays = prop_oneof![3 => plain, 1 => nth];
    let positions = subsequence(vec![-3, -2, -1, 1, 2, 4, 30], 0..3);
    (every, numbers, months, (any::<bool>(), month_days), weekdays, (any::<bool>(), positions)).prop_map(
        |(
            every,
            (day, interval, week_start, count, until),
            months,
            (with_days, month_days),
            weekdays,
            (some, positions),
        )| {
            let long = every == "MONTHLY" || every == "YEARLY";
            let mut weekdays = weekdays;
            if !long {
                weekdays.iter_mut().for_each(|(n, _)| *n = 0);
            }
            let nth = weekdays.iter().any(|(n, _)| *n != 0);
            let month_days = if with_days && !nth && every != "WEEKLY" { month_days } else { Vec::new() };
            let by = !weekdays.is_empty() || !month_days.is_empty();
            let positions = if some && long && by { positions } else { Vec::new() };
            // One that comes to its count only after a century is refused; few are left out for it.
            let count = count.filter(|_| until.is_none());
            Written {
                first: date(2024, 1, 1) + day.days(),
                every,
                interval,
                months,
                month_days,
                weekdays,
                positions,
                week_start,
                count,
                until,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_rule_has_the_days_that_a_slow_reading_gives(written in written()) {
        let event = format!("DTSTART:{}T093000Z\nDURATION:PT30M\nRRULE:{}", written.first.strftime("%Y%m%d"), written.rule());
        let Ok(events) = Events::read(file(&[&event]).as_bytes()) else {
            prop_assert!(written.count.is_some(), "{}", event);
            return Ok(());
        };
        let busy = Busy::of(&events, &TimeZone::UTC);
        let to = written.first + 4.years();
        let at = |day: Date| day.at(9, 45, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let all = (written.first - 40.days()).series(1.day()).take_while(|day| *day <= to);
        let found: Vec<Date> = all.filter(|day| busy.is_busy(at(*day))).collect();
        prop_assert_eq!(found, written.days(to), "{}", event);
    }

    #[test]
    fn until_the_next_change_nothing_changes_and_then_it_does(
        written in written(), days in 0_i64..900, minutes in 1_i64..3_000, zone in select(vec!["Europe/Berlin", "America/New_York"]),
    ) {
        let event = format!("DTSTART:{}T013000\nDURATION:PT{minutes}M\nRRULE:{}", written.first.strftime("%Y%m%d"), written.rule());
        let Ok(events) = Events::read(file(&[&event]).as_bytes()) else { return Ok(()) };
        let busy = Busy::of(&events, &super::zone(zone));
        let start: Timestamp = (written.first + days.days()).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp();
        let (now, change) = (busy.is_busy(start), busy.next_change(start));
        let end = change.unwrap_or(start + SignedDuration::from_hours(24 * 300));
        let steps = (end.as_second() - start.as_second()) / 97;
        for n in 0..steps.min(400) {
            let time = start + SignedDuration::from_secs(n * (end.as_second() - start.as_second()) / steps.min(400));
            prop_assert_eq!(busy.is_busy(time), now, "{} at {}", event, time);
        }
        if let Some(change) = change {
            prop_assert_ne!(busy.is_busy(change), now, "{} at {}", event, change);
        }
    }

    #[test]
    fn no_bytes_make_reading_fail_otherwise_than_by_a_line(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let whole = [b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n".as_slice(), &bytes, b"\nEND:VEVENT\nEND:VCALENDAR"].concat();
        for file in [&bytes, &whole] {
            if let Err(bad) = Events::read(file) {
                prop_assert!(bad.line > 0 && !bad.what.is_empty());
            }
        }
    }

    #[test]
    fn no_lines_of_an_event_make_it_panic(
        lines in proptest::collection::vec(
            "(DTSTART|DTEND|DURATION|RRULE|EXDATE|RDATE|RECURRENCE-ID|UID|STATUS)(;TZID=Europe/Berlin|;VALUE=DATE)?:(20260[1-9][0-2][1-9](T[01][0-9]0000Z?)?|P[0-9]{1,7}[WDTHS]|FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(COUNT|INTERVAL|BYMONTHDAY|BYSETPOS)=-?[0-9]{1,6}|;BYDAY=[0-9-]{0,2}(MO|SU)|;BYMONTH=[0-9]{1,2}){0,3})",
            0..5,
        ),
    ) {
        let first = if lines.iter().any(|line| line.starts_with("DTSTART")) { "" } else { "DTSTART:20260301T090000\n" };
        if let Ok(events) = Events::read(file(&[&format!("{first}{}", lines.join("\n"))]).as_bytes()) {
            let busy = Busy::of(&events, &TimeZone::UTC);
            let _ = (busy.next_change(super::at("2026-01-01T00:00:00Z")), events.holidays());
        }
    }
}
