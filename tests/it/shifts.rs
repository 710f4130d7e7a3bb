//! Who is there and who is not, by the clock: shifts, a pool's hours, and time off.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota_domain::desk::{Availability, Desk};
use rota_domain::event::Status;
use rota_domain::id::PoolId;
use rota_domain::workspace::Workspace;

/// Ana works in Berlin, Bo in New York, both from nine to five; Cy has no hours. 2026-03-02 is a Monday.
const WORKSPACE: &str = r#"
workspace = "acme"
time_zone = "America/New_York"
[[reps]]
id = "ana"
time_zone = "Europe/Berlin"
calendar = "office"
time_off = [{ from = "2026-03-10", to = "2026-03-20", before = 2, after = 1 }, { from = "2026-04-01" }]
[[reps]]
id = "bo"
calendar = "office"
[[reps]]
id = "cy"
[[pools]]
id = "always"
members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }]
[[pools]]
id = "by-day"
calendar = "utc"
members = [{ rep = "ana" }, { rep = "bo" }, { rep = "cy" }]
[[calendars]]
id = "office"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], thu = ["09:00-17:00"], fri = ["09:00-17:00"] }
[[calendars]]
id = "utc"
time_zone = "UTC"
hours = { mon = ["08:30-18:00"], tue = ["08:30-18:00"] }
"#;

const ANA: usize = 0;
const BO: usize = 1;
const CY: usize = 2;

