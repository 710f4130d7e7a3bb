//! Every bound has a guest that runs into it, and a code of its own.

use rota_domain::limits::Limits;
use rota_domain::rule::{ErrorCode, Failure, Question, Verdict};
use rota_flow::ports::Rules;

use super::guest::{CATALOGUE, Guest, decided, failure, hostile, question, transcript};

#[test]
fn an_endless_loop_is_stopped_with_exactly_its_fuel_used() {
    let answer = Guest::file("endless-loop").ask();
    assert_eq!(answer.fuel, 20_000_000);
    assert_eq!(failure(answer).code, ErrorCode::Fuel);
}

#[test]
fn filling_memory_is_paid_for_with_fuel_by_the_byte() {
    let answer = Guest::file("fills-memory").ask();
    assert!(answer.nanos < 500_000_000, "{} ns", answer.nanos);
    assert_eq!(failure(answer).code, ErrorCode::Fuel);
}

#[test]
fn the_host_answers_ten_thousand_times_and_no_more() {
    let answer = Guest::file("asks-for-ever").ask();
    // And the one that was too many.
    assert_eq!(transcript(&answer).len(), 10_001);
    assert_eq!(failure(answer).code, ErrorCode::HostCalls);
}

#[test]
fn sixty_four_pools_may_be_open_and_no_more() {
    let answer = Guest::file("hoards-pools").ask();
    let calls = transcript(&answer);
    let last =
        r#"["rep-pool.open",["p64"],null,{"code":"handles","detail":"it opened more than 64 pools and tables"}]"#;
    assert_eq!(calls[calls.len() - 2..], [r#"["rep-pool.open",["p63"],{"Ok":63}]"#, last]);
    assert_eq!(failure(answer).code, ErrorCode::Handles);
}

#[test]
fn a_pool_that_was_opened_before_takes_no_second_handle() {
    let again = "(func $decide (result i32) (local $n i32)
        (loop $again
          (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
          (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
        (call $queue (i32.const 1024) (i32.const 2)))";
    decided(Guest::new(again).ask());
}

#[test]
fn settings_beyond_their_bound_are_not_shown_to_the_guest() {
    let settings = format!("\"{}\"", "a".repeat(256 << 10));
    let answer = Guest::new("(func $decide (result i32) (call $pass))").ask_with(&settings);
    assert_eq!(answer.fuel, 0);
    assert_eq!(failure(answer).code, ErrorCode::Settings);
}

#[test]
fn a_millisecond_of_processor_time_stops_a_guest_that_has_fuel_for_hours() {
    let plugin = CATALOGUE.take_in(&Guest::file("endless-loop").component()).expect("it is taken in");
    let usual = question(plugin.digest);
    let limits = Limits { fuel: u64::MAX / 2, cpu_ms: 1, ..usual.limits };
    let failure = failure(CATALOGUE.ask(Question { limits, ..usual }));
    assert_eq!(failure.code, ErrorCode::Wall);
    assert_eq!(failure.detail, "it used more than 1 ms of processor time");
}

#[test]
fn every_hostile_guest_that_fails_does_so_in_one_short_line_that_tells_nothing_of_the_host() {
    let names = hostile();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let Verdict::Failed(Failure { code, detail }) = Guest::file(&name).ask().verdict else { continue };
        let inside = [" /", "\\", ".rs", "0x", "backtrace", "wasmtime", "pooling", "\n"];
        let told: Vec<_> = inside.iter().filter(|word| detail.contains(**word)).collect();
        assert!(told.is_empty(), "{name} [{code}] tells {told:?}: {detail}");
        assert!((10..=200).contains(&detail.len()), "{name} [{code}]: {detail}");
    }
}
