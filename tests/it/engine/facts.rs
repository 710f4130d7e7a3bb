//! What a guest can know besides the lead: tables, calendars and its flow's counters.

use std::fs;

use rota::cases;
use rota_domain::desk::{COUNTERS_MAX, Desk};
use rota_domain::rule::{Answer, Choice, ErrorCode, Verdict};

use super::guest::{Guest, decided, failure, transcript, usual_desk};

/// A guest that looks `na` up in the table `eu`, and queues under what it finds.
const LOOKS_UP: &str = "(func $decide (result i32)
    (call $tables.open (i32.const 1026) (i32.const 2) (global.get $back))
    (call $tables.look-up (i32.load offset=4 (global.get $back)) (i32.const 1024) (i32.const 2) (global.get $back))
    (if (i32.eqz (i32.load8_u (global.get $back))) (then (return (call $pass))))
    (call $queue (i32.load offset=4 (global.get $back)) (i32.load offset=8 (global.get $back))))";

/// A guest that makes these calls and then queues.
fn calls(calls: &str) -> Guest {
    Guest::new(&format!("(func $decide (result i32) {calls} (call $queue (i32.const 1024) (i32.const 2)))"))
}

#[test]
fn a_table_is_opened_by_its_name_and_looked_into() {
    let answer = Guest::new(LOOKS_UP).ask();
    assert_eq!(transcript(&answer), [r#"["tables.open",["eu"],{"Ok":0}]"#, r#"["tables.look-up",[0,"na"],"north"]"#]);
    assert_eq!(decided(answer).choice, Choice::Queue("north".into()));
}

#[test]
fn a_key_that_no_row_has_gives_nothing() {
    let answer = calls(
        "(call $tables.open (i32.const 1026) (i32.const 2) (global.get $back))
         (call $tables.look-up (i32.const 0) (i32.const 1028) (i32.const 3) (global.get $back))",
    )
    .ask();
    assert_eq!(transcript(&answer)[1], r#"["tables.look-up",[0,"one"],null]"#);
}

#[test]
fn tables_calendars_and_pools_that_the_workspace_lacks_are_unknown() {
    let answer = calls(
        "(call $tables.open (i32.const 1028) (i32.const 3) (global.get $back))
         (call $calendar.is-open (i32.const 1028) (i32.const 3) (global.get $now) (global.get $back))
         (call $calendar.add (i32.const 1028) (i32.const 3) (global.get $now) (i32.const 5) (global.get $back))
         (call $effects.response-target (i32.const 5) (i32.const 1) (i32.const 1028) (i32.const 3) (global.get $back))",
    )
    .ask();
    let expected = [
        r#"["tables.open",["one"],{"Err":"Unknown"}]"#,
        r#"["calendar.is-open",["one",0.0],{"Err":"Unknown"}]"#,
        r#"["calendar.add-business-minutes",["one",0.0,5],{"Err":"Unknown"}]"#,
        r#"["effects.response-target",[5,"one"],{"Err":"Unknown"}]"#,
    ];
    assert_eq!(transcript(&answer), expected);
    assert_eq!(decided(answer).response_due, None);
}

#[test]
fn pools_and_tables_share_their_sixty_four_handles() {
    let hoard = |first: &str| {
        format!(
            "(data (i32.const 4096) \"p00\")
            (func $decide (result i32) (local $n i32)
              {first}
              (loop $again
                (i32.store8 (i32.const 4097) (i32.add (i32.const 48) (i32.div_u (local.get $n) (i32.const 10))))
                (i32.store8 (i32.const 4098) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
                (call $pool.open (i32.const 4096) (i32.const 3) (global.get $back))
                (local.set $n (i32.add (local.get $n) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $n) (i32.const 64))))
              (call $pass))"
        )
    };
    assert!(matches!(Guest::new(&hoard("")).ask().verdict, Verdict::Passed(_)));
    // The same table twice is one handle.
    let table = "(call $tables.open (i32.const 1026) (i32.const 2) (global.get $back))";
    assert_eq!(failure(Guest::new(&hoard(&table.repeat(2))).ask()).code, ErrorCode::Handles);
}

#[test]
fn a_long_key_costs_its_length_in_calls() {
    // 10,000 calls are granted; a key of 60,000 bytes costs 1 + 234. The last step is the one
    // that was stopped.
    let answer = Guest::new(
        "(func $decide (result i32)
          (call $tables.open (i32.const 1026) (i32.const 2) (global.get $back))
          (memory.fill (i32.const 4096) (i32.const 97) (i32.const 60000))
          (loop $again
            (call $tables.look-up (i32.const 0) (i32.const 4096) (i32.const 60000) (global.get $back))
            (br $again))
          (unreachable))",
    )
    .ask();
    assert_eq!(transcript(&answer).len(), 1 + 9_999 / 235 + 1);
    assert_eq!(failure(answer).code, ErrorCode::HostCalls);
}

#[test]
fn a_calendar_says_whether_it_is_open_and_when_time_is_up() {
    // 1970-01-01 was a Thursday; `na` is open on weekdays from nine to five, UTC.
    let answer = calls(
        "(call $calendar.is-open (i32.const 1024) (i32.const 2) (global.get $now) (global.get $back))
         (call $calendar.is-open (i32.const 1024) (i32.const 2) (f64.const 32400000) (global.get $back))
         (call $calendar.add (i32.const 1024) (i32.const 2) (global.get $now) (i32.const 30) (global.get $back))
         (call $calendar.add (i32.const 1024) (i32.const 2) (global.get $now) (i32.const -1) (global.get $back))",
    )
    .ask();
    let expected = [
        r#"["calendar.is-open",["na",0.0],{"Ok":false}]"#,
        r#"["calendar.is-open",["na",32400000.0],{"Ok":true}]"#,
        r#"["calendar.add-business-minutes",["na",0.0,30],{"Ok":34200000.0}]"#,
        r#"["calendar.add-business-minutes",["na",0.0,4294967295],{"Err":"Unavailable"}]"#,
    ];
    assert_eq!(transcript(&answer), expected);
}

#[test]
fn an_instant_that_is_none_is_refused_by_calendars() {
    for instant in ["nan", "inf", "0.5", "1e300"] {
        let asked =
            format!("(call $calendar.is-open (i32.const 1024) (i32.const 2) (f64.const {instant}) (global.get $back))");
        assert_eq!(calls(&asked).code(), ErrorCode::BadDecision, "{instant}");
    }
}

#[test]
fn a_response_target_with_a_calendar_counts_open_minutes() {
    let due = |calls: &str| {
        let calls = calls.replace("TARGET", "call $effects.response-target");
        decided(self::calls(&calls).ask()).response_due.map(|due| due.to_string())
    };
    let open = "(TARGET (i32.const 30) (i32.const 1) (i32.const 1024) (i32.const 2) (global.get $back))";
    assert_eq!(due(open).as_deref(), Some("1970-01-01T09:30:00Z"));
    let plain = "(TARGET (i32.const 30) (i32.const 0) (i32.const 0) (i32.const 0) (global.get $back))";
    assert_eq!(due(plain).as_deref(), Some("1970-01-01T00:30:00Z"));
    // What is refused changes nothing.
    let never = "(TARGET (i32.const -1) (i32.const 1) (i32.const 1024) (i32.const 2) (global.get $back))";
    assert_eq!(due(&format!("{plain}{never}")).as_deref(), Some("1970-01-01T00:30:00Z"));
}

#[test]
fn a_counter_is_zero_until_it_is_changed_and_its_change_is_seen_at_once() {
    let answer = calls(
        "(call $state.counter (i32.const 1024) (i32.const 2) (global.get $back))
         (call $state.add (i32.const 1024) (i32.const 2) (i32.const 5) (global.get $back))
         (call $state.add (i32.const 1024) (i32.const 2) (i32.const -7) (global.get $back))
         (call $state.counter (i32.const 1024) (i32.const 2) (global.get $back))
         (call $state.counter (i32.const 1026) (i32.const 2) (global.get $back))",
    )
    .ask();
    let expected = [
        r#"["state.counter",["na"],{"Ok":0}]"#,
        r#"["state.add",["na",5],{"Ok":5}]"#,
        r#"["state.add",["na",-7],{"Ok":-2}]"#,
        r#"["state.counter",["na"],{"Ok":-2}]"#,
        r#"["state.counter",["eu"],{"Ok":0}]"#,
    ];
    assert_eq!(transcript(&answer), expected);
    assert_eq!(decided(answer).counters, [("na".into(), -2)]);
}

#[test]
fn a_counter_stops_at_the_ends_of_its_range() {
    let mut desk = usual_desk();
    desk.set_counter("inbound".into(), "na".into(), Some(i32::MAX - 1));
    let add = "(call $state.add (i32.const 1024) (i32.const 2) (i32.const 5) (global.get $back))";
    assert_eq!(decided(calls(add).ask_at(desk)).counters, [("na".into(), i32::MAX)]);
}

#[test]
fn a_flow_sees_its_own_counters_only() {
    let mut desk = usual_desk();
    desk.set_counter("inbound".into(), "na".into(), Some(3));
    desk.set_counter("outbound".into(), "eu".into(), Some(4));
    let both = "(call $state.counter (i32.const 1024) (i32.const 2) (global.get $back))
                (call $state.counter (i32.const 1026) (i32.const 2) (global.get $back))";
    let answer = calls(both).ask_at(desk);
    assert_eq!(transcript(&answer), [r#"["state.counter",["na"],{"Ok":3}]"#, r#"["state.counter",["eu"],{"Ok":0}]"#]);
}

#[test]
fn a_flow_has_256_counters_and_no_more() {
    let full = || {
        let mut desk = usual_desk();
        (1..COUNTERS_MAX).for_each(|n| desk.set_counter("inbound".into(), format!("n{n}"), Some(1)));
        desk
    };
    let add =
        |name: u32| format!("(call $state.add (i32.const {name}) (i32.const 2) (i32.const 1) (global.get $back))");
    let ask = |text: &str, desk: Desk| -> Answer { calls(text).ask_at(desk) };
    assert_eq!(decided(ask(&add(1024), full())).counters.len(), 1);
    let refused = failure(ask(&(add(1024) + &add(1026)), full()));
    assert_eq!(refused.code, ErrorCode::Output);
    assert_eq!(refused.detail, "it made counter 257 of flow `inbound`; 256 are the most");
    // One that is there already is changed all the same.
    let mut desk = full();
    desk.set_counter("inbound".into(), "na".into(), Some(7));
    assert_eq!(decided(ask(&add(1024), desk)).counters, [("na".into(), 8)]);
}

#[test]
fn a_counter_without_a_printable_name_ends_the_guest() {
    for (name, len) in [(1024, 0), (4096, 1), (1024, 65)] {
        let ask = format!("(call $state.counter (i32.const {name}) (i32.const {len}) (global.get $back))");
        assert_eq!(calls(&ask).code(), ErrorCode::Output, "{len} bytes at {name}");
    }
}

#[test]
fn counters_are_dropped_with_a_decision_that_passes_on() {
    let answer = Guest::new(
        "(func $decide (result i32)
          (call $state.add (i32.const 1024) (i32.const 2) (i32.const 5) (global.get $back))
          (call $pass))",
    )
    .ask();
    assert!(matches!(answer.verdict, Verdict::Passed(_)), "{:?}", answer.verdict);
}

#[test]
fn cases_bring_their_own_tables_and_calendars() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = folder.path().join("cases");
    fs::create_dir_all(cases.join("tables")).expect("cases");
    fs::write(
        cases.join("workspace.toml"),
        "workspace = \"cases\"\n[[tables]]\nid = \"eu\"\nfile = \"tables/eu.csv\"\nmatch = \"prefix\"\n",
    )
    .expect("workspace.toml");
    fs::write(cases.join("tables/eu.csv"), "key,value\nn,some\nna,north\nnab,none\n").expect("eu.csv");
    let case = r#"{"lead":{"id":"1"},"expect":{"outcome":"queue","queue":"north"}}"#;
    fs::write(cases.join("one.json"), case).expect("one.json");
    let outcomes = cases::run(folder.path(), &Guest::new(LOOKS_UP).component()).expect("the cases can be run");
    assert_eq!(outcomes[0].differences, Vec::<String>::new());
}
