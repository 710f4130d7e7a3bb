//! What the proof of fairness says, number by number: due, got, lag, worst lag and when, stretches and
//! their bounds; also when its past was written down in short.

use jiff::Timestamp;
use rota_domain::fairness::{
    By, Candidate, Credit, Hand, Lineup, MemberReport, Policy, PoolReport, Promise, Reckoning, Rotation, Turn, UNIT,
    bound, moving_bound,
};
use rota_domain::id::{DecisionId, RotationId};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn candidates(weights: &[(&str, u32)]) -> Vec<Candidate> {
    weights.iter().map(|(rep, weight)| Candidate { rep: (*rep).into(), weight: *weight }).collect()
}

fn turn(policy: Policy, weights: &[(&str, u32)], rep: &str) -> Turn {
    Turn::new("na".into(), candidates(weights), rep.into(), policy)
}

fn reckoned(turns: &[Turn]) -> Reckoning {
    let mut reckoning = Reckoning::default();
    for (n, turn) in turns.iter().enumerate() {
        reckoning.enter(&DecisionId::from(format!("d{n}")), turn);
    }
    reckoning
}

fn proof(turns: &[Turn]) -> PoolReport {
    reckoned(turns).close().remove(0)
}

fn member<'r>(report: &'r PoolReport, rep: &str) -> &'r MemberReport {
    report.members.iter().find(|member| member.rep.as_str() == rep).expect("a member")
}

fn quota(reps: &str, weights: &[(&str, u32)]) -> Vec<Turn> {
    reps.chars().map(|rep| turn(Policy::Quota, weights, &rep.to_string())).collect()
}

/// Whether it is so many leads, but for rounding.
fn is(leads: f64, expected: f64) -> bool {
    (leads - expected).abs() < 1e-9
}

#[test]
fn everybody_is_due_their_share_and_the_first_decision_that_left_them_furthest_is_named() {
    let report = proof(&quota("abab", &[("a", 3), ("b", 1)]));
    let (a, b) = (member(&report, "a"), member(&report, "b"));
    assert!(is(a.due, 3.0) && is(b.due, 1.0), "three quarters and a quarter of four leads");
    assert_eq!((a.got, b.got), (2, 2));
    assert!(is(a.lag, 1.0) && is(b.lag, -1.0), "one lead too few, one too many");
    assert!(is(a.worst_lag, 1.0) && is(b.worst_lag, -1.0));
    assert_eq!(b.worst_at, Some("d3".into()));
    // a is owed a quarter less after the first, half of one more after the second.
    let early = proof(&quota("ab", &[("a", 3), ("b", 1)]));
    assert!(is(member(&early, "a").worst_lag, 0.5) && is(member(&early, "b").worst_lag, -0.5));
    let even = proof(&quota("abab", &[("a", 1), ("b", 1)]));
    assert!(is(member(&even, "a").worst_lag, -0.5));
    assert_eq!(member(&even, "a").worst_at, Some("d0".into()), "the first of those that are alike");
}

#[test]
fn a_stretch_is_as_long_as_candidates_and_policy_stay_the_same() {
    let both = [("a", 1), ("b", 1)];
    let mut turns = quota("ab", &both);
    turns.extend(quota("aaa", &[("a", 1)]));
    turns.push(turn(Policy::InTurn, &[("a", 1)], "a"));
    let report = proof(&turns);
    let runs: Vec<_> = report.runs.iter().map(|run| (run.from, run.to, run.candidates)).collect();
    assert_eq!((report.picks, runs), (6, vec![(1, 2, 2), (3, 5, 1), (6, 6, 1)]));
    assert_eq!(report.policy, Policy::InTurn, "that of the last turn");
}

#[test]
fn a_stretch_that_begins_at_zero_has_the_strict_bound_and_another_the_stated_one() {
    let (three, two) = ([("a", 1), ("b", 1), ("c", 1)], [("a", 1), ("b", 1)]);
    let mut turns = quota("abc", &three);
    turns.extend(quota("a", &two));
    turns.extend(quota("b", &three));
    let bounds: Vec<f64> = proof(&turns).runs.iter().map(|run| run.bound).collect();
    assert_eq!(bounds, [bound(3), bound(2), moving_bound(3)], "after a's turn of two, nobody is at zero");
}

