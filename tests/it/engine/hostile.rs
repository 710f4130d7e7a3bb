//! The hostile set by name: what each guest comes to, to the letter of the code, while a
//! hundred decisions of another tenant on the same engine equal those of a quiet run.

use rota_domain::rule::{Choice, ErrorCode, Question, Verdict};
use rota_flow::ports::Rules;
use rota_tests::calls::{runner, settings};
use rota_tests::calm::beside;
use rota_tests::hostile::outcome;
use rota_tests::wild;

use super::guest::{CATALOGUE, Guest, decided, failure, hostile, question, transcript};

/// Asks a guest of `tests/guests` beside the neighbour: the code, and words of the detail.
#[track_caller]
fn ends(name: &str, code: ErrorCode, words: &str) {
    let component = Guest::file(name).component();
    let failure = beside(|catalogue| {
        let plugin = catalogue.take_in(&component).expect("it is taken in");
        failure(catalogue.ask(question(plugin.digest)))
    });
    assert_eq!(failure.code, code, "{name}: {}", failure.detail);
    assert!(failure.detail.contains(words), "{name}: `{words}` is not in: {}", failure.detail);
}

/// The same for a guest that decides all the same: the queue that it names, and the marks.
#[track_caller]
fn queues(name: &str, queue: &str, marks: &[&str]) {
    let component = Guest::file(name).component();
    let (verdict, marked) = beside(|catalogue| {
        let plugin = catalogue.take_in(&component).expect("it is taken in");
        let answer = catalogue.ask(question(plugin.digest));
        (answer.verdict, answer.marks)
    });
    let Verdict::Decided(decided) = verdict else { panic!("{name}: {verdict:?}") };
    assert_eq!(decided.choice, Choice::Queue(queue.into()), "{name}");
    assert_eq!(marked, marks, "{name}");
}

