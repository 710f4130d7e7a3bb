//! The fairness stop: who is too far ahead of the one most behind gets no lead, even if only they are free.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use rota::show::{Why, WhyNot};
use rota_domain::desk::{Ask, Desk};
use rota_domain::event::Status;
use rota_domain::fairness::{Candidate, Lineup, Policy, Promise, Reckoning, Rotation, Turn, report};
use rota_domain::id::{DecisionId, PoolId, RepId};
use rota_domain::rule::Note;
use rota_domain::workspace::Workspace;

use crate::show::fixtures::recalled;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn desk(members: &[(&str, u32)], stop: u32) -> Desk {
    let mut text = String::from("workspace = \"acme\"\n");
    for (rep, _) in members {
        text += &format!("[[reps]]\nid = \"{rep}\"\n");
    }
    let members: Vec<String> =
        members.iter().map(|(rep, weight)| format!("{{ rep = \"{rep}\", weight = {weight} }}")).collect();
    text += &format!("[[pools]]\nid = \"na\"\nstop = {stop}\nmembers = [{}]\n", members.join(", "));
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

/// Who gets so many leads one after the other; - where nobody may.
fn leads(desk: &mut Desk, number: usize) -> String {
    let mut lead = || match desk.next(&PoolId::from("na"), &[], &[], NOW) {
        Some(turn) => {
            desk.take(&turn);
            turn.rep.to_string()
        }
        None => "-".into(),
    };
    (0..number).map(|_| lead()).collect()
}

#[test]
fn who_is_more_than_three_ahead_is_hidden_even_if_only_they_are_free() {
    let mut desk = desk(&[("a", 1), ("b", 1)], 3);
    desk.set_status("b".into(), Status::Away);
    assert_eq!(leads(&mut desk, 6), "aaaa--", "the fifth would be the second too many");
    assert_eq!(desk.stopped(&Ask::of(&"na".into(), NOW)), [RepId::from("a")]);
    desk.set_status("b".into(), Status::Back);
    let turn = desk.next(&PoolId::from("na"), &[], &[], NOW).expect("a turn");
    assert_eq!(turn.rep.as_str(), "b");
    assert_eq!(turn.besides.stopped.iter().map(|stopped| stopped.rep.as_str()).collect::<Vec<_>>(), ["a"]);
    desk.take(&turn);
    assert_eq!(desk.stopped(&Ask::of(&"na".into(), NOW)), [], "three ahead is not more than three");
}

#[test]
fn being_ahead_is_measured_by_weight() {
    let mut desk = desk(&[("a", 3), ("b", 1)], 1);
    assert_eq!(leads(&mut desk, 8).matches('a').count(), 6, "three of four are not ahead");
    desk.set_status("b".into(), Status::Away);
    assert_eq!(leads(&mut desk, 6), "aaa---", "a is half a lead further ahead of b with each");
}

#[test]
fn who_is_not_asked_for_holds_nobody_up() {
    let mut desk = desk(&[("a", 1), ("b", 1), ("c", 1)], 1);
    for _ in 0..6 {
        let turn = desk.next(&PoolId::from("na"), &[0, 1], &[], NOW).expect("c is not asked for");
        desk.take(&turn);
    }
    assert_eq!(desk.stopped(&Ask { among: &[0, 1], ..Ask::of(&"na".into(), NOW) }), []);
}

#[test]
fn who_is_ahead_is_known_from_the_written_form_too() {
    let member = |rep: &str| vec![Candidate { rep: rep.into(), weight: 1 }];
    let lineup = Lineup { absent: member("b"), stop: Some(1), ..Lineup::new(Policy::Quota, member("a"), NOW) };
    let mut rotation = Rotation::default();
    for _ in 0..2 {
        rotation.enter(&rotation.turn("na".into(), lineup.clone()).expect("a turn"));
        rotation = serde_json::from_str(&serde_json::to_string(&rotation).expect("text")).expect("a rotation");
    }
    assert_eq!(rotation.turn("na".into(), lineup), None, "a is two ahead");
}

#[test]
fn why_says_so_of_who_was_stopped() {
    let why = |recalled: &rota_flow::ports::Recalled| {
        let reps = Why::of(recalled).reps;
        reps.into_iter().find(|rep| rep.rep.as_str() == "bo").expect("bo").why
    };
    let mut given = recalled();
    let turn = given.stored.turn.as_mut().expect("a turn");
    turn.besides.stopped = turn.candidates.extract_if(.., |candidate| candidate.rep.as_str() == "bo").collect();
    assert_eq!(why(&given), WhyNot::FairnessStop);
    let mut nobody = recalled();
    nobody.stored.turn = None;
    let note = Note { branch: "fairness-stop".into(), detail: "na: bo".into() };
    nobody.private.as_mut().expect("private").notes.push(note);
    assert_eq!(why(&nobody), WhyNot::FairnessStop);
}

/// The report of these turns.
fn reported(turns: &[Turn]) -> rota_domain::fairness::PoolReport {
    let ids: Vec<DecisionId> = (0..turns.len()).map(|n| DecisionId::from(format!("d{n}"))).collect();
    report(ids.iter().zip(turns).map(|(id, turn)| (id, NOW, turn))).remove(0)
}

#[test]
fn the_proof_finds_a_turn_of_who_was_too_far_ahead() {
    let mut desk = desk(&[("a", 1), ("b", 1)], 1);
    desk.set_status("b".into(), Status::Away);
    let mut turns = Vec::new();
    for _ in 0..2 {
        turns.push(desk.next(&PoolId::from("na"), &[], &[], NOW).expect("a turn"));
        desk.take(&turns[turns.len() - 1]);
    }
    assert!(reported(&turns).holds());
    turns.push(turns[1].clone());
    let report = reported(&turns);
    assert_eq!((report.broken.len(), report.broken[0].promise), (1, Promise::Stop));
    assert!(!report.holds());
}

proptest! {
    #[test]
    fn nobody_is_ever_more_than_one_lead_further_ahead_than_the_stop(
        presences in proptest::collection::vec(0_u8..64, 1..120),
        policy in proptest::sample::select(vec![
            Policy::Quota, Policy::InTurn, Policy::LeastRecent, Policy::PeckingOrder,
        ]),
        stop in 1_u32..5,
    ) {
        let mut rotation = Rotation::default();
        let (mut got, mut reckoning) = ([0_u32; 6], Reckoning::default());
        for there in presences {
            let member = |n: usize| Candidate { rep: format!("r{n}").into(), weight: 1 };
            let (there, absent): (Vec<usize>, Vec<usize>) = (0..6).partition(|n| there >> n & 1 == 1);
            let of = |places: &[usize]| places.iter().map(|n| member(*n)).collect::<Vec<_>>();
            let lineup = Lineup { absent: of(&absent), stop: Some(stop), ..Lineup::new(policy, of(&there), NOW) };
            let least = *got.iter().min().expect("six");
            let may = |n: &usize| got[*n] - least <= stop;
            let Some(turn) = rotation.turn("na".into(), lineup) else {
                prop_assert!(!there.iter().any(may), "somebody was free and not ahead");
                continue;
            };
            let taken = (0..6).find(|n| member(*n).rep == turn.rep).expect("a member");
            prop_assert!(may(&taken), "{got:?} {taken}");
            prop_assert_eq!(turn.candidates.len(), there.iter().filter(|n| may(n)).count());
            got[taken] += 1;
            rotation.enter(&turn);
            reckoning.enter(&DecisionId::from("d"), &turn);
            prop_assert!(reckoning.clone().close()[0].broken.is_empty());
        }
    }
}
