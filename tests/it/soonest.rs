//! Why a turn by quota went to somebody who was owed less: they had to have one sooner.

use jiff::Timestamp;
use proptest::prelude::*;
use rota_domain::fairness::{Besides, Candidate, Lineup, Policy, Rotation, Turn};

fn candidates(weights: &[u32]) -> Vec<Candidate> {
    let candidate = |(n, weight): (usize, &u32)| Candidate { rep: format!("r{n:02}").into(), weight: *weight };
    weights.iter().enumerate().map(candidate).collect()
}

/// The first turns of a pool with these weights.
fn turns(weights: &[u32], count: usize) -> Vec<Turn> {
    let mut rotation = Rotation::default();
    let mut turn = || {
        let lineup = Lineup::new(Policy::Quota, candidates(weights), Timestamp::UNIX_EPOCH);
        let turn = rotation.turn("na".into(), lineup).expect("a turn");
        rotation.enter(&turn);
        turn
    };
    (0..count).map(|_| turn()).collect()
}

#[test]
fn who_is_owed_more_but_has_time_is_told_within_how_many_turns_they_get_theirs() {
    let turns = turns(&[30, 30, 30, 10], 10);
    let told: Vec<_> = turns.iter().filter_map(Turn::due_within).collect();
    assert_eq!(turns[3].besides.stood, [-100, -100, -100, 300], "the last is owed most, in thousandths of a lead");
    assert_eq!((turns[3].rep.as_str(), turns[6].rep.as_str()), ("r00", "r03"));
    assert_eq!(told, [[Some(4), Some(4), Some(4), Some(6)]], "and so the first goes before them");
}

#[test]
fn where_the_turn_is_of_who_is_owed_most_nothing_more_is_told() {
    assert_eq!(turns(&[1, 1, 1], 3).iter().filter_map(Turn::due_within).count(), 0);
    let one = &turns(&[5], 1)[0];
    assert_eq!(one.due_within(), None, "there is nobody else");
}

#[test]
fn a_turn_that_goes_by_something_else_tells_nothing_of_it() {
    let told = |change: &dyn Fn(&mut Turn)| {
        let mut turn = turns(&[30, 30, 30, 10], 4).pop().expect("four");
        change(&mut turn);
        turn.due_within()
    };
    assert!(told(&|_| {}).is_some());
    assert_eq!(told(&|turn| turn.policy = Policy::LeastRecent), None);
    assert_eq!(told(&|turn| turn.besides.made_up = true), None);
    assert_eq!(told(&|turn| turn.besides = Besides::default()), None, "an older one");
    assert_eq!(told(&|turn| turn.rep = "r03".into()), None, "it was not that which it went by");
    assert_eq!(told(&|turn| turn.rep = "somebody".into()), None);
}

proptest! {
    #[test]
    fn while_nothing_changes_everybody_gets_theirs_as_soon_as_was_told(weights in prop::collection::vec(1u32..100, 2..20)) {
        let turns = turns(&weights, 400);
        for (at, turn) in turns.iter().enumerate() {
            for (place, due) in turn.due_within().into_iter().flatten().enumerate() {
                let rep = &turn.candidates[place].rep;
                let Some(due) = due.and_then(|due| usize::try_from(due).ok()).filter(|due| at + due <= turns.len()) else { continue };
                let had = turns[at..at + due].iter().any(|turn| turn.rep == *rep);
                prop_assert!(had, "turn {at}: {rep} had none within {due}");
            }
        }
    }

    #[test]
    fn whoever_gets_less_than_others_were_owed_is_told_to_have_been_due_first(weights in prop::collection::vec(1u32..100, 2..20)) {
        let total: u32 = weights.iter().sum();
        for turn in turns(&weights, 400) {
            let stood = |place: usize| f64::from(turn.besides.stood[place]) / 1_000.0 + f64::from(weights[place]) / f64::from(total);
            let got = turn.candidates.iter().position(|candidate| candidate.rep == turn.rep).expect("a candidate");
            let most = (0..weights.len()).map(stood).fold(f64::MIN, f64::max);
            if most > stood(got) + 0.01 {
                let told = turn.due_within().ok_or_else(|| TestCaseError::fail(format!("nothing is told of {turn:?}")))?;
                prop_assert_eq!(told[got], told.iter().flatten().min().copied());
            }
        }
    }
}
