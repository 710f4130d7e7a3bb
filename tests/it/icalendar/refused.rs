//! What is refused, and what its author is told.

use insta::assert_snapshot;
use rota_domain::icalendar::{EVENTS_MAX, Events, FILE_MAX, HOLIDAY_DAYS_MAX, RECURRING_MAX};

use super::file;

/// What is said of a file.
fn told(text: &str) -> String {
    Events::read(text.as_bytes()).expect_err("this should be refused").to_string()
}

/// What is said of an event of these lines, of which the first is line 5.
fn of(lines: &str) -> String {
    told(&file(&[lines]))
}

fn of_rule(rule: &str) -> String {
    of(&format!("DTSTART:20260302T090000Z\nRRULE:{rule}"))
}

#[test]
fn a_rule_that_is_not_understood_is_refused_with_its_line() {
    let rules = [
        "FREQ=HOURLY",
        "INTERVAL=2",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20260401",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=YEARLY;BYMONTH=-1",
        "FREQ=YEARLY;BYWEEKNO=20",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=-32",
        "FREQ=DAILY;whatever",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2",
        "FREQ=DAILY;COUNT=99999",
    ];
    assert_snapshot!(rules.map(of_rule).join("\n"));
}

#[test]
fn an_event_that_cannot_be_meant_is_refused_with_its_line() {
    let events = [
        "SUMMARY:x",
        "DTSTART:2026-03-02",
        "DTSTART:20260230",
        "DTSTART:202603021",
        "DTSTART:2026+3+2",
        "DTSTART:20260302T0900001Z",
        "DTSTART:20260302T+9+0+0Z",
        "DTSTART;VALUE=DATE:20260302T090000",
        "DTSTART:20260302T250000Z",
        "DTSTART;TZID=Customized Time Zone:20260302T090000",
        "DTSTART:18991231",
        "DTSTART;VALUE=PERIOD:20260302T090000Z/PT1H",
        "DTSTART:20260302\nDTSTART:20260303",
        "DTSTART:20260302\nDTEND:20260302",
        "DTSTART:20260302\nDTEND:20260303T090000",
        "DTSTART:20260302T090000Z\nDTEND:20260302T080000Z",
        "DTSTART:20260302T090000Z\nDTEND:20260302T100000Z\nDURATION:PT1H",
        "DTSTART:20260302T090000Z\nDURATION:-PT1H",
        "DTSTART:20260302T090000Z\nDURATION:P",
        "DTSTART:20260302T090000Z\nDURATION:PT1H1H1H1H",
        "DTSTART:20260302\nDURATION:PT1H",
        "DTSTART:20260302\nDURATION:P400D\nRRULE:FREQ=YEARLY",
        "DTSTART:20260302\nRRULE:FREQ=DAILY\nEXDATE:20260303T090000",
        "DTSTART:20260302\nEXRULE:FREQ=DAILY",
        "DTSTART:20260302\nRECURRENCE-ID:20260302",
        "DTSTART:20260302\nTRANSP:MAYBE",
        "UID:1\nDTSTART:20260302\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260302",
        "DTSTART:20260302\nSTATUS:GONE",
        "DTSTART;TZID:20260302",
        "DTSTART:20260302\nDESCRIPTION:a\nb, that was not folded",
        "DTSTART:20260302\nRDATE:20260303T090000",
        "DTSTART:20260302T090000Z\nDURATION:P300DT2400H\nRRULE:FREQ=YEARLY",
        "DTSTART:20260302\nDURATION:P367D\nRRULE:FREQ=YEARLY",
        "DTSTART;=UTC:20260302",
        "DTSTART;A B=UTC:20260302",
        "DTSTART:a-day-of-more-letters-than-anybody-would-want-to-read-once-more-here",
    ];
    assert_snapshot!(events.map(of).join("\n"));
}

#[test]
fn a_file_that_is_no_calendar_is_refused_with_its_line() {
    let files = [
        "",
        "key,value\n",
        "BEGIN:VCARD\nEND:VCARD\n",
        "BEGIN:VCALENDAR\n",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nX-A:b\n",
        "BEGIN:VCALENDAR\nCALSCALE:JULIAN\n",
        "BEGIN:VCALENDAR\nMETHOD:CANCEL\n",
        "BEGIN:VCALENDAR\nBEGIN:VFREEBUSY\n",
        "END:VCALENDAR\n",
        "\n\n",
    ];
    assert_snapshot!(files.map(told).join("\n"));
    assert_eq!(
        Events::read(b"BEGIN:VCALENDAR\nX-A:\xff\n").expect_err("no text").to_string(),
        "line 2: this is not UTF-8; save the file as UTF-8"
    );
}

#[test]
fn a_file_with_too_much_in_it_is_refused() {
    let many = |lines: &str, count: usize| told(&file(&vec![lines; count]));
    let events = many("DTSTART:20260302", EVENTS_MAX + 1);
    assert!(events.ends_with("the file has more than 20000 events; leave past ones out"), "{events}");
    let recurring = many("DTSTART:20260302\nRRULE:FREQ=DAILY", RECURRING_MAX + 1);
    assert!(
        recurring.ends_with("the file has more than 1000 events that come again; leave past ones out"),
        "{recurring}"
    );
    // Fifty thousand and one of each kind in one event.
    let days = vec!["20260303"; 50_001].join(",");
    let listed = of(&format!("DTSTART:20260302\nRDATE;VALUE=DATE:{days}\nEXDATE;VALUE=DATE:{days}"));
    assert!(listed.ends_with("more than 100000 points of time in EXDATE and RDATE; leave past ones out"), "{listed}");
    let besides = of(&format!("DTSTART:20260302\nRDATE;VALUE=DATE:{days},{days}"));
    assert_eq!(besides.replace("line 7", "line 8"), listed);
    let deep = |depth: usize| format!("BEGIN:VCALENDAR\n{}", "BEGIN:X-A\n".repeat(depth));
    assert_eq!(told(&deep(32)), "line 33: there is no end of BEGIN in BEGIN; save the calendar anew");
    assert!(told(&deep(31)).contains("BEGIN:X-A has no END"));
}

