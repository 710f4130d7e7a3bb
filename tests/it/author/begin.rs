//! `rota new`: what it writes, and what it leaves alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rota::author::{VENDORED, branches, check, create, sdk_manifest};
use rota::config::{Case, Directory};
use rota_tests::root;

use crate::command::rota;

fn walk(folder: &Path, below: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, below, found);
        } else {
            let name = path.strip_prefix(below).expect("below it").display().to_string();
            found.insert(name, fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}

#[test]
fn the_binary_carries_the_sdk_and_the_contract_as_the_repository_has_them() {
    let mut here = BTreeMap::new();
    walk(&root().join("guest-sdk/rust/src"), &root(), &mut here);
    walk(&root().join("wit"), &root(), &mut here);
    here.retain(|name, _| !name.starts_with("wit/frozen/"));
    let carried: BTreeMap<_, _> =
        VENDORED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    assert_eq!(carried.keys().collect::<Vec<_>>(), here.keys().collect::<Vec<_>>());
    assert_eq!(carried, here);
}

#[test]
fn the_sdk_that_is_carried_takes_the_dependencies_of_the_workspace() {
    let carried: toml::Table = toml::from_str(&sdk_manifest().expect("a manifest")).expect("TOML");
    let house = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let house: toml::Table = toml::from_str(&house).expect("TOML");
    let house = &house["workspace"];
    assert_eq!(carried["dependencies"]["serde"], house["dependencies"]["serde"]);
    let guest = &carried["target"]["cfg(target_arch = \"wasm32\")"]["dependencies"];
    assert_eq!(guest["wit-bindgen"], house["dependencies"]["wit-bindgen"]);
    assert_eq!(carried["package"]["version"], house["package"]["version"]);
    assert!(!sdk_manifest().expect("a manifest").contains("workspace"), "nothing is inherited any more");
}

#[test]
fn a_new_rule_has_nothing_to_be_mended() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = create("by-size", Some(&place.path().join("deep/by-size"))).expect("it is made");
    assert_eq!(check::folder(&folder), []);
}

#[test]
fn the_cases_of_a_new_rule_end_in_each_of_its_branches() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = create("by-size", Some(&place.path().join("by-size"))).expect("it is made");
    let mut files = BTreeMap::new();
    walk(&folder.join("cases"), &folder, &mut files);
    let cases = files.iter().filter(|(name, _)| name.ends_with(".json"));
    let reasons = cases.map(|(name, text)| {
        let case: Case = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        case.expect.reason.expect("a reason")
    });
    assert_eq!(reasons.collect::<std::collections::BTreeSet<_>>(), branches(&folder).expect("sources"));
}

#[test]
fn the_workspace_of_a_new_rule_can_be_read() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = create("by-size", Some(&place.path().join("by-size"))).expect("it is made");
    fs::write(folder.join("workspace/by-size.wasm"), "built later").expect("written");
    let loaded = rota::config::load_workspace(&Directory::open(&folder.join("workspace")).expect("a directory"));
    let loaded = loaded.expect("a workspace");
    let leads = fs::read(folder.join("workspace/leads.jsonl")).expect("leads");
    assert_eq!(rota::config::read_events("leads.jsonl", &leads, &loaded.workspace).expect("leads").len(), 3);
}

#[test]
fn a_folder_that_is_there_already_is_left_alone() {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir(place.path().join("mine")).expect("a folder");
    fs::write(place.path().join("mine/notes.txt"), "keep").expect("written");
    let ran = rota(place.path(), &["new", "mine"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("mine is there already, and nothing in it was touched"), "{}", ran.err);
    assert_eq!(fs::read_dir(place.path().join("mine")).expect("the folder").count(), 1);
}

#[test]
fn a_new_rule_says_what_to_do_next() {
    let place = tempfile::tempdir().expect("a folder");
    let ran = rota(place.path(), &["new", "by-size", "--dir", "rules/size"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r#"
    rules/size is there. The rule is rules/size/src/lib.rs. Go on with

      cd rules/size
      rota test     # builds it and runs its cases; the first build takes a minute
      rota run --lead workspace/lead.json --workspace workspace
    "#);
    assert!(place.path().join("rules/size/.rota/wit/world.wit").exists());
}
