//! Settings against the schemas of strangers, which are tried in a child.

use std::path::Path;
use std::sync::Arc;

use rota_domain::rule::ErrorCode;
use rota_rules::{Catalogue, Workshop};
use rota_tests::guest::{Guest, MANIFEST};
use tempfile::TempDir;

use crate::workshop::ROTA;

const SCHEMA: &str = r#"{"type":"object","required":["pool"],"properties":{"pool":{"type":"string"}}}"#;

fn component() -> Vec<u8> {
    let guest = Guest::new("(func $decide (result i32) (call $pass))").bare();
    rota::author::embed(&guest, MANIFEST, Some(SCHEMA)).expect("a manifest")
}

fn catalogue(folder: &Path, workshop: &Arc<Workshop>) -> Catalogue {
    Catalogue::kept(&folder.join("shelf"), [7; 32].into(), workshop.clone()).expect("a catalogue")
}

#[test]
fn a_child_judges_settings_and_what_fitted_once_is_judged_no_more() {
    let folder = TempDir::new().expect("a folder");
    let workshop = Arc::new(Workshop::new(ROTA, ["workshop"]));
    let first = catalogue(folder.path(), &workshop);
    let acme = "acme".into();
    let plugin = first.take_in_from(&acme, &component()).expect("it is taken in");
    let misfits = first.judge_from(&acme, &plugin, r#"{"pool":7}"#).expect("they are judged");
    assert_eq!(misfits.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/pool: want string, but got number"]);
    assert_eq!(first.judge_from(&acme, &plugin, r#"{"pool":"na"}"#).expect("they are judged"), []);
    assert_eq!(workshop.started(), 3, "one child compiled, two judged");
    let next = catalogue(folder.path(), &workshop);
    assert_eq!(next.judge_from(&acme, &plugin, r#"{"pool":"na"}"#).expect("they are judged"), []);
    assert_eq!(workshop.started(), 3, "what fitted is known");
    assert_eq!(next.judge_from(&acme, &plugin, r#"{"pool":7}"#).expect("they are judged").len(), 1);
}

#[test]
fn a_judge_that_dies_refuses_the_settings_and_nothing_else() {
    let folder = TempDir::new().expect("a folder");
    let script = format!("if [ \"$1\" = settings ]; then kill -9 $$; fi; exec {ROTA} workshop");
    let workshop = Arc::new(Workshop::new("/bin/sh", ["-c", &script, "judge"]));
    let catalogue = catalogue(folder.path(), &workshop);
    let acme = "acme".into();
    let plugin = catalogue.take_in_from(&acme, &component()).expect("it is taken in");
    let refusal = catalogue.judge_from(&acme, &plugin, r#"{"pool":"na"}"#).expect_err("it is refused");
    assert_eq!(refusal.code, ErrorCode::Settings);
    assert!(refusal.detail.contains("by the schema of `guest`: it takes more time or memory"), "{refusal}");
}

#[test]
fn what_a_judge_says_is_cut_and_made_plain() {
    let folder = TempDir::new().expect("a folder");
    let answer = format!(r#"{{"judged":[{{"path":"/a\u001b[31m","what":"{}"}}]}}"#, "x".repeat(5000));
    let script = format!("if [ \"$1\" = settings ]; then echo '{answer}'; exit 0; fi; exec {ROTA} workshop");
    let workshop = Arc::new(Workshop::new("/bin/sh", ["-c", &script, "judge"]));
    let catalogue = catalogue(folder.path(), &workshop);
    let acme = "acme".into();
    let plugin = catalogue.take_in_from(&acme, &component()).expect("it is taken in");
    let misfits = catalogue.judge_from(&acme, &plugin, "{}").expect("they are judged");
    assert_eq!((misfits[0].path.as_str(), misfits[0].what.chars().count()), ("/a [31m", 1001));
}