macro_rules! ends {
    ($($test:ident: $name:literal, $code:ident, $words:literal;)*) => {
        $(#[test] fn $test() { ends($name, ErrorCode::$code, $words); })*

        /// The guests that the tests above name.
        const NAMED: &[&str] = &[$($name),*];
    };
}

ends! {
    an_endless_loop_is_stopped_with_fuel: "endless-loop", Fuel, "a loop that does not end, in `decide`";
    an_endless_loop_at_the_start_is_stopped_with_fuel: "loops-at-start", Fuel, "in `start`";
    endless_recursion_is_stopped_with_stack: "endless-recursion", Stack, "too deeply, in `decide` (";
    a_memory_bomb_is_stopped_with_memory: "grows-memory", Memory, "grants 16384 KiB";
    a_table_bomb_is_stopped_with_table: "grows-table", Table, "100000 are granted";
    two_tables_share_what_one_is_granted: "many-tables", Table, "tables of 1200";
    a_storm_of_memory_fills_is_stopped_with_fuel: "fills-memory", Fuel, "in `decide`";
    a_storm_of_memory_copies_is_stopped_with_fuel: "copies-memory", Fuel, "in `decide`";
    a_giant_text_to_the_host_is_stopped_with_output: "huge-text", Output, "in one call";
    a_giant_decision_is_stopped_with_output: "huge-answer", Output, "in one call";
    effects_without_end_are_stopped_with_output: "many-effects", Output, "more than 32768 bytes";
    a_flood_of_long_log_lines_is_stopped_with_output: "long-log-flood", Output, "more than 16384 KiB";
    a_flood_of_host_calls_is_stopped_with_host_calls: "asks-for-ever", HostCalls, "more than 10000 times";
    a_flood_of_opened_pools_is_stopped_with_handles: "hoards-pools", Handles, "more than 64 pools";
    a_pool_that_was_never_opened_is_refused: "made-up-pool", Handles, "pool 0";
    a_table_that_was_never_opened_is_refused: "made-up-table", Handles, "table 0";
    a_forged_rep_in_the_answer_is_refused: "made-up-rep", BadRep, "rep 0";
    a_forged_rep_in_a_question_is_refused: "asks-about-made-up-rep", BadRep, "rep 0";
    a_forged_rep_among_candidates_is_refused: "forged-candidates", BadRep, "rep 1";
    an_unreachable_instruction_is_a_trap: "stops-itself", Trap, "in `decide`";
    a_trap_at_the_start_is_a_trap: "traps-at-start", Trap, "in `start`";
    a_read_outside_memory_is_a_trap: "reads-outside", Trap, "out of bounds memory access";
    data_outside_memory_is_a_trap: "data-outside", Trap, "out of bounds memory access";
    an_answer_outside_memory_is_a_trap: "answers-outside", Trap, "out of bounds";
    an_answer_of_no_known_kind_is_a_trap: "answers-nonsense", Trap, "discriminant";
    an_allocator_that_points_outside_is_a_trap: "realloc-outside", Trap, "beyond end of memory";
    an_allocator_that_is_not_aligned_is_a_trap: "realloc-unaligned", Trap, "not aligned";
    an_allocator_that_gives_the_answers_place_is_a_trap: "realloc-in-use", Trap, "discriminant";
    an_allocator_that_gives_one_place_twice_spoils_only_its_own_answer: "realloc-same-place", Trap, "out of bounds";
    text_that_is_not_utf8_in_a_call_is_refused: "broken-text", BadUtf8, "not UTF-8";
    text_that_is_not_utf8_in_an_answer_is_refused: "broken-answer", BadUtf8, "not UTF-8";
    an_undeclared_read_is_refused: "undeclared-read", UndeclaredRead, "`phone`";
    an_undeclared_read_is_not_hidden_by_a_trap: "undeclared-read-then-trap", UndeclaredRead,
        "add it under [reads]; then it stopped itself";
    an_undeclared_write_is_refused: "undeclared-write", UndeclaredWrite, "`score`";
    an_instant_that_is_no_number_is_refused: "nan-instant", BadDecision, "NaN is no instant";
    an_instant_at_the_end_of_time_is_refused: "infinite-instant", BadDecision, "inf is no instant";
}

#[test]
fn a_log_flood_is_cut_and_marked_and_the_decision_stands() {
    queues("log-flood", "na", &["log-truncated"]);
}

#[test]
fn an_explain_flood_is_cut_and_marked_and_the_decision_stands() {
    queues("explain-flood", "na", &["explain-truncated"]);
}

#[test]
fn every_nan_has_the_same_bits_whatever_it_came_from() {
    queues("nan-bits", &"hppiaaaaaaaaaaaa".repeat(3), &[]);
}

#[test]
fn an_allocator_that_gives_the_null_address_harms_nobody() {
    queues("realloc-null", "US", &[]);
}

#[test]
fn every_hostile_guest_has_a_test_that_names_it() {
    let source = include_str!("hostile.rs");
    let named = |name: &String| NAMED.contains(&name.as_str()) || source.contains(&format!("queues(\"{name}\""));
    let forgotten: Vec<String> = hostile().into_iter().filter(|name| !named(name)).collect();
    assert!(forgotten.is_empty(), "tests/it/engine/hostile.rs does not name {forgotten:?}");
}

#[test]
fn wild_pointers_and_lengths_in_every_argument_of_every_import_are_traps() {
    let component = runner().component();
    let programs = wild::programs();
    assert!(programs.len() > 200, "{} programs", programs.len());
    let came: Vec<(String, &str, String)> = beside(|catalogue| {
        let plugin = catalogue.take_in(&component).expect("it is taken in");
        let ask = |(name, program): &(String, Vec<_>)| {
            let settings = settings(program).into();
            let answer = catalogue.ask(Question { settings, ..question(plugin.digest.clone()) });
            let detail = match &answer.verdict {
                Verdict::Failed(failure) => failure.detail.clone(),
                other => format!("{other:?}"),
            };
            (name.clone(), outcome(&answer), detail)
        };
        programs.iter().map(ask).collect()
    });
    // The answer's place is looked at after the question was worked out: some questions are
    // refused before, others are remembered beside the trap.
    let expected = |(name, code, detail): &&(String, &str, String)| {
        *code == "trap"
            || (name.starts_with("tables.look-up, argument 3") && *code == "handles")
            || (code.starts_with("undeclared-") && detail.contains("; then pointer"))
    };
    let others: Vec<_> = came.iter().filter(|one| !expected(one)).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn the_guest_of_the_wild_programs_decides_where_nothing_is_wild() {
    let plugin = CATALOGUE.take_in(&runner().component()).expect("it is taken in");
    let settings = settings(&wild::introduction()).into();
    let answer = CATALOGUE.ask(Question { settings, ..question(plugin.digest) });
    assert!(matches!(answer.verdict, Verdict::Passed(_)), "{:?}", answer.verdict);
    assert_eq!(transcript(&answer).len(), 2);
}

#[test]
fn a_guest_that_panics_says_where_and_in_which_of_its_functions() {
    let guest = Guest::new(
        r#"(data (i32.const 4096) "panicked at src/lib.rs:7:5:\nno such territory")
        (func $_ZN9territory4pick17h0123456789abcdefE (param $n i32) (result i32)
          (call $log.line (i32.const 3) (i32.const 4096) (i32.const 45))
          (unreachable))
        (func $rust_panic (result i32) (call $_ZN9territory4pick17h0123456789abcdefE (i32.const 1)))
        (func $decide (result i32) (call $rust_panic))"#,
    );
    let failure = guest.failure();
    assert_eq!(failure.code, ErrorCode::Trap);
    let said = "it panicked at src/lib.rs:7:5: no such territory, in `territory::pick` ← `decide`";
    assert_eq!(failure.detail, said);
}

#[test]
fn a_panic_after_a_log_flood_still_reaches_its_author() {
    let guest = Guest::new(
        r#"(data (i32.const 4096) "panicked at src/lib.rs:7:5:\nno such territory")
        (func $decide (result i32) (local $n i32)
          (loop $again
            (call $log.line (i32.const 1) (i32.const 1024) (i32.const 2))
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
          (call $log.line (i32.const 3) (i32.const 4096) (i32.const 45))
          (unreachable))"#,
    );
    let detail = guest.failure().detail;
    assert!(detail.starts_with("it panicked at src/lib.rs:7:5: no such territory"), "{detail}");
}

#[test]
fn a_line_that_only_looks_like_a_panic_changes_no_decision() {
    let guest = Guest::new(
        r#"(data (i32.const 4096) "panicked at nothing")
        (func $decide (result i32)
          (call $log.line (i32.const 3) (i32.const 4096) (i32.const 19))
          (call $queue (i32.const 1024) (i32.const 2)))"#,
    );
    assert_eq!(decided(guest.ask()).choice, Choice::Queue("na".into()));
}
