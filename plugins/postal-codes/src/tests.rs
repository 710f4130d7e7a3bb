//! Each branch, in the fake world of the SDK.

use rota_sdk::fake::{Asked, Effect, Rep, World};
use rota_sdk::prelude::*;

use super::decide;

const SETTINGS: &str = r#"{
  "tables": { "US": "us-zip", "CA": "ca-prefix" },
  "table": "postal",
  "country": "US"
}"#;

/// Bo has New York, Wes the west, Cara Ottawa, Dora Berlin; Ines left.
fn world() -> World {
    World::new()
        .pool("ny", &["bo"])
        .pool("west", &["wes"])
        .pool("ottawa", &["cara"])
        .pool("berlin", &["dora"])
        .pool("rest", &["rita"])
        .rep(Rep::new("ines").is(Availability::Inactive))
        .range_table("us-zip", &[("00501", "14999", "ny"), ("90000", "96199", "west")])
        .prefix_table("ca-prefix", &[("K1", "ottawa")])
        .table("postal", &[("10115", "berlin"), ("SW1A 1AA", "rest")])
        .declares(&["zip", "country"])
}

fn at(zip: &str, country: &str) -> World {
    world().property("zip", zip).property("country", country)
}

fn ask(mut world: World) -> Asked {
    let asked = world.ask(decide, SETTINGS);
    assert_eq!(asked.undeclared, [] as [&str; 0], "every read is declared in plugin.toml");
    asked
}

#[test]
fn an_active_account_owner_beats_the_table() {
    let asked = ask(at("94107", "US").company_owner("cara"));
    assert_eq!((asked.rep(), asked.reason()), (Some("cara"), Some("account-owner")));
}

#[test]
fn an_account_owner_who_left_is_explained_and_the_table_decides() {
    let asked = ask(at("94107", "US").company_owner("ines"));
    assert_eq!((asked.rep(), asked.reason()), (Some("wes"), Some("postal-code")));
    assert_eq!(asked.detail(), Some("94107 → west (account owner Ines is inactive)"));
}

#[test]
fn zip_plus_four_lost_zeros_and_spaces_are_read_in_the_united_states() {
    for (zip, detail) in [
        ("94107", "94107 → west"),
        ("94107-1234", "94107 → west"),
        ("941071234", "94107 → west"),
        ("94107 1234", "94107 → west"),
        ("2134", "02134 → ny"),
        ("501", "00501 → ny"),
        ("2134-0001", "02134 → ny"),
    ] {
        assert_eq!(ask(at(zip, "USA")).detail(), Some(detail), "{zip}");
    }
    assert!(ask(at("2134", "US")).noted("zero-restored"));
}

#[test]
fn canadian_codes_are_read_however_they_are_written() {
    for zip in ["K1A 0B1", "k1a0b1", "K1A-0B1", " k1a  0b1 ", "K1A"] {
        assert_eq!(ask(at(zip, "Canada")).rep(), Some("cara"), "{zip}");
    }
}

#[test]
fn a_table_may_have_the_code_as_people_write_it() {
    let asked = ask(at("sw1a1aa", "UK"));
    assert_eq!((asked.rep(), asked.detail()), (Some("rita"), Some("SW1A 1AA → rest")));
    assert_eq!(ask(at("D-10115", "Germany")).rep(), Some("dora"));
}

#[test]
fn absent_malformed_and_unknown_codes_are_three_reasons_to_pass() {
    for (zip, country, reason) in [
        ("", "US", "code-absent"),
        ("none", "US", "code-malformed"),
        ("941-07", "US", "code-malformed"),
        ("K1A 0B", "CA", "code-malformed"),
        ("94107", "Canada", "code-malformed"),
        ("SW1A 1A?", "UK", "code-malformed"),
        ("n/a", "", "code-malformed"),
        ("60601", "US", "code-unknown"),
        ("20095", "DE", "code-unknown"),
    ] {
        let asked = ask(at(zip, country));
        assert!(asked.passed() && asked.noted(reason), "{zip}: {:?}", asked.notes);
        assert_eq!(asked.reason(), Some(reason), "{zip}");
        assert_eq!(asked.effects, [], "{zip}");
    }
}

#[test]
fn the_companys_code_counts_where_the_lead_has_none_that_reads() {
    let company = |world: World| world.company("zip", "K1A 0B1").company("country", "Canada");
    let asked = ask(company(at("", "US")));
    assert_eq!((asked.rep(), asked.detail()), (Some("cara"), Some("K1A0B1 → ottawa (the lead has no postal code)")));
    let asked = ask(company(at("soon", "US")));
    assert_eq!(asked.rep(), Some("cara"));
    assert!(asked.noted("code-malformed"));
    let asked = ask(company(at("94107", "US")));
    assert_eq!(asked.rep(), Some("wes"));
}

