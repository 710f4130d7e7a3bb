//! What is not taken in, with which code, and what its author is told to do.

use rota_domain::rule::{ErrorCode, Verdict};
use rota_flow::ports::Rules;
use rota_rules::Refusal;

use super::guest::{CATALOGUE, Guest, MANIFEST, question, with_custom};

/// A guest that nothing is wrong with.
fn good() -> Guest {
    Guest::new("(func $decide (result i32) (call $pass))")
}

fn refusal(component: &[u8]) -> Refusal {
    CATALOGUE.take_in(component).expect_err("it is refused")
}

/// The refusal of a component in text, with a manifest that nothing is wrong with.
fn refusal_of(component: &str) -> Refusal {
    refusal(&with_custom(wat::parse_str(component).expect("a component"), "rota:manifest", MANIFEST.as_bytes()))
}

/// The refusal of a good guest with these manifests.
fn refusal_with(manifests: &[&str]) -> Refusal {
    let add = |component, manifest: &&str| with_custom(component, "rota:manifest", manifest.as_bytes());
    refusal(&manifests.iter().fold(good().bare(), add))
}

#[track_caller]
fn assert_says(refusal: &Refusal, code: ErrorCode, words: &[&str]) {
    assert_eq!(refusal.code, code, "{refusal}");
    for word in words {
        assert!(refusal.detail.contains(word), "`{word}` is not in: {refusal}");
    }
}

#[test]
fn a_good_component_is_taken_in_by_its_digest_once_and_again() {
    let component = good().component();
    let first = CATALOGUE.take_in(&component).expect("it is taken in");
    let again = CATALOGUE.take_in(&component).expect("it is taken in again");
    assert_eq!(first.digest, rota_domain::id::Digest::of(&component));
    assert_eq!(first.digest, again.digest);
    assert_eq!(first.manifest.name, "guest");
}