#[test]
fn as_much_as_there_may_be_of_something_is_read() {
    let read =
        |lines: &str, count: usize| Events::read(file(&vec![lines; count]).as_bytes()).map(|events| events.len());
    assert_eq!(read("DTSTART:20260302", EVENTS_MAX), Ok(EVENTS_MAX));
    assert_eq!(read("DTSTART:20260302\nDURATION:P366D\nRRULE:FREQ=YEARLY", 1), Ok(1));
    assert_eq!(read("DTSTART:20260302\nRRULE:FREQ=DAILY;COUNT=10000", 100), Ok(100), "a million in COUNT");
    let holidays = |days: usize| {
        let many = file(&[&format!("DTSTART:19700101\nDURATION:P{days}D")]);
        Events::read(many.as_bytes())
            .expect("it reads")
            .holidays()
            .map(|days| days.len())
            .map_err(|bad| bad.to_string())
    };
    assert_eq!(holidays(HOLIDAY_DAYS_MAX), Ok(HOLIDAY_DAYS_MAX));
    let more = "line 4: with this event there are more than 20000 holidays; leave some out";
    assert_eq!(holidays(HOLIDAY_DAYS_MAX + 5), Err(more.into()));
}

#[test]
fn a_file_of_the_most_bytes_is_read_and_one_of_more_is_not() {
    let padded = |bytes: usize| {
        let ends = "BEGIN:VCALENDAR\nEND:VCALENDAR\n";
        let (lines, rest) = ((bytes - ends.len()) / 64, (bytes - ends.len()) % 64);
        let line = format!("X-A:{}\n", "a".repeat(59));
        let short = format!("X-B:{}\n", "b".repeat(59 + rest));
        let text = format!("BEGIN:VCALENDAR\n{}{short}END:VCALENDAR\n", line.repeat(lines - 1));
        assert_eq!(text.len(), bytes);
        Events::read(text.as_bytes()).map(|events| events.len()).map_err(|bad| bad.to_string())
    };
    let most = usize::try_from(FILE_MAX).expect("few");
    assert_eq!(padded(most), Ok(0));
    for more in [1, 2] {
        let told = "line 1: the file is larger than 16 MiB, the most of a calendar";
        assert_eq!(padded(most + more), Err(told.into()));
    }
}

#[test]
fn rules_that_would_take_long_to_work_out_are_refused() {
    let many = |lines: &str, count: usize| told(&file(&vec![lines; count]));
    let counted = many("DTSTART:20260302\nRRULE:FREQ=DAILY;COUNT=9999", 101);
    assert!(
        counted.ends_with("the file has more than 1000000 times in COUNT together; leave past ones out"),
        "{counted}"
    );
    let long = many("DTSTART:20260302\nDURATION:P300D\nRRULE:FREQ=DAILY", 70);
    assert!(
        long.ends_with("the file has more than 20000 events in a week by its rules; leave past ones out"),
        "{long}"
    );
    // What lasts 300 days is looked for in 309, and so each day's is 310 in a week; what lasts 20 is 30.
    let reads = |lines: &str, count: usize| Events::read(file(&vec![lines; count]).as_bytes()).is_ok();
    let hours = "DTSTART:20260302T000000Z\nDURATION:PT7200H\nRRULE:FREQ=DAILY";
    assert_eq!([64, 65].map(|count| reads(hours, count)), [true, false]);
    let days = "DTSTART:20260302\nDURATION:P20D\nRRULE:FREQ=DAILY";
    assert_eq!([666, 667].map(|count| reads(days, count)), [true, false]);
    assert!(reads("DTSTART:20260302\nDURATION:P20D\nRRULE:FREQ=WEEKLY", RECURRING_MAX));
}

#[test]
fn an_event_takes_the_place_of_one_of_one_series() {
    let series = "UID:1\nDTSTART:20260302T090000Z\nRRULE:FREQ=DAILY";
    let instead = "UID:1\nRECURRENCE-ID:20260303T090000Z\nDTSTART:20260303T150000Z";
    insta::assert_snapshot!(told(&file(&[series, instead, series])), @"line 9: this event takes the place of one of a series, and several have its UID; keep one of them");
}

#[test]
fn a_file_of_holidays_has_nothing_but_whole_days() {
    let text = file(&["DTSTART;VALUE=DATE:20260501", "SUMMARY:Meeting\nDTSTART:20260302T090000Z\nDURATION:PT1H"]);
    let bad = Events::read(text.as_bytes()).expect("it reads").holidays().expect_err("no holiday");
    assert_snapshot!(bad, @"line 7: this event has a time of day, and a holiday is a whole day; write DTSTART;VALUE=DATE:20261225, or leave it out");
    let daily = file(&["DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=DAILY"]);
    let bad = Events::read(daily.as_bytes()).expect("it reads").holidays().expect_err("too many");
    assert_snapshot!(bad, @"line 4: with this event there are more than 20000 holidays; leave some out");
}
