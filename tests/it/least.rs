//! The policies that go by what reps have in hand: fewest open leads, most free capacity.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use rota_domain::desk::Desk;
use rota_domain::event::Status;
use rota_domain::fairness::{By, Candidate, Hand, Lineup, Policy, Promise, Reckoning, Rotation, Turn, report};
use rota_domain::id::{DecisionId, PoolId, RotationId};
use rota_domain::workspace::Workspace;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A pool of these reps, each with what else is said of them and of their place, and their open leads.
fn desk(pool: &str, reps: &[(&str, &str, &str, usize)]) -> Desk {
    let mut text = String::from("workspace = \"acme\"\n");
    let mut members = Vec::new();
    for (rep, of_rep, of_member, _) in reps {
        text += &format!("[[reps]]\nid = \"{rep}\"\n{of_rep}\n");
        members.push(format!("{{ rep = \"{rep}\"{of_member} }}"));
    }
    text += &format!("[[pools]]\nid = \"na\"\n{pool}\nmembers = [{}]\n", members.join(", "));
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut desk = Desk::new(1, Arc::new(workspace));
    for (rep, _, _, open) in reps {
        assert!(desk.counts(&(*rep).into()), "open leads are counted without a capacity, too");
        (0..*open).for_each(|_| desk.loads_mut().give(&(*rep).into(), &[], NOW));
    }
    desk
}

fn take(desk: &mut Desk) -> Turn {
    take_among(desk, &[])
}

/// A lead whose rule asks among these places only.
fn take_among(desk: &mut Desk, among: &[usize]) -> Turn {
    let turn = desk.next(&PoolId::from("na"), among, &[], NOW).expect("a turn");
    desk.take(&turn);
    desk.loads_mut().give(&turn.rep, &[], NOW);
    turn
}

fn leads(desk: &mut Desk, number: usize) -> String {
    (0..number).map(|_| take(desk).rep.to_string()).collect()
}

const FEWEST: &str = "policy = \"fewest-open\"";
const FREE: &str = "policy = \"most-free-capacity\"";
const NO: &str = "";

#[test]
fn fewest_open_serves_who_has_the_fewest_ties_to_the_lower_id() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 2), ("b", NO, NO, 0), ("c", NO, NO, 1)]);
    assert_eq!(leads(&mut desk, 7), "bbcabca", "b until it has as many as c, then both until they have a's");
    desk.loads_mut().close(&"c".into(), &[]);
    assert_eq!(leads(&mut desk, 1), "c", "a place is free");
}

#[test]
fn fewest_open_gives_twice_the_weight_twice_the_leads() {
    let mut desk = desk(FEWEST, &[("a", NO, ", weight = 2", 0), ("b", NO, NO, 0)]);
    assert_eq!(leads(&mut desk, 6), "aabaab");
}

#[test]
fn most_free_capacity_serves_who_has_the_most_room_in_leads_or_in_percent() {
    let reps = [("a", "capacity = 10", NO, 6), ("b", "capacity = 4", NO, 1)];
    assert_eq!(leads(&mut desk(FREE, &reps), 5), "aabab", "4 and 3 are free");
    let percent = format!("{FREE}\nby = \"percent\"");
    assert_eq!(leads(&mut desk(&percent, &reps), 5), "bbaab", "40 % and 75 % are free");
    let weighted = [("a", "capacity = 10", NO, 6), ("b", "capacity = 4", ", weight = 2", 1)];
    assert_eq!(leads(&mut desk(FREE, &weighted), 5), "babaa", "4 and twice 3 are free");
}

#[test]
fn who_joins_or_comes_back_begins_level_with_the_best_placed_and_gets_no_burst() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 5), ("b", NO, NO, 7), ("c", NO, NO, 0)]);
    desk.set_status("c".into(), Status::Away);
    assert_eq!(leads(&mut desk, 1), "a");
    desk.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut desk, 7), "acabcab", "c begins with six, as a has then");
}

#[test]
fn who_comes_with_more_than_the_others_have_begins_with_that_and_no_lift() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 1), ("b", NO, NO, 2), ("c", NO, NO, 5)]);
    desk.set_status("c".into(), Status::Away);
    leads(&mut desk, 1);
    desk.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut desk, 9), "ababababc", "c is next once the others have more than five");
    let written = serde_json::to_string(desk.rotation(&RotationId::from("na")).expect("a rotation")).expect("text");
    assert!(!written.contains("\"leads\""), "{written}: nobody has a lift, and none is written");
}

#[test]
fn a_lift_shrinks_as_the_others_have_less() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 9), ("b", NO, NO, 9), ("c", NO, NO, 0)]);
    desk.set_status("c".into(), Status::Away);
    leads(&mut desk, 2);
    desk.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut desk, 3), "abc", "all have ten");
    (0..9).for_each(|_| desk.loads_mut().close(&"a".into(), &[]));
    assert_eq!(leads(&mut desk, 1), "a", "a has two now");
    (0..8).for_each(|_| desk.loads_mut().close(&"b".into(), &[]));
    assert_eq!(leads(&mut desk, 4), "cabc", "c has gone on from two, as a had, and not from eleven");
}

