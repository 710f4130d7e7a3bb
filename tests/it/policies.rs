//! The policies that give turns one after the other: each one's order, and its promise at every prefix.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use rota_domain::fairness::{Candidate, Lineup, Policy, Reckoning, Rotation, Turn, report};
use rota_domain::id::{DecisionId, RepId};
use rota_domain::workspace::Workspace;

/// Candidates by letter, all with the same weight or score.
fn equals(reps: &str) -> Vec<Candidate> {
    reps.chars().map(|rep| Candidate { rep: rep.to_string().into(), weight: 1 }).collect()
}

fn ranked(reps: &[(&str, u32)]) -> Vec<Candidate> {
    reps.iter().map(|(rep, score)| Candidate { rep: (*rep).into(), weight: *score }).collect()
}

fn pick(rotation: &mut Rotation, policy: Policy, candidates: &[Candidate]) -> RepId {
    let rep = rotation.next(policy, candidates).expect("somebody").clone();
    rotation.take(policy, candidates, &rep);
    rep
}

/// Who gets a lead after the other, where each word says who is there for one.
fn order(policy: Policy, there: &str) -> String {
    let mut rotation = Rotation::default();
    there.split_whitespace().map(|there| pick(&mut rotation, policy, &equals(there)).to_string()).collect()
}

#[test]
fn in_turn_goes_by_id_from_who_was_served_last() {
    assert_eq!(order(Policy::InTurn, "abc abc abc abc"), "abca");
    assert_eq!(order(Policy::InTurn, "abcd acd abcd abcd"), "acda", "b was not there and misses the turn");
}

#[test]
fn in_turn_goes_on_behind_who_is_no_member_any_more() {
    let mut rotation = Rotation::default();
    let all = equals("abcd");
    (0..2).for_each(|_| drop(pick(&mut rotation, Policy::InTurn, &all)));
    let rest = equals("acd");
    rotation.retain(&rest);
    let next: Vec<RepId> = (0..3).map(|_| pick(&mut rotation, Policy::InTurn, &rest)).collect();
    assert_eq!(next, ["c", "d", "a"].map(RepId::from));
}

#[test]
fn least_recent_serves_who_has_waited_longest_and_the_new_one_once() {
    assert_eq!(order(Policy::LeastRecent, "abc abc abc abc"), "abca");
    assert_eq!(order(Policy::LeastRecent, "abc ac ac abc abc abc"), "acabca", "b waited longest when it came back");
    assert_eq!(order(Policy::LeastRecent, "ab ab ab abc abc abc abc"), "abacbac", "c is new, and served first once");
}

#[test]
fn a_pecking_order_serves_the_highest_score_and_equals_by_turns() {
    let mut rotation = Rotation::default();
    let mut next = |candidates: &[Candidate]| pick(&mut rotation, Policy::PeckingOrder, candidates).to_string();
    let all = ranked(&[("a", 1), ("b", 9), ("c", 9), ("d", 0)]);
    assert_eq!([next(&all), next(&all), next(&all)], ["b", "c", "b"]);
    let without_b_and_c = ranked(&[("a", 1), ("d", 0)]);
    assert_eq!([next(&without_b_and_c), next(&without_b_and_c)], ["a", "a"]);
    assert_eq!(next(&ranked(&[("d", 0)])), "d", "a score of 0 is the lowest that takes turns");
}

#[test]
fn a_pool_whose_policy_changes_begins_the_new_one_without_a_burst() {
    let all = equals("abc");
    let mut rotation = Rotation::default();
    (0..4).for_each(|_| drop(pick(&mut rotation, Policy::Quota, &all)));
    (0..5).for_each(|_| drop(pick(&mut rotation, Policy::InTurn, &all)));
    let back: Vec<RepId> = (0..6).map(|_| pick(&mut rotation, Policy::Quota, &all)).collect();
    for rep in ["a", "b", "c"] {
        assert_eq!(back.iter().filter(|got| got.as_str() == rep).count(), 2, "{back:?}");
    }
}

#[test]
fn weights_and_scores_where_a_policy_knows_none_are_told() {
    let told = |pool: &str| {
        let text = format!("workspace = \"acme\"\n[[reps]]\nid = \"ana\"\n[[pools]]\nid = \"na\"\n{pool}");
        let workspace: Workspace = toml::from_str(&text).expect("a workspace");
        workspace.check().map_err(|wrong| format!("{} {}", wrong.at, wrong.message)).expect_err("it is wrong")
    };
    insta::assert_snapshot!(
        [
            told("policy = \"in-turn\"\nmembers = [{ rep = \"ana\", weight = 2 }]"),
            told("policy = \"least-recent\"\nmembers = [{ rep = \"ana\", score = 2 }]"),
        ]
        .join("\n"),
        @r"
    /pools/0/members/0/weight pool `na` has the policy `in-turn`, which knows no weights; leave `weight` out, or use the policy `quota`
    /pools/0/members/0/score pool `na` has the policy `least-recent`, which knows no scores; leave `score` out, or use the policy `pecking-order`
    "
    );
}

/// The report of these turns: whether it holds.
fn holds(turns: &[Turn]) -> bool {
    let ids: Vec<DecisionId> = (0..turns.len()).map(|n| DecisionId::from(format!("d{n}"))).collect();
    let at = "2026-03-02T09:00:00Z".parse().expect("a time");
    report(ids.iter().zip(turns).map(|(id, turn)| (id, at, turn))).iter().all(|pool| pool.holds())
}

