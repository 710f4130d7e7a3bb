//! What the contract promises to a guest that keeps to it.

use rota_domain::rule::{Choice, Verdict, Wish};

use super::guest::{Guest, decided, transcript};

#[test]
fn a_declared_property_is_read_without_white_space_around_it() {
    let queued = decided(
        Guest::new(
            r#"(data (i32.const 4096) "country")
            (func $decide (result i32)
              (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
              (call $queue (i32.load offset=4 (global.get $back)) (i32.load offset=8 (global.get $back))))"#,
        )
        .ask(),
    );
    assert_eq!(queued.choice, Choice::Queue("US".into()));
}

#[test]
fn the_settings_arrive_as_they_were_given() {
    let guest =
        Guest::new("(func $decide (result i32) (call $queue (global.get $settings) (global.get $settings-len)))");
    assert_eq!(decided(guest.ask_with(r#"{"pool":"na"}"#)).choice, Choice::Queue(r#"{"pool":"na"}"#.into()));
}

#[test]
fn declared_effects_of_an_accepted_decision_are_kept_in_order() {
    let wishes = decided(
        Guest::new(
            r#"(data (i32.const 4096) "rating")
            (func $decide (result i32)
              (call $effects.note (i32.const 1026) (i32.const 2) (global.get $back))
              (call $effects.set-property (i32.const 4096) (i32.const 6) (i32.const 1024) (i32.const 2) (global.get $back))
              (call $queue (i32.const 1024) (i32.const 2)))"#,
        )
        .ask(),
    )
    .wishes;
    let expected = [Wish::Note { body: "eu".into() }, Wish::Property { name: "rating".into(), value: "na".into() }];
    assert_eq!(wishes, expected);
}

#[test]
fn a_destination_that_the_workspace_does_not_name_is_unknown() {
    let answer = Guest::new(
        "(func $decide (result i32)
          (call $effects.notify (i32.const 1024) (i32.const 2) (i32.const 1026) (i32.const 2) (global.get $back))
          (call $pass))",
    )
    .ask();
    assert_eq!(transcript(&answer), [r#"["effects.notify",["na","eu"],{"Err":"Unknown"}]"#]);
    assert!(matches!(answer.verdict, Verdict::Passed(_)), "{:?}", answer.verdict);
}

#[test]
fn a_log_flood_is_cut_and_marked_and_the_decision_stands() {
    let answer = flood("(call $log.line (i32.const 1) (i32.const 1024) (i32.const 2))", 1000);
    assert_eq!(answer.log.len(), 64);
    assert_eq!(answer.log[0], "info: na");
    assert_eq!(answer.marks, ["log-truncated"]);
    decided(answer);
}

#[test]
fn long_log_lines_are_cut_at_eight_kib_together_and_the_decision_stands() {
    let answer = flood("(call $log.line (i32.const 3) (i32.const 4096) (i32.const 60000))", 100);
    let bytes: usize = answer.log.iter().map(String::len).sum();
    assert!(bytes <= 8 << 10, "{bytes} bytes");
    assert_eq!(answer.marks, ["log-truncated"]);
    decided(answer);
}

#[test]
fn an_explain_flood_is_cut_and_marked_and_the_decision_stands() {
    let answer = flood("(call $explain.note (i32.const 1024) (i32.const 2) (i32.const 1026) (i32.const 2))", 1000);
    assert_eq!(answer.notes.len(), 128);
    assert_eq!((answer.notes[0].branch.as_str(), answer.notes[0].detail.as_str()), ("na", "eu"));
    assert_eq!(answer.marks, ["explain-truncated"]);
    decided(answer);
}

#[test]
fn long_explain_notes_are_cut_and_the_decision_stands() {
    let answer = flood("(call $explain.note (i32.const 1024) (i32.const 2) (i32.const 4096) (i32.const 60000))", 100);
    let bytes: usize = answer.notes.iter().map(|note| note.detail.len()).sum();
    assert!(bytes <= 32 << 10, "{bytes} bytes");
    assert_eq!(answer.marks, ["explain-truncated"]);
    decided(answer);
}

/// Does the same so many times, then queues.
fn flood(call: &str, times: usize) -> rota_domain::rule::Answer {
    Guest::new(&format!(
        "(func $decide (result i32) (local $n i32)
          (loop $again
            {call}
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {times}))))
          (call $queue (i32.const 1024) (i32.const 2)))"
    ))
    .ask()
}
