//! iCalendar files: what their events say of when somebody is busy and which days are holidays.

mod oracle;
mod refused;
mod rules;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use rota_domain::icalendar::{Busy, Events};

/// A file with these events, of which each is its lines.
fn file(events: &[&str]) -> String {
    let event = |lines: &&str| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", lines.replace('\n', "\r\n"));
    let events: String = events.iter().map(event).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Acme//EN\r\n{events}END:VCALENDAR\r\n")
}

fn events(lines: &[&str]) -> Events {
    Events::read(file(lines).as_bytes()).unwrap_or_else(|bad| panic!("{bad}"))
}

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).expect("a zone")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The first stretches after the beginning of 2026 for somebody in this zone, as `from to`.
fn busy(lines: &[&str], name: &str) -> Vec<String> {
    let busy = Busy::of(&events(lines), &zone(name));
    let mut time = at("2026-01-01T00:00:00Z");
    let mut edges = Vec::new();
    while let Some(change) = busy.next_change(time).filter(|_| edges.len() < 8) {
        assert_ne!(busy.is_busy(change), busy.is_busy(change - jiff::SignedDuration::from_nanos(1)));
        edges.push(change.to_string());
        time = change;
    }
    edges.chunks(2).map(|edges| edges.join(" ")).collect()
}

#[test]
fn an_event_is_from_its_first_instant_to_just_before_its_last() {
    let utc = ["DTSTART:20260302T090000Z\nDTEND:20260302T100000Z"];
    assert_eq!(busy(&utc, "America/New_York"), ["2026-03-02T09:00:00Z 2026-03-02T10:00:00Z"]);
    let busy = Busy::of(&events(&utc), &TimeZone::UTC);
    let instants = ["2026-03-02T08:59:59Z", "2026-03-02T09:00:00Z", "2026-03-02T09:59:59Z", "2026-03-02T10:00:00Z"];
    assert_eq!(instants.map(|time| busy.is_busy(at(time))), [false, true, true, false]);
}

#[test]
fn a_length_is_written_in_weeks_or_in_days_hours_minutes_and_seconds() {
    let ends =
        |length: &str| busy(&[&format!("DTSTART:20260302T090000Z\nDURATION:{length}")], "UTC")[0][21..].to_owned();
    assert_eq!(ends("P1W"), "2026-03-09T09:00:00Z");
    assert_eq!(ends("+P1DT1H2M3S"), "2026-03-03T10:02:03Z");
    assert_eq!(ends("pt3s"), "2026-03-02T09:00:03Z");
}

#[test]
fn a_time_is_by_its_zone_and_without_one_by_the_zone_of_the_rep() {
    let berlin = "DTSTART;TZID=Europe/Berlin:20260702T090000\nDURATION:PT1H30M";
    assert_eq!(busy(&[berlin], "America/New_York"), ["2026-07-02T07:00:00Z 2026-07-02T08:30:00Z"]);
    let quoted = "DTSTART;TZID=\"Europe/Berlin\";X-NOTE=\"a:b;c\":20260702T090000\nDURATION:PT1H30M";
    assert_eq!(busy(&[quoted], "UTC"), busy(&[berlin], "UTC"));
    let outlook = "DTSTART;TZID=W. Europe Standard Time:20260702T090000\nDURATION:PT1H30M";
    assert_eq!(busy(&[outlook], "UTC"), busy(&[berlin], "UTC"));
    let floating = "DTSTART:20260702T090000\nDTEND:20260702T100000";
    assert_eq!(busy(&[floating], "America/New_York"), ["2026-07-02T13:00:00Z 2026-07-02T14:00:00Z"]);
}

#[test]
fn an_event_of_whole_days_is_from_midnight_to_midnight_in_the_zone_of_the_rep() {
    let days = "DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260304";
    assert_eq!(busy(&[days], "America/New_York"), ["2026-03-02T05:00:00Z 2026-03-04T05:00:00Z"]);
    let one = "DTSTART;VALUE=DATE:20260302";
    assert_eq!(busy(&[one], "Asia/Tokyo"), ["2026-03-01T15:00:00Z 2026-03-02T15:00:00Z"]);
    let week = "DTSTART:20260302\nDURATION:P1W";
    assert_eq!(busy(&[week], "UTC"), ["2026-03-02T00:00:00Z 2026-03-09T00:00:00Z"]);
}

