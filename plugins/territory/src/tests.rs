//! Each branch beats the next, in the fake world of the SDK.

use rota_sdk::fake::{Asked, Effect, Rep, Who, World};
use rota_sdk::prelude::*;

use super::decide;

const SETTINGS: &str = r#"{
  "enterprise": { "employees": 1000, "pool": "enterprise" },
  "territories": [
    { "countries": ["US"], "states": ["CA", "Nevada"], "pool": "west" },
    { "countries": ["US", "CA", "MX"], "pool": "na" },
    { "countries": ["DE", "AT", "CH"], "pool": "dach" }
  ]
}"#;

/// Ana sells to enterprises, Bo in North America, Wes in the west, Dora in dach; Ines left.
fn world() -> World {
    World::new()
        .pool("enterprise", &["ana"])
        .pool("na", &["bo"])
        .pool("west", &["wes"])
        .pool("dach", &["dora"])
        .rep(Rep::new("ines").is(Availability::Inactive))
        .property("email", "joe@big.example")
        .property("country", "USA")
        .property("state", "Ohio")
        .property("numberofemployees", "12")
        .declares(&["country", "state", "numberofemployees", "firstname", "lastname", "email"])
}

fn ask(mut world: World) -> Asked {
    let asked = world.ask(decide, SETTINGS);
    assert_eq!(asked.undeclared, [] as [&str; 0], "every read is declared in plugin.toml");
    asked
}

#[test]
fn an_active_account_owner_beats_size_and_territory() {
    let asked = ask(world().company("numberofemployees", "5000").company_owner("dora"));
    assert_eq!((asked.rep(), asked.reason()), (Some("dora"), Some("account-owner")));
    assert!(asked.noted("account-owner") && !asked.noted("enterprise"));
    let property = Effect::Property { name: "rota_segment".to_owned(), value: "account".to_owned() };
    assert_eq!(asked.effects, [property]);
}

#[test]
fn an_inactive_account_owner_is_explained_and_passed_over() {
    let asked = ask(world().company_owner("ines"));
    assert_eq!((asked.rep(), asked.reason()), (Some("bo"), Some("territory")));
    assert_eq!(asked.detail(), Some("US → na (account owner Ines is inactive)"));
    assert!(asked.noted("account-owner-inactive"));
}

#[test]
fn an_account_owner_whom_the_workspace_does_not_know_is_named_by_the_crms_id() {
    let asked = ask(world().company_owner(Who::Stranger("99".to_owned())));
    assert_eq!(asked.rep(), Some("bo"));
    assert!(asked.detail().unwrap().contains("account owner 99 is no rep of this workspace"));
}

#[test]
fn a_large_company_beats_its_territory() {
    let asked = ask(world().company("numberofemployees", "1000"));
    assert_eq!((asked.rep(), asked.reason()), (Some("ana"), Some("enterprise")));
    assert_eq!(asked.detail(), Some("1000 employees → enterprise"));
}

#[test]
fn the_companys_size_beats_the_leads_own() {
    let asked = ask(world().property("numberofemployees", "9000").company("numberofemployees", "999"));
    assert_eq!(asked.rep(), Some("bo"));
    assert!(asked.noted("below-enterprise"));
}

#[test]
fn without_the_companys_size_the_leads_own_counts() {
    let asked = ask(world().property("numberofemployees", "9000"));
    assert_eq!(asked.rep(), Some("ana"));
    assert!(asked.noted("size-absent"));
}

#[test]
fn absent_malformed_and_unknown_sizes_are_three_branches() {
    for (size, branch) in [("", "size-absent"), ("lots", "size-malformed"), ("0", "size-unknown")] {
        let asked = ask(world().property("numberofemployees", size).company("numberofemployees", size));
        assert_eq!(asked.rep(), Some("bo"), "{branch}");
        for other in ["size-absent", "size-malformed", "size-unknown"] {
            assert_eq!(asked.noted(other), other == branch, "{size}: {other}");
        }
    }
}

