//! How many leads a rep may have open, and be given in an hour, a day, a week or a month.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota::pools::PoolState;
use rota::show::Palette;
use rota_domain::desk::{Availability, Desk};
use rota_domain::id::{PoolId, RepId};
use rota_domain::load::Loads;
use rota_domain::workspace::{Per, Workspace};

fn desk(caps: &str) -> Desk {
    let text = format!(
        "workspace = \"acme\"\ntime_zone = \"America/New_York\"\n[[reps]]\nid = \"ana\"\n{caps}\n[[reps]]\nid = \"bo\"\n\
         [[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ana\" }}, {{ rep = \"bo\" }}]\n"
    );
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

const ANA: usize = 0;

/// A desk where ana was given leads at these times.
fn given<const N: usize>(caps: &str, times: [&str; N]) -> Desk {
    let mut desk = desk(caps);
    for time in times {
        desk.loads_mut().give(&"ana".into(), &[], at(time));
    }
    desk
}

fn is_capped(desk: &Desk, time: &str) -> bool {
    match desk.availability(ANA, None, at(time)) {
        Availability::Capped => true,
        Availability::Available => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_minute_to_three_and_one_past_are_two_hours_of_the_clock_and_one_that_rolls() {
    let by_the_clock = given("caps = [{ leads = 1, per = \"hour\" }]", ["2026-03-02T14:59:00-05:00"]);
    assert!(is_capped(&by_the_clock, "2026-03-02T14:59:59-05:00"));
    assert!(!is_capped(&by_the_clock, "2026-03-02T15:00:00-05:00"));
    let rolling = given("caps = [{ leads = 1, per = \"hour\", rolling = true }]", ["2026-03-02T14:59:00-05:00"]);
    assert!(is_capped(&rolling, "2026-03-02T15:01:00-05:00"));
    assert!(is_capped(&rolling, "2026-03-02T15:58:59.999999999-05:00"));
    assert!(!is_capped(&rolling, "2026-03-02T15:59:00-05:00"));
}

#[test]
fn days_weeks_and_months_begin_at_midnight_in_the_zone_that_is_said() {
    // A Sunday, the last of the month in New York, where it is the first of March in Berlin already.
    let given_at = ["2026-02-28T19:00:00-05:00"];
    let (before, after) = ("2026-02-28T23:59:59-05:00", "2026-03-01T00:00:00-05:00");
    for per in ["day", "month"] {
        let here = given(&format!("caps = [{{ leads = 1, per = \"{per}\" }}]"), given_at);
        assert!(is_capped(&here, before) && !is_capped(&here, after), "{per}");
        let berlin =
            given(&format!("caps = [{{ leads = 1, per = \"{per}\", time_zone = \"Europe/Berlin\" }}]"), given_at);
        assert!(is_capped(&berlin, after), "{per}");
    }
    let week = given("caps = [{ leads = 1, per = \"week\" }]", given_at);
    assert!(is_capped(&week, "2026-03-01T23:59:59-05:00"), "a Sunday is of the same week");
    assert!(!is_capped(&week, "2026-03-02T00:00:00-05:00"));
    let own = given("time_zone = \"Europe/Berlin\"\ncaps = [{ leads = 1, per = \"day\" }]", given_at);
    assert!(is_capped(&own, "2026-03-01T12:00:00-05:00"), "the rep's own zone, where none is said");
    assert!(!is_capped(&own, "2026-03-01T18:00:00-05:00"));
}

#[test]
fn an_hour_that_the_clock_shows_twice_is_one_and_a_day_without_it_is_a_day() {
    // In New York, the clock goes back from two to one on 2026-11-01 and forward on 2026-03-08.
    let hour = given("caps = [{ leads = 1, per = \"hour\" }]", ["2026-11-01T01:10:00-04:00"]);
    assert!(is_capped(&hour, "2026-11-01T01:50:00-05:00"));
    assert!(!is_capped(&hour, "2026-11-01T02:00:00-05:00"));
    let day = given("caps = [{ leads = 1, per = \"day\" }]", ["2026-03-08T00:00:00-05:00"]);
    assert!(is_capped(&day, "2026-03-08T23:59:59-04:00") && !is_capped(&day, "2026-03-09T00:00:00-04:00"));
}

#[test]
fn a_cap_of_a_month_counts_its_first_day_on_its_last() {
    let month =
        given("caps = [{ leads = 2, per = \"month\" }]", ["2026-05-01T00:00:00-04:00", "2026-05-31T12:00:00-04:00"]);
    assert!(is_capped(&month, "2026-05-31T23:59:59-04:00") && !is_capped(&month, "2026-06-01T00:00:00-04:00"));
}

#[test]
fn what_is_longer_ago_than_any_cap_is_forgotten() {
    let given = |times: &[&str]| {
        let mut loads = Loads::default();
        times.iter().for_each(|time| loads.gave(&"ana".into(), &[], at(time)));
        loads.of(&"ana".into()).cloned()
    };
    let new = "2026-07-01T12:00:00Z";
    assert_eq!(given(&["2026-05-01T12:00:00Z", new]), given(&[new]));
}

#[test]
fn a_lead_that_was_closed_since_counts_for_caps_and_is_not_open() {
    let mut desk = desk("capacity = 1\ncaps = [{ leads = 2, per = \"hour\" }]");
    desk.loads_mut().gave(&"ana".into(), &[], at("2026-03-02T09:00:00-05:00"));
    let left = |desk: &Desk| desk.left(ANA, at("2026-03-02T09:30:00-05:00"))[0].left;
    assert!(!is_capped(&desk, "2026-03-02T09:30:00-05:00"), "none is open");
    assert_eq!(left(&desk), 1);
}

#[test]
fn of_several_caps_the_one_that_is_reached_first_holds() {
    let caps = "caps = [{ leads = 2, per = \"hour\" }, { leads = 3, per = \"day\" }]";
    let desk = given(caps, ["2026-03-02T09:00:00-05:00", "2026-03-02T09:10:00-05:00"]);
    assert!(is_capped(&desk, "2026-03-02T09:30:00-05:00") && !is_capped(&desk, "2026-03-02T10:00:00-05:00"));
    let left: Vec<u32> = desk.left(ANA, at("2026-03-02T10:00:00-05:00")).iter().map(|cap| cap.left).collect();
    assert_eq!(left, [2, 1]);
    let desk = given(caps, ["2026-03-02T09:00:00-05:00", "2026-03-02T09:10:00-05:00", "2026-03-02T10:00:00-05:00"]);
    assert!(is_capped(&desk, "2026-03-02T23:00:00-05:00") && !is_capped(&desk, "2026-03-03T00:00:00-05:00"));
    assert_eq!(
        desk.next_change(ANA, None, at("2026-03-02T10:30:00-05:00")),
        Some(at("2026-03-03T00:00:00-05:00")),
        "both are over then"
    );
}

#[test]
fn a_rep_with_as_many_open_leads_as_the_capacity_gets_none_until_one_is_closed() {
    let mut desk = given("capacity = 2", ["2026-03-02T09:00:00-05:00", "2026-03-02T09:00:00-05:00"]);
    let now = "2026-03-02T10:00:00-05:00";
    assert!(is_capped(&desk, now) && is_capped(&desk, "2027-03-02T10:00:00-05:00"));
    assert_eq!(desk.next_change(ANA, None, at(now)), None, "time alone brings nobody back");
    desk.loads_mut().close(&"ana".into(), &[]);
    assert!(!is_capped(&desk, now));
}

#[test]
fn a_capped_rep_takes_no_turns_and_the_turn_says_so() {
    let desk = given("capacity = 1", ["2026-03-02T09:00:00-05:00"]);
    let turn = desk.next(&PoolId::from("all"), &[], &[], at("2026-03-02T10:00:00-05:00")).expect("a turn");
    assert_eq!((turn.rep, turn.capped), (RepId::from("bo"), vec![RepId::from("ana")]));
    let chosen = desk.next(&PoolId::from("all"), &[1], &[], at("2026-03-02T10:00:00-05:00")).expect("a turn");
    assert_eq!(chosen.capped, [], "who is not asked for is not capped either");
}

#[test]
fn pools_show_who_is_there_what_they_have_in_hand_and_who_is_next() {
    let text = r#"
workspace = "acme"
[[reps]]
id = "ana"
capacity = 2
[[reps]]
id = "bo"
caps = [{ leads = 3, per = "day" }, { leads = 1, per = "hour", rolling = true }]
[[reps]]
id = "cy"
calendar = "early"
[[reps]]
id = "dee"
active = false
[[pools]]
id = "all"
members = [{ rep = "ana", weight = 2 }, { rep = "bo" }, { rep = "cy" }, { rep = "dee" }]
[[pools]]
id = "early"
calendar = "early"
members = [{ rep = "cy" }]
[[calendars]]
id = "early"
hours = { mon = ["06:00-09:00"] }
"#;
    let workspace: Workspace = toml::from_str(text).expect("a workspace");
    let now = at("2026-03-02T10:00:00Z");
    let mut desk = Desk::new(1, Arc::new(workspace));
    desk.loads_mut().give(&"ana".into(), &[], now - SignedDuration::from_hours(3));
    desk.loads_mut().give(&"bo".into(), &[], now - SignedDuration::from_mins(20));
    let mut pools: Vec<PoolState> = desk.workspace.pools.iter().map(|pool| PoolState::of(pool, &desk, now)).collect();
    assert_snapshot!(rota::show::pools(&pools, now, Palette::PLAIN));
    pools[0].turns = 1;
    let text = rota::show::pools(&pools, now, Palette::PLAIN);
    assert_eq!(text.lines().next(), Some("all  by quota, 1 turn"));
}

#[test]
fn a_new_revision_forgets_nothing_that_was_counted() {
    let before = given("capacity = 1", ["2026-03-02T09:00:00-05:00"]);
    let after = desk("capacity = 2\ncaps = [{ leads = 1, per = \"day\" }]").workspace;
    let desk = before.revise(2, after);
    assert!(is_capped(&desk, "2026-03-02T10:00:00-05:00"), "of the day");
    assert!(!is_capped(&desk, "2026-03-03T10:00:00-05:00"), "one of two is open");
}

proptest! {
    #[test]
    fn nobody_who_takes_turns_as_they_come_is_given_more_than_any_cap(
        gaps in proptest::collection::vec(0_i64..7_200, 1..200), hour in 1_u32..6, day in 1_u32..20,
    ) {
        let mut desk = desk(&format!(
            "caps = [{{ leads = {hour}, per = \"hour\", rolling = true }}, {{ leads = {day}, per = \"day\" }}]"
        ));
        let (ana, mut now, mut given) = (RepId::from("ana"), at("2026-03-06T12:00:00Z"), Vec::new());
        for gap in gaps {
            now += SignedDuration::from_secs(gap);
            let rolling = given.iter().filter(|at: &&Timestamp| now.duration_since(**at) < SignedDuration::from_hours(1));
            let date = |at: Timestamp| at.in_tz("America/New_York").expect("a zone").date();
            let today = given.iter().filter(|at| date(**at) == date(now)).count();
            let full = rolling.count() >= hour as usize || today >= day as usize;
            let capped = desk.availability(ANA, None, now) == Availability::Capped;
            prop_assert_eq!(capped, full, "at {}", now);
            if capped {
                let until = desk.next_change(ANA, None, now).expect("an end");
                prop_assert!(desk.availability(ANA, None, until) == Availability::Available);
                let before = until - SignedDuration::from_nanos(1);
                prop_assert!(desk.availability(ANA, None, before) == Availability::Capped);
            } else {
                desk.loads_mut().give(&ana, &[], now);
                given.push(now);
            }
        }
        let mut days: BTreeMap<jiff::civil::Date, u32> = BTreeMap::new();
        for at in given {
            *days.entry(at.in_tz("America/New_York").expect("a zone").date()).or_default() += 1;
        }
        prop_assert!(days.values().all(|given| *given <= day));
    }
}

#[test]
fn a_cap_that_rolls_looks_back_an_hour_a_day_a_week_or_thirty_days() {
    let hours = [Per::Hour, Per::Day, Per::Week, Per::Month].map(|per| per.length().as_hours());
    assert_eq!(hours, [1, 24, 7 * 24, 30 * 24]);
    let mut desk = desk("caps = [{ leads = 1, per = \"week\", rolling = true }]");
    desk.loads_mut().give(&RepId::from("ana"), &[], at("2026-03-02T09:00:00Z"));
    let capped = |time| desk.availability(ANA, None, at(time)) == Availability::Capped;
    assert_eq!(["2026-03-09T08:59:59Z", "2026-03-09T09:00:00Z"].map(capped), [true, false]);
}
