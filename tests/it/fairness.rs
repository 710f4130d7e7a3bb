//! The rotation: exact by weight, strictly inside one lead, whoever comes and goes.

use jiff::Timestamp;
use proptest::prelude::*;
use rota_domain::fairness::{Candidate, Lineup, Policy, Rotation, Turn, UNIT, bound, leads, moving_bound, report};
use rota_domain::id::DecisionId;

fn candidates(weights: &[(&str, u32)]) -> Vec<Candidate> {
    let mut all: Vec<_> =
        weights.iter().map(|(rep, weight)| Candidate { rep: (*rep).into(), weight: *weight }).collect();
    all.sort_by(|a, b| a.rep.cmp(&b.rep));
    all
}

fn pick(rotation: &mut Rotation, candidates: &[Candidate]) -> String {
    let rep = rotation.next(Policy::Quota, candidates).expect("somebody is there").clone();
    rotation.take(Policy::Quota, candidates, &rep);
    rep.to_string()
}

fn order(weights: &[(&str, u32)], picks: usize) -> String {
    let candidates = candidates(weights);
    let mut rotation = Rotation::default();
    (0..picks).map(|_| pick(&mut rotation, &candidates)).collect()
}

fn largest_lag(rotation: &Rotation) -> f64 {
    rotation.credits().iter().map(|credit| leads(credit.units).abs()).fold(0.0, f64::max)
}

#[test]
fn a_manager_at_a_tenth_gets_one_lead_in_ten() {
    assert_eq!(order(&[("M", 10), ("A", 30), ("B", 30), ("C", 30)], 20), "ABCABCMABCABCABCMABC");
}

#[test]
fn large_and_small_weights_give_the_order_of_the_design() {
    let weights = [("A", 7), ("B", 7), ("C", 7), ("D", 1), ("E", 1), ("F", 1)];
    assert_eq!(order(&weights, 24), "ABCABCDABCABCEABCABCFABC");
}

#[test]
fn equals_take_turns_by_id() {
    assert_eq!(order(&[("c", 1), ("a", 1), ("b", 1)], 7), "abcabca");
}

#[test]
fn a_single_candidate_takes_and_owes_nothing() {
    let one = candidates(&[("a", 3)]);
    let mut rotation = Rotation::default();
    for _ in 0..5 {
        assert_eq!(pick(&mut rotation, &one), "a");
    }
    assert_eq!(largest_lag(&rotation), 0.0);
}

#[test]
fn asking_whose_turn_it_is_changes_nothing() {
    let candidates = candidates(&[("a", 2), ("b", 1)]);
    let mut rotation = Rotation::default();
    pick(&mut rotation, &candidates);
    let before = rotation.clone();
    assert_eq!(rotation.next(Policy::Quota, &candidates), rotation.next(Policy::Quota, &candidates));
    assert_eq!(rotation, before);
}

#[test]
fn where_candidates_change_the_largest_credit_is_served_and_not_the_earliest_deadline() {
    let (all, without_b) = (candidates(&[("a", 5), ("b", 9), ("c", 9)]), candidates(&[("a", 5), ("c", 9)]));
    let mut rotation = Rotation::default();
    let order = [&all, &without_b, &without_b].map(|there| pick(&mut rotation, there));
    assert_eq!(order.concat(), "bca", "b a c would leave c further behind than the stated bound");
}

#[test]
fn a_rotation_counts_its_turns() {
    let all = candidates(&[("a", 1), ("b", 1)]);
    let mut rotation = Rotation::default();
    (0..3).for_each(|_| drop(pick(&mut rotation, &all)));
    assert_eq!(rotation.picks(), 3);
}

#[test]
fn a_turn_says_how_each_candidate_stood_before_it() {
    let stood = |policy: Policy, weights: &[(&str, u32)], turns: usize| {
        let lineup = || Lineup::new(policy, candidates(weights), Timestamp::UNIX_EPOCH);
        let mut rotation = Rotation::default();
        for _ in 0..turns {
            rotation.enter(&rotation.turn("na".into(), lineup()).expect("a turn"));
        }
        rotation.turn("na".into(), lineup()).expect("a turn").besides.stood
    };
    let equals = [("a", 1), ("b", 1), ("c", 1)];
    assert_eq!(stood(Policy::Quota, &[("a", 2), ("b", 1)], 1), [-333, 333], "in thousandths of a lead");
    assert_eq!(stood(Policy::InTurn, &equals, 2), [2, 1, 0], "so many turns ago, and c never");
    assert!(stood(Policy::FewestOpen, &equals, 2).is_empty(), "it goes by what is in hand");
}

