//! `rota test`: what differs, which branches no case reaches, and running again on a change.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::{copied, edit};
use crate::command::rota;

#[test]
fn what_was_expected_stands_beside_what_came() {
    let folder = copied();
    edit(
        folder.path(),
        "cases/one-lead-one-rep.json",
        "\"rep\": \"ana\"",
        "\"rep\": \"bo\", \"notes\": [\"a\", \"b\"]",
    );
    let ran = rota(folder.path(), &["test"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    insta::assert_snapshot!(ran.out, @r#"
    ok     equals-take-turns.json    Equal reps get the same number of leads, in a…
    ok     inactive-is-skipped.json  A rep who has left gets nothing; the others ta…
    ok     nobody-available.json     A pool whose only member has left passes the l…
    FAILED one-lead-one-rep.json     The first lead goes to the first in line.
                       expected                       came
             rep       "bo"                           "ana"
             notes[0]  "a"                            "next-in-line"
             notes[1]  "b"                            nothing
             it noted: next-in-line
    ok     unknown-pool.json         A pool that the workspace does not have is a p…
    4 passed, 1 failed
    coverage: 2 of 2 branches
    "#);
}

#[test]
fn a_branch_that_no_case_reaches_is_named() {
    let folder = copied();
    fs::remove_file(folder.path().join("cases/nobody-available.json")).expect("removed");
    let ran = rota(folder.path(), &["test", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let coverage = &ran.json()["coverage"];
    assert_eq!(coverage["not_reached"], serde_json::json!(["nobody-available"]), "{coverage}");
    assert_eq!(coverage["branches"], 2);
}

#[test]
fn a_branch_that_only_the_manifest_names_counts() {
    let folder = copied();
    edit(folder.path(), "plugin.toml", "tables = []", "tables = []\nbranches = [\"odd\"]");
    let component = folder.path().join("next-in-line.wasm");
    let component = component.to_str().expect("UTF-8");
    let ran = rota(folder.path(), &["test", "--component", component]);
    assert!(ran.out.contains("coverage: 2 of 3 branches; not reached: odd"), "{}", ran.out);
}

#[test]
fn the_bundled_plugins_are_tested_without_being_built() {
    let ran = rota(&rota_tests::root(), &["test", "plugins/territory", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json()["failed"], 0);
}

#[test]
fn a_component_that_is_older_than_its_sources_is_not_taken() {
    let folder = copied();
    let component = fs::File::options().write(true).open(folder.path().join("next-in-line.wasm")).expect("a file");
    component.set_modified(std::time::UNIX_EPOCH).expect("an old file");
    // Without a toolchain it cannot be built again, and says so.
    let ran = Command::new(env!("CARGO_BIN_EXE_rota-under-test"))
        .arg("test")
        .current_dir(folder.path())
        .env("PATH", "")
        .output()
        .expect("rota runs");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2));
    assert!(err.contains("`rustc` cannot be run: install Rust"), "{err}");
}

#[test]
fn a_component_of_another_language_is_tested_as_it_is() {
    let folder = copied();
    fs::remove_file(folder.path().join("Cargo.toml")).expect("removed");
    let component = fs::File::options().write(true).open(folder.path().join("next-in-line.wasm")).expect("a file");
    component.set_modified(std::time::UNIX_EPOCH).expect("an old file");
    let ran = rota(folder.path(), &["test"]);
    assert!(ran.out.contains("5 passed, 0 failed"), "{}{}", ran.out, ran.err);
}

/// Both runs print a line with the totals; whoever does not run again makes this wait for ever,
/// and the suite's own limit ends it.
#[test]
fn while_it_watches_a_change_makes_it_run_again() {
    let folder = copied();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rota-under-test"))
        .args(["test", "--watch", "--component", "next-in-line.wasm"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rota starts");
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines().map(|line| line.expect("a line"));
    assert!(lines.any(|line| line == "5 passed, 0 failed"));
    edit(folder.path(), "cases/one-lead-one-rep.json", "\"rep\": \"ana\"", "\"rep\": \"nobody-of-this-name\"");
    assert!(lines.any(|line| line == "4 passed, 1 failed"));
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}