#[test]
fn the_settings_say_whose_code_counts() {
    let both = || at("94107", "US").company("zip", "10001").company("country", "US");
    let settings = |whose: &str| format!(r#"{{ "table": "us-zip", "whose": [{whose}] }}"#);
    assert_eq!(both().ask(decide, &settings(r#""company", "lead""#)).rep(), Some("bo"));
    assert_eq!(both().ask(decide, &settings(r#""lead""#)).rep(), Some("wes"));
    let asked = at("94107", "US").ask(decide, &settings(r#""company""#));
    assert_eq!(asked.reason(), Some("code-absent"));
}

#[test]
fn a_typing_error_is_the_reason_rather_than_a_gap() {
    let asked = ask(at("soon", "US"));
    assert_eq!(asked.reason(), Some("code-malformed"));
    assert_eq!(asked.detail(), Some("the company has no postal code; the lead's soon is no postal code"));
}

#[test]
fn a_record_without_a_country_is_at_home_and_one_with_an_unknown_country_is_not() {
    assert_eq!(ask(at("94107", "")).rep(), Some("wes"));
    let asked = ask(at("10115", "Atlantis"));
    assert_eq!(asked.rep(), Some("dora"));
    assert!(asked.noted("country-unknown"));
}

#[test]
fn without_a_country_only_zip_plus_four_is_cut() {
    let ask = |zip: &str| world().property("zip", zip).ask(decide, r#"{ "table": "us-zip" }"#);
    assert_eq!(ask("94107-1234").detail(), Some("94107 → west"));
    assert_eq!(ask("2134").reason(), Some("code-unknown"));
}

#[test]
fn a_country_without_a_table_is_a_branch_of_its_own() {
    let settings = r#"{ "tables": { "US": "us-zip" } }"#;
    let asked = at("10115", "DE").ask(decide, settings);
    assert_eq!((asked.reason(), asked.detail()), (Some("country-without-table"), Some("there is no table for DE")));
    assert_eq!(at("10115", "Atlantis").ask(decide, settings).reason(), Some("country-without-table"));
}

#[test]
fn what_the_tables_do_not_place_goes_to_the_pool_otherwise() {
    let settings = r#"{ "tables": { "US": "us-zip" }, "otherwise": "rest" }"#;
    for (zip, country) in [("", "US"), ("soon", "US"), ("60601", "US"), ("10115", "DE")] {
        let asked = at(zip, country).ask(decide, settings);
        assert_eq!((asked.rep(), asked.reason()), (Some("rita"), Some("otherwise")), "{zip}");
    }
    let away = || World::new().rep(Rep::new("wes").away()).pool("west", &["wes"]).property("zip", "94107");
    let away = || away().table("us", &[("94107", "west")]);
    let settings = r#"{ "table": "us", "otherwise": "rest" }"#;
    let asked = away().pool("rest", &["rita"]).ask(decide, settings);
    assert_eq!(asked.detail(), Some("everything else → rest (nobody available in west)"));
    let asked = away().pool("rest", &["wes"]).ask(decide, settings);
    assert!(asked.passed() && asked.noted("otherwise-nobody-available"));
    assert_eq!(asked.reason(), Some("nobody-available"));
}

#[test]
fn values_may_be_names_of_territories_that_the_settings_map_to_pools() {
    let mut world = World::new().table("us", &[("94107", "Pacific")]).pool("west", &["wes"]).property("zip", "94107");
    let asked = world.ask(decide, r#"{ "table": "us", "pools": { "Pacific": "west" } }"#);
    assert_eq!(asked.detail(), Some("94107 → west"));
    let asked = world.ask(decide, r#"{ "table": "us", "pools": { "Atlantic": "west" } }"#);
    assert_eq!(asked.bad_setting(), Some("/table"));
    let message = asked.answer.unwrap_err().message;
    let said = "the table `us` says `Pacific` for 94107: `pools` does not say which pool that is; add it there";
    assert_eq!(message, said);
}

#[test]
fn values_may_be_reps_who_get_the_lead_while_they_are_available() {
    let settings = r#"{ "table": "named", "values": "rep" }"#;
    let world = || World::new().table("named", &[("94107", "Wes@acme.test")]).property("zip", "94107");
    let asked = world().rep(Rep::new("wes")).ask(decide, settings);
    assert_eq!((asked.rep(), asked.detail()), (Some("wes"), Some("94107 → Wes")));
    let asked = world().rep(Rep::new("wes").away()).ask(decide, settings);
    assert!(asked.passed());
    assert_eq!(asked.reason(), Some("rep-unavailable"));
    assert_eq!(world().ask(decide, settings).bad_setting(), Some("/table"));
}

#[test]
fn a_table_or_pool_that_the_workspace_lacks_is_a_problem_at_its_setting() {
    let bad = |settings: &str| at("94107", "US").ask(decide, settings).bad_setting().map(str::to_owned);
    assert_eq!(bad(r#"{ "table": "nowhere" }"#).as_deref(), Some("/table"));
    assert_eq!(bad(r#"{ "tables": { "US": "nowhere" } }"#).as_deref(), Some("/tables/US"));
    assert_eq!(bad(r#"{ "tables": { "CA": "ca-prefix" }, "otherwise": "nowhere" }"#).as_deref(), Some("/otherwise"));
    assert_eq!(bad("{}").as_deref(), Some("/table"));
    assert_eq!(bad(r#"{ "table": "us-zip", "values": "rep", "pools": { "a": "b" } }"#).as_deref(), Some("/pools"));
    let mut lost = World::new().table("us", &[("94107", "gone")]).property("zip", "94107");
    assert_eq!(lost.ask(decide, r#"{ "table": "us" }"#).bad_setting(), Some("/table"));
}

#[test]
fn codes_that_shall_not_be_normalised_are_looked_up_as_they_stand() {
    let settings = r#"{ "table": "raw", "normalise": false }"#;
    let mut world = World::new().table("raw", &[("94107-1", "west")]).pool("west", &["wes"]).property("zip", "94107-1");
    assert_eq!(world.ask(decide, settings).rep(), Some("wes"));
}

#[test]
fn a_lead_that_is_placed_has_the_response_target_of_its_class() {
    let asked = ask(at("94107", "US").class("inbound:demo-request"));
    assert_eq!(asked.effects, [Effect::ResponseTarget { minutes: 60, calendar: None }]);
}
