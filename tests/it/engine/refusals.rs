//! What a guest may do and the host does not accept: the decision fails, and says why.

use rota_domain::rule::{ErrorCode, Failure, Verdict};

use super::guest::{Guest, decided, transcript};

/// Reads `phone`, which the manifest does not declare, and queues if the host says so.
const READS_PHONE: &str = r#"
    (data (i32.const 4096) "phone")
    (func $decide (result i32)
      (call $lead.text (i32.const 4096) (i32.const 5) (global.get $back))
      (call $queue (i32.const 1024) (i32.const 2)))"#;

/// Writes `score`, which the manifest does not declare, and has no opinion.
const WRITES_SCORE: &str = r#"
    (data (i32.const 4096) "score")
    (func $decide (result i32)
      (call $effects.set-property (i32.const 4096) (i32.const 5) (i32.const 1024) (i32.const 2) (global.get $back))
      (call $pass))"#;

#[test]
fn an_undeclared_read_is_answered_so_and_refuses_the_decision() {
    let answer = Guest::new(READS_PHONE).ask();
    assert_eq!(transcript(&answer), [r#"["lead.text",["phone"],{"Err":"Undeclared"}]"#]);
    let detail = "it read `phone`, which its manifest does not declare: add it under [reads]".into();
    assert_eq!(answer.verdict, Verdict::Failed(Failure { code: ErrorCode::UndeclaredRead, detail }));
}

#[test]
fn a_read_as_another_type_than_the_declared_one_is_undeclared() {
    let failure = Guest::new(
        r#"(data (i32.const 4096) "country")
        (func $decide (result i32)
          (call $lead.number (i32.const 4096) (i32.const 7) (global.get $back))
          (call $pass))"#,
    )
    .failure();
    assert_eq!(failure.code, ErrorCode::UndeclaredRead);
    assert!(failure.detail.contains("`country` as number"), "{}", failure.detail);
}

#[test]
fn an_undeclared_write_is_answered_so_and_refuses_the_decision() {
    let answer = Guest::new(WRITES_SCORE).ask();
    assert_eq!(transcript(&answer), [r#"["effects.set-property",["score","na"],{"Err":"Undeclared"}]"#]);
    let detail = "it wrote `score`, which its manifest does not declare: add it under [writes]".into();
    assert_eq!(answer.verdict, Verdict::Failed(Failure { code: ErrorCode::UndeclaredWrite, detail }));
}

#[test]
fn an_inactive_rep_gets_no_lead_though_it_was_shown() {
    let failure = Guest::new(
        "(func $decide (result i32)
          (call $pool.open (i32.const 1026) (i32.const 2) (global.get $back))
          (call $pool.members (i32.const 0) (global.get $back))
          (call $assign (i32.const 2)))",
    )
    .failure();
    assert_eq!(
        failure,
        Failure { code: ErrorCode::BadRep, detail: "it assigned the lead to `cy`, who is not active".into() }
    );
}

#[test]
fn a_rep_of_a_pool_that_was_only_opened_was_not_shown() {
    let code = Guest::new(
        "(func $decide (result i32)
          (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
          (call $assign (i32.const 0)))",
    )
    .code();
    assert_eq!(code, ErrorCode::BadRep);
}

#[test]
fn a_number_beyond_all_reps_is_a_bad_rep() {
    assert_eq!(Guest::new("(func $decide (result i32) (call $assign (i32.const -1)))").code(), ErrorCode::BadRep);
}

#[test]
fn an_offer_to_nobody_is_a_bad_decision() {
    let failure = Guest::new(
        "(func $decide (result i32)
          (i32.store8 offset=4 (global.get $answer) (i32.const 1))
          (global.get $answer))",
    )
    .failure();
    assert_eq!(failure.code, ErrorCode::BadDecision);
    assert_eq!(failure.detail, "it offered the lead to 0 reps: name 1 to 50");
}

#[test]
fn a_queue_without_a_name_is_a_bad_decision() {
    let code = Guest::new("(func $decide (result i32) (call $queue (i32.const 1024) (i32.const 0)))").code();
    assert_eq!(code, ErrorCode::BadDecision);
}

#[test]
fn a_task_due_at_no_whole_millisecond_is_a_bad_decision() {
    let failure = Guest::new(
        "(func $decide (result i32)
          (call $effects.task (i32.const 1024) (i32.const 2) (i32.const 1024) (i32.const 2)
            (i32.const 1) (f64.const nan) (global.get $back))
          (call $pass))",
    )
    .failure();
    assert_eq!(failure.code, ErrorCode::BadDecision);
}

#[test]
fn a_settings_problem_names_the_place_in_the_settings() {
    let failure = Guest::new(
        r#"(data (i32.const 4096) "/pool/0no such pool")
        (func $decide (result i32)
          (i32.store8 (global.get $answer) (i32.const 1))
          (i32.store offset=4 (global.get $answer) (i32.const 4096))
          (i32.store offset=8 (global.get $answer) (i32.const 7))
          (i32.store offset=12 (global.get $answer) (i32.const 4103))
          (i32.store offset=16 (global.get $answer) (i32.const 12))
          (global.get $answer))"#,
    )
    .failure();
    assert_eq!(failure, Failure { code: ErrorCode::Settings, detail: "settings/pool/0: no such pool".into() });
}

#[test]
fn what_a_guest_writes_into_a_failure_is_cut_and_carries_no_control_characters() {
    let detail = Guest::new(
        r#"(data (i32.const 4096) "\1b[31mred")
        (func $decide (result i32)
          (call $lead.text (i32.const 4096) (i32.const 200000) (global.get $back))
          (call $pass))"#,
    )
    .failure()
    .detail;
    assert!(detail.starts_with("it read ` [31mred"), "{detail:?}");
    assert!(!detail.contains(char::is_control), "{detail:?}");
    assert!(detail.len() <= 1024, "{} bytes", detail.len());
}

#[test]
fn a_failed_decision_keeps_neither_effects_nor_turn() {
    let wishes_and = |end: &str| {
        Guest::new(&format!(
            "(func $decide (result i32)
              (drop (call $next (i32.const 1024) (i32.const 2)))
              (call $effects.note (i32.const 1024) (i32.const 2) (global.get $back))
              {end})"
        ))
        .ask()
    };
    let kept = decided(wishes_and("(call $assign (i32.const 0))"));
    assert_eq!((kept.wishes.len(), kept.turn.is_some()), (1, true));
    let failed = wishes_and("(call $assign (i32.const 2))");
    assert!(matches!(failed.verdict, Verdict::Failed(_)), "{:?}", failed.verdict);
    assert_eq!(transcript(&failed).len(), 3, "what it asked is kept");
}
