//! Open time between two instants, against a slow clock that reads the calendar minute by minute
//! as a person would: what the wall shows, and whether that is within the hours.

use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use rota_domain::business_time::{BusinessTime, Calendars};
use rota_domain::workspace::Workspace;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A calendar as a person has it: spans in minutes from midnight, which may end on the next day.
#[derive(Clone, Debug)]
struct Written {
    zone: &'static str,
    /// From Monday on.
    days: [Vec<(i16, i16)>; 7],
    holidays: Vec<Date>,
}

impl Written {
    fn read(&self) -> BusinessTime {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let clock = |minute: i16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let end = |to: i16| if to > 24 * 60 { to - 24 * 60 } else { to };
        let span = |(from, to): &(i16, i16)| format!("\"{}-{}\"", clock(*from), clock(end(*to)));
        let day = |(name, spans): (&&str, &Vec<(i16, i16)>)| {
            format!("{name} = [{}]", spans.iter().map(span).collect::<Vec<_>>().join(", "))
        };
        let hours: Vec<String> = names.iter().zip(&self.days).map(day).collect();
        let holidays: Vec<String> = self.holidays.iter().map(|date| format!("\"{date}\"")).collect();
        let text = format!(
            "workspace = \"acme\"\n[[calendars]]\nid = \"x\"\ntime_zone = \"{}\"\nhours = {{ {} }}\nholidays = [{}]",
            self.zone,
            hours.join(", "),
            holidays.join(", ")
        );
        let workspace: Workspace = toml::from_str(&text).expect("a workspace");
        Calendars::of(&workspace).get("x").expect("the calendar").clone()
    }

    fn zone(&self) -> TimeZone {
        TimeZoneDatabase::bundled().get(self.zone).expect("the zone")
    }

    /// Whether the clock on the wall shows a time of the hours of its date, or of the night before.
    fn is_open(&self, shown: jiff::civil::DateTime) -> bool {
        let minute = i16::from(shown.hour()) * 60 + i16::from(shown.minute());
        let within = |date: Date, minute: i16| {
            let weekday = |date: Date| usize::try_from(date.weekday().to_monday_zero_offset()).expect("a day");
            let mut spans = self.days[weekday(date)].iter();
            !self.holidays.contains(&date) && spans.any(|(from, to)| (*from..*to).contains(&minute))
        };
        within(shown.date(), minute) || within(shown.date() - 1.day(), minute + 24 * 60)
    }

    /// The open minutes of so many minutes from an instant, looked at one by one.
    fn open_minutes(&self, from: Timestamp, count: i64) -> i64 {
        let zone = self.zone();
        let open = |n: &i64| self.is_open(zone.to_datetime(from + minutes(*n)));
        i64::try_from((0..count).filter(open).count()).expect("few")
    }
}

fn every_day(spans: &[(i16, i16)]) -> [Vec<(i16, i16)>; 7] {
    std::array::from_fn(|_| spans.to_vec())
}

#[test]
fn time_passes_only_while_it_is_open() {
    let mut office = Written { zone: "UTC", days: every_day(&[(9 * 60, 17 * 60)]), holidays: Vec::new() };
    office.days[5].clear();
    office.days[6].clear();
    office.holidays.push("2026-01-07".parse().expect("a day"));
    let office = office.read();
    // 2026-01-05 is a Monday.
    for (from, to, expected) in [
        ("2026-01-05T10:00:00Z", "2026-01-05T11:30:00Z", "PT1h30m"),
        ("2026-01-05T03:00:00Z", "2026-01-05T09:00:00Z", "PT0s"),
        ("2026-01-05T16:59:59.5Z", "2026-01-06T09:00:00.25Z", "PT0.75s"),
        ("2026-01-06T16:00:00Z", "2026-01-08T10:00:00Z", "PT2h"),
        ("2026-01-09T16:00:00Z", "2026-01-12T10:00:00Z", "PT2h"),
        ("2026-01-05T00:00:00Z", "2026-02-02T00:00:00Z", "PT152h"),
        ("2026-01-12T10:00:00Z", "2026-01-09T16:00:00Z", "-PT2h"),
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z", "PT0s"),
    ] {
        assert_eq!(office.elapsed(at(from), at(to)), expected.parse().expect("a span"), "{from} to {to}");
    }
}

#[test]
fn a_skipped_hour_does_not_pass_and_a_repeated_one_passes_twice() {
    let whole = |zone| Written { zone, days: every_day(&[(0, 24 * 60)]), holidays: Vec::new() }.read();
    let early = |zone| Written { zone, days: every_day(&[(90, 3 * 60)]), holidays: Vec::new() }.read();
    for (zone, from, to, all, early_hours) in [
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 23 * 60, 30),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 25 * 60, 150),
        // Half an hour on Lord Howe Island: from 02:00 to 02:30, and from 02:00 back to 01:30.
        ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z", 23 * 60 + 30, 60),
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z", 24 * 60 + 30, 120),
        // Samoa had no 2011-12-30: after the 29th came the 31st.
        ("Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", 48 * 60, 180),
    ] {
        assert_eq!(whole(zone).elapsed(at(from), at(to)), minutes(all), "{zone} from {from}");
        assert_eq!(early(zone).elapsed(at(from), at(to)), minutes(early_hours), "{zone} from {from}");
    }
}