#[test]
fn who_comes_back_gets_no_burst() {
    let all = candidates(&[("a", 1), ("b", 1), ("c", 1)]);
    let without_c = candidates(&[("a", 1), ("b", 1)]);
    let mut rotation = Rotation::default();
    (0..9).for_each(|_| drop(pick(&mut rotation, &all)));
    (0..100).for_each(|_| drop(pick(&mut rotation, &without_c)));
    let next: Vec<String> = (0..6).map(|_| pick(&mut rotation, &all)).collect();
    assert_eq!(next.iter().filter(|rep| *rep == "c").count(), 2, "{next:?}");
}

#[test]
fn who_leaves_hands_its_credit_to_the_others() {
    let all = candidates(&[("a", 1), ("b", 1), ("c", 2)]);
    let mut rotation = Rotation::default();
    (0..5).for_each(|_| drop(pick(&mut rotation, &all)));
    rotation.retain(&candidates(&[("a", 1), ("c", 2)]));
    assert_eq!(rotation.credits().iter().map(|credit| credit.units).sum::<i64>(), 0);
    assert!(rotation.credits().iter().all(|credit| credit.rep.as_str() != "b"));
}

#[test]
fn what_who_leaves_was_owed_goes_to_the_others_by_weight() {
    let mut rotation = Rotation::default();
    pick(&mut rotation, &candidates(&[("a", 4), ("b", 4), ("c", 2), ("d", 2)]));
    let owed = |rotation: &Rotation| -> Vec<i64> { rotation.credits().iter().map(|credit| credit.units).collect() };
    let (before, b) = (owed(&rotation), UNIT / 3);
    rotation.retain(&candidates(&[("a", 4), ("c", 2), ("d", 2)]));
    let more: Vec<i64> =
        owed(&rotation).iter().zip([before[0], before[2], before[3]]).map(|(now, then)| now - then).collect();
    for (more, due) in more.iter().zip([b / 2, b / 4, b / 4]) {
        assert!((more - due).abs() < 8, "{more} of {due} units, up to what is lost in division");
    }
    assert_eq!(owed(&rotation).iter().sum::<i64>(), 0);
}