#[test]
fn a_typing_error_in_the_companys_size_does_not_hide_the_leads_own() {
    let asked = ask(world().company("numberofemployees", "lots").property("numberofemployees", "2000"));
    assert_eq!(asked.rep(), Some("ana"));
    assert!(asked.detail().unwrap().contains("the size of the company is no number: lots"));
}

#[test]
fn a_state_beats_the_whole_country_because_it_stands_first() {
    assert_eq!(ask(world().property("state", "California")).rep(), Some("wes"));
    assert_eq!(ask(world().property("state", "nv")).rep(), Some("wes"));
    assert_eq!(ask(world().property("state", "Ohio")).detail(), Some("US → na"));
}

#[test]
fn a_state_that_is_absent_or_unknown_is_explained_and_the_country_decides() {
    for (state, branch) in [("", "state-absent"), ("Ontario", "state-unknown"), ("94107", "state-malformed")] {
        let asked = ask(world().property("state", state));
        assert_eq!(asked.rep(), Some("bo"), "{branch}");
        assert!(asked.noted(branch), "{branch}");
    }
}

#[test]
fn aliases_of_a_country_lead_to_its_territory() {
    for alias in ["Deutschland", "Germany", "de", "Schweiz", "Österreich"] {
        assert_eq!(ask(world().property("country", alias)).rep(), Some("dora"), "{alias}");
    }
}

#[test]
fn a_country_without_a_territory_is_passed_on() {
    let asked = ask(world().property("country", "France"));
    assert!(asked.passed());
    assert_eq!((asked.reason(), asked.detail()), (Some("no-territory"), Some("no territory for FR")));
    assert_eq!(asked.effects, []);
}

#[test]
fn absent_malformed_and_unknown_countries_are_three_reasons_to_pass() {
    for (country, reason) in [(" ", "country-absent"), ("94107", "country-malformed"), ("Atlantis", "country-unknown")]
    {
        let asked = ask(world().property("country", country));
        assert!(asked.passed() && asked.noted(reason), "{reason}");
        assert_eq!(asked.reason(), Some(reason));
    }
}

#[test]
fn a_territory_without_countries_takes_the_rest_of_the_world_and_beyond() {
    let settings = r#"{ "territories": [{ "countries": ["DE"], "pool": "dach" }, { "pool": "na" }] }"#;
    for country in ["France", "Atlantis", ""] {
        let asked = world().property("country", country).ask(decide, settings);
        assert_eq!(asked.rep(), Some("bo"), "{country}");
        assert!(asked.detail().unwrap().starts_with("everywhere → na"));
    }
}

#[test]
fn an_enterprise_pool_with_nobody_available_falls_back_to_the_territory() {
    let away = World::new().rep(Rep::new("ana").away()).pool("enterprise", &["ana"]);
    let mut world = away.pool("na", &["bo"]).property("country", "US").company("numberofemployees", "2000");
    let settings = r#"{ "enterprise": { "employees": 1000, "pool": "enterprise" },
        "territories": [{ "countries": ["US"], "pool": "na" }] }"#;
    let asked = world.ask(decide, settings);
    assert_eq!((asked.rep(), asked.reason()), (Some("bo"), Some("territory")));
    assert_eq!(asked.detail(), Some("US → na (nobody available in enterprise)"));
}

#[test]
fn a_territory_with_nobody_available_falls_back_to_the_next_that_fits() {
    let mut world = World::new().rep(Rep::new("wes").away()).pool("west", &["wes"]).pool("na", &["bo"]);
    world = world.property("country", "US").property("state", "CA");
    let settings = r#"{ "territories": [
        { "countries": ["US"], "states": ["CA"], "pool": "west" }, { "countries": ["US"], "pool": "na" }] }"#;
    let asked = world.ask(decide, settings);
    assert_eq!(asked.rep(), Some("bo"));
    assert!(asked.noted("territory-nobody-available"));
}

