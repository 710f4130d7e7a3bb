//! Nothing passes from one decision to another, and none disturbs another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rota_domain::rule::{Choice, ErrorCode, Question, Verdict};
use rota_domain::workspace::Workspace;
use rota_flow::ports::Rules;
use rota_rules::Catalogue;

use super::guest::{CATALOGUE, Guest, beside, decided, failure, question, usual_desk};

/// Counts in a global and in memory, and queues the lead under the first count.
const COUNTS: &str = r#"
    (data (i32.const 4096) "0")
    (global $seen (mut i32) (i32.const 48))
    (func $decide (result i32)
      (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
      (i32.store8 (i32.const 4096) (i32.add (i32.load8_u (i32.const 4096)) (i32.const 1)))
      (i32.store8 (i32.const 4097) (global.get $seen))
      (call $queue (i32.const 4096) (i32.const 2)))"#;

#[test]
fn a_guest_that_counts_always_counts_one() {
    for _ in 0..3 {
        assert_eq!(decided(Guest::new(COUNTS).ask()).choice, Choice::Queue("11".into()));
    }
}

#[test]
fn memory_that_a_guest_grew_is_clean_for_the_next_one() {
    // Grows, and queues under `1` plus what it finds there; then writes there.
    let leaves_traces = "(func $decide (result i32)
      (drop (memory.grow (i32.const 8)))
      (i32.store8 (i32.const 4096) (i32.add (i32.const 49) (i32.load8_u (i32.const 1500000))))
      (memory.fill (i32.const 1048576) (i32.const 7) (i32.const 524288))
      (call $queue (i32.const 4096) (i32.const 1)))";
    for _ in 0..20 {
        assert_eq!(decided(Guest::new(leaves_traces).ask()).choice, Choice::Queue("1".into()));
    }
}

#[test]
fn a_guest_decides_the_same_while_another_one_loops() {
    let catalogue = Catalogue::new().expect("an engine");
    let take_in = |guest: Guest| catalogue.take_in(&guest.component()).expect("it is taken in").digest;
    let (counts, loops) = (take_in(Guest::new(COUNTS)), take_in(Guest::file("endless-loop")));
    let alone = catalogue.ask(question(counts.clone()));
    let done = AtomicBool::new(false);
    let looped = std::thread::scope(|scope| {
        let looping = scope.spawn(|| {
            let mut codes = Vec::new();
            while codes.is_empty() || !done.load(Ordering::Relaxed) {
                codes.push(failure(catalogue.ask(question(loops.clone()))).code);
            }
            codes
        });
        for _ in 0..200 {
            let beside = catalogue.ask(question(counts.clone()));
            assert_eq!((&beside.verdict, beside.fuel), (&alone.verdict, alone.fuel));
        }
        done.store(true, Ordering::Relaxed);
        looping.join().expect("it ends")
    });
    assert!(looped.iter().all(|code| *code == ErrorCode::Fuel), "{looped:?}");
}

#[test]
fn more_decisions_at_once_than_the_host_has_instances_all_come_out() {
    let catalogue = Catalogue::new().expect("an engine");
    let plugin = catalogue.take_in(&Guest::file("endless-loop").component()).expect("it is taken in");
    let ask = || failure(catalogue.ask(question(plugin.digest.clone()))).code;
    let codes: Vec<ErrorCode> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..150).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert!(codes.iter().all(|code| *code == ErrorCode::Fuel), "{codes:?}");
}

#[test]
fn several_memories_share_what_the_class_grants() {
    // One grows to nine megabytes beside the guest's own; the class grants sixteen.
    let grows = "(module (memory 1) (func (drop (memory.grow (i32.const 144)))) (start 0))";
    let ask = |mib: usize| {
        let guest = Guest::new("(func $decide (result i32) (call $pass))").memory_kib(mib << 10);
        let component = beside(guest.component(), &wat::parse_str(grows).expect("a module"));
        CATALOGUE.ask(question(CATALOGUE.take_in(&component).expect("it is taken in").digest))
    };
    assert_eq!(failure(ask(9)).code, ErrorCode::Memory);
    assert!(matches!(ask(6).verdict, Verdict::Passed(_)));
}

#[test]
fn a_defect_of_the_host_ends_the_decision_and_not_the_host() {
    let guest = "(func $decide (result i32)
      (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
      (call $pool.members (i32.const 0) (global.get $back))
      (call $pass))";
    let plugin = CATALOGUE.take_in(&Guest::new(guest).component()).expect("it is taken in");
    // The desk knows where its reps stand; without them, looking there is a panic.
    let mut desk = usual_desk();
    desk.workspace = Arc::new(Workspace { reps: Vec::new(), ..(*desk.workspace).clone() });
    let answer = CATALOGUE.ask(Question { desk: Arc::new(desk), ..question(plugin.digest.clone()) });
    let failure = failure(answer);
    assert_eq!(failure.code, ErrorCode::Trap);
    assert!(failure.detail.contains("a defect of Rota"), "{}", failure.detail);
    assert!(matches!(CATALOGUE.ask(question(plugin.digest)).verdict, Verdict::Passed(_)));
}
