//! Every bound has a guest that runs into it, and a code of its own.

use rota_domain::rule::{ErrorCode, Failure};

use super::guest::{Guest, decided, failure, hostile, transcript};

#[test]
fn an_endless_loop_is_stopped_with_exactly_its_fuel_used() {
    let answer = Guest::file("endless-loop").ask();
    assert_eq!(answer.fuel, 20_000_000);
    assert_eq!(failure(answer).code, ErrorCode::Fuel);
}

#[test]
fn an_endless_loop_before_the_question_is_stopped_with_fuel() {
    assert_eq!(Guest::file("loops-at-start").code(), ErrorCode::Fuel);
}

#[test]
fn filling_memory_is_paid_for_with_fuel_by_the_byte() {
    let answer = Guest::file("fills-memory").ask();
    assert!(answer.nanos < 500_000_000, "{} ns", answer.nanos);
    assert_eq!(failure(answer).code, ErrorCode::Fuel);
}

#[test]
fn endless_recursion_is_stopped_with_stack() {
    assert_eq!(Guest::file("endless-recursion").code(), ErrorCode::Stack);
}

#[test]
fn memory_beyond_the_class_is_stopped_with_memory() {
    let failure = Guest::file("grows-memory").failure();
    assert_eq!(failure.code, ErrorCode::Memory);
    assert!(failure.detail.contains("grants 16384 KiB"), "{}", failure.detail);
}

#[test]
fn a_table_beyond_the_bound_is_stopped_with_table() {
    let failure = Guest::file("grows-table").failure();
    assert_eq!(failure.code, ErrorCode::Table);
    assert!(failure.detail.contains("100000 are granted"), "{}", failure.detail);
}

#[test]
fn an_unreachable_instruction_is_a_trap() {
    assert_eq!(Guest::file("stops-itself").code(), ErrorCode::Trap);
}

#[test]
fn a_read_outside_memory_is_a_trap() {
    assert_eq!(Guest::file("reads-outside").code(), ErrorCode::Trap);
}

#[test]
fn an_answer_outside_memory_is_a_trap() {
    assert_eq!(Guest::file("answers-outside").code(), ErrorCode::Trap);
}

#[test]
fn an_answer_of_no_known_kind_is_a_trap() {
    assert_eq!(Guest::file("answers-nonsense").code(), ErrorCode::Trap);
}

#[test]
fn an_allocator_that_points_outside_memory_is_a_trap() {
    assert_eq!(Guest::file("refuses-text").code(), ErrorCode::Trap);
}

#[test]
fn a_huge_text_to_the_host_is_stopped_with_output() {
    assert_eq!(Guest::file("huge-text").code(), ErrorCode::Output);
}

#[test]
fn a_huge_answer_is_stopped_with_output() {
    assert_eq!(Guest::file("huge-answer").code(), ErrorCode::Output);
}

#[test]
fn effects_beyond_the_size_of_a_decision_are_stopped_with_output() {
    let failure = Guest::file("many-effects").failure();
    assert_eq!(failure.code, ErrorCode::Output);
    assert!(failure.detail.contains("more than 32768 bytes"), "{}", failure.detail);
}

#[test]
fn text_that_is_not_utf8_is_stopped_in_a_call_and_in_an_answer() {
    assert_eq!(Guest::file("broken-text").code(), ErrorCode::BadUtf8);
    assert_eq!(Guest::file("broken-answer").code(), ErrorCode::BadUtf8);
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
fn numbers_that_were_never_handed_out_are_refused() {
    assert_eq!(Guest::file("made-up-pool").code(), ErrorCode::Handles);
    assert_eq!(Guest::file("made-up-table").code(), ErrorCode::Handles);
    assert_eq!(Guest::file("made-up-rep").code(), ErrorCode::BadRep);
    assert_eq!(Guest::file("asks-about-made-up-rep").code(), ErrorCode::BadRep);
}

#[test]
fn settings_beyond_their_bound_are_not_shown_to_the_guest() {
    let settings = format!("\"{}\"", "a".repeat(256 << 10));
    let answer = Guest::new("(func $decide (result i32) (call $pass))").ask_with(&settings);
    assert_eq!(answer.fuel, 0);
    assert_eq!(failure(answer).code, ErrorCode::Settings);
}

#[test]
fn every_hostile_guest_fails_in_one_short_line_that_tells_nothing_of_the_host() {
    let names = hostile();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let Failure { code, detail } = Guest::file(&name).failure();
        let inside = ["/", "\\", ".rs", "0x", "backtrace", "wasmtime", "pooling", "panicked", "\n"];
        let told: Vec<_> = inside.iter().filter(|word| detail.contains(**word)).collect();
        assert!(told.is_empty(), "{name} [{code}] tells {told:?}: {detail}");
        assert!((10..=200).contains(&detail.len()), "{name} [{code}]: {detail}");
    }
}
