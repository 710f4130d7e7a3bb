//! Business time against examples, and against a slow clock that looks at every minute.

use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota_domain::business_time::{BusinessTime, Calendars, HOLIDAYS_MAX, SPANS_MAX};
use rota_domain::workspace::Workspace;

/// The calendar `x` with these lines.
fn workspace(calendar: &str) -> Workspace {
    toml::from_str(&format!("workspace = \"acme\"\n[[calendars]]\nid = \"x\"\n{calendar}")).expect("a workspace")
}

fn calendar(text: &str) -> BusinessTime {
    workspace(text).check().unwrap_or_else(|wrong| panic!("{wrong}"));
    unchecked(text)
}

/// The same, though it may never be open.
fn unchecked(text: &str) -> BusinessTime {
    Calendars::of(&workspace(text)).get("x").expect("the calendar").clone()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The time after so many minutes, as the wall clock in UTC shows it.
fn after(calendar: &BusinessTime, start: &str, minutes: u32) -> String {
    calendar.add_minutes(at(start), minutes).expect("a time").to_string()
}

/// Weekdays from nine to five with a break on Tuesdays; 2026-01-05 is a Monday.
const OFFICE: &str = r#"time_zone = "UTC"
hours = { mon = ["09:00-17:00"], tue = ["09:00-12:00", "13:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
holidays = ["2026-01-07", "2026-12-25"]"#;

#[test]
fn a_span_is_open_from_its_first_instant_to_just_before_its_last() {
    let office = calendar(OFFICE);
    for (time, open) in [
        ("2026-01-05T08:59:59.999Z", false),
        ("2026-01-05T09:00:00Z", true),
        ("2026-01-05T16:59:59.999Z", true),
        ("2026-01-05T17:00:00Z", false),
        ("2026-01-06T12:30:00Z", false),
        ("2026-01-06T13:00:00Z", true),
        ("2026-01-07T10:00:00Z", false),
        ("2026-01-10T10:00:00Z", false),
    ] {
        assert_eq!(office.is_open(at(time)), open, "{time}");
    }
}

#[test]
fn minutes_run_only_while_it_is_open() {
    let office = calendar(OFFICE);
    assert_eq!(after(&office, "2026-01-05T10:00:00Z", 30), "2026-01-05T10:30:00Z");
    assert_eq!(after(&office, "2026-01-05T03:00:00Z", 30), "2026-01-05T09:30:00Z");
    assert_eq!(after(&office, "2026-01-05T16:45:00Z", 30), "2026-01-06T09:15:00Z");
    assert_eq!(after(&office, "2026-01-06T11:45:30.5Z", 30), "2026-01-06T13:15:30.5Z");
    // Over a holiday, and over a weekend.
    assert_eq!(after(&office, "2026-01-06T16:45:00Z", 30), "2026-01-08T09:15:00Z");
    assert_eq!(after(&office, "2026-01-09T16:45:00Z", 30), "2026-01-12T09:15:00Z");
}

#[test]
fn no_minutes_are_over_at_once_and_even_ones_at_the_end_of_the_hours() {
    let office = calendar(OFFICE);
    assert_eq!(after(&office, "2026-01-10T12:00:00Z", 0), "2026-01-10T12:00:00Z");
    assert_eq!(after(&office, "2026-01-05T09:00:00Z", 480), "2026-01-05T17:00:00Z");
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let nights = calendar("time_zone = \"UTC\"\nhours = { mon = [\"22:00-06:00\"] }\nholidays = [\"2026-01-12\"]");
    assert!(nights.is_open(at("2026-01-05T23:00:00Z")));
    assert!(nights.is_open(at("2026-01-06T05:59:00Z")));
    assert!(!nights.is_open(at("2026-01-06T22:30:00Z")));
    assert!(!nights.is_open(at("2026-01-05T05:00:00Z")));
    // The holiday on Monday takes the whole night with it.
    assert!(!nights.is_open(at("2026-01-12T23:00:00Z")));
    assert!(!nights.is_open(at("2026-01-13T05:00:00Z")));
    assert_eq!(after(&nights, "2026-01-06T05:30:00Z", 60), "2026-01-19T22:30:00Z");
}

#[test]
fn a_holiday_leaves_the_early_hours_that_the_day_before_began() {
    let nights = calendar(
        "time_zone = \"UTC\"\nhours = { mon = [\"22:00-06:00\"], tue = [\"05:00-08:00\"] }\nholidays = [\"2026-01-06\"]",
    );
    assert!(nights.is_open(at("2026-01-06T05:30:00Z")));
    assert!(!nights.is_open(at("2026-01-06T06:30:00Z")));
    // Where both are open, an hour counts once.
    assert_eq!(after(&nights, "2026-01-13T04:30:00Z", 210), "2026-01-13T08:00:00Z");
}

#[test]
fn a_calendar_without_a_zone_has_the_workspaces() {
    let mut workspace = workspace("hours = { mon = [\"09:00-17:00\"] }");
    workspace.time_zone = "America/New_York".into();
    let calendars = Calendars::of(&workspace);
    assert!(calendars.get("x").expect("the calendar").is_open(at("2026-01-05T14:00:00Z")));
}

/// Berlin's clocks went from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on
/// 2026-10-25; both are Sundays.
#[test]
fn an_hour_that_the_clock_skips_is_not_open_and_one_that_it_shows_twice_is_open_twice() {
    let whole = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"00:00-24:00\"] }");
    assert_eq!(after(&whole, "2026-03-28T23:00:00Z", 23 * 60), "2026-03-29T22:00:00Z");
    assert_eq!(after(&whole, "2026-10-24T22:00:00Z", 25 * 60), "2026-10-25T23:00:00Z");
    let early = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:15-02:45\"] }");
    assert_eq!(after(&early, "2026-03-28T23:00:00Z", 1), "2026-04-05T00:16:00Z");
    assert_eq!(after(&early, "2026-10-24T22:00:00Z", 30), "2026-10-25T00:45:00Z");
    assert_eq!(after(&early, "2026-10-24T22:00:00Z", 31), "2026-10-25T01:16:00Z");
    assert!(!early.is_open(at("2026-10-25T00:50:00Z")));
    assert!(early.is_open(at("2026-10-25T01:20:00Z")));
}

#[test]
fn minutes_that_take_more_than_ten_years_have_no_answer() {
    let start = at("2026-01-05T09:00:00Z");
    assert_eq!(unchecked("hours = {}").add_minutes(start, 1), None);
    let always = "[\"00:00-24:00\"]";
    let days: Vec<String> =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().map(|day| format!("{day} = {always}")).collect();
    let always = calendar(&format!("hours = {{ {} }}", days.join(", ")));
    let ten_years = 3_653 * 24 * 60;
    let last = start + SignedDuration::from_mins(i64::from(ten_years));
    assert_eq!(always.add_minutes(start, ten_years), Some(last));
    assert_eq!(always.add_minutes(start, ten_years + 1), None);
    assert_eq!(always.add_minutes(start, u32::MAX), None);
    assert_eq!(always.add_minutes(Timestamp::MAX, 5), None);
    let late = calendar("time_zone = \"Europe/Berlin\"\nhours = { mon = [\"09:00-17:00\"] }");
    assert_eq!(late.add_minutes(start, u32::MAX), None);
}

#[test]
fn hours_that_come_after_a_week_count_by_the_clock_of_then() {
    // Thirty hours, one a Monday: the clocks are changed on the way.
    let mondays = calendar("time_zone = \"Europe/Berlin\"\nhours = { mon = [\"09:00-10:00\"] }");
    assert_eq!(after(&mondays, "2026-01-04T23:00:00Z", 30 * 60), "2026-07-27T08:00:00Z");
}

#[test]
fn a_business_day_that_is_more_than_ten_years_away_has_no_end() {
    let mondays = calendar("hours = { mon = [\"09:00-17:00\"] }");
    let start = at("2026-01-05T00:00:00Z");
    assert_eq!(mondays.end_of_day(start, 521), Some(at("2035-12-31T17:00:00Z")));
    assert_eq!(mondays.end_of_day(start, 530), None);
}

#[test]
fn a_date_whose_hours_the_clock_skips_is_no_business_day() {
    let early = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:00-03:00\"] }");
    assert_eq!(early.end_of_day(at("2026-03-28T00:00:00Z"), 0), Some(at("2026-04-05T01:00:00Z")));
}