#[test]
fn what_leaves_one_free_or_is_cancelled_or_takes_no_time_does_not_count() {
    for more in ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "transp:transparent", "DURATION:PT0S"] {
        let lines = format!("DTSTART:20260302T090000Z\n{more}");
        assert_eq!(busy(&[&lines], "UTC"), [""; 0], "{more}");
    }
    let tentative = "DTSTART:20260302T090000Z\nDURATION:PT1H\nSTATUS:TENTATIVE\nTRANSP:OPAQUE";
    assert_eq!(busy(&[tentative], "UTC").len(), 1);
}

#[test]
fn events_that_meet_or_overlap_are_one_stretch() {
    let lines = [
        "DTSTART:20260302T090000Z\nDTEND:20260302T100000Z",
        "DTSTART:20260302T100000Z\nDTEND:20260302T110000Z",
        "DTSTART:20260302T103000Z\nDTEND:20260302T104500Z",
        "DTSTART:20260302T113000Z\nDTEND:20260302T120000Z",
    ];
    let both = ["2026-03-02T09:00:00Z 2026-03-02T11:00:00Z", "2026-03-02T11:30:00Z 2026-03-02T12:00:00Z"];
    assert_eq!(busy(&lines, "UTC"), both);
}

#[test]
fn what_comes_again_keeps_its_wall_clock_where_clocks_are_changed() {
    // Europe puts its clocks forward on the 29th; 2:30 is skipped that day and is an hour later.
    let night = "DTSTART;TZID=Europe/Berlin:20260328T023000\nDURATION:PT15M\nRRULE:FREQ=DAILY;COUNT=3";
    let nights = [
        "2026-03-28T01:30:00Z 2026-03-28T01:45:00Z",
        "2026-03-29T01:30:00Z 2026-03-29T01:45:00Z",
        "2026-03-30T00:30:00Z 2026-03-30T00:45:00Z",
    ];
    assert_eq!(busy(&[night], "UTC"), nights);
    // A time that is shown twice is the first.
    let twice = "DTSTART;TZID=Europe/Berlin:20261025T023000\nDURATION:PT15M";
    assert_eq!(busy(&[twice], "UTC"), ["2026-10-25T00:30:00Z 2026-10-25T00:45:00Z"]);
    // A day is a day by the clock, and 24 hours are 24 hours.
    let day = "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D";
    assert_eq!(busy(&[day], "UTC"), ["2026-03-28T11:00:00Z 2026-03-29T10:00:00Z"]);
    let hours = "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H";
    assert_eq!(busy(&[hours], "UTC"), ["2026-03-28T11:00:00Z 2026-03-29T11:00:00Z"]);
}

#[test]
fn a_series_loses_its_exceptions_and_gains_its_additions() {
    let series = "DTSTART;TZID=Europe/Berlin:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\n\
                  EXDATE;TZID=Europe/Berlin:20260303T090000\nEXDATE:20260304T080000Z,20260305T070000Z\n\
                  RDATE:20260310T080000Z";
    let kept = [
        "2026-03-02T08:00:00Z 2026-03-02T09:00:00Z",
        "2026-03-05T08:00:00Z 2026-03-05T09:00:00Z",
        "2026-03-10T08:00:00Z 2026-03-10T09:00:00Z",
    ];
    assert_eq!(busy(&[series], "UTC"), kept, "an exception at another time is none");
    // A day takes away what begins on it, by the clock of the event.
    let by_day = "DTSTART;TZID=Europe/Berlin:20260302T003000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20260302";
    assert_eq!(busy(&[by_day], "UTC"), ["2026-03-02T23:30:00Z 2026-03-03T00:30:00Z"]);
}

#[test]
fn an_event_with_a_recurrence_id_takes_the_place_of_one_of_its_series() {
    let series = "UID:1\nDTSTART:20260302T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3";
    let moved = "UID:1\nRECURRENCE-ID:20260303T090000Z\nDTSTART:20260303T150000Z\nDURATION:PT1H";
    let cancelled = "UID:1\nRECURRENCE-ID:20260304T090000Z\nDTSTART:20260304T090000Z\nSTATUS:CANCELLED";
    let other = "UID:2\nRECURRENCE-ID:20260302T090000Z\nDTSTART:20260302T090000Z\nSTATUS:CANCELLED";
    let left = ["2026-03-02T09:00:00Z 2026-03-02T10:00:00Z", "2026-03-03T15:00:00Z 2026-03-03T16:00:00Z"];
    assert_eq!(busy(&[moved, series, cancelled, other], "UTC"), left);
}

