//! Whose turn is taken: that of the rep whom the accepted decision names, and no other.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::desk::Desk;
use rota_domain::event::Status;
use rota_domain::rule::{Choice, Decided, Note};

use super::guest::{Guest, decided, usual_desk};

fn pool_of(decided: &Decided) -> Option<&str> {
    decided.turn.as_ref().map(|turn| turn.pool.as_str())
}

#[test]
fn of_two_pools_asked_the_one_that_gave_the_rep_takes_the_turn() {
    for (rep, id, pool) in [("$a", "ana", "na"), ("$b", "bo", "eu")] {
        let assigned = decided(
            Guest::new(&format!(
                "(func $decide (result i32) (local $a i32) (local $b i32)
                  (local.set $a (call $next (i32.const 1024) (i32.const 2)))
                  (local.set $b (call $next (i32.const 1026) (i32.const 2)))
                  (call $assign (local.get {rep})))"
            ))
            .ask(),
        );
        assert_eq!(assigned.choice, Choice::Assign(id.into()));
        assert_eq!(pool_of(&assigned), Some(pool));
        assert_eq!(assigned.turn.expect("a turn").rep.as_str(), id);
    }
}

#[test]
fn where_two_pools_gave_the_same_rep_the_latest_call_counts() {
    let assigned = decided(
        Guest::new(
            "(func $decide (result i32)
              (drop (call $next (i32.const 1024) (i32.const 2)))
              (call $assign (call $next (i32.const 1028) (i32.const 3))))",
        )
        .ask(),
    );
    assert_eq!(pool_of(&assigned), Some("one"));
}

#[test]
fn asking_again_gives_the_same_rep_and_one_turn() {
    let assigned = decided(
        Guest::new(
            "(func $decide (result i32)
              (drop (call $next (i32.const 1024) (i32.const 2)))
              (call $assign (call $next (i32.const 1024) (i32.const 2))))",
        )
        .ask(),
    );
    assert_eq!(assigned.choice, Choice::Assign("ana".into()));
    assert_eq!(pool_of(&assigned), Some("na"));
}

#[test]
fn a_rep_found_by_email_takes_no_turn() {
    let assigned = decided(
        Guest::new(
            r#"(data (i32.const 4096) "ANA@acme.test")
            (func $decide (result i32)
              (call $pool.find-by-email (i32.const 4096) (i32.const 13) (global.get $back))
              (call $assign (i32.load offset=4 (global.get $back))))"#,
        )
        .ask(),
    );
    assert_eq!(assigned.choice, Choice::Assign("ana".into()));
    assert_eq!(assigned.turn, None);
}

#[test]
fn a_queue_takes_no_turn_whoever_was_asked_for() {
    let queued = decided(
        Guest::new(
            "(func $decide (result i32)
              (drop (call $next (i32.const 1024) (i32.const 2)))
              (call $queue (i32.const 1024) (i32.const 2)))",
        )
        .ask(),
    );
    assert_eq!((queued.choice, queued.turn), (Choice::Queue("na".into()), None));
}

#[test]
fn a_turn_names_everybody_who_could_have_had_it_with_the_weights_that_held() {
    let assigned = decided(
        Guest::new(
            "(data (i32.const 4096) \"\\00\\00\\00\\00\\01\\00\\00\\00\\05\\00\\00\\00\\02\\00\\00\\00\")
            (func $decide (result i32)
              (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
              (call $pool.members (i32.const 0) (global.get $back))
              (call $pool.next (i32.const 0) (i32.const 4096) (i32.const 2) (i32.const 4104) (i32.const 2) (global.get $back))
              (call $assign (i32.load offset=4 (global.get $back))))",
        )
        .ask(),
    );
    let turn = assigned.turn.expect("a turn");
    let candidates: Vec<_> = turn.candidates.iter().map(|one| (one.rep.as_str(), one.weight)).collect();
    assert_eq!(candidates, [("ana", 5), ("bo", 2)]);
}

#[test]
fn where_nobody_gets_a_turn_the_host_notes_who_is_away_or_too_far_ahead() {
    let mut workspace = (*usual_desk().workspace).clone();
    workspace.pools[0].stop = Some(1);
    let mut desk = Desk::new(1, Arc::new(workspace));
    desk.set_status("bo".into(), Status::Away);
    while let Some(turn) = desk.next(&"na".into(), &[], &[], Timestamp::UNIX_EPOCH) {
        desk.take(&turn);
    }
    let guest = Guest::new(
        "(func $decide (result i32)
          (drop (call $next (i32.const 1024) (i32.const 2)))
          (call $assign (call $next (i32.const 1024) (i32.const 2))))",
    );
    let note = |branch: &str, detail: &str| Note { branch: branch.into(), detail: detail.into() };
    let notes = [note("away", "na: bo"), note("fairness-stop", "na: ana")];
    assert_eq!(guest.ask_at(desk).notes, notes, "once, however often it asks");
}