#[test]
fn other_policies_are_measured_from_where_a_stretch_began() {
    let mut turns = vec![turn(Policy::InTurn, &[("a", 1), ("b", 1)], "a")];
    turns.extend(["b", "c", "a"].map(|rep| turn(Policy::InTurn, &[("a", 1), ("b", 1), ("c", 1)], rep)));
    let report = proof(&turns);
    let runs: Vec<(f64, f64)> = report.runs.iter().map(|run| (run.bound, run.max_abs_lag)).collect();
    assert!(is(runs[0].0, 0.5) && is(runs[0].1, 0.5));
    assert!(is(runs[1].0, 2.0 / 3.0) && is(runs[1].1, 2.0 / 3.0), "{runs:?}: what a was owed before does not count");
    assert!(report.holds());
}

#[test]
fn in_a_pecking_order_the_highest_score_is_due_all_and_nobody_may_be_off_by_anything() {
    let ranked = [("a", 1), ("b", 9), ("c", 9)];
    let of = |reps: [&str; 2]| proof(&reps.map(|rep| turn(Policy::PeckingOrder, &ranked, rep)));
    let report = of(["b", "c"]);
    assert!(is(member(&report, "a").due, 0.0) && is(member(&report, "b").due, 1.0));
    assert!(is(report.runs[0].bound, 0.5) && report.holds(), "two are equal");
    assert!(!of(["b", "b"]).holds() && !of(["b", "a"]).holds());
    let alone = proof(&[turn(Policy::PeckingOrder, &[("a", 1), ("b", 9)], "b")]);
    assert!(is(alone.runs[0].bound, 0.0) && is(alone.runs[0].max_abs_lag, 0.0));
}

#[test]
fn where_turns_go_by_distance_the_first_of_the_nearest_is_due_all() {
    let near = [("a", 5), ("b", 9), ("c", 9)];
    let report = proof(&[turn(Policy::Nearest, &near, "b"), turn(Policy::Nearest, &near, "b")]);
    let due = ["a", "b", "c"].map(|rep| member(&report, rep).due);
    assert!(is(due[0], 0.0) && is(due[1], 2.0) && is(due[2], 0.0), "{due:?}");
    assert!(report.holds() && report.runs.is_empty(), "how far it is is no share");
    let other = proof(&[turn(Policy::Nearest, &near, "c")]);
    assert_eq!(other.broken[0].promise, Promise::Nearest);
}

#[test]
fn the_widest_bound_and_the_largest_lag_are_those_of_any_stretch() {
    let mut turns = quota("a", &[("a", 1), ("b", 1)]);
    turns.extend(quota("b", &[("b", 1)]));
    let report = proof(&turns);
    let (widest, largest) = report.widest();
    assert!(is(widest, report.runs.iter().map(|run| run.bound).fold(0.0, f64::max)), "{:?}", report.runs);
    assert!(is(largest, 0.5) && widest >= largest);
    assert_eq!(proof(&[Turn::by_hand("na".into(), RotationId::from("na"), "a".into())]).widest(), (0.0, 0.0));
}

#[test]
fn what_members_who_left_were_owed_is_with_the_others_or_the_proof_fails() {
    let three = [("a", 1), ("b", 1), ("c", 1)];
    let mut rotation = Rotation::default();
    let take = |rotation: &mut Rotation, there: &[(&str, u32)]| {
        let turn = rotation.turn("na".into(), Lineup::new(Policy::Quota, candidates(there), NOW)).expect("a turn");
        rotation.enter(&turn);
        turn
    };
    let mut turns = vec![take(&mut rotation, &three), take(&mut rotation, &three)];
    // c, who has had none, is away, and leaves.
    turns.push(take(&mut rotation, &three[..2]));
    rotation.retain(&candidates(&three[..2]));
    turns.push(take(&mut rotation, &three[..2]));
    let owed = turns[3].owed.clone().expect("the turn says what everybody is owed after it");
    assert!(owed.iter().all(|credit| credit.rep.as_str() != "c"), "{owed:?}");
    assert_eq!(owed.iter().map(|credit| credit.units).sum::<i64>(), 0);
    let report = proof(&turns);
    assert!(report.holds(), "{:?}", report.runs);
    let runs: Vec<_> = report.runs.iter().map(|run| (run.from, run.to)).collect();
    assert_eq!(runs, [(1, 2), (3, 3), (4, 4)], "candidates are the same, and what they are owed is not");
    let c = member(&report, "c");
    assert!(is(c.due, 0.0) && is(c.lag, 0.0) && c.got == 0, "{c:?}: nothing is due to who left");
    let due: f64 = report.members.iter().map(|member| member.due).sum();
    assert!(is(due, 4.0), "{due}: every lead is somebody's");
    let mut short = turns.clone();
    short[3].owed = Some(owed.into_iter().map(|credit| Credit { units: credit.units - 2 * UNIT, ..credit }).collect());
    assert!(!proof(&short).holds(), "two leads a member are lost");
}

