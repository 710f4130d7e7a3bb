//! Single guests: whatever one does, and however it is stopped, it does again.

use proptest::prelude::*;
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::rule::{Answer, ErrorCode, Failure, Question};
use rota_domain::transcript::{Difference, Replayed, sections};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Replays as _, Rules as _};
use rota_rules::ENGINE;
use rota_tests::root;

use rota_tests::guest::{CATALOGUE, Guest, failure, hostile, question, transcript};

/// Asks a guest on these terms.
fn asked(guest: &Guest, change: impl FnOnce(&mut Question)) -> (Question, Answer) {
    let plugin = CATALOGUE.take_in(&guest.component()).expect("it is taken in");
    let mut question = question(plugin.digest);
    change(&mut question);
    (question.clone(), CATALOGUE.ask(question))
}

/// Replays what is written in a transcript of one section. The question's own terms are
/// others than those that were recorded, since only the record counts.
fn replay(question: &Question, transcript: &[u8]) -> Result<Replayed, Failure> {
    let text = std::str::from_utf8(transcript).expect("UTF-8");
    let read = sections(text);
    assert_eq!((read.whole.len(), &read.stray), (1, &None), "{text}");
    let mut question = question.clone();
    question.call.seed += 1;
    question.limits = Limits::of(Language::Python);
    question.desk = std::sync::Arc::new(rota_domain::desk::Desk::new(9, question.desk.workspace.clone()));
    CATALOGUE.replay(question, &read.whole[0])
}

fn identical(guest: &Guest) -> Answer {
    let (question, answer) = asked(guest, |_| {});
    assert_eq!(replay(&question, &answer.transcript), Ok(Replayed::default()));
    answer
}

/// What is first found to differ once the record is changed so.
fn found(guest: &Guest, change: impl FnOnce(String) -> String) -> Difference {
    let (question, answer) = asked(guest, |_| {});
    let text = change(String::from_utf8(answer.transcript).expect("UTF-8"));
    replay(&question, text.as_bytes()).expect("it is played").difference.expect("a difference")
}

#[test]
fn every_hostile_guest_replays_to_the_same_end() {
    for name in hostile() {
        identical(&Guest::file(&name));
    }
}

#[test]
fn floods_of_notes_and_log_lines_that_were_cut_replay_identically() {
    let answer = identical(&Guest::new(
        "(func $decide (result i32) (local $n i32)
          (loop $again
            (call $explain.note (i32.const 1024) (i32.const 2) (i32.const 4096) (local.get $n))
            (call $log.line (i32.const 1) (i32.const 4096) (local.get $n))
            (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 7))) (i32.const 2000))))
          (call $pass))",
    ));
    assert_eq!(answer.marks, ["log-truncated", "explain-truncated"]);
}