#[test]
fn as_many_spans_and_holidays_as_there_may_be_are_read_and_no_more() {
    let spans = |count: usize| {
        let spans: Vec<String> = (0..count)
            .map(|n| format!("\"{:02}:{:02}-{:02}:{:02}\"", n / 4, n % 4 * 15, n / 4, n % 4 * 15 + 10))
            .collect();
        workspace(&format!("hours = {{ mon = [{}] }}", spans.join(", "))).check().map_err(|wrong| wrong.message)
    };
    assert_eq!(spans(SPANS_MAX), Ok(()));
    for more in [SPANS_MAX + 1, SPANS_MAX + 2] {
        assert_eq!(spans(more), Err(format!("calendar `x`: `mon` has {more} spans; 24 are the most")));
    }
    let days: Vec<String> = (0..HOLIDAYS_MAX).map(|n| format!("\"{:04}-01-01\"", 1000 + n)).collect();
    let text = format!("hours = {{ mon = [\"09:00-17:00\"] }}\nholidays = [{}]", days.join(","));
    assert_eq!(workspace(&text).check().map_err(|wrong| wrong.message), Ok(()));
}

#[test]
fn hours_that_cannot_be_meant_are_told_with_their_place() {
    let told = |text: &str| {
        let wrong = workspace(text).check().expect_err("this should be refused");
        format!("{}: {wrong}", wrong.at)
    };
    let days: Vec<String> = (0..=HOLIDAYS_MAX).map(|n| format!("\"{:04}-01-01\"", 1000 + n)).collect();
    insta::assert_snapshot!(
        [
            told("hours = { monday = [\"09:00-17:00\"] }"),
            told("hours = { mon = [\"09:00-12:00\", \"9-17\"] }"),
            told("hours = { mon = [\"24:00-24:00\"] }"),
            told("hours = { mon = [\"09:60-17:00\"] }"),
            told("hours = { mon = [\"24:00-17:00\"] }"),
            told("hours = { mon = [\"09:00-09:00\"] }"),
            told("hours = { mon = [\"09:00-13:00\", \"12:00-17:00\"] }"),
            told("hours = { tue = [\"+9:00-13:00\"] }"),
            told("holidays = [\"2026-12-25\", \"2026-02-30\"]"),
            told("holidays = [\"25.12.2026\"]"),
            told(&format!("holidays = [{}]", days.join(","))),
        ]
        .join("\n"), @r#"
    /calendars/0/hours/monday: calendar `x`: `monday` is no day; use `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`
    /calendars/0/hours/mon/1: calendar `x`: `9-17` is no span of time; write it as in "09:00-17:00", or "22:00-06:00" over midnight
    /calendars/0/hours/mon/0: calendar `x`: `24:00-24:00` is no span of time; write it as in "09:00-17:00", or "22:00-06:00" over midnight
    /calendars/0/hours/mon/0: calendar `x`: `09:60-17:00` is no span of time; write it as in "09:00-17:00", or "22:00-06:00" over midnight
    /calendars/0/hours/mon/0: calendar `x`: `24:00-17:00` is no span of time; write it as in "09:00-17:00", or "22:00-06:00" over midnight
    /calendars/0/hours/mon/0: calendar `x`: `09:00-09:00` ends where it begins; write "00:00-24:00" for a whole day
    /calendars/0/hours/mon/1: calendar `x`: `12:00-17:00` and `09:00-13:00` of `mon` overlap; join them
    /calendars/0/hours/tue/0: calendar `x`: `+9:00-13:00` is no span of time; write it as in "09:00-17:00", or "22:00-06:00" over midnight
    /calendars/0/holidays/1: calendar `x`: `2026-02-30` is no day; write it as in "2026-12-25"
    /calendars/0/holidays/0: calendar `x`: `25.12.2026` is no day; write it as in "2026-12-25"
    /calendars/0/holidays: calendar `x`: there are 1001 holidays; 1000 are the most
    "#
    );
}

