//! Hostile uploads by name: the code of the refusal and what its author is told, while a
//! hundred decisions of another tenant on the same engine equal those of a quiet run.

use rota_domain::rule::ErrorCode;
use rota_tests::calm::beside;
use rota_tests::uploads::all;

#[track_caller]
fn refused(name: &str, code: ErrorCode, words: &[&str]) {
    let (_, make) = all().into_iter().find(|(known, _)| *known == name).expect("an upload of this name");
    let component = make();
    let refusal = beside(|catalogue| catalogue.take_in(&component).map(|plugin| plugin.manifest)).expect_err(name);
    assert_eq!(refusal.code, code, "{name}: {refusal}");
    for word in words {
        assert!(refusal.detail.contains(word), "{name}: `{word}` is not in: {refusal}");
    }
}

macro_rules! refused {
    ($($test:ident: $name:literal, $code:ident, $words:expr;)*) => {
        $(#[test] fn $test() { refused($name, ErrorCode::$code, &$words); })*

        /// The uploads that the tests above name.
        const NAMED: &[&str] = &[$($name),*];
    };
}

refused! {
    a_foreign_import_is_refused_by_name: "foreign-import", Import, ["`wasi:cli/environment@0.2.0`", "stub WASI out"];
    an_export_of_another_type_is_refused: "wrong-export-type", Export, ["its `decide` is func() -> u32", "published WIT"];
    text_in_another_encoding_is_refused: "utf-16", Contract, ["UTF-16", "choose the string encoding UTF-8"];
    a_huge_function_is_refused_by_size: "huge-function", Size, ["600 KiB of code", "512 KiB are granted"];
    a_huge_data_segment_is_refused_by_size: "huge-data-segment", Size, ["grants 2048 KiB"];
    blocks_nested_too_deeply_are_refused: "deeply-nested-blocks", Size, ["more than 4096 blocks", "split it"];
    a_function_of_too_many_branches_is_refused: "thousands-of-branches", Size, ["more than 20000 branches", "split it"];
    loops_nested_too_deeply_are_refused: "deeply-nested-loops", Size, ["more than 128 loops inside one another"];
    components_nested_too_deeply_are_refused: "deeply-nested-components", Size, ["more than 8 components"];
    a_plugin_inside_a_component_is_not_found: "component-in-a-component", Manifest, ["carries no manifest"];
    thousands_of_types_are_refused: "thousands-of-types", Size, ["more than 20000 types"];
    thousands_of_functions_are_refused: "thousands-of-functions", Size, ["more than 100000 functions"];
    thousands_of_data_segments_are_refused: "thousands-of-segments", Size, ["more than 20000 data segments"];
    an_instance_larger_than_the_pool_holds_is_refused: "thousands-of-globals", Size,
        ["larger than an instance may be", "use fewer globals"];
    more_memories_than_the_pool_holds_are_refused: "many-memories", Memory, ["made of 5 memories", "4 are granted"];
    more_tables_than_the_pool_holds_are_refused: "many-tables-at-start", Table, ["tables; 8 are granted"];
    more_instances_than_the_pool_holds_are_refused: "many-instances", Size, ["instances of modules; 64 are granted"];
    features_that_the_engine_does_not_have_are_refused_with_their_place: "threads", Compile,
        ["`guest` is not valid", "at byte", "without threads"];
    a_manifest_that_lies_about_the_contract_is_refused: "manifest-of-another-contract", Contract,
        ["rota:routing 0.2", "speaks 0.1.0", "update the host"];
    a_manifest_of_no_contract_is_refused: "manifest-of-no-contract", Manifest, ["`newest`", "as in \"0.1\""];
    a_manifest_that_is_not_toml_is_refused: "manifest-that-is-not-toml", Manifest, ["cannot be read", "line 1"];
    a_manifest_of_a_mebibyte_is_refused: "manifest-of-a-mebibyte", Manifest, ["512 KiB are granted"];
    a_manifest_with_a_key_twice_is_refused: "manifest-with-a-key-twice", Manifest, ["duplicate key", "line"];
    a_manifest_with_a_path_for_a_name_is_refused: "manifest-with-a-path-for-a-name", Manifest, ["`../guest`"];
}

#[test]
fn every_hostile_upload_has_a_test_that_names_it() {
    let forgotten: Vec<&str> = all().into_iter().map(|(name, _)| name).filter(|name| !NAMED.contains(name)).collect();
    assert!(forgotten.is_empty(), "tests/it/engine/uploads.rs does not name {forgotten:?}");
}