#[test]
fn a_turn_that_was_kept_is_due_and_got_and_moves_nobody() {
    let both = [("a", 1), ("b", 1)];
    let mut turns = quota("ab", &both);
    let mut paid = turn(Policy::Quota, &both, "a");
    paid.besides.made_up = true;
    turns.push(paid);
    let report = proof(&turns);
    let a = member(&report, "a");
    assert!(is(a.due, 2.0) && is(a.lag, 0.0));
    assert_eq!((a.got, a.made_up, report.runs.len()), (2, 1, 1));
    assert_eq!(report.broken[0].promise, Promise::MakeUp, "nobody had missed it");
}

#[test]
fn what_a_person_gave_by_hand_is_no_turn_and_the_next_stretch_begins_behind_it() {
    let hand = Turn::by_hand("na".into(), RotationId::from("na"), "a".into());
    assert!(hand.besides.by_hand && hand.besides.rotation.is_none() && hand.candidates.is_empty());
    assert_eq!(hand.rotation(), RotationId::from("na"));
    let shared = Turn::by_hand("na".into(), RotationId::from("group:west"), "a".into());
    assert_eq!(shared.rotation(), RotationId::from("group:west"), "where pools share one");
    let both = [("a", 1), ("b", 1)];
    let of = |rep: &str| turn(Policy::LeastRecent, &both, rep);
    let report = proof(&[of("a"), hand, of("b")]);
    let runs: Vec<_> = report.runs.iter().map(|run| (run.from, run.to)).collect();
    assert_eq!((report.picks, runs), (2, vec![(1, 1), (2, 2)]));
}

#[test]
fn a_past_that_was_written_down_in_short_gives_the_same_numbers() {
    let all = [("a", 2), ("b", 1), ("c", 1)];
    let stretches: [(&str, &[(&str, u32)]); 6] =
        [("abca", &all), ("ab", &all[..2]), ("c", &all[2..]), ("aabc", &all), ("bb", &all[1..2]), ("ca", &all)];
    let turns: Vec<Turn> = stretches.iter().flat_map(|(reps, there)| quota(reps, there)).collect();
    let whole = proof(&turns);
    let mut short = reckoned(&turns[..13]);
    short.condense();
    let written = serde_json::to_string(&short).expect("it is written");
    let mut short: Reckoning = serde_json::from_str(&written).expect("it is read");
    for (n, turn) in turns.iter().enumerate().skip(13) {
        short.enter(&DecisionId::from(format!("d{n}")), turn);
    }
    let short = short.close().remove(0);
    assert_eq!((short.picks, &short.members), (whole.picks, &whole.members));
    assert_eq!(short.widest(), whole.widest());
    assert_eq!(short.holds(), whole.holds());
    assert_eq!(short.runs.last(), whole.runs.last());
    assert_eq!(short.runs.len() as u64 + short.runs_before, whole.runs.len() as u64);
    assert!(short.runs_before > 0, "some stretches are only counted");
}

#[test]
fn a_stretch_that_left_its_bound_is_never_only_counted() {
    let both = [("a", 1), ("b", 1)];
    let mut turns = quota("aaa", &both);
    for _ in 0..3 {
        turns.extend(quota("b", &[("b", 1)]));
        turns.extend(quota("bab", &both));
    }
    let mut short = reckoned(&turns);
    short.condense();
    assert!(!short.close().remove(0).holds(), "a had three in a row");
}

