//! Plans: which language classes a tenant may use, and how much of everything.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use rota::bind::bind_under;
use rota::config::{self, Loaded, Server};
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::plan::Plan;
use rota_domain::workspace::Workspace;
use rota_rules::Catalogue;
use rota_tests::guest::MANIFEST;
use rota_tests::guest::with_custom;
use rota_tests::uploads::sound;

fn server(text: &str) -> Result<Server, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rota.toml");
    fs::write(&path, text).expect("a file");
    let shown = format!("{}/", folder.path().display());
    config::load_server(&path).map_err(|error| error.to_string().replace(&shown, ""))
}

/// A workspace with one flow, whose plugin says that it is of this language.
fn with_plugin(language: &str) -> Loaded {
    let manifest = format!("language = \"{language}\"\n{MANIFEST}");
    let component = with_custom(sound().bare(), "rota:manifest", manifest.as_bytes());
    let text = "workspace = \"acme\"\n[[flows]]\nid = \"inbound\"\nplugin = \"./rule.wasm\"\nfallback = { queue = \"triage\" }\n";
    let workspace: Workspace = toml::from_str(text).expect("a workspace");
    let flow = workspace.flows[0].id.clone();
    Loaded {
        workspace,
        settings: BTreeMap::from([(flow.clone(), Arc::from("{}"))]),
        components: BTreeMap::from([(flow, component.into())]),
        tables: BTreeMap::new(),
        calendar_files: BTreeMap::new(),
        trusted: true,
    }
}

#[test]
fn without_a_plan_every_language_has_its_usual_limits() {
    for language in [Language::Rust, Language::JavaScript, Language::Python] {
        assert_eq!(Plan::default().grant(language), Ok(Limits::of(language)));
    }
}

#[test]
fn a_plan_changes_what_it_names_and_nothing_else() {
    let text = "[plans.big]\nfuel = 40_000_000\nmemory_mib = 32\nlog_lines = 100\n[tenants.acme]\nplan = \"big\"\n";
    let granted = server(text).expect("it is read").grants();
    let limits = granted.of(&"acme".into()).grant(Language::Rust).expect("it is granted");
    let usual = Limits::of(Language::Rust);
    assert_eq!(limits, Limits { memory: 32 << 20, log_lines: 100, ..usual }.with_fuel(40_000_000));
    assert_eq!(granted.of(&"other".into()).grant(Language::Rust), Ok(usual));
}

#[test]
fn the_backstop_grows_with_the_fuel_that_a_plan_grants() {
    let limits = |fuel| Plan { fuel: Some(fuel), ..Plan::default() }.grant(Language::Python).expect("it is granted");
    assert!(limits(1_000_000_000).cpu_ms > 5 * limits(100_000_000).cpu_ms);
}

#[test]
fn a_plugin_of_a_language_that_the_plan_does_not_grant_is_not_bound() {
    let catalogue = Catalogue::new().expect("an engine");
    let plan = Plan { languages: vec![Language::Rust, Language::JavaScript], ..Plan::default() };
    let error = bind_under(with_plugin("python"), &catalogue, &plan).expect_err("it is refused");
    assert_eq!(
        format!("{error:#}"),
        "the plugin `./rule.wasm` of flow `inbound` is not granted to `acme`: it is of the language class `python`, \
         and the plan grants `rust`, `javascript`: take a plugin of another class, or another plan [size]"
    );
    let bound = bind_under(with_plugin("javascript"), &catalogue, &plan).expect("it is granted");
    let limits = bound.bindings.flows.values().next().expect("a flow").limits;
    assert_eq!(limits, Limits::of(Language::JavaScript));
}

#[test]
fn a_wrong_plan_is_told_with_its_line() {
    for (text, told) in [
        ("[plans.big]\nfule = 1", "rota.toml:2: unknown key `fule` in `big` of [plans]; did you mean `fuel`?"),
        (
            "[plans.big]\nmemory_mib = 256",
            "rota.toml:2: `memory_mib` of the plan `big` cannot be 256; write a number from 1 to 128",
        ),
        (
            "[plans.big]\nlanguages = []",
            "rota.toml:2: the plan `big` grants no language; name some, as in languages = [\"rust\"]",
        ),
        (
            "[plans.big]\n[tenants.acme]\nplan = \"bog\"",
            "rota.toml:3: `acme` has the plan `bog`, which is not there; did you mean `big`?",
        ),
        (
            "[tenants.acme]\nplan = \"big\"",
            "rota.toml:2: `acme` has the plan `big`, which is not there; add [plans.big]",
        ),
    ] {
        assert_eq!(server(text).expect_err(text), told);
    }
}