#[test]
fn who_was_there_and_went_away_begins_level_when_they_are_back() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 3), ("b", NO, NO, 3), ("c", NO, NO, 3)]);
    assert_eq!(leads(&mut desk, 1), "a");
    desk.set_status("c".into(), Status::Away);
    assert_eq!(leads(&mut desk, 4), "baba");
    desk.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut desk, 5), "bcabc", "c begins with five, as b has then, and not with three");
}

#[test]
fn who_comes_back_with_another_weight_begins_level_by_weight() {
    let reps = [("a", NO, ", weight = 3", 5), ("c", NO, ", weight = 2", 1)];
    let mut fewest = desk(FEWEST, &reps);
    fewest.set_status("c".into(), Status::Away);
    assert_eq!(leads(&mut fewest, 1), "a");
    fewest.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut fewest, 7), "acaacac", "a has 7 thirds with the next, c 5 halves");
    let mut free = desk(FREE, &[("a", "capacity = 10", NO, 5), ("c", "capacity = 10", ", weight = 2", 0)]);
    free.set_status("c".into(), Status::Away);
    assert_eq!(leads(&mut free, 1), "a");
    free.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut free, 5), "acaac", "a has room for four, and c begins with twice two");
}

#[test]
fn a_lead_for_some_leaves_the_others_as_they_were() {
    let mut back = desk(FEWEST, &[("a", NO, NO, 5), ("b", NO, NO, 7), ("c", NO, NO, 0)]);
    back.set_status("c".into(), Status::Away);
    assert_eq!(leads(&mut back, 1), "a");
    back.set_status("c".into(), Status::Back);
    assert_eq!(leads(&mut back, 1), "a", "c begins with six, too");
    assert_eq!(take_among(&mut back, &[1, 2]).rep.as_str(), "c");
    assert_eq!(leads(&mut back, 3), "abc", "c goes on from seven, and not from one");
    let mut asked = desk(FEWEST, &[("a", NO, NO, 5), ("b", NO, NO, 0), ("c", NO, NO, 9)]);
    assert_eq!(leads(&mut asked, 1), "b");
    assert_eq!(take_among(&mut asked, &[0, 2]).rep.as_str(), "a");
    assert_eq!(leads(&mut asked, 3), "bbb", "b was not away, so b still has least");
}

#[test]
fn who_leaves_the_pool_and_is_taken_in_again_begins_level() {
    let member = |rep: &str| Candidate { rep: rep.into(), weight: 1 };
    let lineup = |reps: &[(&str, u32)]| Lineup {
        hands: reps.iter().map(|(_, open)| Hand { open: *open, capacity: 0 }).collect(),
        ..Lineup::new(Policy::FewestOpen, reps.iter().map(|(rep, _)| member(rep)).collect(), NOW)
    };
    let mut rotation = Rotation::default();
    let lead = |rotation: &mut Rotation, reps: &[(&str, u32)]| {
        let turn = rotation.turn("na".into(), lineup(reps)).expect("a turn");
        rotation.enter(&turn);
        turn.rep.to_string()
    };
    assert_eq!(lead(&mut rotation, &[("a", 3), ("b", 4), ("c", 0)]), "c");
    rotation.retain(&[member("a"), member("b")]);
    assert_eq!(lead(&mut rotation, &[("a", 3), ("b", 4)]), "a");
    assert_eq!(lead(&mut rotation, &[("a", 4), ("b", 4), ("c", 0)]), "a", "c begins with four, and a's id is lower");
}

#[test]
fn a_rotation_is_written_no_longer_however_many_turns_it_had() {
    let mut rotation = Rotation::default();
    let mut length = |leads: u32| {
        for open in 0..leads {
            let candidates = ["a", "b", "c"].map(|rep| Candidate { rep: rep.into(), weight: 1 }).into();
            let hands = vec![Hand { open, capacity: 0 }; 3];
            let lineup = Lineup { hands, ..Lineup::new(Policy::FewestOpen, candidates, NOW) };
            let turn = rotation.turn("na".into(), lineup).expect("a turn");
            rotation.enter(&turn);
        }
        serde_json::to_string(&rotation).expect("text").len()
    };
    let (soon, late) = (length(1), length(8));
    assert_eq!(late, soon);
}

#[test]
fn who_stands_in_is_measured_by_what_they_have_themselves() {
    let backed = [("a", "backup = \"z\"", NO, 0), ("b", NO, NO, 2), ("z", NO, ", weight = 0", 5)];
    let mut desk = desk(FEWEST, &backed);
    desk.set_status("a".into(), Status::Away);
    let turns: Vec<String> = (0..4).map(|_| take(&mut desk).rep.to_string()).collect();
    assert_eq!(turns.concat(), "bbbz", "z has five");
}

