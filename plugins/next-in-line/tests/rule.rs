//! The rule in the fake world of the SDK.

use rota_sdk::fake::{Asked, Rep, World};

fn ask(world: &mut World, settings: &str) -> Asked {
    world.ask_crate(next_in_line::route, settings)
}

const NA: &str = r#"{ "pool": "na" }"#;

#[test]
fn leads_go_round_the_pool() {
    let mut world = World::new().pool("na", &["ana", "bo", "cy"]);
    let got: Vec<_> = (0..4).map(|_| ask(&mut world, NA).rep().map(str::to_owned)).collect();
    assert_eq!(got.iter().flatten().collect::<Vec<_>>(), ["ana", "bo", "cy", "ana"]);
}

#[test]
fn a_rep_who_is_away_is_left_out() {
    let mut world = World::new().rep(Rep::new("ana").away()).pool("na", &["ana", "bo"]);
    let asked = ask(&mut world, NA);
    assert_eq!(asked.rep(), Some("bo"));
    assert_eq!(asked.reason(), Some("next-in-line"));
    assert!(asked.noted("next-in-line"));
}

#[test]
fn a_pool_with_nobody_available_passes_the_lead_on() {
    let mut world = World::new().rep(Rep::new("ana").away()).pool("na", &["ana"]);
    let asked = ask(&mut world, NA);
    assert!(asked.passed());
    assert_eq!(asked.reason(), Some("nobody-available"));
    assert_eq!(asked.detail(), Some("nobody in na is available"));
}

#[test]
fn a_pool_that_the_workspace_lacks_is_a_problem_of_the_settings() {
    let asked = ask(&mut World::new(), NA);
    assert_eq!(asked.bad_setting(), Some("/pool"));
}