#[test]
fn the_call_that_ended_a_guest_stands_in_its_transcript_and_replays() {
    let answer = identical(&Guest::file("asks-about-made-up-rep"));
    let last = transcript(&answer).pop().expect("a call").to_owned();
    assert_eq!(failure(answer).code, ErrorCode::BadRep);
    assert!(last.contains(r#",null,{"code":"bad-rep","detail":""#), "{last}");
}

#[test]
fn settings_that_were_too_large_to_be_shown_replay_to_the_same_refusal() {
    let guest = Guest::new("(func $decide (result i32) (call $pass))");
    let (question, answer) = asked(&guest, |question| question.settings = "a".repeat(300 << 10).as_str().into());
    assert_eq!(replay(&question, &answer.transcript), Ok(Replayed::default()));
    assert_eq!(failure(answer).code, ErrorCode::Settings);
}

#[test]
fn what_the_machine_ended_is_compared_up_to_there_and_says_so() {
    let calls_then_loops = Guest::new(
        "(func $decide (result i32)
          (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
          (loop $for-ever (br $for-ever)) (unreachable))",
    );
    let (question, answer) = asked(&calls_then_loops, |question| {
        question.limits.fuel = 1 << 40;
        question.limits.cpu_ms = 1;
    });
    let replayed = replay(&question, &answer.transcript).expect("it is played");
    assert_eq!(failure(answer).code, ErrorCode::Wall);
    assert_eq!(replayed.difference, None);
    let remark = "the machine ended it there and then; its 1 calls before that are compared";
    assert_eq!(replayed.remark.as_deref(), Some(remark));
}

#[test]
fn where_the_host_itself_failed_the_calls_before_that_are_compared() {
    let guest = "(func $decide (result i32)
      (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
      (call $pool.members (i32.const 0) (global.get $back))
      (call $pass))";
    // The desk knows where its reps stand; without them, looking there is a panic.
    let (question, answer) = asked(&Guest::new(guest), |question| {
        let desk = std::sync::Arc::make_mut(&mut question.desk);
        desk.workspace = std::sync::Arc::new(Workspace { reps: Vec::new(), ..(*desk.workspace).clone() });
    });
    let replayed = replay(&question, &answer.transcript).expect("it is played");
    assert!(failure(answer).detail.contains("a defect of Rota"));
    assert_eq!(replayed.difference, None);
    assert!(replayed.remark.expect("a remark").contains("its 1 calls before that are compared"));
}

const TWO_CALLS: &str = r#"(data (i32.const 4096) "country")
    (func $decide (result i32)
      (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
      (call $assign (call $next (i32.const 1024) (i32.const 2))))"#;

#[test]
fn a_guest_that_asks_something_else_is_found_at_that_step() {
    let difference =
        found(&Guest::new(TWO_CALLS), |text| text.replace(r#"["rep-pool.open",["na"]"#, r#"["rep-pool.open",["eu"]"#));
    assert_eq!(difference.step, 3);
    assert_eq!(difference.recorded, r#"["rep-pool.open",["eu"],{"Ok":0}]"#);
    assert_eq!(difference.replayed, r#"["rep-pool.open",["na"],…]"#);
}

#[test]
fn a_guest_that_asks_more_than_was_recorded_is_found_at_the_end() {
    let without = |text: String| {
        text.lines().filter(|line| !line.contains("rep-pool.next")).map(|line| format!("{line}\n")).collect()
    };
    let difference = found(&Guest::new(TWO_CALLS), without);
    assert_eq!(difference.step, 4);
    assert!(difference.recorded.starts_with(r#"["returned",["#), "{difference:?}");
    assert_eq!(difference.replayed, r#"["rep-pool.next",[0,[],[]],…]"#);
}

#[test]
fn a_guest_that_asks_less_than_was_recorded_is_found_where_it_stopped_asking() {
    let twice =
        |text: String| text.replace("[\"returned\"", "[\"lead.text\",[\"country\"],{\"Ok\":\"US\"}]\n[\"returned\"");
    let difference = found(&Guest::new(TWO_CALLS), twice);
    assert_eq!(difference.step, 5);
    assert_eq!(difference.recorded, r#"["lead.text",["country"],{"Ok":"US"}]"#);
    assert!(difference.replayed.starts_with(r#"["returned",["#), "{difference:?}");
}

#[test]
fn a_record_without_its_end_differs_behind_its_last_line() {
    let cut = |text: String| {
        text.lines().filter(|line| !line.starts_with("[\"returned\"")).map(|line| format!("{line}\n")).collect()
    };
    let difference = found(&Guest::new(TWO_CALLS), cut);
    assert_eq!((difference.step, difference.recorded.as_str()), (5, ""));
}

#[test]
fn a_record_of_another_engine_is_compared_but_for_its_fuel() {
    let (question, answer) = asked(&Guest::new(TWO_CALLS), |_| {});
    let fuel = answer.fuel;
    let text = String::from_utf8(answer.transcript).expect("UTF-8");
    let other = sealed_again(&text.replace(ENGINE, "wasmtime 1.0, schedule 0").replace(&format!("[{fuel}]"), "[1]"));
    let replayed = replay(&question, other.as_bytes()).expect("it is played");
    assert_eq!(replayed.difference, None);
    assert!(replayed.remark.expect("a remark").starts_with("it ran on wasmtime 1.0, schedule 0; this is"));
    // On the same engine, fuel is part of the proof.
    let other = sealed_again(&text.replace(&format!("[{fuel}]"), "[1]"));
    let difference = replay(&question, other.as_bytes()).expect("it is played").difference.expect("a difference");
    assert_eq!(difference.step, 5);
}

/// The section with a seal that fits what it says now.
fn sealed_again(text: &str) -> String {
    let mut seal = rota_domain::transcript::Seal::default();
    let (calls, end) = text.trim_end().rsplit_once('\n').expect("lines");
    calls.lines().for_each(|line| seal.add(line.as_bytes()));
    let (words, _) = end.rsplit_once(",\"").expect("a seal");
    format!("{calls}\n{}\n", seal.close(words))
}

#[test]
fn what_was_recorded_before_terms_were_cannot_be_played_and_says_so() {
    let (question, _) = asked(&Guest::new(TWO_CALLS), |_| {});
    let old = format!("[\"plugin\",[\"inbound\",\"guest\",\"0.1.0\"],\"{}\"]\n", question.plugin);
    let failure = replay(&question, old.as_bytes()).expect_err("it cannot be played");
    assert_eq!(failure.detail, "the terms of the question were not recorded");
}

#[test]
fn the_engine_that_is_recorded_is_the_one_that_is_built_in() {
    let lock: toml::Table =
        std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock").parse().expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    let wasmtime = packages.iter().find(|package| package["name"].as_str() == Some("wasmtime")).expect("wasmtime");
    let version = wasmtime["version"].as_str().expect("a version");
    assert!(ENGINE.starts_with(&format!("wasmtime {version}, ")), "wasmtime is {version}: change ENGINE, `{ENGINE}`");
}

/// Does what its settings say, a letter a step: `a` to `p` are calls to the host, with
/// arguments that follow from the place of the letter.
const PROGRAM: &str = r#"
    (func $step (param $op i32) (param $x i32) (local $name i32) (local $len i32)
      (local.set $name (i32.add (i32.const 1024) (i32.and (local.get $x) (i32.const 7))))
      (local.set $len (i32.and (local.get $x) (i32.const 3)))
      (if (i32.eq (local.get $op) (i32.const 0)) (then (call $lead.text (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 1)) (then (call $lead.number (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 2)) (then (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 3)) (then (call $pool.open (i32.const 1026) (i32.const 2) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 4)) (then (call $pool.members (i32.const 0) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 5)) (then (call $pool.next (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 6)) (then (call $pool.find-by-email (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 7)) (then (drop (call $pool.available (i32.and (local.get $x) (i32.const 1))))))
      (if (i32.eq (local.get $op) (i32.const 8)) (then (call $calendar.is-open (local.get $name) (local.get $len) (f64.convert_i32_u (local.get $x)) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 9)) (then (call $state.add (local.get $name) (local.get $len) (local.get $x) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 10)) (then (call $effects.set-property (local.get $name) (local.get $len) (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 11)) (then (call $effects.note (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 12)) (then (call $explain.note (local.get $name) (local.get $len) (i32.const 4096) (i32.mul (local.get $x) (i32.const 9)))))
      (if (i32.eq (local.get $op) (i32.const 13)) (then (call $log.line (i32.and (local.get $x) (i32.const 3)) (i32.const 4096) (i32.mul (local.get $x) (i32.const 3)))))
      (if (i32.eq (local.get $op) (i32.const 14)) (then (call $effects.notify (local.get $name) (local.get $len) (local.get $name) (local.get $len) (global.get $back))))
      (if (i32.eq (local.get $op) (i32.const 15)) (then (drop (memory.grow (i32.const 1))))))
    (func $decide (result i32) (local $n i32)
      (block $done
        (loop $again
          (br_if $done (i32.ge_u (local.get $n) (global.get $settings-len)))
          (call $step
            (i32.sub (i32.load8_u (i32.add (global.get $settings) (local.get $n))) (i32.const 97))
            (local.get $n))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $again)))
      (if (i32.and (local.get $n) (i32.const 1)) (then (return (call $assign (i32.and (local.get $n) (i32.const 3))))))
      (call $queue (i32.const 1024) (i32.const 2)))"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_sequence_of_calls_replays_identically(program in "(c[a-p]{0,200}|[a-p]{0,30})") {
        let (question, answer) = asked(&Guest::new(PROGRAM), |question| question.settings = program.as_str().into());
        prop_assert_eq!(replay(&question, &answer.transcript), Ok(Replayed::default()));
    }

    #[test]
    fn any_text_is_taken_apart_into_sections_or_a_stray_line(text in "(\\[\"(plugin|returned|failed|a)\",\\[[^\\]]{0,9}\\](,\"[0-9a-f]{0,16}\")?\\]?(\n|.)){0,9}") {
        let read = sections(&text);
        for section in &read.whole {
            let damage = section.damage().map_or(section.first, |damage| damage.step);
            prop_assert!((section.first..=section.last()).contains(&damage));
        }
        let last = read.whole.last().map_or(0, |section| section.last());
        prop_assert_eq!(read.stray.map_or(text.lines().count(), |stray| stray.step - 1), last);
    }

    #[test]
    fn a_changed_byte_is_found_at_its_line_whatever_was_asked(program in "c[a-g]{1,20}", place in any::<prop::sample::Index>()) {
        let (question, answer) = asked(&Guest::new(PROGRAM), |question| question.settings = program.as_str().into());
        let mut changed = answer.transcript;
        let calls = changed.iter().position(|byte| *byte == b'\n').expect("a heading") + 1;
        let place = calls + place.index(changed.len() - calls);
        prop_assume!(changed[place] != b'\n');
        changed[place] ^= 1;
        let line = 1 + changed[..place].iter().filter(|byte| **byte == b'\n').count();
        let replayed = replay(&question, &changed).expect("it is played");
        prop_assert_eq!(replayed.difference.map(|difference| difference.step), Some(line));
    }
}