#[test]
fn a_run_that_does_not_begin_at_zero_stays_inside_the_stated_bound() {
    let all = candidates(&[("a", 50), ("b", 9), ("c", 50)]);
    let without_a = candidates(&[("b", 9), ("c", 50)]);
    let mut rotation = Rotation::default();
    pick(&mut rotation, &all);
    for _ in 0..40 {
        pick(&mut rotation, &without_a);
        let lag = largest_lag(&rotation);
        assert!(lag <= moving_bound(3), "lag {lag}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn while_nothing_changes_nobody_is_a_whole_lead_away(weights in prop::collection::vec(1u32..100, 2..20)) {
        let names: Vec<String> = (0..weights.len()).map(|n| format!("r{n:02}")).collect();
        let pairs: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights).collect();
        let candidates = candidates(&pairs);
        let strict = bound(candidates.len()) + 1e-9;
        let mut rotation = Rotation::default();
        for n in 0..600 {
            pick(&mut rotation, &candidates);
            let lag = largest_lag(&rotation);
            prop_assert!(lag <= strict, "lag {lag} after {n} picks exceeds {strict}");
        }
    }

    #[test]
    fn credits_always_sum_to_zero(seed in prop::collection::vec((1u32..40, prop::bool::ANY), 2..10), picks in 1usize..80) {
        let names: Vec<String> = (0..seed.len()).map(|n| format!("r{n}")).collect();
        let mut rotation = Rotation::default();
        for n in 0..picks {
            let present: Vec<(&str, u32)> = names.iter().zip(&seed).enumerate()
                .filter(|(place, (_, (_, always)))| *always || (place + n) % 3 != 0)
                .map(|(_, (name, (weight, _)))| (name.as_str(), *weight)).collect();
            if !present.is_empty() {
                pick(&mut rotation, &candidates(&present));
            }
        }
        prop_assert_eq!(rotation.credits().iter().map(|credit| credit.units).sum::<i64>(), 0);
    }

    #[test]
    fn where_candidates_change_no_lag_passes_the_stated_bound(
        n in 2usize..20,
        weights in prop::collection::vec(1u32..60, 20),
        absences in prop::collection::vec((any::<u32>(), 1usize..12), 60),
    ) {
        let names: Vec<String> = (0..n).map(|n| format!("r{n:02}")).collect();
        let mut rotation = Rotation::default();
        // Who is there changes, and stays so for some leads.
        for (present, leads) in absences {
            let present: Vec<(&str, u32)> = names.iter().enumerate()
                .filter(|(place, _)| present >> place & 1 == 1)
                .map(|(place, name)| (name.as_str(), weights[place])).collect();
            if present.is_empty() {
                continue;
            }
            for _ in 0..leads {
                pick(&mut rotation, &candidates(&present));
                let lag = largest_lag(&rotation);
                prop_assert!(lag <= moving_bound(n) + 1e-6, "lag {lag} with {n} reps");
            }
        }
    }

    #[test]
    fn the_report_finds_the_same_credits_as_the_host_kept(
        weights in prop::collection::vec(1u32..30, 2..8),
        away in prop::collection::vec(0usize..12, 60),
    ) {
        let names: Vec<String> = (0..weights.len()).map(|n| format!("r{n}")).collect();
        let mut rotation = Rotation::default();
        let mut turns = Vec::new();
        for (n, away) in away.iter().enumerate() {
            let present: Vec<(&str, u32)> = names.iter().map(String::as_str).zip(weights.iter().copied())
                .enumerate().filter(|(place, _)| place != away).map(|(_, pair)| pair).collect();
            let candidates = candidates(&present);
            let rep = pick(&mut rotation, &candidates);
            let turn = Turn::new("p".into(), candidates, rep.as_str().into(), Policy::Quota);
            turns.push((DecisionId::from(format!("{n}")), turn));
        }
        let at = jiff::Timestamp::UNIX_EPOCH;
        let report = report(turns.iter().map(|(id, turn)| (id, at, turn)));
        for member in &report[0].members {
            let kept = rotation.credits().iter().find(|credit| credit.rep == member.rep).map_or(0, |credit| credit.units);
            prop_assert!((leads(kept) - member.lag).abs() < 1e-9);
        }
        prop_assert_eq!(report[0].picks, 60);
    }

    #[test]
    fn the_proof_follows_members_who_leave_and_return_however_often_between_two_turns(
        weights in prop::collection::vec(1u32..30, 2..8),
        events in prop::collection::vec((any::<u8>(), any::<u8>(), any::<bool>()), 80),
    ) {
        let names: Vec<String> = (0..weights.len()).map(|n| format!("r{n}")).collect();
        let among = |some: u8| -> Vec<Candidate> {
            let chosen = |place: &usize| some >> place & 1 == 1;
            let pairs: Vec<_> = (0..names.len()).filter(chosen).map(|n| (names[n].as_str(), weights[n])).collect();
            candidates(&pairs)
        };
        let (mut rotation, mut members, mut turns) = (Rotation::default(), among(u8::MAX), Vec::new());
        for (n, (some, present, revises)) in events.into_iter().enumerate() {
            if revises {
                members = among(some);
                rotation.retain(&members);
                continue;
            }
            let there: Vec<_> = members.iter().filter(|member| among(present | 3).contains(member)).cloned().collect();
            if !there.is_empty() {
                let owed = rotation.moved();
                let rep = pick(&mut rotation, &there);
                let turn = Turn { owed, ..Turn::new("p".into(), there, rep.as_str().into(), Policy::Quota) };
                turns.push((DecisionId::from(format!("{n}")), turn));
            }
        }
        let report = report(turns.iter().map(|(id, turn)| (id, jiff::Timestamp::UNIX_EPOCH, turn)));
        for pool in &report {
            prop_assert!(pool.holds(), "{:?}", pool.runs);
            if rotation.moved().is_none() {
                for member in &pool.members {
                    let credit = rotation.credits().iter().find(|credit| credit.rep == member.rep);
                    prop_assert!((leads(credit.map_or(0, |credit| credit.units)) - member.lag).abs() < 1e-9);
                }
            }
        }
    }
}

#[test]
fn a_revision_that_nobody_leaves_by_keeps_the_strict_bound() {
    let pool = candidates(&[("ana", 3), ("bo", 1), ("cy", 1)]);
    let (mut rotation, mut furthest) = (Rotation::default(), 0.0_f64);
    for _ in 0..25 {
        pick(&mut rotation, &pool);
        furthest = furthest.max(largest_lag(&rotation));
        rotation.retain(&pool);
    }
    assert!(furthest <= bound(3) + 1e-6, "{furthest}");
}

#[test]
fn a_unit_is_one_lead() {
    assert_eq!(leads(UNIT), 1.0);
}
