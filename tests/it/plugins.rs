//! The bundled plugins: their cases against the compiled components, and that these are
//! what their sources say.

use rota::author::{is_current, prebuilt_digests};
use rota::bundled::BUNDLED;
use rota_domain::id::Digest;
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
    assert_eq!(outcomes[0].differences, [r#"rep: expected "bo", came "ana""#]);
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