#[test]
fn of_the_past_the_last_stretch_the_furthest_and_the_widest_stay() {
    let all = [("a", 1), ("b", 1), ("c", 1)];
    let mut turns = quota("abc", &all);
    for stretch in [&all[..2], &all[..1], &all[1..2], &all[1..], &all[2..]] {
        turns.extend(quota(stretch[0].0, stretch));
    }
    let runs = |reckoning: Reckoning| {
        let report = reckoning.close().remove(0);
        (report.runs.iter().map(|run| run.from).collect::<Vec<_>>(), report.runs_before, report.holds())
    };
    let whole = reckoned(&turns);
    assert_eq!(runs(whole.clone()), (vec![1, 4, 5, 6, 7, 8], 0, true));
    let bounds: Vec<f64> = whole.clone().close()[0].runs.iter().map(|run| run.bound).collect();
    let widest = bounds.iter().copied().fold(0.0, f64::max);
    let mut short = whole;
    short.condense();
    let report = short.clone().close().remove(0);
    assert!(is(report.widest().0, widest));
    let (kept, before, holds) = runs(short.clone());
    assert!(kept.contains(&8) && kept.len() <= 3 && holds, "{kept:?}");
    assert_eq!(kept.len() as u64 + before, 6);
    let furthest = report.runs.iter().find(|run| is(run.max_abs_lag, report.widest().1)).expect("the furthest");
    assert!(is(furthest.max_abs_lag, reckoned(&turns).close()[0].widest().1));
    short.condense();
    assert_eq!(runs(short), (kept, before, true), "nothing more goes");
}

#[test]
fn what_there_is_nothing_of_is_left_out_of_the_report() {
    let both = [("a", 1), ("b", 1)];
    let text = |turns: &[Turn]| serde_json::to_string(&proof(turns)).expect("it is written");
    let plain = text(&quota("ab", &both));
    assert!(!plain.contains("made_up") && !plain.contains("runs_before") && !plain.contains("broken"), "{plain}");
    let mut paid = turn(Policy::Quota, &both, "a");
    paid.besides.made_up = true;
    let made_up = text(&[quota("ab", &both), vec![paid]].concat());
    assert!(made_up.contains("\"made_up\":1") && !made_up.contains("\"made_up\":0"), "{made_up}");
    let mut short = reckoned(&[quota("ab", &both), quota("a", &both[..1]), quota("b", &both[1..])].concat());
    short.condense();
    let counted = serde_json::to_string(&short.close()[0]).expect("it is written");
    assert!(counted.contains("\"runs_before\":1"), "{counted}");
}

#[test]
fn promises_are_told_in_words() {
    let words = [Promise::MakeUp, Promise::Least, Promise::Nearest, Promise::Stop].map(Promise::words);
    insta::assert_snapshot!(words.join("\n"), @r"
    a kept turn was paid that nobody had missed
    a turn went to somebody who had not least in hand
    a turn went to somebody who was not nearest
    a turn went to somebody too far ahead
    ");
}

#[test]
fn a_turn_comes_back_from_its_text_as_it_was_written() {
    let mut rotation = Rotation::default();
    for (policy, by) in [
        (Policy::Quota, By::Count),
        (Policy::FewestOpen, By::Count),
        (Policy::MostFreeCapacity, By::Percent),
        (Policy::MostFreeCapacity, By::Count),
    ] {
        let hands = vec![Hand { open: 1, capacity: 9 }, Hand { open: 2, capacity: 4 }];
        let lineup = Lineup { hands, by, stop: Some(3), ..Lineup::new(policy, candidates(&[("a", 1), ("b", 2)]), NOW) };
        let turn = rotation.turn("na".into(), lineup).expect("a turn");
        rotation.enter(&turn);
        let text = serde_json::to_string(&turn).expect("it is written");
        assert_eq!(serde_json::from_str::<Turn>(&text).expect("it is read"), turn, "{text}");
    }
}

#[test]
fn who_is_too_far_ahead_takes_what_they_have_in_hand_along() {
    let mut rotation = Rotation::default();
    let hand = |open| Hand { open, capacity: 100 };
    let lineup = |hands: Vec<Hand>| Lineup {
        hands,
        stop: Some(1),
        ..Lineup::new(Policy::FewestOpen, candidates(&[("a", 1), ("b", 1), ("c", 1)]), NOW)
    };
    for _ in 0..2 {
        let turn = rotation.turn("na".into(), lineup(vec![hand(0), hand(50), hand(60)])).expect("a turn");
        assert_eq!(turn.rep.as_str(), "a");
        rotation.enter(&turn);
    }
    // a is two ahead, and closed all; b has most in hand, and c the least of those who are left.
    let turn = rotation.turn("na".into(), lineup(vec![hand(0), hand(90), hand(10)])).expect("a turn");
    assert_eq!((turn.rep.as_str(), turn.besides.open), ("c", vec![90, 10]));
}
