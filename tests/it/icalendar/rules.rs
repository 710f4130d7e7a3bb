//! Rules against the examples of RFC 5545, section 3.8.5.3.

use super::events;

/// The first days of a rule whose event begins on that day, as `97-09-02`.
fn days(first: &str, rule: &str, most: usize) -> String {
    let event = format!("DTSTART;VALUE=DATE:{first}\nRRULE:{rule}");
    let days = events(&[&event]).holidays().expect("days of events");
    let days: Vec<String> = days.iter().take(most).map(|day| day.strftime("%y-%m-%d").to_string()).collect();
    days.join(" ")
}

#[test]
fn rules_give_the_days_that_the_standard_gives_as_examples() {
    for (first, rule, expected) in EXAMPLES {
        let most = expected.split(' ').count();
        let ends = rule.contains("COUNT") || rule.contains("UNTIL");
        assert_eq!(days(first, rule, most + usize::from(ends)), expected, "{rule}");
    }
}

const EXAMPLES: [(&str, &str, &str); 27] = [
    ("19970902", "FREQ=DAILY;COUNT=4", "97-09-02 97-09-03 97-09-04 97-09-05"),
    ("19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", "97-09-02 97-09-12 97-09-22 97-10-02 97-10-12"),
    ("19980129", "FREQ=DAILY;UNTIL=19990102T140000Z;BYMONTH=1", "98-01-29 98-01-30 98-01-31 99-01-01 99-01-02"),
    ("19970902", "FREQ=WEEKLY;COUNT=6", "97-09-02 97-09-09 97-09-16 97-09-23 97-09-30 97-10-07"),
    ("19970902", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "97-09-02 97-09-16 97-09-30 97-10-14 97-10-28 97-11-11"),
    (
        "19970902",
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        "97-09-02 97-09-04 97-09-09 97-09-11 97-09-16 97-09-18 97-09-23 97-09-25 97-09-30 97-10-02 97-10-07",
    ),
    (
        "19970901",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR",
        "97-09-01 97-09-03 97-09-05 97-09-15 97-09-17 97-09-19 97-09-29 97-10-01 97-10-03 97-10-13",
    ),
    (
        "19970902",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "97-09-02 97-09-04 97-09-16 97-09-18 97-09-30 97-10-02 97-10-14 97-10-16",
    ),
    ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "97-08-05 97-08-10 97-08-19 97-08-24"),
    ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "97-08-05 97-08-17 97-08-19 97-08-31"),
    ("19970905", "FREQ=MONTHLY;COUNT=5;BYDAY=1FR", "97-09-05 97-10-03 97-11-07 97-12-05 98-01-02"),
    (
        "19970907",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "97-09-07 97-09-28 97-11-02 97-11-30 98-01-04 98-01-25 98-03-01 98-03-29 98-05-03 98-05-31",
    ),
    ("19970922", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "97-09-22 97-10-20 97-11-17 97-12-22 98-01-19 98-02-16"),
    ("19970928", "FREQ=MONTHLY;BYMONTHDAY=-3", "97-09-28 97-10-29 97-11-28 97-12-29 98-01-29 98-02-26"),
    ("19970930", "FREQ=MONTHLY;COUNT=6;BYMONTHDAY=1,-1", "97-09-30 97-10-01 97-10-31 97-11-01 97-11-30 97-12-01"),
    ("20070115", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "07-01-15 07-01-30 07-02-15 07-03-15 07-03-30"),
    (
        "19970910",
        "FREQ=MONTHLY;INTERVAL=18;COUNT=8;BYMONTHDAY=10,11,12,13,14,15",
        "97-09-10 97-09-11 97-09-12 97-09-13 97-09-14 97-09-15 99-03-10 99-03-11",
    ),
    ("19970902", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "97-09-02 97-09-09 97-09-16 97-09-23 97-09-30 97-11-04"),
    ("19980213", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "98-02-13 98-03-13 98-11-13 99-08-13 00-10-13"),
    ("19970913", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "97-09-13 97-10-11 97-11-08 97-12-13"),
    ("19970904", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "97-09-04 97-10-07 97-11-06"),
    ("19970929", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "97-09-29 97-10-30 97-11-27 97-12-30 98-01-29"),
    ("19970610", "FREQ=YEARLY;COUNT=4;BYMONTH=6,7", "97-06-10 97-07-10 98-06-10 98-07-10"),
    ("19970310", "FREQ=YEARLY;INTERVAL=2;COUNT=5;BYMONTH=1,2,3", "97-03-10 99-01-10 99-02-10 99-03-10 01-01-10"),
    ("19970519", "FREQ=YEARLY;BYDAY=20MO", "97-05-19 98-05-18 99-05-17"),
    ("19970313", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "97-03-13 97-03-20 97-03-27 98-03-05 98-03-12 98-03-19 98-03-26"),
    ("19961105", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "96-11-05 00-11-07 04-11-02"),
];

#[test]
fn the_first_day_is_of_a_series_and_of_its_count_whether_it_fits_the_rule_or_not() {
    assert_eq!(days("19970902", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", 9), "97-09-02 98-02-13 98-03-13");
    assert_eq!(days("19970902", "FREQ=WEEKLY;BYDAY=MO;UNTIL=19970908", 9), "97-09-02 97-09-08");
}

#[test]
fn a_day_that_a_month_or_year_does_not_have_is_left_out() {
    assert_eq!(days("20260131", "FREQ=MONTHLY;COUNT=3", 9), "26-01-31 26-03-31 26-05-31");
    assert_eq!(days("20240229", "FREQ=YEARLY;COUNT=3", 9), "24-02-29 28-02-29 32-02-29");
}