#[test]
fn spans_may_touch_and_end_at_midnight() {
    calendar("hours = { mon = [\"09:00-12:00\", \"12:00-17:00\"] }");
    let split = calendar(
        "hours = { mon = [\"12:00-17:00\", \"09:00-12:00\", \"22:00-24:00\", \"18:00-20:00\"], tue = [\"23:00-00:00\"] }",
    );
    assert_eq!(after(&split, "2026-01-05T09:00:00Z", 480), "2026-01-05T17:00:00Z");
    assert_eq!(after(&split, "2026-01-05T22:00:00Z", 180), "2026-01-07T00:00:00Z");
}

#[test]
fn a_calendar_that_is_closed_for_more_than_a_year_is_refused() {
    let mondays = |weeks: i64| {
        let monday = jiff::civil::date(2026, 1, 5);
        let days = (0..weeks).map(|week| format!("\"{}\"", monday + SignedDuration::from_hours(week * 7 * 24)));
        let holidays = days.collect::<Vec<_>>().join(", ");
        workspace(&format!("hours = {{ mon = [\"09:00-17:00\"] }}\nholidays = [{holidays}]")).check()
    };
    assert_eq!(mondays(52).map_err(|wrong| wrong.to_string()), Ok(()));
    let wrong = mondays(54).expect_err("it never opens");
    assert_eq!(
        (wrong.at.as_str(), wrong.message.as_str()),
        (
            "/calendars/0/holidays",
            "calendar `x`: with these holidays it is closed for more than a year; leave some out",
        )
    );
}