fn desk(text: &str) -> Desk {
    let workspace: Workspace = toml::from_str(text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// What a rep is at each of these times, for any pool.
fn found<const N: usize>(place: usize, times: [&str; N]) -> [Availability; N] {
    let desk = desk(WORKSPACE);
    times.map(|time| desk.availability(place, None, at(time)))
}

#[test]
fn a_shift_begins_and_ends_on_the_minute_by_the_wall_clock_of_its_rep() {
    let times = ["2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z", "2026-03-02T15:59:59Z", "2026-03-02T16:00:00Z"];
    use Availability::{Available, OffShift};
    assert_eq!(found(ANA, times), [OffShift, Available, Available, OffShift], "Berlin is an hour ahead of UTC");
    assert_eq!(found(BO, times), [OffShift, OffShift, Available, Available], "New York is five hours behind");
    assert_eq!(found(CY, times), [Available; 4]);
    // America puts its clocks forward three weeks before Europe does.
    assert_eq!(found(BO, ["2026-03-09T12:59:59Z", "2026-03-09T13:00:00Z"]), [OffShift, Available]);
}

#[test]
fn time_off_with_the_days_around_it_is_from_midnight_to_midnight_of_its_rep() {
    use Availability::{Available, Away, OffShift};
    // A Saturday evening in Berlin, and the midnight after; then the Sunday night two weeks later.
    let times = ["2026-03-07T22:59:59Z", "2026-03-07T23:00:00Z", "2026-03-21T22:59:59Z", "2026-03-21T23:00:00Z"];
    assert_eq!(found(ANA, times), [OffShift, Away, Away, OffShift]);
    let one_day = ["2026-03-31T12:00:00Z", "2026-04-01T12:00:00Z", "2026-04-02T12:00:00Z"];
    assert_eq!(found(ANA, one_day), [Available, Away, Available]);
}

#[test]
fn outside_a_pools_hours_none_of_its_members_is_there_for_it_and_all_are_for_others() {
    let (desk, night) = (desk(WORKSPACE), at("2026-03-02T18:00:00Z"));
    let (by_day, always) = (PoolId::from("by-day"), PoolId::from("always"));
    assert_eq!(desk.next(&by_day, &[], &[], night), None);
    let turn = desk.next(&always, &[], &[], night).expect("a turn");
    let there: Vec<&str> = turn.candidates.iter().map(|candidate| candidate.rep.as_str()).collect();
    assert_eq!(there, ["bo", "cy"]);
    assert_eq!(desk.availability(CY, Some(&by_day), night), Availability::OffShift);
    assert_eq!(desk.availability(CY, Some(&always), night), Availability::Available);
}

#[test]
fn who_has_left_or_is_away_by_word_is_so_whatever_the_clock_says() {
    let mut desk = desk(WORKSPACE);
    desk.set_status("ana".into(), Status::Left);
    desk.set_status("bo".into(), Status::Away);
    let noon = at("2026-03-02T15:00:00Z");
    assert_eq!(desk.availability(ANA, None, noon), Availability::Inactive);
    assert_eq!(desk.availability(BO, None, noon), Availability::Away);
    assert_eq!(desk.next_change(BO, None, noon), None, "no clock brings them back");
}

#[test]
fn the_next_change_is_the_next_shift_or_the_end_of_the_time_off() {
    let desk = desk(WORKSPACE);
    let change = |place, pool: Option<&str>, from: &str| {
        let change = desk.next_change(place, pool.map(PoolId::from).as_ref(), at(from));
        change.map_or("never".into(), |change| change.to_string())
    };
    assert_eq!(change(ANA, None, "2026-03-02T08:00:00Z"), "2026-03-02T16:00:00Z");
    assert_eq!(change(ANA, None, "2026-03-06T16:00:00Z"), "2026-03-07T23:00:00Z", "from off shift to away");
    assert_eq!(change(ANA, None, "2026-03-07T23:00:00Z"), "2026-03-21T23:00:00Z");
    assert_eq!(change(BO, Some("by-day"), "2026-03-02T14:00:00Z"), "2026-03-02T18:00:00Z", "the pool closes first");
    assert_eq!(change(CY, Some("always"), "2026-03-02T14:00:00Z"), "never");
}

#[test]
fn who_comes_back_to_a_shift_gets_no_burst() {
    let mut desk = desk(WORKSPACE);
    let pool = PoolId::from("always");
    let mut take = |time: Timestamp| {
        let turn = desk.next(&pool, &[], &[], time).expect("a turn");
        desk.take(&turn);
        turn.rep.to_string()
    };
    let alone: Vec<String> = (0..30).map(|n| take(at("2026-03-02T05:00:00Z") + SignedDuration::from_mins(n))).collect();
    assert!(alone.iter().all(|rep| rep == "cy"));
    let together: Vec<String> =
        (0..30).map(|n| take(at("2026-03-02T14:00:00Z") + SignedDuration::from_mins(n))).collect();
    for (n, three) in together.chunks(3).enumerate() {
        assert!(["ana", "bo", "cy"].iter().all(|rep| three.iter().any(|got| got == rep)), "round {n}: {three:?}");
    }
}

proptest! {
    #[test]
    fn until_the_next_change_nothing_changes_and_then_it_does(
        minute in 0_i64..60 * 24 * 60, place in 0_usize..3, pool in proptest::option::of(proptest::sample::select(vec!["always", "by-day"])),
    ) {
        let desk = desk(WORKSPACE);
        let pool = pool.map(PoolId::from);
        let start = at("2026-02-25T00:00:00Z") + SignedDuration::from_mins(minute);
        let now = |time| desk.availability(place, pool.as_ref(), time);
        let change = desk.next_change(place, pool.as_ref(), start);
        let end = change.unwrap_or(start + SignedDuration::from_hours(24 * 8));
        let mut time = start;
        while time < end {
            prop_assert_eq!(now(time), now(start), "at {}", time);
            time += SignedDuration::from_mins(1);
        }
        prop_assert!(change.is_none_or(|change| now(change) != now(start)));
    }
}

#[test]
fn reps_who_share_a_calendar_and_a_zone_are_each_there_by_it() {
    let night = "[[calendars]]\nid = \"night\"\nhours = { mon = [\"20:00-24:00\"] }\n";
    let rep = |id: &str, calendar: &str| format!("[[reps]]\nid = \"{id}\"\ncalendar = \"{calendar}\"\n");
    let reps = rep("dee", "office") + &rep("eve", "night") + &rep("fay", "office") + &rep("gus", "night");
    let text = WORKSPACE.replace("[[pools]]\nid = \"always\"", &format!("{reps}[[pools]]\nid = \"always\"")) + night;
    let desk = desk(&text);
    let there = |at: &str| -> Vec<bool> {
        let at = at.parse().expect("a time");
        (3..7).map(|place| desk.availability(place, None, at) == Availability::Available).collect()
    };
    assert_eq!(there("2026-03-02T09:00:00-05:00"), [true, false, true, false]);
    assert_eq!(there("2026-03-02T20:00:00-05:00"), [false, true, false, true]);
}

#[test]
fn a_lead_is_answered_in_the_targets_hours_else_the_pools_else_the_reps() {
    let target =
        "[[targets]]\nclass = \"inbound:demo-request\"\ncalendar = \"utc\"\n[[targets]]\nclass = \"inbound:*\"\n";
    let desk = desk(&format!("{WORKSPACE}{target}"));
    let hours = |class: &str, rep: &str, pool: Option<&str>| {
        let pool = pool.map(PoolId::from);
        desk.answer_hours(class, &rep.into(), pool.as_ref()).map(|(name, _)| name)
    };
    assert_eq!(hours("inbound:demo-request", "ana", Some("always")), Some("utc"));
    assert_eq!(hours("inbound:chatbot", "ana", Some("by-day")), Some("utc"), "the pool's");
    assert_eq!(hours("inbound:chatbot", "ana", Some("always")), Some("office"), "ana's own");
    assert_eq!(hours("inbound:chatbot", "cy", None), None, "around the clock");
    assert_eq!(hours("inbound:chatbot", "nobody", None), None);
}
