//! The house rules that a program can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rota_tests::root;

/// What each crate may name, of ours and of what only one crate may name.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("host/domain", &[]),
    ("host/flow", &["rota-domain"]),
    ("host/rules", &["rota-domain", "rota-flow", "wasmtime", "wasmparser"]),
    ("host/store", &["rota-domain", "rota-flow", "sqlx"]),
    ("host/crm", &["rota-domain", "rota-flow", "reqwest"]),
    ("host/sandbox", &["reqwest", "axum"]),
    (
        "host/server",
        &[
            "rota-domain",
            "rota-flow",
            "rota-rules",
            "rota-store",
            "rota-crm",
            "rota-sandbox",
            "axum",
            "clap",
            "reqwest",
            "wit-component",
        ],
    ),
    ("guest-sdk/rust", &["wit-bindgen"]),
];

/// What a plugin may name of ours.
const PLUGIN: &[&str] = &["rota-sdk"];

/// Dependencies that are fenced into the crates that list them above.
const FENCED: [&str; 8] = ["wasmtime", "wasmparser", "sqlx", "reqwest", "axum", "clap", "wit-bindgen", "wit-component"];

#[test]
fn dependencies_point_down_and_fenced_ones_stay_in_their_crate() {
    let plugins = plugins();
    let plugins = plugins.iter().map(|folder| (folder.as_str(), PLUGIN));
    for (folder, allowed) in ALLOWED.into_iter().chain(plugins) {
        let ours = |name: &String| name.starts_with("rota") || FENCED.contains(&name.as_str());
        let named: BTreeSet<String> = dependencies(folder).into_iter().filter(ours).collect();
        let forbidden: Vec<_> = named.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(forbidden.is_empty(), "{folder}/Cargo.toml names {forbidden:?}; see 'The house' in ARCHITECTURE.md");
    }
}

#[test]
fn every_member_of_the_workspace_is_under_the_rule() {
    let manifest = toml_of(&root().join("Cargo.toml"));
    let members = manifest["workspace"]["members"].as_array().expect("members");
    let members = members.iter().filter_map(toml::Value::as_str);
    for member in members.filter(|member| !["tests", "plugins/*"].contains(member)) {
        assert!(ALLOWED.iter().any(|(folder, _)| *folder == member), "{member} is not listed in tests/it/tidy.rs");
    }
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let long: Vec<_> = sources().into_iter().filter(|path| read(path).lines().count() > 500).collect();
    assert!(long.is_empty(), "split {long:?}");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> = sources().into_iter().filter(|path| !read(path).trim_start().starts_with("//!")).collect();
    assert!(silent.is_empty(), "begin with a //! paragraph: {silent:?}");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = read(&root().join("tests/it/main.rs"));
    for entry in fs::read_dir(root().join("tests/it")).expect("tests/it") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_module = path.extension().is_some_and(|extension| extension == "rs") && name != "main";
        assert!(!is_module || main.contains(&format!("mod {name};")), "tests/it/main.rs does not name {name}");
    }
}

#[test]
fn architecture_names_every_crate_and_every_file_of_the_flow() {
    let text = read(&root().join("ARCHITECTURE.md"));
    for folder in ALLOWED.iter().map(|(folder, _)| (*folder).to_owned()).chain(plugins()) {
        assert!(text.contains(&folder), "ARCHITECTURE.md does not name {folder}");
    }
    for entry in fs::read_dir(root().join("host/flow/src")).expect("host/flow/src") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(name == "lib.rs" || text.contains(&name), "ARCHITECTURE.md does not name host/flow/src/{name}");
    }
}

fn plugins() -> Vec<String> {
    let entries = fs::read_dir(root().join("plugins")).expect("plugins").map(|entry| entry.expect("an entry").path());
    let crates = entries.filter(|path| path.join("Cargo.toml").exists());
    crates.map(|path| format!("plugins/{}", path.file_name().unwrap_or_default().to_string_lossy())).collect()
}

fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = toml_of(&root().join(folder).join("Cargo.toml"));
    let mut names = BTreeSet::new();
    let mut collect = |table: Option<&toml::Value>| {
        names.extend(table.and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys().cloned()));
    };
    collect(manifest.get("dependencies"));
    for target in manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|table| table.values()) {
        collect(target.get("dependencies"));
    }
    names
}

fn toml_of(path: &Path) -> toml::Value {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["host", "guest-sdk", "plugins", "tests"] {
        walk(&root().join(folder), &mut found);
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
