//! `rota check` and `rota inspect`: what is the matter with a plugin, and what it is.

use std::fs;

use rota::author::{componentize, embed};

use super::{copied, edit};
use crate::command::rota;

#[test]
fn a_sound_plugin_is_taken_as_it_is() {
    let folder = copied();
    let ran = rota(folder.path(), &["check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("A host takes it as it is"), "{}", ran.out);
}

#[test]
fn each_finding_comes_with_its_mend() {
    let folder = copied();
    edit(folder.path(), "plugin.toml", "version = \"0.1.0\"", "version = \"one\"");
    edit(folder.path(), "plugin.toml", "contract = \"0.1\"", "contract = \"2.0\"");
    edit(folder.path(), "plugin.toml", "summary = \"Gives every lead to the next rep of one pool.\"", "");
    edit(folder.path(), "plugin.toml", "[reads]", "[reads]\nstate = \"text\"");
    edit(folder.path(), "src/lib.rs", "let pool", "let _ = lead::text(\"country\");\n    let pool");
    edit(folder.path(), "settings.schema.json", "\"type\": \"object\"", "\"type\": \"objekt\"");
    fs::remove_dir_all(folder.path().join("cases")).expect("removed");
    let ran = rota(folder.path(), &["check"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.out, @r#"
    problem: plugin.toml: the version `one` is none
        write three numbers, such as `version = "0.1.0"`
    problem: plugin.toml: it was written for contract `2.0`, and this rota speaks
    0.1
        write `contract = "0.1"`
    problem: plugin.toml: it has no summary, which people see when they choose a
    plugin
        say in one sentence what the rule does: `summary = "…"`
    problem: plugin.toml: the sources name the property `country`, which [reads]
    does not list
        add `country = "text"`, or the type that it has, under [reads]
    problem: settings.schema.json: it is no JSON Schema: /type: value must be one of
    'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'; /type: want
    array, but got string
        see https://json-schema.org/understanding-json-schema
    problem: cases/: there is no case, so nothing shows that the rule does what it
    should
        add cases/workspace.toml and a first case: `rota schema case` describes one
    hint: plugin.toml: [reads] lists `state`, and no source names it
        take it out, unless the name is put together while the rule runs
    6 problems to mend, 1 hint.
    "#);
}

#[test]
fn a_manifest_that_cannot_be_read_is_shown_with_its_line() {
    let folder = copied();
    edit(folder.path(), "plugin.toml", "language = \"rust\"", "langage = \"rust\"");
    let ran = rota(folder.path(), &["check", "--json"]);
    assert_eq!(ran.code, 1);
    let finding = &ran.json()["findings"][0];
    assert!(finding["what"].as_str().expect("text").contains("unknown field `langage`"), "{finding}");
    assert_eq!(finding["mend"], "`rota schema manifest` prints every key");
}

#[test]
fn a_component_is_judged_as_a_host_would() {
    let place = tempfile::tempdir().expect("a folder");
    let module = wat::parse_str("(module)").expect("a module");
    fs::write(place.path().join("core.wasm"), &module).expect("written");
    let wants_a_clock =
        wat::parse_str("(component (import \"wasi:clocks/wall-clock@0.2.0\" (instance)))").expect("a component");
    let manifest = "name = \"a\"\nversion = \"0.1.0\"\nsummary = \"S.\"\ncontract = \"0.1\"";
    let wants_a_clock = embed(&componentize(&wants_a_clock).expect("a component"), manifest, None).expect("a manifest");
    fs::write(place.path().join("clock.wasm"), &wants_a_clock).expect("written");
    let ran = rota(place.path(), &["check", "core.wasm"]);
    assert_eq!((ran.code, ran.out.contains("make it one with `rota build`")), (1, true), "{}", ran.out);
    let ran = rota(place.path(), &["check", "clock.wasm"]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!(ran.out, @r#"
    problem: the component: it imports `wasi:clocks/wall-clock@0.2.0`, which no rule
    may have [import]
        only the interfaces of rota:routing are there; build for
        wasm32-unknown-unknown, or stub WASI out with your toolchain's option
    1 problem to mend.
    "#);
}

#[test]
fn a_schema_that_reads_files_is_a_problem() {
    let folder = copied();
    edit(folder.path(), "settings.schema.json", "\"type\": \"object\"", "\"$ref\": \"file:///etc/passwd\"");
    let ran = rota(folder.path(), &["check", "--json"]);
    assert_eq!(ran.code, 1);
    let what = &ran.json()["findings"][0]["what"];
    assert!(what.as_str().expect("text").contains("nothing outside it is read"), "{what}");
}

#[test]
fn a_plugin_says_in_plain_words_what_it_can_do() {
    let place = tempfile::tempdir().expect("a folder");
    let ran = rota(place.path(), &["inspect", "territory"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for said in [
        "territory@0.1.0",
        "numberofemployees (number)",
        "write       rota_segment (text)",
        "lead.company-owner             see who owns the company",
        "effects.set-property           ask for properties to be written",
        "No clock, no network, no files, no other lead.",
    ] {
        assert!(ran.out.contains(said), "{said:?} is missing:\n{}", ran.out);
    }
    assert!(!ran.out.contains("state.add"), "it changes no counter, and so does not import it");
}

#[test]
fn a_plugin_is_found_by_its_digest_too() {
    let place = tempfile::tempdir().expect("a folder");
    let by_name = rota(place.path(), &["inspect", "next-in-line", "--json"]).json();
    let digest = by_name["digest"].as_str().expect("a digest");
    assert_eq!(rota(place.path(), &["inspect", digest, "--json"]).json(), by_name);
    assert_eq!(by_name["settings_schema"]["required"][0], "pool");
}

#[test]
fn settings_that_their_plugin_cannot_use_are_refused_at_the_start_with_their_path() {
    let place = tempfile::tempdir().expect("a folder");
    let workspace = "workspace = \"acme\"\n[[reps]]\nid = \"ana\"\n[[pools]]\nid = \"na\"\nmembers = [{ rep = \"ana\" }]\n\
        [[flows]]\nid = \"inbound\"\nplugin = \"territory\"\nfallback = { queue = \"triage\" }\n\
        settings = { territories = [{ countries = \"US\", pool = \"na\" }] }\n";
    fs::write(place.path().join("workspace.toml"), workspace).expect("written");
    let lead = r#"{"at":"2026-03-02T09:00:00Z","kind":"lead","lead":{"id":"1"}}"#;
    fs::write(place.path().join("leads.jsonl"), lead).expect("written");
    let ran = rota(place.path(), &["simulate", "--leads", "leads.jsonl"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("the settings of flow `inbound` do not fit the plugin `territory`"), "{}", ran.err);
    assert!(ran.err.contains("/territories/0/countries: want array, but got string"), "{}", ran.err);
}