#[test]
fn a_year_and_a_day_in_which_it_never_opens_are_too_long_and_holidays_far_apart_are_not() {
    let every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!("{day} = [\"09:00-17:00\"]"));
    let told = |days: &[jiff::civil::Date]| {
        let days: Vec<String> = days.iter().map(|day| format!("\"{day}\"")).collect();
        let text = format!("hours = {{ {} }}\nholidays = [{}]", every_day.join(", "), days.join(", "));
        workspace(&text).check().is_ok()
    };
    let closed = |days: usize| {
        told(&jiff::civil::date(2026, 1, 1).series(jiff::Span::new().days(1)).take(days).collect::<Vec<_>>())
    };
    assert_eq!([366, 367].map(closed), [true, false]);
    assert!(told(&[2026, 2027, 2028, 2029].map(|year| jiff::civil::date(year, 1, 1))));
}

#[test]
fn the_clock_that_is_put_forward_or_back_opens_and_closes() {
    let early = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:15-03:30\"] }");
    let change = |from: &str| early.next_change(at(from)).expect("a change").to_string();
    // 2026-03-29: from 02:00 straight to 03:00, which is inside.
    assert_eq!(change("2026-03-28T12:00:00Z"), "2026-03-29T01:00:00Z");
    assert_eq!(change("2026-03-29T01:00:00Z"), "2026-03-29T01:30:00Z");
    // 2026-10-25: at 03:00 back to 02:00, which is not.
    assert_eq!(change("2026-10-25T00:30:00Z"), "2026-10-25T01:00:00Z");
    assert_eq!(change("2026-10-25T01:00:00Z"), "2026-10-25T01:15:00Z");
    assert_eq!(unchecked("hours = {}").next_change(at("2026-01-05T09:00:00Z")), None);
}

/// Hours of a whole week: of each day up to two spans that do not meet, in quarters of an hour.
fn hours() -> impl Strategy<Value = String> {
    let clock = |quarter: u32| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
    let day = proptest::collection::btree_set(0_u32..96, 0..5).prop_map(move |ends| {
        let ends: Vec<u32> = ends.into_iter().collect();
        let spans = ends.chunks_exact(2).map(|ends| format!("\"{}-{}\"", clock(ends[0]), clock(ends[1])));
        // An odd one begins a night that may pass midnight.
        let night = (ends.len() % 2 == 1).then(|| {
            let from = ends[ends.len() - 1];
            format!("\"{}-{}\"", clock(from), clock((from + 30) % 96))
        });
        spans.chain(night).collect::<Vec<_>>().join(", ")
    });
    proptest::collection::vec(day, 7).prop_map(|days| {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let days: Vec<String> = names.iter().zip(days).map(|(name, spans)| format!("{name} = [{spans}]")).collect();
        format!("hours = {{ {} }}", days.join(", "))
    })
}

/// Zones that change their clocks, or are off by odd amounts.
const ZONES: [&str; 6] =
    ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"];

/// A calendar, and a start between two winters.
fn situation() -> impl Strategy<Value = (BusinessTime, Timestamp)> {
    let zone = proptest::sample::select(&ZONES[..]);
    let holidays = proptest::collection::btree_set((3_u32..12, 1_u32..29), 0..6).prop_map(|days| {
        let days: Vec<String> = days.iter().map(|(month, day)| format!("\"2026-{month:02}-{day:02}\"")).collect();
        format!("holidays = [{}]", days.join(", "))
    });
    // Minutes from 2026-02-25 to 2026-11-22.
    let start =
        (0_i64..270 * 24 * 60).prop_map(|minute| at("2026-02-25T00:00:00Z") + SignedDuration::from_mins(minute));
    (zone, hours(), holidays, start).prop_map(|(zone, hours, holidays, start)| {
        (unchecked(&format!("time_zone = \"{zone}\"\n{hours}\n{holidays}")), start)
    })
}

