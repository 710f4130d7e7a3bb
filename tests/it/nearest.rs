//! Turns that go by distance.

use std::collections::BTreeMap;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::Timestamp;
use proptest::prelude::*;
use rota::pools::PoolState;
use rota::show::Palette;
use rota_domain::desk::{Ask, Desk};
use rota_domain::event::Status;
use rota_domain::fairness::{Policy, Promise, Reckoning, Turn};
use rota_domain::id::{DecisionId, PoolId};
use rota_domain::lead::Lead;
use rota_domain::location::{Location, Unplaced, metres_of, nearness};
use rota_domain::table::Table;
use rota_domain::workspace::{Match, Workspace};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const DEGREES: &str = "near = { latitude = \"lat\", longitude = \"lon\" }";
const ZIP: &str = "near = { property = \"zip\", table = \"places\" }";

/// A pool of who is in Berlin, in Paris and in Madrid, and of a second one in Paris.
fn desk(near: &str) -> Desk {
    let text = format!(
        r#"
workspace = "acme"
[[reps]]
id = "berlin"
location = {{ latitude = 52.52, longitude = 13.405 }}
[[reps]]
id = "paris"
location = {{ latitude = 48.8566, longitude = 2.3522 }}
[[reps]]
id = "madrid"
location = {{ latitude = 40.4168, longitude = -3.7038 }}
[[reps]]
id = "other"
location = {{ latitude = 48.8566, longitude = 2.3522 }}
[[tables]]
id = "places"
file = "places.csv"
match = "prefix"
[[pools]]
id = "field"
policy = "nearest"
{near}
members = [{{ rep = "other" }}, {{ rep = "paris" }}, {{ rep = "berlin" }}, {{ rep = "madrid" }}]
"#
    );
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    let places = b"key,value\nF-,48.86 2.35\nD-1,\"52.5, 13.4\"\nX-,somewhere\n";
    let places = Table::read(Match::Prefix, places).expect("a table");
    Desk::new(1, Arc::new(workspace)).with_tables(Arc::new(BTreeMap::from([("places".into(), Arc::new(places))])))
}

fn lead(properties: &[(&str, &str)]) -> Lead {
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())));
    Lead { properties: properties.collect(), ..Lead::unknown("web:1".into()) }
}

fn turn(desk: &Desk, lead: &Lead) -> Turn {
    desk.turn(&Ask { lead: Some(lead), ..Ask::of(&PoolId::from("field"), NOW) }).expect("a turn")
}

fn at(latitude: &str, longitude: &str) -> Lead {
    lead(&[("lat", latitude), ("lon", longitude)])
}

#[test]
fn the_nearest_gets_the_lead_however_many_they_had() {
    let mut desk = desk(DEGREES);
    for _ in 0..3 {
        let turn = turn(&desk, &at("52.4", "13.1"));
        assert_eq!((turn.rep.as_str(), turn.policy), ("berlin", Policy::Nearest), "Potsdam");
        desk.take(&turn);
    }
    assert_eq!(turn(&desk, &at("38.72", "-9.14")).rep.as_str(), "madrid", "Lisbon");
    let from_potsdam = &turn(&desk, &at("52.4", "13.1")).candidates[0];
    assert_eq!((from_potsdam.rep.as_str(), metres_of(from_potsdam.weight)), ("berlin", 24_598));
}

#[test]
fn of_two_at_one_place_the_lower_id_gets_it() {
    assert_eq!(turn(&desk(DEGREES), &at("48.9", "2.3")).rep.as_str(), "other");
}

#[test]
fn who_is_away_is_not_near() {
    let mut desk = desk(DEGREES);
    desk.set_status("berlin".into(), Status::Away);
    assert_eq!(turn(&desk, &at("52.4", "13.1")).rep.as_str(), "other", "Paris is next");
}

#[test]
fn a_table_says_where_a_postal_code_is() {
    let desk = desk(ZIP);
    let got = ["D-10119", "f-75001"].map(|zip| turn(&desk, &lead(&[("zip", zip)])).rep.to_string());
    assert_eq!(got, ["berlin", "other"]);
}

#[test]
fn a_lead_that_nobody_can_place_goes_to_who_was_served_longest_ago_and_says_why() {
    let why = |near: &str, properties: &[(&str, &str)]| {
        let turn = turn(&desk(near), &lead(properties));
        assert_eq!((turn.policy, turn.candidates.len()), (Policy::LeastRecent, 4));
        turn.besides.unplaced.expect("it is said")
    };
    assert_eq!(why(DEGREES, &[("lat", "52.4")]), Unplaced::Missing);
    assert_eq!(why(DEGREES, &[("lat", "52.4"), ("lon", " ")]), Unplaced::Missing);
    assert_eq!(why(DEGREES, &[("lat", "52,4"), ("lon", "13")]), Unplaced::Malformed);
    assert_eq!(why(DEGREES, &[("lat", "91"), ("lon", "13")]), Unplaced::Malformed);
    assert_eq!(why(ZIP, &[]), Unplaced::Missing);
    assert_eq!(why(ZIP, &[("zip", "CH-8000")]), Unplaced::Unknown);
    assert_eq!(why(ZIP, &[("zip", "X-1")]), Unplaced::Unknown, "no place");
    let mut desk = desk(ZIP);
    let order: Vec<String> = ["", "D-1", "", "", ""]
        .map(|zip| {
            let turn = turn(&desk, &lead(&[("zip", zip)]));
            desk.take(&turn);
            turn.rep.to_string()
        })
        .into();
    assert_eq!(order, ["berlin", "berlin", "madrid", "other", "paris"], "who got a lead by distance was served");
}