#[test]
fn a_rule_without_an_end_is_asked_about_any_day_however_far() {
    let lunch =
        events(&["DTSTART;TZID=Europe/Berlin:20200106T120000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"]);
    let busy = Busy::of(&lunch, &TimeZone::UTC);
    // Mondays, half a century apart.
    for (time, expected) in
        [("2026-03-02T11:30:00Z", true), ("2076-03-02T11:30:00Z", true), ("2019-12-30T11:30:00Z", false)]
    {
        assert_eq!(busy.is_busy(at(time)), expected, "{time}");
    }
    assert_eq!(busy.next_change(at("2076-02-29T00:00:00Z")), Some(at("2076-03-02T11:00:00Z")));
}

#[test]
fn a_change_that_is_more_than_ten_years_away_is_none() {
    let always = Busy::of(&events(&["DTSTART:20260101T000000Z\nDURATION:P1D\nRRULE:FREQ=DAILY"]), &TimeZone::UTC);
    assert_eq!(always.next_change(at("2025-12-31T00:00:00Z")), Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(always.next_change(at("2026-01-01T00:00:00Z")), None);
    let past = Busy::of(&events(&["DTSTART:20260101T000000Z\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=2"]), &TimeZone::UTC);
    assert_eq!(past.next_change(at("2026-01-03T00:00:00Z")), None);
}

#[test]
fn who_is_away_for_longer_than_is_looked_at_once_is_free_when_all_that_meets_is_over() {
    let away =
        ["DTSTART:20260101T000000Z\nDURATION:P60D", "DTSTART:20260202T000000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY"];
    let away = Busy::of(&events(&away), &TimeZone::UTC);
    assert_eq!(away.next_change(at("2026-01-01T00:00:00Z")), Some(at("2026-03-02T01:00:00Z")));
    assert_eq!(away.next_change(at("2026-03-02T01:00:00Z")), Some(at("2026-03-09T00:00:00Z")));
}

#[test]
fn a_file_tells_how_many_events_it_has() {
    let told = |lines: &[&str]| (events(lines).len(), events(lines).is_empty());
    assert_eq!(told(&[]), (0, true));
    assert_eq!(told(&["DTSTART:20260302", "DTSTART:20260303\nRRULE:FREQ=DAILY"]), (2, false));
}

#[test]
fn lines_are_unfolded_and_what_says_nothing_of_time_is_passed_over() {
    let text = "\u{feff}begin:vcalendar\nVERSION:2.0\nCALSCALE:GREGORIAN\nMETHOD:PUBLISH\nX-WR-CALNAME:Ana\n\
                BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:16010101T000000\nRRULE:FREQ=YEARLY;BYHOUR=3\n\
                END:STANDARD\nEND:VTIMEZONE\nBEGIN:VTODO\nDUE:20260303\nEND:VTODO\n\
                BEGIN:VEVENT\nDTSTART;TZID=Eu\n rope/Berlin:20260302T0\n\t90000\nDESCRIPTION:a\\nb: c; d\nX-FOO;BAR=\"q:1\":z\n\
                BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:PT9H\nEND:VALARM\nDURATION:PT1H\nEND:VEVENT\n\nEND:VCALENDAR";
    let busy = Busy::of(&Events::read(text.as_bytes()).expect("it reads"), &TimeZone::UTC);
    assert_eq!(busy.next_change(at("2026-01-01T00:00:00Z")), Some(at("2026-03-02T08:00:00Z")));
    assert_eq!(busy.next_change(at("2026-03-02T08:00:00Z")), Some(at("2026-03-02T09:00:00Z")));
    // A letter that is folded in its middle is whole again.
    let folded =
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:\xc3\r\n \xa4\r\nDTSTART:20260302\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(Events::read(folded).expect("it reads").len(), 1);
}

#[test]
fn holidays_are_the_days_of_events_whether_they_leave_one_free_or_not() {
    let lines = [
        "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227\nTRANSP:TRANSPARENT",
        "DTSTART;VALUE=DATE:20260501",
        "DTSTART;VALUE=DATE:20260601\nSTATUS:CANCELLED",
        "DTSTART;VALUE=DATE:20200106\nRRULE:FREQ=YEARLY;UNTIL=20220106\nEXDATE;VALUE=DATE:20210106",
    ];
    let days: Vec<String> = events(&lines).holidays().expect("holidays").iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2020-01-06", "2022-01-06", "2026-05-01", "2026-12-24", "2026-12-25", "2026-12-26"]);
    let ever = events(&["DTSTART;VALUE=DATE:20260106\nRRULE:FREQ=YEARLY"]).holidays().expect("holidays");
    assert_eq!(ever.len(), 2099 - 2026 + 1, "a rule makes holidays until the end of 2099");
}