#[test]
fn a_day_that_never_was_has_no_hours_and_is_no_business_day() {
    // 2011-12-30 would have been a Friday.
    let mut fridays = Written { zone: "Pacific/Apia", days: every_day(&[]), holidays: Vec::new() };
    fridays.days[usize::try_from(Weekday::Friday.to_monday_zero_offset()).expect("a day")].push((9 * 60, 17 * 60));
    let fridays = fridays.read();
    let (from, to) = (at("2011-12-24T12:00:00Z"), at("2012-01-06T12:00:00Z"));
    assert_eq!(fridays.elapsed(from, to), minutes(8 * 60));
    // At UTC+14, Friday the 6th ends at 03:00 UTC.
    assert_eq!(fridays.end_of_day(from, 0), Some(at("2012-01-06T03:00:00Z")));
}

#[test]
fn any_two_instants_have_a_time_between_them() {
    let always = Written { zone: "Europe/Berlin", days: every_day(&[(0, 24 * 60)]), holidays: Vec::new() }.read();
    let all = Timestamp::MAX.duration_since(Timestamp::MIN);
    assert_eq!(always.elapsed(Timestamp::MIN, Timestamp::MAX), all);
    assert_eq!(always.elapsed(Timestamp::MAX, Timestamp::MIN), -all);
    let never = Written { zone: "Europe/Berlin", days: every_day(&[]), holidays: Vec::new() }.read();
    assert_eq!(never.elapsed(Timestamp::MIN, Timestamp::MAX), SignedDuration::ZERO);
}

/// Where the clocks do something within the days after.
const CHANGES: [(&str, &str); 8] = [
    ("UTC", "2026-03-01T00:00:00Z"),
    ("Europe/Berlin", "2026-03-22T00:00:00Z"),
    ("Europe/Berlin", "2026-10-18T00:00:00Z"),
    ("America/St_Johns", "2026-03-01T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-03-29T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-09-27T00:00:00Z"),
    ("Pacific/Apia", "2011-12-22T00:00:00Z"),
    ("Africa/Casablanca", "2026-02-08T00:00:00Z"),
];

/// Up to two spans of a day that do not meet, to the minute, and perhaps a night.
fn day() -> impl Strategy<Value = Vec<(i16, i16)>> {
    proptest::collection::btree_set(0_i16..24 * 60, 0..6).prop_map(|ends| {
        let ends: Vec<i16> = ends.into_iter().collect();
        let mut spans: Vec<(i16, i16)> = ends.chunks_exact(2).map(|ends| (ends[0], ends[1])).collect();
        if let [from @ 1..=i16::MAX] = ends.chunks_exact(2).remainder() {
            let until = spans.first().map_or(*from, |(first, _)| *first);
            spans.push((*from, 24 * 60 + until.min(*from) / 2));
        }
        spans
    })
}

/// A calendar, an instant, and two more some minutes after it.
fn situation() -> impl Strategy<Value = (Written, Timestamp, i64, i64)> {
    let days = proptest::collection::vec(day(), 7);
    let holidays = proptest::collection::btree_set(0_i32..30, 0..8);
    let seconds = prop_oneof![Just(0_i64), 0_i64..60];
    let place = (proptest::sample::select(&CHANGES[..]), 0_i64..14 * 24 * 60, seconds);
    (days, holidays, place, 0_i64..14 * 24 * 60, 0_i64..14 * 24 * 60).prop_map(
        |(days, holidays, ((zone, start), minute, second), one, two)| {
            let start = at(start);
            let first = start.to_zoned(TimeZone::UTC).date();
            let holidays = holidays.into_iter().map(|day| first + day.days()).collect();
            let days = days.try_into().expect("seven");
            let from = start + minutes(minute) + SignedDuration::from_secs(second);
            (Written { zone, days, holidays }, from, one, two)
        },
    )
}

proptest! {
    #[test]
    fn open_time_is_the_open_minutes_counted_one_by_one((written, from, count, _) in situation()) {
        // From a whole minute on, a minute is open or it is not.
        let from = Timestamp::from_second(from.as_second() / 60 * 60).expect("a time");
        let expected = minutes(written.open_minutes(from, count));
        let calendar = written.read();
        prop_assert_eq!(calendar.elapsed(from, from + minutes(count)), expected);
        prop_assert_eq!(calendar.elapsed(from + minutes(count), from), -expected);
    }

    #[test]
    fn the_parts_of_a_time_add_up((written, from, one, two) in situation()) {
        let calendar = written.read();
        let (middle, end) = (from + minutes(one), from + minutes(one) + SignedDuration::from_millis(two * 1_237));
        prop_assert_eq!(calendar.elapsed(from, middle) + calendar.elapsed(middle, end), calendar.elapsed(from, end));
    }

    #[test]
    fn after_so_many_open_minutes_just_as_many_have_passed((written, from, _, _) in situation(), count in 0_u32..3_000) {
        let calendar = written.read();
        if let Some(end) = calendar.add_minutes(from, count) {
            prop_assert_eq!(calendar.elapsed(from, end), minutes(count.into()));
        }
    }
}