/// The open minutes between two times, looked at one by one.
fn open_minutes(calendar: &BusinessTime, from: Timestamp, to: Timestamp) -> u32 {
    let mut at = from;
    let mut open = 0;
    while at < to {
        open += u32::from(calendar.is_open(at));
        at += SignedDuration::from_mins(1);
    }
    open
}

proptest! {
    #[test]
    fn adding_twice_is_adding_the_sum((calendar, start) in situation(), a in 0_u32..20_000, b in 0_u32..20_000) {
        let first = calendar.add_minutes(start, a);
        let twice = first.and_then(|first| calendar.add_minutes(first, b));
        prop_assert_eq!(twice, calendar.add_minutes(start, a + b));
    }

    #[test]
    fn until_it_opens_or_closes_it_is_as_it_was((calendar, start) in situation()) {
        let change = calendar.next_change(start);
        let end = change.unwrap_or(start + SignedDuration::from_hours(24 * 15));
        let mut time = start;
        while time < end {
            prop_assert_eq!(calendar.is_open(time), calendar.is_open(start), "at {}", time);
            time += SignedDuration::from_mins(1);
        }
        prop_assert!(change.is_none_or(|change| calendar.is_open(change) != calendar.is_open(start)));
    }

    #[test]
    fn the_open_minutes_up_to_the_answer_are_those_asked_for_and_the_last_one_is_open(
        (calendar, start) in situation(), minutes in 0_u32..6_000,
    ) {
        if let Some(end) = calendar.add_minutes(start, minutes) {
            prop_assert!(end >= start);
            prop_assert_eq!(open_minutes(&calendar, start, end), minutes);
            prop_assert!(minutes == 0 || calendar.is_open(end - SignedDuration::from_mins(1)));
        }
    }

    #[test]
    fn a_calendar_is_open_by_what_its_wall_clock_shows(minute in 0_i64..525_600, zone in 0_usize..3) {
        let zone = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"][zone];
        let now = at("2026-01-01T00:00:00Z") + SignedDuration::from_mins(minute);
        let shown = now.to_zoned(TimeZoneDatabase::bundled().get(zone).expect("the zone"));
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let today = day[usize::try_from(shown.weekday().to_monday_zero_offset()).expect("a day")];
        let calendar = calendar(&format!("time_zone = \"{zone}\"\nhours = {{ {today} = [\"09:00-17:00\"] }}"));
        prop_assert_eq!(calendar.is_open(now), (9..17).contains(&shown.hour()));
    }
}

#[test]
fn a_change_on_the_day_of_the_clocks_is_found_far_in_the_east_and_in_the_west() {
    // In Auckland the clock is put back at three in the morning of Sunday, 5 April, which is Saturday in UTC.
    let east = calendar("time_zone = \"Pacific/Auckland\"\nhours = { sun = [\"00:30-01:30\"] }");
    assert_eq!(east.next_change(at("2026-04-04T12:00:00+13:00")), Some(at("2026-04-05T00:30:00+13:00")));
    assert_eq!(east.next_change(at("2026-04-05T00:30:00+13:00")), Some(at("2026-04-05T01:30:00+13:00")));
    let west = calendar("time_zone = \"America/Adak\"\nhours = { sun = [\"00:30-01:30\"] }");
    assert_eq!(west.next_change(at("2026-03-07T12:00:00-10:00")), Some(at("2026-03-08T00:30:00-10:00")));
}

#[test]
fn what_opens_late_in_the_west_is_found_though_it_is_tomorrow_elsewhere() {
    let evenings = calendar("time_zone = \"America/Los_Angeles\"\nhours = { sat = [\"20:00-23:00\"] }");
    assert_eq!(evenings.next_change(at("2026-01-10T19:00:00-08:00")), Some(at("2026-01-10T20:00:00-08:00")));
}

#[test]
fn what_is_always_open_never_changes_though_the_clocks_do() {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!("{day} = [\"00:00-24:00\"]"));
    let always = calendar(&format!("time_zone = \"America/New_York\"\nhours = {{ {} }}", days.join(", ")));
    assert_eq!(always.next_change(at("2026-03-07T12:00:00Z")), None);
}