#[test]
fn the_proof_finds_a_turn_that_was_not_due() {
    let turn =
        |policy, candidates: &[Candidate], rep: &str| Turn::new("na".into(), candidates.to_vec(), rep.into(), policy);
    for policy in [Policy::InTurn, Policy::LeastRecent] {
        let of = |reps: &str| -> Vec<Turn> {
            reps.chars().map(|rep| turn(policy, &equals("abc"), &rep.to_string())).collect()
        };
        assert!(holds(&of("abcabcab")), "{policy:?}");
        assert!(!holds(&of("abcabcaab")), "{policy:?}: a had two in a row");
    }
    let ranked = ranked(&[("a", 1), ("b", 9)]);
    assert!(holds(&[turn(Policy::PeckingOrder, &ranked, "b"), turn(Policy::PeckingOrder, &ranked, "b")]));
    assert!(!holds(&[turn(Policy::PeckingOrder, &ranked, "b"), turn(Policy::PeckingOrder, &ranked, "a")]));
}

/// Who is there for each lead, and how they rank: some of seven, changing from time to time.
fn presences() -> impl Strategy<Value = Vec<Vec<Candidate>>> {
    let there = proptest::collection::btree_map(0_u8..7, 0_u32..3, 1..7);
    proptest::collection::vec((there, 1_usize..9), 1..20).prop_map(|stretches| {
        let of = |there: BTreeMap<u8, u32>| -> Vec<Candidate> {
            there.into_iter().map(|(rep, weight)| Candidate { rep: format!("r{rep}").into(), weight }).collect()
        };
        stretches.into_iter().flat_map(|(there, leads)| vec![of(there); leads]).collect()
    })
}

proptest! {
    #[test]
    fn who_is_served_longest_ago_is_next_whatever_people_give_by_hand(
        events in proptest::collection::vec((any::<bool>(), 0_usize..4), 1..80),
    ) {
        let candidates: Vec<Candidate> =
            (0..4).map(|n| Candidate { rep: format!("r{n}").into(), weight: 1 }).collect();
        let (mut rotation, mut reckoning, mut served) = (Rotation::default(), Reckoning::default(), vec![0; 4]);
        for (when, (by_hand, whom)) in (1..).zip(events) {
            let turn = if by_hand {
                Turn::by_hand("na".into(), "na".into(), candidates[whom].rep.clone())
            } else {
                let lineup = Lineup::new(Policy::LeastRecent, candidates.clone(), Timestamp::UNIX_EPOCH);
                let turn = rotation.turn("na".into(), lineup).expect("a turn");
                let longest = (0..4).min_by_key(|n| served[*n]).expect("four");
                prop_assert_eq!(&turn.rep, &candidates[longest].rep);
                turn
            };
            served[candidates.iter().position(|known| known.rep == turn.rep).expect("a member")] = when;
            rotation.enter(&turn);
            reckoning.enter(&DecisionId::from("d"), &turn);
            let report = reckoning.clone().close().remove(0);
            prop_assert!(report.holds(), "{:?}", report.runs);
        }
    }

    #[test]
    fn the_proof_holds_at_every_prefix_whoever_comes_and_goes(
        presences in presences(),
        policy in proptest::sample::select(vec![Policy::InTurn, Policy::LeastRecent, Policy::PeckingOrder]),
    ) {
        let mut rotation = Rotation::default();
        let mut turns = Vec::new();
        for candidates in presences {
            let rep = pick(&mut rotation, policy, &candidates);
            turns.push(Turn::new("na".into(), candidates, rep, policy));
            prop_assert!(holds(&turns), "{turns:?}");
        }
    }

    #[test]
    fn two_who_are_both_there_all_the_time_are_never_two_leads_apart(
        presences in presences(), policy in proptest::sample::select(vec![Policy::InTurn, Policy::LeastRecent]),
    ) {
        let mut rotation = Rotation::default();
        let mut got = [0_i32; 2];
        for mut candidates in presences {
            for rep in ["r2", "r5"] {
                if !candidates.iter().any(|candidate| candidate.rep.as_str() == rep) {
                    candidates.push(Candidate { rep: rep.into(), weight: 1 });
                }
            }
            candidates.sort_by(|a, b| a.rep.cmp(&b.rep));
            let rep = pick(&mut rotation, policy, &candidates);
            got[0] += i32::from(rep.as_str() == "r2");
            got[1] += i32::from(rep.as_str() == "r5");
            prop_assert!((got[0] - got[1]).abs() <= 1, "{got:?}");
        }
    }

    #[test]
    fn a_rotation_that_was_written_and_read_goes_on_as_if_it_had_not_been(
        presences in presences(),
        policy in proptest::sample::select(vec![Policy::Quota, Policy::InTurn, Policy::LeastRecent, Policy::PeckingOrder]),
    ) {
        let (mut kept, mut written) = (Rotation::default(), Rotation::default());
        for mut candidates in presences {
            candidates.iter_mut().for_each(|candidate| candidate.weight += 1);
            prop_assert_eq!(pick(&mut kept, policy, &candidates), pick(&mut written, policy, &candidates));
            let text = serde_json::to_string(&written).expect("text");
            written = serde_json::from_str(&text).expect("a rotation");
        }
    }
}

#[test]
fn a_rotation_and_a_turn_that_an_earlier_release_wrote_are_read_and_written_alike() {
    let rotation = r#"{"credits":[{"rep":"a","units":-1099511627776},{"rep":"b","units":1099511627776}],"last":[{"rep":"a","weight":1}],"from_zero":true,"picks":3}"#;
    let read: Rotation = serde_json::from_str(rotation).expect("a rotation");
    assert_eq!(serde_json::to_string(&read).expect("text"), rotation);
    let turn = r#"{"pool":"na","candidates":[{"rep":"a","weight":1}],"rep":"a","capped":["b"]}"#;
    let read: Turn = serde_json::from_str(turn).expect("a turn");
    assert_eq!(serde_json::to_string(&read).expect("text"), turn);
}
