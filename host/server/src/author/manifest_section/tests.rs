//! What is put into a component is found there again, once.

use super::*;

const PLUGIN: &str = "name = \"a\"\nversion = \"0.1.0\"\ncontract = \"0.1\"\n";

fn names(component: &[u8]) -> Vec<String> {
    let named = |section: Section<'_>| section.name.map(str::to_owned);
    sections(component).unwrap().into_iter().filter_map(named).collect()
}

#[test]
fn a_component_gets_both_texts_as_its_last_sections() {
    let papered = embed(&COMPONENT, PLUGIN, Some("{}")).unwrap();
    assert_eq!(names(&papered), [MANIFEST, SCHEMA]);
    assert!(papered.ends_with(b"\x14rota:settings-schema{}"));
}

#[test]
fn what_was_embedded_before_is_replaced_and_other_sections_stay() {
    let mut component = COMPONENT.to_vec();
    append(&mut component, "producers", "somebody");
    let once = embed(&component, PLUGIN, Some("{}")).unwrap();
    let twice = embed(&once, PLUGIN, None).unwrap();
    assert_eq!(names(&twice), ["producers", MANIFEST]);
    assert_eq!(embed(&twice, PLUGIN, Some("{}")).unwrap(), once);
}

#[test]
fn long_texts_keep_their_length() {
    let schema = format!("{{ \"description\": \"{}\" }}", "x".repeat(20_000));
    let papered = embed(&COMPONENT, PLUGIN, Some(&schema)).unwrap();
    assert!(papered.ends_with(schema.as_bytes()));
    assert_eq!(names(&papered), [MANIFEST, SCHEMA]);
}

#[test]
fn texts_of_more_than_512_kib_are_refused() {
    let schema = format!("{{ \"description\": \"{}\" }}", "x".repeat(TEXTS_MAX));
    let error = embed(&COMPONENT, PLUGIN, Some(&schema)).unwrap_err();
    assert!(error.to_string().contains("512 KiB are granted"), "{error}");
}

#[test]
fn an_unknown_key_of_the_manifest_is_refused_before_anything_is_built() {
    let error = embed(&COMPONENT, &format!("{PLUGIN}tabels = []\n"), None).unwrap_err();
    assert!(format!("{error:#}").contains("tabels"), "{error:#}");
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    let error = embed(b"\0asm\x01\0\0\0", PLUGIN, None).unwrap_err();
    assert!(error.to_string().contains("rota build"), "{error}");
}

#[test]
fn a_component_that_is_cut_short_is_refused() {
    let papered = embed(&COMPONENT, PLUGIN, None).unwrap();
    for end in [papered.len() - 1, COMPONENT.len() + 1] {
        let error = embed(&papered[..end], PLUGIN, None).unwrap_err();
        assert!(error.to_string().contains("cut short"), "{error}");
    }
}
