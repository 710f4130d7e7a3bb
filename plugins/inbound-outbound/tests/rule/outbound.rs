//! Prior owners, sequences, replacements and hand-offs.

use super::*;

const THEN: Instant = Instant::from_ms(1_769_853_600_000);

#[test]
fn a_re_engaged_person_goes_to_the_prior_outbound_owner_before_the_account_owner() {
    let asked = ask(world("re-engagement").past("outbound", "omar", THEN).company_owner("ada"));
    assert_eq!(placed(&asked), (Some("omar"), Some("prior-owner")));
    assert_eq!(task(&asked), None);
    assert!(!asked.noted("account-owner"));
}

#[test]
fn history_is_read_before_any_inbound_rule() {
    let asked = ask(world("re-engagement").past("outbound", "ines", THEN).company_owner("ada"));
    assert_eq!(placed(&asked), (Some("ada"), Some("account-owner")));
    assert_eq!(when(&asked, "prior-owner-inactive"), Some(0));
    assert_eq!(when(&asked, "account-owner"), Some(1));
}

#[test]
fn a_prior_owner_who_left_is_replaced_with_the_story_of_what_was_tried() {
    let earlier = Instant::from_ms(THEN.ms() - 86_400_000);
    let asked = ask(world("re-engagement").past("outbound", "ines", THEN).past("call", "omar", earlier));
    assert_eq!(placed(&asked), (Some("olga"), Some("replacement")));
    assert_eq!(asked.detail(), Some("replacement → outbound (prior owner Ines is inactive)"));
    let (subject, body) = task(&asked).unwrap();
    assert_eq!(subject, "Take over joe@big.example from Ines");
    let story = "Ines had this lead before and is inactive.\n\
                 Tried: 2026-01-31 outbound, Ines; 2026-01-30 call, Omar.\n\
                 Yours because: replacement → outbound.";
    assert_eq!(body, story);
}

#[test]
fn a_prior_owner_who_no_longer_covers_is_replaced() {
    let asked = ask(world("re-engagement").past("outbound", "nat", THEN));
    assert_eq!(placed(&asked), (Some("olga"), Some("replacement")));
    assert!(asked.noted("prior-owner-not-covering"));
    assert!(task(&asked).unwrap().1.starts_with("Nat had this lead before and no longer covers."));
}

#[test]
fn a_prior_owner_who_is_no_rep_here_is_replaced() {
    let stranger = rota_sdk::fake::Who::Stranger("99".to_owned());
    let asked = ask(world("re-engagement").past("outbound", stranger, THEN));
    assert_eq!(placed(&asked), (Some("olga"), Some("replacement")));
    assert!(asked.noted("prior-owner-unknown"));
}

#[test]
fn a_prior_owner_who_is_away_keeps_the_person_and_takes_no_turn() {
    let mut world = world("re-engagement").rep(Rep::new("amy").away()).pool("outbound", &[]);
    world = world.past("outbound", "amy", THEN);
    assert_eq!(placed(&world.ask_crate(inbound_outbound::route, "{}")), (Some("amy"), Some("prior-owner")));
}

#[test]
fn the_account_owner_beats_the_replacement_and_hears_the_story() {
    let asked = ask(world("re-engagement").past("outbound", "ines", THEN).company_owner("ada"));
    assert_eq!(asked.rep(), Some("ada"));
    assert!(task(&asked).unwrap().1.contains("Ines had this lead before and is inactive."));
}

#[test]
fn without_anybody_to_replace_a_prior_owner_the_inbound_order_goes_on() {
    let settings = r#"{ "replacement": "empty", "territories": [{ "pool": "na" }] }"#;
    let empty = || world("re-engagement").rep(Rep::new("cy").away()).pool("empty", &["cy"]);
    let asked = empty().past("outbound", "ines", THEN).ask_crate(inbound_outbound::route, settings);
    assert_eq!(placed(&asked), (Some("nat"), Some("territory")));
    assert!(asked.noted("replacement-nobody-available") && task(&asked).is_some());
    let asked = empty().ask_crate(inbound_outbound::route, settings);
    assert_eq!(placed(&asked), (Some("nat"), Some("territory")));
    assert!(asked.noted("prior-owner-absent") && task(&asked).is_none());
}

#[test]
fn a_queue_keeps_the_story_as_a_note() {
    let asked = world("re-engagement")
        .past("outbound", "ines", THEN)
        .ask_crate(inbound_outbound::route, r#"{ "queue": "triage" }"#);
    let has_note = |effect: &Effect| matches!(effect, Effect::Note { body } if body.starts_with("Ines had this lead"));
    assert!(asked.effects.iter().any(has_note), "{:?}", asked.effects);
}

#[test]
fn a_re_engagement_that_is_handed_to_the_pool_goes_the_inbound_way_and_tells_of_its_prior_owner() {
    let settings = r#"{ "hand_off": "pool", "replacement": "outbound", "territories": [{ "pool": "na" }] }"#;
    let asked = world("re-engagement").past("outbound", "omar", THEN).ask_crate(inbound_outbound::route, settings);
    assert_eq!(placed(&asked), (Some("nat"), Some("territory")));
    assert_eq!(when(&asked, "handed-to-pool"), Some(0));
    assert_eq!(task(&asked).unwrap().0, "Take over joe@big.example from Omar");
    let settings = r#"{ "hand_off": "pool", "territories": [{ "pool": "outbound" }] }"#;
    let asked = world("re-engagement").past("outbound", "olga", THEN).ask_crate(inbound_outbound::route, settings);
    assert_eq!((asked.rep(), task(&asked)), (Some("olga"), None));
}

#[test]
fn a_sequence_reply_stays_with_the_sequence_owner_whoever_owns_the_account() {
    for settings in [SETTINGS, r#"{ "hand_off": "pool", "territories": [{ "pool": "na" }] }"#] {
        let mut world = world("outbound:sequence-reply").past("sequence", "nat", THEN).past("outbound", "omar", THEN);
        world = world.company_owner("ada");
        for _ in 0..3 {
            assert_eq!(
                placed(&world.ask_crate(inbound_outbound::route, settings)),
                (Some("nat"), Some("sequence-owner"))
            );
        }
    }
}

#[test]
fn a_sequence_owner_is_known_from_outbound_history_or_the_record_where_nothing_says_sequence() {
    let reply = || world("outbound:sequence-reply");
    assert_eq!(ask(reply().past("outbound", "omar", THEN).owner("nat")).rep(), Some("omar"));
    assert_eq!(ask(reply().owner("nat")).rep(), Some("nat"));
    assert_eq!(ask(reply().past("sequence", "ines", THEN).past("outbound", "omar", THEN)).rep(), Some("omar"));
}

#[test]
fn a_sequence_owner_who_left_gives_way_to_the_account_owner_and_then_to_a_replacement() {
    let reply = || world("outbound:sequence-reply").past("sequence", "ines", THEN);
    assert_eq!(placed(&ask(reply().company_owner("ada"))), (Some("ada"), Some("account-owner")));
    let asked = ask(reply());
    assert_eq!(placed(&asked), (Some("olga"), Some("replacement")));
    assert!(asked.noted("sequence-owner-inactive") && task(&asked).is_some());
}

#[test]
fn other_classes_do_not_ask_who_had_the_person_before() {
    for class in ["inbound:demo-request", "outbound:event", "partner:referral"] {
        let asked = ask(world(class).past("outbound", "omar", THEN).company_owner("ada"));
        assert_eq!(placed(&asked), (Some("ada"), Some("account-owner")), "{class}");
    }
}