#[test]
fn a_lead_whose_every_pool_is_empty_is_passed_on_with_that_reason() {
    let mut world = World::new().rep(Rep::new("bo").away()).pool("na", &["bo"]).property("country", "US");
    let asked = world.ask(decide, r#"{ "territories": [{ "countries": ["US"], "pool": "na" }] }"#);
    assert!(asked.passed());
    assert_eq!((asked.reason(), asked.detail()), (Some("nobody-available"), Some("nobody available in na")));
}

#[test]
fn a_pool_that_the_workspace_lacks_is_a_problem_at_its_place_in_the_settings() {
    let settings = r#"{ "territories": [{ "countries": ["DE"], "pool": "dach" },
        { "countries": ["US"], "pool": "nowhere" }] }"#;
    assert_eq!(world().ask(decide, settings).bad_setting(), Some("/territories/1/pool"));
    let settings = r#"{ "enterprise": { "employees": 1, "pool": "nowhere" } }"#;
    assert_eq!(world().ask(decide, settings).bad_setting(), Some("/enterprise/pool"));
}

fn target(asked: &Asked) -> Option<u32> {
    asked.effects.iter().find_map(|effect| match effect {
        Effect::ResponseTarget { minutes, .. } => Some(*minutes),
        _ => None,
    })
}

#[test]
fn every_source_class_has_its_response_target() {
    for (class, minutes) in [
        ("inbound:demo-request", Some(60)),
        ("inbound:pricing-page", Some(60)),
        ("inbound:meeting", Some(60)),
        ("inbound:chatbot", Some(60)),
        ("re-engagement", Some(60)),
        ("inbound:content-download", Some(240)),
        ("inbound:newsletter", Some(240)),
        ("outbound:sequence-reply", Some(480)),
        ("outbound:cold-call", Some(1440)),
        ("outbound:event", Some(2880)),
        ("unclassified", None),
    ] {
        assert_eq!(target(&ask(world().class(class))), minutes, "{class}");
    }
}

#[test]
fn settings_replace_or_remove_a_response_target() {
    let settings = r#"{ "territories": [{ "pool": "na" }],
        "response_minutes": { "inbound:meeting": 15, "inbound:chatbot": 0 } }"#;
    let minutes = |class| target(&world().class(class).ask(decide, settings));
    assert_eq!(minutes("inbound:meeting"), Some(15));
    assert_eq!(minutes("inbound:chatbot"), None);
    assert_eq!(minutes("inbound:demo-request"), Some(60));
}

#[test]
fn a_calendar_in_the_settings_counts_the_target_in_its_hours() {
    let settings = r#"{ "territories": [{ "pool": "na" }], "calendar": "us-office" }"#;
    let asked = world().class("inbound:meeting").calendar("us-office").ask(decide, settings);
    let calendar = Some("us-office".to_owned());
    assert!(asked.effects.contains(&Effect::ResponseTarget { minutes: 60, calendar }));
}

#[test]
fn a_demo_request_makes_a_task_that_is_due_at_the_target() {
    let asked = ask(world().class("inbound:demo-request").property("firstname", "Joe").property("lastname", "Doe"));
    let due = Some(Instant::from_ms(1_772_463_600_000 + 3_600_000));
    let subject = "Call Joe Doe about the demo request".to_owned();
    let body = "Source: inbound:demo-request. Yours because: US → na".to_owned();
    assert!(asked.effects.contains(&Effect::Task { subject, body, due }));
}

#[test]
fn a_nameless_lead_is_called_by_its_address() {
    let asked = ask(world().class("inbound:pricing-page"));
    let is_call = |effect: &Effect| {
        matches!(effect, Effect::Task { subject, .. }
            if subject == "Call joe@big.example about the visit to the pricing page")
    };
    assert!(asked.effects.iter().any(is_call), "{:?}", asked.effects);
}

#[test]
fn a_newsletter_makes_no_task() {
    let asked = ask(world().class("inbound:newsletter"));
    assert!(!asked.effects.iter().any(|effect| matches!(effect, Effect::Task { .. })));
}