/// The report of these turns.
fn reported(turns: &[Turn]) -> rota_domain::fairness::PoolReport {
    let ids: Vec<DecisionId> = (0..turns.len()).map(|n| DecisionId::from(format!("d{n}"))).collect();
    report(ids.iter().zip(turns).map(|(id, turn)| (id, NOW, turn))).remove(0)
}

#[test]
fn the_proof_finds_a_turn_of_who_had_more_in_hand() {
    let mut desk = desk(FEWEST, &[("a", NO, NO, 2), ("b", NO, NO, 0)]);
    let mut turns = vec![take(&mut desk), take(&mut desk)];
    let report = reported(&turns);
    assert!(report.holds() && report.runs.is_empty(), "{report:?}");
    turns[1].rep = "a".into();
    let report = reported(&turns);
    assert_eq!((report.broken.len(), report.broken[0].promise), (1, Promise::Least));
    assert!(!report.holds());
}

/// For each lead: who of five is there, and who has closed one before it.
fn days() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((1_u8..32, 1_usize..8, any::<u8>()), 1..25).prop_map(|stretches| {
        stretches.into_iter().flat_map(|(there, leads, closed)| vec![(there, closed); leads]).collect()
    })
}

fn measures() -> impl Strategy<Value = (Policy, By)> {
    proptest::sample::select(vec![
        (Policy::FewestOpen, By::Count),
        (Policy::MostFreeCapacity, By::Count),
        (Policy::MostFreeCapacity, By::Percent),
    ])
}

proptest! {
    #[test]
    fn each_turn_goes_to_who_has_least_whoever_comes_and_goes_and_closes(
        days in days(),
        (policy, by) in measures(),
        weights in proptest::collection::vec(1_u32..9, 5),
        mut open in proptest::collection::vec(0_u32..30, 5),
    ) {
        let (mut rotation, mut written, mut reckoning) = (Rotation::default(), Rotation::default(), Reckoning::default());
        for (there, closed) in days {
            for (n, open) in open.iter_mut().enumerate().filter(|(n, _)| closed >> n & 1 == 1) {
                *open = open.saturating_sub(u32::try_from(n % 3).expect("small"));
            }
            let member = |n: usize| Candidate { rep: format!("r{n}").into(), weight: weights[n] };
            let (there, absent): (Vec<usize>, Vec<usize>) = (0..5).partition(|n| there >> n & 1 == 1);
            let lineup = Lineup {
                absent: absent.iter().map(|n| member(*n)).collect(),
                hands: there.iter().map(|n| Hand { open: open[*n], capacity: 40 + 10 * u32::try_from(*n).expect("small") }).collect(),
                by,
                ..Lineup::new(policy, there.iter().map(|n| member(*n)).collect(), NOW)
            };
            let turn = rotation.turn("na".into(), lineup.clone()).expect("a turn");
            let again = written.turn("na".into(), lineup);
            prop_assert_eq!(Some(&turn), again.as_ref());
            rotation.enter(&turn);
            written.enter(&turn);
            written = serde_json::from_str(&serde_json::to_string(&written).expect("text")).expect("a rotation");
            open[(0..5).find(|n| member(*n).rep == turn.rep).expect("a member")] += 1;
            reckoning.enter(&DecisionId::from("d"), &turn);
            let report = reckoning.clone().close().remove(0);
            prop_assert!(report.holds(), "{:?}", report.broken);
        }
    }

    #[test]
    fn who_comes_back_is_never_more_than_one_lead_ahead_of_who_had_least_then(
        open in proptest::collection::vec(0_u32..30, 5),
        leads in 1_usize..40,
        policy in proptest::sample::select(vec![Policy::FewestOpen, Policy::MostFreeCapacity]),
    ) {
        let member = |n: usize| Candidate { rep: format!("r{n}").into(), weight: 1 };
        let (mut rotation, mut open, mut got) = (Rotation::default(), open, [0_u32; 5]);
        let mut lead = |there: std::ops::Range<usize>, open: &mut Vec<u32>| {
            let lineup = Lineup {
                absent: (there.end..5).map(member).collect(),
                hands: there.clone().map(|n| Hand { open: open[n], capacity: 100 }).collect(),
                ..Lineup::new(policy, there.map(member).collect(), NOW)
            };
            let turn = rotation.turn("na".into(), lineup).expect("a turn");
            rotation.enter(&turn);
            let taken = (0..5).find(|n| member(*n).rep == turn.rep).expect("a member");
            open[taken] += 1;
            taken
        };
        lead(0..4, &mut open);
        let least = (0..4).min_by_key(|n| open[*n]).expect("four");
        for _ in 0..leads {
            got[lead(0..5, &mut open)] += 1;
            prop_assert!(open[4] > open[least] || got[4] <= got[least] + 1, "{got:?}");
        }
    }
}
