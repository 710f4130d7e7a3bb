//! `rota run` and `rota bench`: one lead through one plugin, and what a decision costs.

use std::fs;
use std::path::Path;

use crate::command::rota;

/// Two flows, neither of which need name the plugin that is tried.
const WORKSPACE: &str = r#"
workspace = "acme"
[[reps]]
id = "ana"
name = "Ana Ruiz"
[[pools]]
id = "na"
members = [{ rep = "ana" }]
[[flows]]
id = "inbound"
plugin = "./not-built-yet.wasm"
settings = { pool = "na" }
fallback = { queue = "triage" }
"#;

const OTHER_FLOW: &str = r#"
[[flows]]
id = "outbound"
plugin = "./neither-is-this.wasm"
settings = { pool = "na" }
fallback = { queue = "triage" }
"#;

fn place(workspace: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("workspace.toml"), workspace).expect("written");
    let lead = r#"{"id":"1","properties":{"email":"joe@big.example"}}"#;
    fs::write(place.path().join("lead.json"), lead).expect("written");
    place
}

fn run(place: &Path, more: &[&str]) -> crate::command::Ran {
    let mut arguments = vec!["run", "next-in-line", "--lead", "lead.json", "--workspace", "."];
    arguments.extend(["--at", "2026-03-02T09:00:00Z"]);
    arguments.extend(more);
    rota(place, &arguments)
}

#[test]
fn one_lead_is_decided_and_explained() {
    let place = place(WORKSPACE);
    let ran = run(place.path(), &["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = ran.json();
    assert_eq!(told["decision"]["rep"], "ana");
    assert_eq!(told["decision"]["plugin"]["name"], "next-in-line");
    assert_eq!(told["notes"][0]["branch"], "next-in-line");
    assert_eq!(told["steps"][1]["call"], "rep-pool.open");
    assert!(told["fuel"].as_u64().expect("a number") > 0);
    let text = run(place.path(), &[]).out;
    assert!(text.starts_with("Ana Ruiz got 1 (joe@big.example) because: next in na."), "{text}");
    assert!(text.ends_with("Nothing was stored, and nothing was sent.\n"), "{text}");
}

#[test]
fn which_flow_is_meant_has_to_be_clear() {
    let place = place(&format!("{WORKSPACE}{OTHER_FLOW}"));
    let ran = run(place.path(), &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("say --flow with one of inbound, outbound"), "{}", ran.err);
    assert_eq!(run(place.path(), &["--flow", "outbound", "--json"]).json()["decision"]["flow"], "outbound");
    let ran = run(place.path(), &["--flow", "nowhere"]);
    assert!(ran.err.contains("there is no flow `nowhere`"), "{}", ran.err);
}

#[test]
fn a_rule_that_fails_is_a_finding() {
    let place = place(&WORKSPACE.replace("pool = \"na\"", "pool = \"no-such-pool\""));
    let ran = run(place.path(), &["--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(ran.json()["decision"]["error"], "settings");
}

#[test]
fn the_cost_of_a_decision_is_told_part_by_part() {
    let place = place(WORKSPACE);
    let ran = rota(
        place.path(),
        &["bench", "next-in-line", "--lead", "lead.json", "--workspace", ".", "--n", "20", "--json"],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = ran.json();
    assert_eq!(told["decisions"], 20);
    // The same lead takes the same way, and so the same fuel, each time.
    assert_eq!(told["fuel"]["p50"], told["fuel"]["max"]);
    assert_eq!(told["fuel"]["p50"], run(place.path(), &["--json"]).json()["fuel"]);
    assert!(told["memory"].as_u64().expect("a number") >= 64 << 10);
    for part in ["total_nanos", "instantiate_nanos", "call_nanos", "clear_nanos"] {
        assert!(
            told[part]["p99"].as_u64().expect("a number") >= told[part]["p50"].as_u64().expect("a number"),
            "{part}"
        );
    }
}

#[test]
fn without_a_lead_the_cases_are_asked_in_turn() {
    let ran = rota(&rota_tests::root(), &["bench", "plugins/next-in-line", "--n", "10", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.json()["leads"].as_u64().expect("a number") >= 5);
    let ran = rota(&rota_tests::root(), &["bench", "next-in-line"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("give one with --lead and --workspace"), "{}", ran.err);
}