#[test]
fn a_foreign_import_is_named_with_what_to_do() {
    let refusal = refusal_of(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#);
    assert_says(&refusal, ErrorCode::Import, &["`wasi:cli/environment@0.2.0`", "wasm32-unknown-unknown"]);
}

#[test]
fn a_component_without_a_rule_is_told_its_world() {
    assert_says(&refusal_of("(component)"), ErrorCode::Export, &["`rota:routing/rule`", "world `router`"]);
}

#[test]
fn a_newer_contract_is_told_both_releases() {
    let imports = r#"(component (import "rota:routing/lead@0.2.0" (instance)))"#;
    let exports = r#"(component (instance $rule) (export "rota:routing/rule@0.2.0" (instance $rule)))"#;
    for component in [imports, exports] {
        assert_says(
            &refusal_of(component),
            ErrorCode::Contract,
            &["rota:routing 0.2.0", "speaks 0.1.0", "update the host"],
        );
    }
}

#[test]
fn a_later_release_of_the_same_contract_is_taken_in_and_asked() {
    let later = good().component_for("@0.1.7");
    let plugin = CATALOGUE.take_in(&later).expect("it is taken in");
    assert!(matches!(CATALOGUE.ask(question(plugin.digest)).verdict, Verdict::Passed(_)));
    assert_says(&refusal(&good().component_for("@0.2.0")), ErrorCode::Contract, &["rota:routing 0.2.0"]);
}

#[test]
fn an_interface_that_the_contract_does_not_have_is_named() {
    let refusal = refusal_of(r#"(component (import "rota:routing/weather@0.1.0" (instance)))"#);
    assert_says(&refusal, ErrorCode::Contract, &["`rota:routing/weather@0.1.0`"]);
}

#[test]
fn a_function_that_the_contract_does_not_have_is_named() {
    let refusal = refusal_of(
        r#"(component
          (import "rota:routing/lead@0.1.0" (instance (export "shoe-size" (func (result u32)))))
          (instance $rule) (export "rota:routing/rule@0.1.0" (instance $rule)))"#,
    );
    assert_says(&refusal, ErrorCode::Contract, &["shoe-size", "build it against the published WIT"]);
}

#[test]
fn a_rule_without_decide_does_not_fit() {
    let refusal = refusal_of(r#"(component (instance $rule) (export "rota:routing/rule@0.1.0" (instance $rule)))"#);
    assert_says(&refusal, ErrorCode::Export, &["no function `decide`"]);
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    let refusal = refusal(&wat::parse_str("(module)").expect("a module"));
    assert_says(&refusal, ErrorCode::Compile, &["core module, not a component", "`rota build`"]);
}

#[test]
fn what_is_no_webassembly_does_not_compile() {
    for bytes in [&b""[..], b"\0", b"#!/bin/sh", &[0xff; 4096], b"\0asm\x0d\0\x01\0\x63\x7f"] {
        assert_says(&refusal(bytes), ErrorCode::Compile, &["this is no WebAssembly component"]);
    }
}

#[test]
fn a_component_that_was_cut_short_is_never_taken_in() {
    let component = good().component();
    for length in (0..component.len()).step_by(61) {
        let refusal = refusal(&component[..length]);
        assert!(matches!(refusal.code, ErrorCode::Compile | ErrorCode::Manifest), "at {length}: {refusal}");
    }
}

#[test]
fn code_that_is_not_valid_does_not_compile_and_names_the_plugin() {
    let refusal = refusal_of(
        r#"(component
          (core module (func (result i32)))
          (instance $rule) (export "rota:routing/rule@0.1.0" (instance $rule)))"#,
    );
    assert_says(&refusal, ErrorCode::Compile, &["`guest` is not valid", "at byte"]);
}

#[test]
fn a_missing_manifest_is_told_how_to_be_added() {
    assert_says(&refusal(&good().bare()), ErrorCode::Manifest, &["`rota embed component.wasm plugin.toml`"]);
}

#[test]
fn a_manifest_that_is_not_toml_is_shown_the_place() {
    assert_says(&refusal_with(&["name = "]), ErrorCode::Manifest, &["cannot be read", "line 1"]);
}

#[test]
fn an_unknown_key_in_the_manifest_is_named() {
    let manifest = format!("colour = \"red\"\n{MANIFEST}");
    assert_says(&refusal_with(&[&manifest]), ErrorCode::Manifest, &["`colour`"]);
}

#[test]
fn a_manifest_that_is_not_utf8_is_refused() {
    let component = with_custom(good().bare(), "rota:manifest", b"\xff");
    assert_says(&refusal(&component), ErrorCode::Manifest, &["not UTF-8"]);
}

#[test]
fn two_manifests_are_refused() {
    assert_says(&refusal_with(&[MANIFEST, MANIFEST]), ErrorCode::Manifest, &["two sections rota:manifest"]);
}

#[test]
fn a_name_that_could_not_stand_in_a_path_is_refused() {
    let manifest = MANIFEST.replace("\"guest\"", "\"../guest\"");
    assert_says(&refusal_with(&[&manifest]), ErrorCode::Manifest, &["`../guest`", "lower-case letters"]);
}

#[test]
fn manifest_and_schema_share_half_a_megabyte() {
    let schema = |kib: usize| {
        let text = format!("{{}}{}", " ".repeat((kib << 10) - 2));
        with_custom(good().component(), "rota:settings-schema", text.as_bytes())
    };
    CATALOGUE.take_in(&schema(511)).expect("it is taken in");
    assert_says(&refusal(&schema(512)), ErrorCode::Manifest, &["512 KiB are granted"]);
}

#[test]
fn a_component_beyond_its_class_is_refused_by_size() {
    let padded = |kib: usize| with_custom(good().component(), "padding", &vec![0; kib << 10]);
    CATALOGUE.take_in(&padded(2000)).expect("it is taken in");
    assert_says(&refusal(&padded(2048)), ErrorCode::Size, &["grants 2048 KiB"]);
}

#[test]
fn memory_that_is_too_large_from_the_start_is_refused_before_anything_runs() {
    for kib in [16 * 1024 + 64, 128 * 1024 + 64, 4 << 20] {
        let refusal = good().memory_kib(kib).inspect().expect_err("it is refused");
        assert_says(&refusal, ErrorCode::Memory, &[&format!("{kib} KiB"), "grants 16384 KiB"]);
    }
    good().memory_kib(16 * 1024).inspect().expect("what the class grants is taken in");
}

#[test]
fn a_table_that_is_too_large_from_the_start_is_refused_before_anything_runs() {
    let guest = Guest::new("(table 100001 funcref) (func $decide (result i32) (call $pass))");
    let refusal = guest.inspect().expect_err("it is refused");
    assert_says(&refusal, ErrorCode::Table, &["tables of 1000", "100000 are granted"]);
}

#[test]
fn no_refusal_tells_of_the_host() {
    let foreign = refusal_of(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#);
    let invalid = refusal_of(
        r#"(component
          (core module (memory 1) (memory 1))
          (instance $rule) (export "rota:routing/rule@0.1.0" (instance $rule)))"#,
    );
    for refusal in [foreign, invalid, refusal(b"nothing")] {
        let inside = [".rs", "backtrace", "wasmtime", "pooling", "panicked"];
        assert!(!inside.iter().any(|word| refusal.detail.contains(word)), "{refusal}");
    }
}