#[test]
fn a_rule_that_narrows_gets_the_nearest_of_those() {
    let (desk, field, potsdam) = (desk(DEGREES), PoolId::from("field"), at("52.4", "13.1"));
    let ask = Ask { among: &[1, 2], weights: &[0, 9], lead: Some(&potsdam), ..Ask::of(&field, NOW) };
    assert_eq!(desk.turn(&ask).expect("a turn").rep.as_str(), "madrid", "paris is left out by its 0");
}

#[test]
fn who_stands_in_for_two_does_so_for_the_nearer() {
    let text = r#"
workspace = "acme"
[[reps]]
id = "far"
backup = "zoe"
location = { latitude = 40.4, longitude = -3.7 }
[[reps]]
id = "near"
backup = "zoe"
location = { latitude = 52.5, longitude = 13.4 }
[[reps]]
id = "zoe"
[[pools]]
id = "field"
policy = "nearest"
near = { latitude = "lat", longitude = "lon" }
members = [{ rep = "far" }, { rep = "near" }]
"#;
    let workspace: Workspace = toml::from_str(text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut desk = Desk::new(1, Arc::new(workspace));
    ["far", "near"].into_iter().for_each(|rep| desk.set_status(rep.into(), Status::Away));
    let turn = turn(&desk, &at("52.4", "13.1"));
    assert_eq!((turn.rep.as_str(), turn.seat().as_str()), ("zoe", "near"));
}

#[test]
fn the_proof_finds_a_turn_of_who_was_not_nearest() {
    let desk = desk(DEGREES);
    let mut given = turn(&desk, &at("52.4", "13.1"));
    let report = |turn: &Turn| {
        let mut reckoning = Reckoning::default();
        reckoning.enter(&DecisionId::from("d1"), turn);
        reckoning.close().remove(0)
    };
    assert!(report(&given).holds());
    given.rep = "paris".into();
    assert_eq!(report(&given).broken[0].promise, Promise::Nearest);
}

#[test]
fn pools_say_that_it_is_the_lead_that_says_who_is_next() {
    let desk = desk(DEGREES);
    let state = PoolState::of(&desk.workspace.pools[0], &desk, NOW);
    assert_snapshot!(rota::show::pools(&[state], NOW, Palette::PLAIN), @r"
    field  by nearest, 0 turns
      rep    weight    owed      open  now
      other       1    0.00            there
      paris       1    0.00            there
      berlin      1    0.00            there
      madrid      1    0.00            there
      next: who is nearest
    ");
}

proptest! {
    #[test]
    fn nobody_is_passed_over_for_somebody_farther_and_turns_without_a_place_keep_their_bound(
        leads in proptest::collection::vec(proptest::option::weighted(0.7, (-90.0..=90.0, -180.0..=180.0)), 1..60),
        away in proptest::collection::vec(0_usize..5, 60),
    ) {
        let (mut desk, mut reckoning) = (desk(DEGREES), Reckoning::default());
        let places = desk.workspace.reps.iter().filter_map(|rep| Some((rep.id.clone(), rep.location?.point())));
        let places: BTreeMap<_, _> = places.collect();
        for (place, away) in leads.into_iter().zip(away) {
            for (n, rep) in places.keys().enumerate() {
                desk.set_status(rep.clone(), if n == away { Status::Away } else { Status::Back });
            }
            let lead = place.map_or_else(|| lead(&[]), |(latitude, longitude): (f64, f64)| at(&latitude.to_string(), &longitude.to_string()));
            let turn = turn(&desk, &lead);
            if let Some((latitude, longitude)) = place {
                let here = Location::new(latitude, longitude).expect("a place").point();
                let nearest = turn.candidates.iter().map(|candidate| places[&candidate.rep].metres(&here)).min();
                prop_assert_eq!(nearest, Some(places[&turn.rep].metres(&here)));
                prop_assert!(turn.candidates.iter().all(|known| known.weight == nearness(places[&known.rep].metres(&here))));
            }
            desk.take(&turn);
            reckoning.enter(&DecisionId::from("d"), &turn);
            let report = reckoning.clone().close().remove(0);
            prop_assert!(report.holds(), "{:?} {:?}", report.broken, report.runs);
        }
    }
}

#[test]
fn why_nobody_could_say_where_a_lead_is_is_told_in_words() {
    let words = [Unplaced::Missing, Unplaced::Malformed, Unplaced::Unknown].map(Unplaced::words);
    insta::assert_snapshot!(words.join("\n"), @r"
    the lead does not say where it is
    what the lead says of where it is reads as no place
    the table knows no place for what the lead says
    ");
}
