//! The transcript: what replay is fed with, and what `why` shows.

use rota_tests::calm::RULE;

use super::guest::{Guest, transcript};

#[test]
fn each_call_stands_with_its_arguments_and_its_answer_in_order() {
    let answer = Guest::new(RULE).ask();
    let expected = [
        r#"["lead.text",["country"],{"Ok":"US"}]"#,
        r#"["lead.number",["employees"],{"Ok":1200.0}]"#,
        r#"["rep-pool.open",["na"],{"Ok":0}]"#,
        r#"["rep-pool.members",[0],[0,3,0,40,0,1,1,0,4294967295,0]]"#,
        r#"["explain.note",["na","eu"],null]"#,
        r#"["log.line",["Warn","na"],null]"#,
        r#"["effects.note",["na"],{"Ok":null}]"#,
        r#"["rep-pool.open",["na"],{"Ok":0}]"#,
        r#"["rep-pool.next",[0,[],[]],0]"#,
    ];
    assert_eq!(transcript(&answer), expected);
}

#[test]
fn the_same_question_twice_gives_the_same_bytes_and_the_same_fuel() {
    let [first, second] = [(); 2].map(|()| Guest::new(RULE).ask());
    assert_eq!(first.transcript, second.transcript);
    assert_eq!(first.verdict, second.verdict);
    assert_eq!(first.fuel, second.fuel);
    assert!(first.fuel > 50, "{}", first.fuel);
}

#[test]
fn a_guest_that_fails_leaves_what_it_asked_until_then() {
    let answer = Guest::new(
        "(func $decide (result i32)
          (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
          (unreachable))",
    )
    .ask();
    assert_eq!(transcript(&answer), [r#"["rep-pool.open",["na"],{"Ok":0}]"#]);
}

#[test]
fn text_that_is_cut_stands_in_the_transcript_by_its_length() {
    let answer = Guest::new(
        "(func $decide (result i32)
          (call $log.line (i32.const 1) (i32.const 4096) (i32.const 9000))
          (call $explain.note (i32.const 1024) (i32.const 2) (i32.const 4096) (i32.const 33000))
          (call $pass))",
    )
    .ask();
    assert_eq!(transcript(&answer), [r#"["log.line",[9000],null]"#, r#"["explain.note",[33002],null]"#]);
}
