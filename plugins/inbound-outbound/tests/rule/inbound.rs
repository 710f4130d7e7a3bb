//! The inbound order: account owner, intent, territory and segment, queue.

use super::*;

#[test]
fn the_account_owner_beats_intent_and_territory() {
    let asked = ask(world("inbound:demo-request").company_owner("ada"));
    assert_eq!(placed(&asked), (Some("ada"), Some("account-owner")));
}

#[test]
fn an_intent_beats_segment_and_territory() {
    let asked = ask(world("inbound:demo-request").company("numberofemployees", "5000"));
    assert_eq!(placed(&asked), (Some("cleo"), Some("intent")));
    assert_eq!(asked.detail(), Some("inbound:demo-request → closers"));
}

#[test]
fn a_segment_beats_the_territory_because_it_stands_first() {
    let asked = ask(world("inbound:meeting").company("numberofemployees", "1000"));
    assert_eq!(placed(&asked), (Some("ursula"), Some("segment")));
    assert_eq!(asked.detail(), Some("US, 1000 employees → us-large"));
    assert!(asked.noted("no-intent"));
}

#[test]
fn a_territory_beats_the_queue() {
    let asked = ask(world("inbound:meeting"));
    assert_eq!(placed(&asked), (Some("nat"), Some("territory")));
    assert!(asked.noted("below-segment"));
}

#[test]
fn what_no_territory_takes_goes_to_the_queue_and_without_one_to_the_next_flow() {
    let asked = ask(world("inbound:meeting").property("country", "France"));
    let queued = Outcome::Queue("triage".to_owned());
    assert_eq!(asked.reason(), Some("no-territory"));
    assert!(asked.noted("queue"));
    assert_eq!(asked.answer.unwrap().outcome, queued);
    let asked = world("inbound:meeting").ask_crate(inbound_outbound::route, "{}");
    assert!(asked.passed());
    assert_eq!((asked.reason(), asked.effects.len()), (Some("no-territory"), 0));
}

#[test]
fn absent_malformed_and_unknown_countries_are_three_branches() {
    for (country, branch) in [("", "country-absent"), ("94107", "country-malformed"), ("Atlantis", "country-unknown")] {
        let asked = ask(world("inbound:meeting").property("country", country));
        assert_eq!(asked.reason(), Some(branch));
        assert!(asked.noted(branch), "{branch}");
    }
}

#[test]
fn an_intent_whose_pool_has_nobody_leaves_the_lead_to_its_territory() {
    let mut world = world("inbound:demo-request").rep(Rep::new("cy").away()).pool("empty", &["cy"]);
    let settings = r#"{ "intents": [{ "classes": ["inbound:*"], "pool": "empty" }],
        "territories": [{ "pool": "na" }] }"#;
    let asked = world.ask_crate(inbound_outbound::route, settings);
    assert_eq!(placed(&asked), (Some("nat"), Some("territory")));
    assert_eq!(asked.detail(), Some("everywhere → na (nobody available in empty)"));
}

#[test]
fn an_intent_may_leave_the_lead_with_marketing_without_a_target() {
    let asked = ask(world("inbound:newsletter"));
    assert_eq!((asked.reason(), asked.effects.len()), (Some("nurture"), 0));
    assert_eq!(asked.answer.unwrap().outcome, Outcome::Nurture("monthly".to_owned()));
}

#[test]
fn an_unclassified_lead_goes_to_its_own_queue_and_into_no_rotation() {
    let asked = ask(world("unclassified"));
    assert_eq!((asked.reason(), asked.effects.len()), (Some("unclassified"), 0));
    assert!(!asked.noted("territory"));
    assert_eq!(asked.answer.unwrap().outcome, Outcome::Queue("unclassified".to_owned()));
    let asked = world("unclassified").ask_crate(inbound_outbound::route, r#"{ "unclassified": "who-knows" }"#);
    assert_eq!(asked.answer.unwrap().outcome, Outcome::Queue("who-knows".to_owned()));
}

#[test]
fn an_unclassified_lead_of_an_owned_account_stays_with_its_owner() {
    assert_eq!(placed(&ask(world("unclassified").company_owner("ada"))), (Some("ada"), Some("account-owner")));
}

#[test]
fn every_class_has_its_response_target_and_settings_replace_or_remove_it() {
    let minutes = |class: &str, settings: &str| {
        world(class)
            .company_owner("ada")
            .calendar("office")
            .ask_crate(inbound_outbound::route, settings)
            .effects
            .iter()
            .find_map(|effect| match effect {
                Effect::ResponseTarget { minutes, calendar } => Some((*minutes, calendar.clone())),
                _ => None,
            })
    };
    for (class, expected) in [
        ("inbound:demo-request", Some(60)),
        ("inbound:pricing-page", Some(60)),
        ("inbound:meeting", Some(60)),
        ("inbound:chatbot", Some(60)),
        ("re-engagement", Some(60)),
        ("inbound:content-download", Some(240)),
        ("outbound:sequence-reply", Some(480)),
        ("outbound:cold-call", Some(1440)),
        ("outbound:event", Some(2880)),
        ("unclassified", None),
    ] {
        assert_eq!(minutes(class, "{}").map(|(minutes, _)| minutes), expected, "{class}");
    }
    let settings = r#"{ "calendar": "office", "response_minutes": { "inbound:meeting": 15, "inbound:chatbot": 0 } }"#;
    assert_eq!(minutes("inbound:meeting", settings), Some((15, Some("office".to_owned()))));
    assert_eq!(minutes("inbound:chatbot", settings), None);
}

#[test]
fn settings_that_name_what_the_workspace_lacks_are_refused_at_their_place() {
    let bad = |class: &str, settings: &str| {
        world(class).ask_crate(inbound_outbound::route, settings).bad_setting().map(str::to_owned)
    };
    for (settings, path) in [
        (r#"{ "intents": [{ "classes": ["inbound:meeting"], "pool": "nowhere" }] }"#, "/intents/0/pool"),
        (r#"{ "territories": [{ "pool": "na" }, { "pool": "na" }], "intents": [{ "classes": [] }] }"#, "/intents/0"),
        (r#"{ "territories": [{ "countries": ["DE"], "pool": "na" }, { "pool": "nowhere" }] }"#, "/territories/1/pool"),
        (r#"{ "territories": [{ "pool": "na" }], "calendar": "nowhere" }"#, "/calendar"),
        (r#"{ "hand_off": "collaborative" }"#, "/tell"),
    ] {
        assert_eq!(bad("inbound:meeting", settings).as_deref(), Some(path), "{settings}");
    }
}
