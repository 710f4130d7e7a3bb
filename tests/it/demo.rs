//! The demonstration, and what can be asked of the database that it leaves.

use std::path::Path;

use serde_json::Value;

use crate::command::rota;

fn demo(folder: &Path, arguments: &[&str]) -> Value {
    let ran = rota(folder, &[&["demo", "--once", "--json", "--db", "demo.db"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

#[test]
fn every_lead_gets_the_owner_that_was_decided_and_every_pool_stays_inside_its_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = demo(folder.path(), &["--leads", "200"]);
    assert_eq!(report["leads"], 200);
    assert_eq!(report["mismatches"], 0);
    assert_eq!(report["owners_expected"], report["owners_in_crm"]);
    assert_eq!(report["failed"], 0);
    for pool in report["pools"].as_array().expect("pools") {
        assert!(pool["max_abs_lag"].as_f64() <= pool["bound"].as_f64(), "{pool}");
    }
    let outcomes = report["outcomes"].as_object().expect("outcomes");
    let total: u64 = outcomes.values().filter_map(Value::as_u64).sum();
    assert_eq!(total, 200, "every lead ends in one decision: {outcomes:?}");
}

#[test]
fn a_crm_that_fails_loses_answers_and_repeats_webhooks_changes_nothing_in_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = demo(folder.path(), &["--leads", "300", "--faults"]);
    assert_eq!(report["mismatches"], 0);
    let fairness = rota(folder.path(), &["fairness", "--db", "demo.db", "--json"]);
    assert_eq!((fairness.code, &fairness.json()["ok"]), (0, &Value::Bool(true)));
    let tasks = rota(folder.path(), &["outbox", "list", "--db", "demo.db", "--json"]);
    assert_eq!(tasks.out, "", "nothing is left behind");
}

#[test]
fn why_tells_the_stages_steps_reps_and_effects_of_a_lead() {
    let folder = tempfile::tempdir().expect("a folder");
    demo(folder.path(), &["--leads", "60"]);
    let log = rota(folder.path(), &["log", "--db", "demo.db", "--json"]).lines();
    let turn = log.iter().find(|decision| decision["pool"].is_string()).expect("somebody took a turn");
    let lead = turn["lead"].as_str().expect("a lead");
    let why = rota(folder.path(), &["why", lead, "--db", "demo.db", "--json"]).json();
    assert_eq!(why["decision"]["decision"], turn["decision"]);
    for stage in ["occurred", "received", "enriched", "decided", "owner_confirmed"] {
        assert!(why["stages"][stage].is_string(), "no {stage} in {}", why["stages"]);
    }
    let calls: Vec<_> =
        why["steps"].as_array().expect("steps").iter().filter_map(|step| step["call"].as_str()).collect();
    assert!(calls.contains(&"rep-pool.next"), "{calls:?}");
    let taken = |rep: &&Value| rep["taken"] == true && rep["why"] == "taken" && rep["rep"] == turn["rep"];
    assert_eq!(why["reps"].as_array().expect("reps").iter().filter(taken).count(), 1);
    assert_eq!(why["effects"][0]["kind"], "owner");
    assert_eq!(why["effects"][0]["state"], "done");
    let text = rota(folder.path(), &["why", lead, "--db", "demo.db"]);
    assert!(text.out.lines().count() <= 60 && text.out.lines().all(|line| line.chars().count() <= 80), "{}", text.out);
}

#[test]
fn the_demonstration_does_not_touch_a_database_that_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.db"), "precious").expect("a file");
    let ran = rota(folder.path(), &["demo", "--once", "--db", "mine.db"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("mine.db is there already"), "{}", ran.err);
    assert_eq!(std::fs::read(folder.path().join("mine.db")).expect("still there"), b"precious");
}
