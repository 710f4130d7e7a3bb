//! The bundled plugins: their cases against the compiled components, and that these are
//! what their sources say.

use std::sync::Arc;

use rota::author::{is_current, prebuilt_digests};
use rota::bind::bind;
use rota::bundled::BUNDLED;
use rota::config::{Directory, load_workspace};
use rota::simulate::Simulation;
use rota_domain::event::Event;
use rota_domain::id::{Digest, Seed};
use rota_rules::Catalogue;
use rota_tests::root;

#[test]
fn every_case_of_every_bundled_plugin_holds() {
    for (name, component) in BUNDLED {
        let outcomes = rota::cases::run(&root().join("plugins").join(name), component).expect("the cases can be run");
        let failed: Vec<_> = outcomes.iter().filter(|outcome| !outcome.differences.is_empty()).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
    }
}

#[test]
fn a_case_that_expects_something_else_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = folder.path().join("cases");
    std::fs::create_dir(&cases).expect("cases");
    std::fs::write(
        cases.join("workspace.toml"),
        "workspace = \"cases\"\n[[reps]]\nid = \"ana\"\n[[pools]]\nid = \"na\"\nmembers = [{ rep = \"ana\" }]\n",
    )
    .expect("workspace.toml");
    let case = r#"{"settings":{"pool":"na"},"lead":{"id":"1"},"expect":{"outcome":"assign","rep":"bo"}}"#;
    std::fs::write(cases.join("one.json"), case).expect("one.json");
    let outcomes = rota::cases::run(folder.path(), bundled("next-in-line")).expect("the cases can be run");
    let told: Vec<_> = outcomes[0].differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, [r#"rep: expected "bo", came "ana""#]);
}

#[test]
fn the_prebuilt_components_are_built_from_the_sources_as_they_are() {
    for (name, _) in BUNDLED {
        let current = is_current(&root().join("plugins").join(name)).expect("the digest can be worked out");
        assert!(
            current,
            "plugins/{name}, the SDK or wit/ changed: run `cargo run --release -- build plugins/{name} --prebuilt`"
        );
    }
}

#[test]
fn the_prebuilt_components_are_those_whose_digests_are_written_down() {
    let digests = prebuilt_digests(&root().join("plugins/prebuilt")).expect("digests.toml");
    for (name, component) in BUNDLED {
        assert_eq!(digests[name].wasm, Digest::of(component).as_str(), "{name}");
    }
}

#[test]
fn the_tutorial_has_at_most_ten_lines() {
    let text = std::fs::read_to_string(root().join("plugins/next-in-line/src/lib.rs")).expect("the tutorial");
    let code = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"));
    assert!(code.count() <= 10);
}

fn bundled(name: &str) -> &'static [u8] {
    BUNDLED.iter().find(|(known, _)| *known == name).expect("a bundled plugin").1
}

/// Everything that `inbound-outbound` asks about a re-engaged person whose prior owner left.
fn asked_about_a_re_engagement() -> String {
    let cases = root().join("plugins/inbound-outbound/cases/workspace.toml");
    let mut workspace = std::fs::read_to_string(cases).expect("the workspace of the cases");
    workspace += r#"
        [[sources]]
        class = "re-engagement"
        when = { property = "email", known = true }
        [[flows]]
        id = "all"
        plugin = "inbound-outbound"
        settings = { replacement = "outbound" }
        fallback = { queue = "triage" }"#;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("workspace.toml"), workspace).expect("workspace.toml");
    let loaded = load_workspace(&Directory::open(folder.path()).expect("the folder")).expect("a workspace");
    let catalogue = Arc::new(Catalogue::new().expect("a catalogue"));
    let bound = bind(loaded, &catalogue).expect("a bound workspace");
    let lead = r#"{"at":"2026-03-02T15:00:00Z","kind":"lead","lead":{"id":"1","properties":{"email":"joe@big.example"},
        "history":[{"kind":"outbound","rep":"ines","at":"2026-01-10T10:00:00Z"}]}}"#;
    let lead: Event = serde_json::from_str(lead).expect("an event");
    let mut simulation = Simulation::new(bound, catalogue, Seed::from_number(1), lead.at);
    simulation.happen(lead).expect("a decision").private.transcript
}

#[test]
fn history_is_read_before_any_inbound_rule() {
    let transcript = asked_about_a_re_engagement();
    let first = |call: &str| transcript.find(call).unwrap_or_else(|| panic!("no {call} in {transcript}"));
    assert!(first("lead.prior-owner") < first("lead.company-owner"));
    assert!(first("lead.company-owner") < first("rep-pool.open"));
}
