//! By when a lead shall have its first answer: each sentence of `docs/deadlines.md`.

use std::fs;
use std::sync::Arc;

use jiff::tz::TimeZoneDatabase;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota_domain::business_time::{BusinessTime, Calendars};
use rota_domain::class;
use rota_domain::desk::Desk;
use rota_domain::workspace::{Within, Workspace};

use crate::command::rota;

/// 2026-03-02 is a Monday; Thursday of that week is a holiday of the office.
const WORKSPACE: &str = r#"
workspace = "acme"
time_zone = "America/New_York"
[[reps]]
id = "ana"
time_zone = "Europe/Berlin"
calendar = "own"
[[reps]]
id = "bo"
time_zone = "Europe/Berlin"
[[pools]]
id = "desk"
calendar = "office"
members = [{ rep = "ana" }, { rep = "bo" }]
[[pools]]
id = "open"
members = [{ rep = "ana" }, { rep = "bo" }]
[[calendars]]
id = "office"
time_zone = "UTC"
hours = { mon = ["09:00-17:00"], tue = ["09:00-12:00", "13:00-18:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
holidays = ["2026-03-05"]
[[calendars]]
id = "own"
hours = { mon = ["10:00-11:00"], tue = ["10:00-11:00"], wed = ["10:00-11:00"] }
[[calendars]]
id = "nights"
time_zone = "UTC"
hours = { mon = ["22:00-06:00"], tue = ["22:00-06:00"], fri = ["22:00-06:00"] }
"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn desk(targets: &str) -> Desk {
    let workspace: Workspace = toml::from_str(&format!("{WORKSPACE}{targets}")).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

/// By when the lead is due that Bo got then by a turn of the office's pool.
fn due(target: &str, got: &str) -> String {
    let desk = desk(&format!("[[targets]]\nclass = \"inbound:demo-request\"\n{target}"));
    let deadline = desk.deadline("inbound:demo-request", &"bo".into(), Some(&"desk".into()), at(got));
    deadline.map_or_else(|| "never".into(), |deadline| deadline.due.to_string())
}

#[test]
fn every_class_has_its_usual_target_where_one_entry_stands_for_all() {
    let desk = desk("[[targets]]\nclass = \"*\"");
    let within = |class: &str| {
        let deadline = desk.deadline(class, &"bo".into(), Some(&"desk".into()), at("2026-03-02T10:00:00Z"));
        deadline.map_or_else(|| "none".into(), |deadline| format!("{} by {}", deadline.within, deadline.due))
    };
    let told: Vec<String> = class::KNOWN.iter().map(|class| format!("{class}: {}", within(class))).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    inbound:demo-request: 1h by 2026-03-02T11:00:00Z
    inbound:content-download: 4h by 2026-03-02T14:00:00Z
    inbound:chatbot: 1h by 2026-03-02T11:00:00Z
    inbound:pricing-page: 1h by 2026-03-02T11:00:00Z
    inbound:meeting: 1h by 2026-03-02T11:00:00Z
    inbound:newsletter: 4h by 2026-03-02T14:00:00Z
    outbound:sequence-reply: same-day by 2026-03-02T17:00:00Z
    outbound:cold-call: 24h by 2026-03-06T10:00:00Z
    outbound:event: 48h by 2026-03-11T10:00:00Z
    re-engagement: 1h by 2026-03-02T11:00:00Z
    unclassified: none
    ");
    assert_eq!(within("inbound:webinar"), within("inbound:content-download"), "a form of their own is another form");
    assert_eq!(within("partner"), "none");
}

#[test]
fn a_target_is_counted_in_the_time_that_the_calendar_is_open() {
    for (within, got, expected) in [
        ("60m", "2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z"),
        ("60m", "2026-03-02T03:00:00Z", "2026-03-02T10:00:00Z"),
        ("60m", "2026-03-02T16:30:00Z", "2026-03-03T09:30:00Z"),
        ("60m", "2026-03-03T11:30:00Z", "2026-03-03T13:30:00Z"),
        ("1h", "2026-03-04T16:30:00Z", "2026-03-06T09:30:00Z"),
        ("4h", "2026-03-06T15:00:00Z", "2026-03-09T11:00:00Z"),
        ("4h", "2026-03-07T12:00:00Z", "2026-03-09T13:00:00Z"),
        // Twenty-four and forty-eight business hours are three and six working days of eight hours.
        ("24h", "2026-03-02T09:00:00Z", "2026-03-04T17:00:00Z"),
        ("48h", "2026-03-02T09:00:00Z", "2026-03-10T18:00:00Z"),
    ] {
        assert_eq!(due(&format!("within = \"{within}\""), got), expected, "{within} from {got}");
    }
}

#[test]
fn the_same_business_day_ends_with_its_hours() {
    for (got, expected) in [
        ("2026-03-02T10:00:00Z", "2026-03-02T17:00:00Z"),
        ("2026-03-02T03:00:00Z", "2026-03-02T17:00:00Z"),
        ("2026-03-03T12:30:00Z", "2026-03-03T18:00:00Z"),
        ("2026-03-02T16:59:59.999Z", "2026-03-02T17:00:00Z"),
        // What comes after hours, at the weekend or on a holiday belongs to the next business day.
        ("2026-03-02T17:00:00Z", "2026-03-03T18:00:00Z"),
        ("2026-03-04T20:00:00Z", "2026-03-06T17:00:00Z"),
        ("2026-03-05T10:00:00Z", "2026-03-06T17:00:00Z"),
        ("2026-03-07T10:00:00Z", "2026-03-09T17:00:00Z"),
    ] {
        assert_eq!(due("within = \"same-day\"", got), expected, "from {got}");
    }
}

#[test]
fn business_days_are_counted_after_the_one_that_the_lead_belongs_to() {
    for (within, got, expected) in [
        ("1d", "2026-03-02T10:00:00Z", "2026-03-03T18:00:00Z"),
        ("2d", "2026-03-02T10:00:00Z", "2026-03-04T17:00:00Z"),
        ("3d", "2026-03-02T10:00:00Z", "2026-03-06T17:00:00Z"),
        ("2d", "2026-03-07T10:00:00Z", "2026-03-11T17:00:00Z"),
        ("30d", "2026-03-02T10:00:00Z", "2026-04-14T18:00:00Z"),
    ] {
        assert_eq!(due(&format!("within = \"{within}\""), got), expected, "{within} from {got}");
    }
}

#[test]
fn a_business_day_whose_hours_pass_midnight_ends_on_the_next_date() {
    for (within, got, expected) in [
        ("same-day", "2026-03-02T23:00:00Z", "2026-03-03T06:00:00Z"),
        ("same-day", "2026-03-03T05:00:00Z", "2026-03-03T06:00:00Z"),
        ("same-day", "2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z"),
        ("1d", "2026-03-03T05:00:00Z", "2026-03-04T06:00:00Z"),
        ("1d", "2026-03-04T05:00:00Z", "2026-03-07T06:00:00Z"),
    ] {
        let target = format!("within = \"{within}\"\ncalendar = \"nights\"");
        assert_eq!(due(&target, got), expected, "{within} from {got}");
    }
}

#[test]
fn more_business_days_are_never_less_time() {
    // Monday's night is longer than Tuesday's hours.
    let workspace: Workspace = toml::from_str(
        "workspace = \"acme\"\n[[calendars]]\nid = \"x\"\nhours = { mon = [\"20:00-19:00\"], tue = [\"09:00-10:00\"] }",
    )
    .expect("a workspace");
    let calendars = Calendars::of(&workspace);
    let end = |days| calendars.get("x").expect("the calendar").end_of_day(at("2026-03-02T21:00:00Z"), days);
    assert_eq!([end(0), end(1)], [Some(at("2026-03-03T19:00:00Z")); 2]);
    assert_eq!(end(2), Some(at("2026-03-10T19:00:00Z")));
}

#[test]
fn the_hours_are_the_targets_else_the_pools_else_the_reps_else_all() {
    let due = |calendar: &str, rep: &str, pool: Option<&str>| {
        let desk = desk(&format!("[[targets]]\nclass = \"*\"\nwithin = \"2h\"\n{calendar}"));
        let pool = pool.map(Into::into);
        let deadline = desk.deadline("partner", &rep.into(), pool.as_ref(), at("2026-03-02T08:30:00Z"));
        let deadline = deadline.expect("a deadline");
        format!("{} {}", deadline.calendar.unwrap_or("-"), deadline.due)
    };
    assert_eq!(due("calendar = \"nights\"", "ana", Some("desk")), "nights 2026-03-03T00:00:00Z");
    assert_eq!(due("", "ana", Some("desk")), "office 2026-03-02T11:00:00Z");
    // Ana's hours are read in Berlin, where it is 09:30.
    assert_eq!(due("", "ana", Some("open")), "own 2026-03-03T10:00:00Z");
    assert_eq!(due("", "ana", None), "own 2026-03-03T10:00:00Z");
    assert_eq!(due("", "bo", Some("open")), "- 2026-03-02T10:30:00Z");
}

#[test]
fn without_a_calendar_a_business_day_is_a_day_of_the_rep() {
    let due = |within: &str, got: &str| {
        let desk = desk(&format!("[[targets]]\nclass = \"*\"\nwithin = \"{within}\""));
        desk.deadline("partner", &"bo".into(), None, at(got)).expect("a deadline").due.to_string()
    };
    // Midnight in Berlin, also on the days when the clock changes.
    assert_eq!(due("same-day", "2026-03-07T10:00:00Z"), "2026-03-07T23:00:00Z");
    assert_eq!(due("1d", "2026-03-28T10:00:00Z"), "2026-03-29T22:00:00Z");
    assert_eq!(due("1d", "2026-10-24T10:00:00Z"), "2026-10-25T23:00:00Z");
    // Hours are hours.
    assert_eq!(due("24h", "2026-03-28T23:30:00Z"), "2026-03-29T23:30:00Z");
}

#[test]
fn the_whole_class_counts_before_the_longest_beginning_and_0_is_no_target() {
    let desk = desk(
        r#"
        [[targets]]
        class = "inbound:*"
        within = "2h"
        [[targets]]
        class = "*"
        within = "same-day"
        [[targets]]
        class = "inbound:demo-request*"
        within = "3h"
        [[targets]]
        class = "inbound:demo-request"
        [[targets]]
        class = "inbound:newsletter"
        within = "0"
        "#,
    );
    let within = |class: &str| {
        let deadline = desk.deadline(class, &"bo".into(), Some(&"desk".into()), at("2026-03-02T10:00:00Z"));
        deadline.map(|deadline| deadline.within)
    };
    assert_eq!(within("inbound:demo-request"), Some(Within::Minutes(60)));
    assert_eq!(within("inbound:pricing-page"), Some(Within::Minutes(120)));
    assert_eq!(within("outbound:event"), Some(Within::Days(0)));
    assert_eq!(within("inbound:newsletter"), None);
}

#[test]
fn a_target_reads_and_prints_as_it_is_written() {
    for text in ["0", "1m", "90m", "1h", "48h", "720h", "same-day", "1d", "30d"] {
        let within: Within = text.parse().expect("a target");
        assert_eq!(within.to_string(), text);
    }
    assert_eq!("60m".parse::<Within>().expect("a target").to_string(), "1h");
    for text in
        ["", "m", "0m", "-5m", "+5m", "5", "1.5h", "60 m", "soon", "0d", "721h", "31d", "43201m", "99999999999h"]
    {
        assert!(text.parse::<Within>().is_err(), "{text}");
    }
}

/// A lead through the whole host: what `rota simulate` gives it, as outcome and time due.
fn routed(plugin: &str, settings: &str, fallback: &str, targets: &str, owner: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let flow = format!(
        "[[sources]]\nclass = \"inbound:demo-request\"\nwhen = {{ property = \"hs_form\", is = \"demo\" }}\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"{plugin}\"\nsettings = {settings}\nfallback = {fallback}\n"
    );
    fs::write(folder.path().join("workspace.toml"), format!("{WORKSPACE}{flow}{targets}")).expect("workspace.toml");
    let lead = format!(
        r#"{{"at":"2026-03-02T16:30:00Z","kind":"lead","lead":{{"id":"1","owner":{owner},"properties":{{"hs_form":"demo","country":"US"}}}}}}"#
    );
    fs::write(folder.path().join("leads.jsonl"), lead + "\n").expect("leads.jsonl");
    let ran = rota(folder.path(), &["simulate", "--workspace", ".", "--leads", "leads.jsonl", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let decision = ran.lines().remove(0);
    let text = |key: &str| decision[key].as_str().unwrap_or("-").to_owned();
    [text("outcome"), text("rep"), text("response_due")].join(" ")
}

#[test]
fn a_lead_that_is_given_to_a_rep_is_due_as_the_target_says_and_without_one_as_ever() {
    let target = "[[targets]]\nclass = \"*\"";
    let next = |targets: &str, owner: &str| {
        routed("next-in-line", "{ pool = \"desk\" }", "{ queue = \"triage\" }", targets, owner)
    };
    assert_eq!(next(target, "null"), "assign bo 2026-03-03T09:30:00Z");
    assert_eq!(next("", "null"), "assign bo -");
    // Who has an owner already was not given to anybody.
    assert_eq!(next(target, "\"ana\""), "kept ana -");
}

#[test]
fn what_the_rule_says_itself_wins_over_the_target() {
    let territory = |response: &str| {
        let settings =
            format!("{{ territories = [{{ countries = [\"US\"], states = [], pool = \"desk\" }}]{response} }}");
        let target = "[[targets]]\nclass = \"*\"\nwithin = \"2h\"";
        routed("territory", &settings, "{ queue = \"triage\" }", target, "null")
    };
    assert_eq!(territory(""), "assign bo 2026-03-02T17:30:00Z");
    assert_eq!(territory(", response_minutes = { \"inbound:demo-request\" = 0 }"), "assign bo 2026-03-03T10:30:00Z");
}

#[test]
fn a_fallback_to_a_rep_has_the_target_and_one_to_a_queue_has_none() {
    let passed = |fallback: &str| {
        routed("territory", "{ territories = [] }", fallback, "[[targets]]\nclass = \"*\"\nwithin = \"2h\"", "null")
    };
    assert_eq!(passed("{ rep = \"bo\" }"), "pass bo 2026-03-02T18:30:00Z");
    assert_eq!(passed("{ queue = \"triage\" }"), "pass - -");
}

/// Days with up to two spans that do not pass midnight, and some holidays.
fn calendar() -> impl Strategy<Value = (BusinessTime, &'static str)> {
    let clock = |quarter: u32| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
    let day = proptest::collection::btree_set(0_u32..=96, 0..5).prop_map(move |ends| {
        let ends: Vec<u32> = ends.into_iter().collect();
        ends.chunks_exact(2)
            .map(|ends| format!("\"{}-{}\"", clock(ends[0]), clock(ends[1])))
            .collect::<Vec<_>>()
            .join(", ")
    });
    let zone = proptest::sample::select(&["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"][..]);
    let holidays = proptest::collection::btree_set(1_u32..29, 0..12);
    (proptest::collection::vec(day, 7), holidays, zone).prop_map(|(days, holidays, zone)| {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let hours: Vec<String> = names.iter().zip(days).map(|(name, spans)| format!("{name} = [{spans}]")).collect();
        let holidays: Vec<String> =
            holidays.iter().flat_map(|day| [format!("\"2026-03-{day:02}\""), format!("\"2026-10-{day:02}\"")]).collect();
        let text = format!(
            "workspace = \"acme\"\n[[calendars]]\nid = \"x\"\ntime_zone = \"{zone}\"\nhours = {{ {} }}\nholidays = [{}]",
            hours.join(", "),
            holidays.join(", ")
        );
        let workspace: Workspace = toml::from_str(&text).expect("a workspace");
        (Calendars::of(&workspace).get("x").expect("the calendar").clone(), zone)
    })
}

proptest! {
    #[test]
    fn a_business_day_ends_with_the_last_open_minute_of_its_date(
        (calendar, zone) in calendar(), minute in 0_i64..40 * 24 * 60, autumn: bool, days in 0_u32..4,
    ) {
        let start = at(if autumn { "2026-09-20T00:00:00Z" } else { "2026-03-01T00:00:00Z" });
        let start = start + SignedDuration::from_mins(minute);
        let zone = TimeZoneDatabase::bundled().get(zone).expect("the zone");
        let mut dates = Vec::new();
        let mut last = None;
        for minute in 0..60 * 24 * 60 {
            let time = start + SignedDuration::from_mins(minute);
            if calendar.is_open(time) {
                let date = time.to_zoned(zone.clone()).date();
                if dates.last() != Some(&date) {
                    dates.push(date);
                }
                if dates.len() > usize::try_from(days).expect("few") + 1 {
                    break;
                }
                last = Some(time + SignedDuration::from_mins(1));
            }
        }
        let enough = dates.len() > usize::try_from(days).expect("few");
        let found = calendar.end_of_day(start, days);
        if enough {
            prop_assert_eq!(found, last);
        } else {
            let far = start + SignedDuration::from_hours(59 * 24);
            prop_assert!(found.is_none_or(|found| found > far), "{:?}", found);
        }
    }
}
