//! Backups: who takes somebody's turns, in their name, while they are not there.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use rota::show::{Why, WhyNot};
use rota_domain::desk::Desk;
use rota_domain::event::Status;
use rota_domain::fairness::{Backup, Reckoning, Turn};
use rota_domain::id::{DecisionId, PoolId};
use rota_domain::workspace::Workspace;

use crate::show::fixtures::recalled;

/// A Monday on which the calendar `night` is closed.
const NOON: &str = "2026-03-02T12:00:00Z";

/// Reps with their backups, and a pool of some of them.
fn desk(reps: &[(&str, &str)], members: &str) -> Desk {
    let mut text = String::from("workspace = \"acme\"\n");
    for (rep, rest) in reps {
        text += &format!("[[reps]]\nid = \"{rep}\"\n{rest}\n");
    }
    text += &format!("[[pools]]\nid = \"na\"\nmembers = [{members}]\n");
    text += "[[calendars]]\nid = \"night\"\nhours = { mon = [\"22:00-24:00\"] }\n";
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

fn away(desk: &mut Desk, reps: &str) {
    for rep in reps.chars() {
        desk.set_status(rep.to_string().as_str().into(), Status::Away);
    }
}

fn next(desk: &Desk) -> Option<Turn> {
    desk.next(&PoolId::from("na"), &[], &[], NOON.parse().expect("a time"))
}

/// So many leads: who gets each, and in whose name where that is another's.
fn leads(desk: &mut Desk, number: usize) -> String {
    let mut lead = || {
        let Some(turn) = next(desk) else { return "-".into() };
        desk.take(&turn);
        turn.besides.seat.as_ref().map_or_else(|| turn.rep.to_string(), |seat| format!("{}({seat})", turn.rep))
    };
    let leads: Vec<String> = (0..number).map(|_| lead()).collect();
    leads.join(" ")
}

const ALL: &str = r#"{ rep = "a" }, { rep = "b" }, { rep = "c" }"#;
const NO: &str = "";

#[test]
fn a_backup_takes_the_turns_of_who_is_away_in_their_name() {
    let mut desk = desk(&[("a", "backup = \"z\""), ("b", NO), ("c", NO), ("z", NO)], ALL);
    away(&mut desk, "a");
    assert_eq!(leads(&mut desk, 4), "z(a) b c z(a)");
    desk.set_status("a".into(), Status::Back);
    assert_eq!(leads(&mut desk, 3), "b c a", "nothing is owed to who was stood in for");
}

#[test]
fn a_backup_stands_in_for_who_is_off_shift_and_not_for_who_is_capped() {
    let night = "backup = \"z\"\ncalendar = \"night\"";
    let mut off_shift = desk(&[("a", night), ("b", NO), ("c", NO), ("z", NO)], ALL);
    assert_eq!(leads(&mut off_shift, 3), "z(a) b c");
    let mut capped = desk(&[("a", "backup = \"z\"\ncapacity = 1"), ("b", NO), ("c", NO), ("z", NO)], ALL);
    capped.loads_mut().give(&"a".into(), &[], Timestamp::UNIX_EPOCH);
    assert_eq!(leads(&mut capped, 3), "b c b", "a cap is of the rep's own making");
}

#[test]
fn a_backup_of_several_takes_the_turns_of_the_one_with_the_largest_weight() {
    let z = "backup = \"z\"";
    let members = r#"{ rep = "a" }, { rep = "b", weight = 2 }, { rep = "c" }"#;
    let mut unequal = desk(&[("a", z), ("b", z), ("c", NO), ("z", NO)], members);
    away(&mut unequal, "ab");
    assert_eq!(leads(&mut unequal, 6), "z(b) c z(b) z(b) c z(b)", "two thirds, as b has them beside c");
    let mut equal = desk(&[("a", z), ("b", z), ("c", NO), ("z", NO)], ALL);
    away(&mut equal, "ab");
    assert_eq!(leads(&mut equal, 4), "z(a) c z(a) c", "one share, and not two");
}

#[test]
fn a_backup_who_is_a_member_has_the_own_turns_besides() {
    let mut desk = desk(&[("a", "backup = \"b\""), ("b", NO), ("c", NO)], ALL);
    away(&mut desk, "a");
    assert_eq!(leads(&mut desk, 6), "b(a) b c b(a) b c");
}

#[test]
fn a_backup_who_is_away_too_is_backed_by_theirs() {
    let mut desk = desk(&[("a", "backup = \"y\""), ("b", NO), ("c", NO), ("y", "backup = \"z\""), ("z", NO)], ALL);
    away(&mut desk, "ay");
    assert_eq!(leads(&mut desk, 3), "z(a) b c");
    away(&mut desk, "z");
    assert_eq!(leads(&mut desk, 3), "b c b", "nobody is there for a");
    desk.set_status("y".into(), Status::Left);
    desk.set_status("z".into(), Status::Back);
    let backups = next(&desk).expect("a turn").besides.backups;
    assert_eq!(backups, [Backup { of: "a".into(), by: "z".into() }], "the way goes on behind who has left");
}

#[test]
fn backups_in_a_circle_end_at_whom_they_began_with() {
    let circle = [("a", "backup = \"b\""), ("b", "backup = \"c\""), ("c", "backup = \"a\""), ("d", NO)];
    let mut desk = desk(&circle, r#"{ rep = "a" }, { rep = "b" }, { rep = "d" }"#);
    away(&mut desk, "abc");
    assert_eq!(leads(&mut desk, 2), "d d");
    desk.set_status("c".into(), Status::Back);
    assert_eq!(next(&desk).expect("a turn").besides.backups, [Backup { of: "a".into(), by: "c".into() }]);
}

#[test]
fn who_has_left_is_stood_in_for_no_more() {
    let mut desk = desk(&[("a", "backup = \"z\""), ("b", NO), ("c", NO), ("z", NO)], ALL);
    desk.set_status("a".into(), Status::Left);
    assert_eq!(leads(&mut desk, 3), "b c b");
}

#[test]
fn a_rule_that_asks_for_somebody_away_gets_their_backup() {
    let mut desk = desk(&[("a", "backup = \"z\""), ("b", NO), ("c", NO), ("z", NO)], ALL);
    away(&mut desk, "a");
    let turn = desk.next(&PoolId::from("na"), &[0], &[], NOON.parse().expect("a time")).expect("a turn");
    assert_eq!((turn.rep.as_str(), turn.seat().as_str()), ("z", "a"));
}

#[test]
fn a_kept_turn_is_not_for_who_stands_in() {
    let reps = [("a", "backup = \"z\""), ("b", NO), ("c", NO), ("z", NO)];
    let mut desk = desk(&reps, ALL);
    let mut workspace = (*desk.workspace).clone();
    workspace.pools[0].absent = Some(rota_domain::fairness::Absent::Hold);
    workspace.pools[0].policy = rota_domain::fairness::Policy::InTurn;
    desk = Desk::new(1, Arc::new(workspace));
    away(&mut desk, "az");
    assert_eq!(leads(&mut desk, 3), "b c b", "a missed a turn");
    desk.set_status("z".into(), Status::Back);
    assert_eq!(leads(&mut desk, 3), "c z(a) b", "z has what is a's in turn");
    desk.set_status("a".into(), Status::Back);
    assert_eq!(leads(&mut desk, 2), "a c", "and a what was kept");
}

#[test]
fn why_says_that_who_was_stood_in_for_was_away() {
    let mut recalled = recalled();
    let turn = recalled.stored.turn.as_mut().expect("a turn");
    turn.besides.backups = vec![Backup { of: "bo".into(), by: "finn".into() }];
    recalled.private.as_mut().expect("private").transcript.clear();
    let bo = Why::of(&recalled).reps.into_iter().find(|rep| rep.rep.as_str() == "bo").expect("bo");
    assert_eq!(bo.why, WhyNot::Away);
}

proptest! {
    #[test]
    fn nobody_stands_in_for_more_than_one_and_every_seat_keeps_the_bound(
        backups in proptest::collection::vec(proptest::option::of(0_usize..8), 8),
        weights in proptest::collection::vec(1_u32..9, 6),
        absences in proptest::collection::vec((any::<u8>(), 1_usize..6), 1..25),
    ) {
        let names = ["a", "b", "c", "d", "e", "f", "y", "z"];
        let rest: Vec<String> = backups.iter().enumerate().map(|(n, by)| match by {
            Some(by) if *by != n => format!("backup = \"{}\"", names[*by]),
            _ => String::new(),
        }).collect();
        let reps: Vec<(&str, &str)> = names.iter().zip(&rest).map(|(rep, rest)| (*rep, rest.as_str())).collect();
        let members: Vec<String> =
            weights.iter().zip(names).map(|(weight, rep)| format!("{{ rep = \"{rep}\", weight = {weight} }}")).collect();
        let mut desk = desk(&reps, &members.join(", "));
        let mut reckoning = Reckoning::default();
        for (absent, leads) in absences {
            for (n, rep) in names.iter().enumerate() {
                let status = if absent >> n & 1 == 1 { Status::Away } else { Status::Back };
                desk.set_status((*rep).into(), status);
            }
            for _ in 0..leads {
                let Some(turn) = next(&desk) else { continue };
                let mut by: Vec<_> = turn.besides.backups.iter().map(|backup| &backup.by).collect();
                by.sort();
                by.dedup();
                prop_assert_eq!(by.len(), turn.besides.backups.len(), "each stands in for one");
                prop_assert_eq!(desk.status(&turn.rep), Some(Status::Back), "who gets it is there");
                desk.take(&turn);
                reckoning.enter(&DecisionId::from("d"), &turn);
                prop_assert!(reckoning.clone().close()[0].holds());
            }
        }
    }
}
