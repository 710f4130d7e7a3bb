//! The contract's promise: a rule that was built for a release runs on every later host of its
//! track. Released files never change, and what follows them fits.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rota::author::{componentize, embed};
use rota_domain::desk::Desk;
use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::rule::{Call, Choice, Mode, Question, Verdict};
use rota_flow::ports::Rules as _;
use rota_rules::Catalogue;
use rota_tests::root;
use wit_component::{StringEncoding, dummy_module, embed_component_metadata, semver_check};
use wit_parser::{ManglingAndAbi, PackageId, Resolve, WorldId};

/// Each release with the digest of its files: it was published, so it stays as it is.
const RELEASES: [(&str, &str); 1] =
    [("0.1.0", "sha256:0c4adbcc58785addc404a5ed7961f6189d0fbea285833e591e85720ebb001633")];

const MANIFEST: &str = "name = \"old\"\nversion = \"0.1.0\"\nsummary = \"Built long ago.\"\ncontract = \"0.1\"\n";

#[test]
fn a_released_contract_stays_byte_for_byte_as_it_was() {
    for (release, digest) in RELEASES {
        let files: Vec<u8> = texts(&frozen(release))
            .into_iter()
            .flat_map(|(name, text)| [format!("{name} {}\n", text.len()).into_bytes(), text.into_bytes()].concat())
            .collect();
        assert_eq!(
            Digest::of(&files).as_str(),
            digest,
            "wit/frozen/{release} was changed: released files never are. Put it back, and change wit/ instead"
        );
    }
}

#[test]
fn every_frozen_release_is_listed() {
    let folders = fs::read_dir(root().join("wit/frozen")).expect("wit/frozen");
    let names = folders.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let unknown: Vec<_> = names.filter(|name| !RELEASES.iter().any(|(release, _)| release == name)).collect();
    assert!(unknown.is_empty(), "list {unknown:?} in tests/it/frozen.rs");
}

#[test]
fn the_contract_of_now_takes_what_was_built_for_every_release_of_its_track() {
    for (release, _) in RELEASES {
        if let Err(error) = is_taken(&texts(&frozen(release)), &texts(&root().join("wit"))) {
            panic!(
                "wit/ would not take rules that were built for {release}: {error}. What was released never changes: \
                 add a function or an interface instead, or begin a new track"
            );
        }
    }
}

#[test]
fn what_is_added_gets_a_number_of_its_own() {
    let now = texts(&root().join("wit"));
    let release = release_of(&now);
    if RELEASES.iter().any(|(known, _)| *known == release) {
        let added = is_taken(&now, &texts(&frozen(&release)));
        assert!(
            added.is_ok(),
            "wit/ says that it is {release} and has more than that release: give it the next number, and freeze it"
        );
    }
}

#[test]
fn a_function_may_be_added_and_none_may_change() {
    let now = texts(&root().join("wit"));
    let with = |from: &str, to: &str| -> BTreeMap<String, String> {
        now.iter().map(|(name, text)| (name.clone(), text.replacen(from, to, 1))).collect()
    };
    let number = "number: func(name: string) -> result<f64, absence>;";
    assert!(is_taken(&now, &with(number, &format!("{number}\n  more: func() -> u32;"))).is_ok());
    for changed in ["number: func(name: string, unit: string) -> result<f64, absence>;", ""] {
        let error = is_taken(&now, &with(number, changed)).expect_err("it is refused");
        assert!(error.contains("number"), "the error names the function: {error}");
    }
}

#[test]
fn a_rule_that_was_built_for_a_frozen_release_still_decides() {
    for (release, _) in RELEASES {
        let body = "(func $decide (result i32) (call $queue (global.get $settings) (global.get $settings-len)))";
        let world = fs::read_to_string(root().join("tests/guests/world.wat")).expect("world.wat");
        let module = format!("{world}(memory (export \"memory\") 16){body}");
        let answer = ask(&component(wat::parse_str(module).expect("a module"), &frozen(release)));
        match answer {
            Verdict::Decided(decided) => assert_eq!(decided.choice, Choice::Queue("{}".into()), "{release}"),
            other => panic!("a rule for {release}: {other:?}"),
        }
    }
}

#[test]
fn a_component_made_of_the_published_files_alone_is_taken_in() {
    for (release, _) in RELEASES {
        let (resolve, _, world) = contract(&texts(&frozen(release)));
        let module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
        let component = component(module, &frozen(release));
        let plugin = Catalogue::new().expect("an engine").take_in(&component);
        assert_eq!(plugin.expect("it is taken in").manifest.name, "old", "{release}");
    }
}

fn frozen(release: &str) -> std::path::PathBuf {
    root().join("wit/frozen").join(release)
}

/// The files of a contract, by name.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).expect("the contract").map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let text = |path: &Path| fs::read_to_string(path).expect("UTF-8");
    files.filter(|path| path.is_file()).map(|path| (name(&path), text(&path))).collect()
}

fn release_of(texts: &BTreeMap<String, String>) -> String {
    let line = texts.values().find_map(|text| text.lines().find_map(|line| line.strip_prefix("package rota:routing@")));
    line.expect("a package with a release").trim_end_matches(';').to_owned()
}

fn push(resolve: &mut Resolve, texts: &BTreeMap<String, String>, release: &str) -> (PackageId, WorldId) {
    let known = release_of(texts);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in texts {
        let text = text.replace(&format!("package rota:routing@{known};"), &format!("package rota:routing@{release};"));
        fs::write(folder.path().join(name), text).expect("written");
    }
    let (package, _) = resolve.push_dir(folder.path()).expect("a contract");
    (package, resolve.select_world(&[package], Some("router")).expect("the world"))
}

fn contract(texts: &BTreeMap<String, String>) -> (Resolve, PackageId, WorldId) {
    let mut resolve = Resolve::default();
    let (package, world) = push(&mut resolve, texts, &release_of(texts));
    (resolve, package, world)
}

/// Whether a host of the contract `new` takes rules that were built for `old`.
fn is_taken(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<(), String> {
    let mut resolve = Resolve::default();
    // The check looks at no number, and one set of packages holds each number once.
    let (_, old) = push(&mut resolve, old, "0.0.1");
    let (_, new) = push(&mut resolve, new, "0.0.2");
    semver_check(resolve, old, new).map_err(|error| format!("{error:#}"))
}

fn component(mut module: Vec<u8>, folder: &Path) -> Vec<u8> {
    let (resolve, _, world) = contract(&texts(folder));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the world fits in");
    embed(&componentize(&module).expect("a component"), MANIFEST, None).expect("a manifest")
}

fn ask(component: &[u8]) -> Verdict {
    let catalogue = Catalogue::new().expect("an engine");
    let plugin = catalogue.take_in(component).expect("it is taken in");
    let call =
        Call { now: jiff::Timestamp::UNIX_EPOCH, seed: 7, trigger: "created".into(), attempt: 1, mode: Mode::Test };
    let workspace = toml::from_str("workspace = \"acme\"").expect("a workspace");
    let question = Question {
        plugin: plugin.digest,
        limits: Limits::of(Language::Rust),
        flow: "inbound".into(),
        settings: "{}".into(),
        call,
        lead: Arc::new(serde_json::from_str(r#"{"id":"1"}"#).expect("a lead")),
        class: "unclassified".into(),
        desk: Arc::new(Desk::new(1, Arc::new(workspace))),
        place: None,
        passed_over: Arc::default(),
    };
    catalogue.ask(question).verdict
}
