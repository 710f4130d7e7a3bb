//! Caps of leads of a kind: at most so many open that meet a condition, or in a stretch of time.

use std::sync::Arc;

use insta::assert_snapshot;
use jiff::Timestamp;
use proptest::prelude::*;
use rota::pools::PoolState;
use rota::show::Palette;
use rota_domain::desk::{Ask, Availability, Desk};
use rota_domain::fairness::Turn;
use rota_domain::id::{PoolId, RepId};
use rota_domain::lead::Lead;
use rota_domain::workspace::Workspace;

const ENTERPRISE: &str = "when = { property = \"segment\", in = [\"enterprise\"] }";

fn desk(caps: &str) -> Desk {
    let text = format!(
        "workspace = \"acme\"\n[[reps]]\nid = \"ana\"\ncaps = [{caps}]\n[[reps]]\nid = \"bo\"\n\
         [[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ana\" }}, {{ rep = \"bo\" }}]\n"
    );
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

fn open(leads: u32) -> Desk {
    desk(&format!("{{ leads = {leads}, open = true, {ENTERPRISE} }}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn noon() -> Timestamp {
    at("2026-03-02T12:00:00Z")
}

fn lead(segment: &str) -> Lead {
    let properties = [("segment".to_owned(), Some(segment.to_owned()))];
    Lead { properties: properties.into(), ..Lead::unknown("web:1".into()) }
}

/// Whether ana can be given such a lead.
fn can(desk: &Desk, segment: &str, now: Timestamp) -> bool {
    let kinds = desk.kinds(&lead(segment));
    desk.availabilities(std::iter::once(0), None, &kinds, now)[0] == Availability::Available
}

fn give(desk: &mut Desk, segment: &str, now: Timestamp) {
    let kinds = desk.kinds(&lead(segment));
    desk.loads_mut().give(&"ana".into(), &kinds, now);
}

fn close(desk: &mut Desk, segment: &str) {
    let kinds = desk.kinds(&lead(segment));
    desk.loads_mut().close(&"ana".into(), &kinds);
}

fn turn(desk: &Desk, segment: &str) -> Turn {
    let (lead, pool) = (lead(segment), PoolId::from("all"));
    let kinds = desk.kinds(&lead);
    desk.turn(&Ask { lead: Some(&lead), kinds: &kinds, ..Ask::of(&pool, noon()) }).expect("a turn")
}

#[test]
fn who_has_as_many_enterprise_leads_open_as_allowed_gets_other_leads_only() {
    let mut desk = open(2);
    (0..2).for_each(|_| give(&mut desk, "Enterprise", noon()));
    assert!(!can(&desk, "enterprise", noon()) && can(&desk, "smb", noon()) && can(&desk, "", noon()));
    assert_eq!(desk.availability(0, None, noon()), Availability::Available, "some lead can be given");
    let big = turn(&desk, "enterprise");
    assert_eq!((big.rep.as_str(), big.capped), ("bo", vec![RepId::from("ana")]));
    assert_eq!(turn(&desk, "smb").rep.as_str(), "ana");
}

#[test]
fn a_closed_lead_frees_a_place_of_its_own_kind() {
    let mut desk = open(1);
    give(&mut desk, "smb", noon());
    give(&mut desk, "enterprise", noon());
    close(&mut desk, "smb");
    assert!(!can(&desk, "enterprise", noon()));
    close(&mut desk, "enterprise");
    assert!(can(&desk, "enterprise", noon()));
}

#[test]
fn a_cap_of_a_kind_in_a_stretch_of_time_counts_that_kind_only() {
    let mut desk = desk(&format!("{{ leads = 1, per = \"day\", {ENTERPRISE} }}, {{ leads = 3, per = \"day\" }}"));
    give(&mut desk, "smb", noon());
    assert!(can(&desk, "enterprise", noon()));
    give(&mut desk, "enterprise", noon());
    assert!(!can(&desk, "enterprise", noon()) && can(&desk, "smb", noon()));
    assert!(can(&desk, "enterprise", at("2026-03-03T00:00:00Z")), "the next day");
    give(&mut desk, "smb", noon());
    assert!(!can(&desk, "smb", noon()), "three of any kind");
}

#[test]
fn a_new_revision_with_the_same_condition_goes_on_counting() {
    let mut before = open(1);
    give(&mut before, "enterprise", noon());
    let after = before.revise(2, open(1).workspace);
    assert!(!can(&after, "enterprise", noon()));
    let more = after.revise(3, open(2).workspace);
    assert!(can(&more, "enterprise", noon()));
}

#[test]
fn pools_show_what_is_left_of_each_kind() {
    let mut desk =
        desk(&format!("{{ leads = 5, open = true, {ENTERPRISE} }}, {{ leads = 2, per = \"day\", {ENTERPRISE} }}"));
    give(&mut desk, "enterprise", noon());
    let state = PoolState::of(&desk.workspace.pools[0], &desk, noon());
    assert_snapshot!(rota::show::pools(&[state], noon(), Palette::PLAIN), @r"
    all  by quota, 0 turns
      rep weight    owed      open  now
      ana      1    0.00         1  there, 4 of 5 open left by segment, 1 of 2 left…
      bo       1    0.00            there
      next: ana bo ana bo ana bo ana bo ana bo
    ");
}

proptest! {
    #[test]
    fn nobody_is_ever_given_more_of_a_kind_than_allowed(
        steps in proptest::collection::vec((any::<bool>(), any::<bool>(), 0_i64..90), 1..120),
        most in 1_u32..4,
    ) {
        let mut desk = desk(&format!(
            "{{ leads = {most}, open = true, {ENTERPRISE} }}, {{ leads = 3, per = \"hour\", rolling = true, {ENTERPRISE} }}"
        ));
        let (mut now, mut given, mut open) = (noon(), Vec::new(), 0_u32);
        for (is_given, is_big, minutes) in steps {
            now += jiff::SignedDuration::from_mins(minutes);
            let segment = if is_big { "enterprise" } else { "smb" };
            let lately = given.iter().filter(|at: &&Timestamp| now.duration_since(**at) < jiff::SignedDuration::from_hours(1)).count();
            prop_assert_eq!(can(&desk, segment, now), !is_big || (open < most && lately < 3));
            if is_given && can(&desk, segment, now) {
                give(&mut desk, segment, now);
                if is_big {
                    open += 1;
                    given.push(now);
                }
            } else if !is_given && is_big && open > 0 {
                close(&mut desk, segment);
                open -= 1;
            }
        }
    }
}
