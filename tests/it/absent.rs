//! What becomes of the turns of who is not there: gone, held, or kept as a credit.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rota_domain::desk::Desk;
use rota_domain::event::Status;
use rota_domain::fairness::{Absent, Allowance, Candidate, Lineup, Policy, Promise, Reckoning, Rotation, Turn, report};
use rota_domain::id::{DecisionId, PoolId, RepId};
use rota_domain::workspace::{Minutes, Workspace};
use serde_json::json;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn reps(letters: &str) -> Vec<Candidate> {
    letters.chars().map(|rep| Candidate { rep: rep.to_string().into(), weight: 1 }).collect()
}

fn credit(leads: u32, days: u32) -> Absent {
    Absent::Credit(Allowance { leads, expires: Minutes(days * 24 * 60) })
}

/// A lead of a pool where these are there and those are not.
fn take(
    rotation: &mut Rotation,
    policy: Policy,
    absence: Absent,
    (there, absent): (&str, &str),
    at: Timestamp,
) -> Turn {
    let lineup = Lineup { absent: reps(absent), absence, ..Lineup::new(policy, reps(there), at) };
    let turn = rotation.turn("na".into(), lineup).expect("a turn");
    rotation.enter(&turn);
    turn
}

/// Who gets a lead a day, where each word says who of a, b and c is there for one.
fn order(policy: Policy, absence: Absent, days: &str) -> String {
    let (mut rotation, mut now) = (Rotation::default(), at("2026-03-02T09:00:00Z"));
    let mut order = String::new();
    for there in days.split_whitespace() {
        let absent: String = "abcd".chars().filter(|rep| !there.contains(*rep) && days.contains(*rep)).collect();
        order += take(&mut rotation, policy, absence, (there, &absent), now).rep.as_str();
        now += DAY;
    }
    order
}

#[test]
fn skip_lets_a_missed_turn_go() {
    assert_eq!(order(Policy::InTurn, Absent::Skip, "abcd acd abcd abcd abcd abcd"), "acdabc");
    assert_eq!(order(Policy::LeastRecent, Absent::Skip, "abc ac ac ac abc abc abc"), "acacabc");
    assert_eq!(order(Policy::LeastRecent, Absent::Skip, "ab ab a a ab"), "abaab", "as if served just before a");
    assert_eq!(order(Policy::Quota, Absent::Skip, "abc ab ab ab ab abc abc abc"), "abababca");
}

#[test]
fn hold_keeps_one_turn_and_gives_it_on_return() {
    assert_eq!(order(Policy::InTurn, Absent::Hold, "abcd acd abcd abcd abcd abcd"), "acbdab");
    assert_eq!(order(Policy::LeastRecent, Absent::Hold, "abc ac ac ac abc abc abc"), "acacbac");
    assert_eq!(order(Policy::Quota, Absent::Hold, "ab ab ab ab abc abc abc abc abc abc abc"), "ababcabcabc");
}

#[test]
fn hold_never_keeps_more_than_one_turn() {
    let away = "abcd acd acd acd acd acd acd";
    assert_eq!(
        order(Policy::InTurn, Absent::Hold, &format!("{away} abcd abcd abcd abcd abcd abcd abcd")),
        "acdacdabcbdabc"
    );
}

#[test]
fn a_credit_keeps_as_many_turns_as_it_says_and_pays_them_between_those_of_others() {
    let away = "abcd acd acd acd acd acd acd";
    let back = "abcd abcd abcd abcd abcd abcd abcd abcd";
    let order_with = |leads| order(Policy::InTurn, credit(leads, 30), &format!("{away} {back}"));
    assert_eq!(order_with(1), "acdacdabcbdabcd");
    assert_eq!(order_with(5), "acdacdabcbdbabc", "b missed two turns");
    let recent = order(Policy::LeastRecent, credit(5, 30), "abc ac ac abc abc abc abc");
    assert_eq!(recent, "acabcba", "b missed the second lead, and has it after its next turn");
    assert_eq!(order(Policy::LeastRecent, credit(5, 30), "abc ac ac ac abc abc abc abc"), "acacbabc");
    assert_eq!(order(Policy::Quota, credit(5, 30), "ab ab ab ab abc abc abc abc"), "ababcabc");
}

#[test]
fn a_credit_expires_so_long_after_each_turn_was_missed() {
    let mut rotation = Rotation::default();
    let began = at("2026-03-02T09:00:00Z");
    let kept = |rotation: &Rotation, at| rotation.kept(&"b".into(), credit(5, 30), at);
    let mut lead = |there, absent, at| take(&mut rotation, Policy::InTurn, credit(5, 30), (there, absent), at).rep;
    assert_eq!(lead("abc", "", began), RepId::from("a"));
    assert_eq!(lead("ac", "b", began + DAY), RepId::from("c"));
    assert_eq!(lead("ac", "b", began + DAY * 2), RepId::from("a"));
    assert_eq!(lead("ac", "b", began + DAY * 3), RepId::from("c"));
    let second = SignedDuration::from_secs(1);
    assert_eq!(kept(&rotation, began + DAY * 31 - second), 2);
    assert_eq!(kept(&rotation, began + DAY * 31), 1, "that of the second lead is thirty days old");
    assert_eq!(kept(&rotation, began + DAY * 33 - second), 1);
    assert_eq!(kept(&rotation, began + DAY * 33), 0);
    let mut lead = |at| take(&mut rotation, Policy::InTurn, credit(5, 30), ("abc", ""), at).rep.to_string();
    let late = [lead(began + DAY * 40), lead(began + DAY * 41), lead(began + DAY * 42), lead(began + DAY * 43)];
    assert_eq!(late.concat(), "abca", "nothing is left to be paid");
}

#[test]
fn who_is_away_under_quota_misses_a_share_of_each_lead() {
    let mut rotation = Rotation::default();
    let now = at("2026-03-02T09:00:00Z");
    for n in 1..=12 {
        take(&mut rotation, Policy::Quota, credit(3, 30), ("ab", "cd"), now);
        assert_eq!(rotation.kept(&"c".into(), credit(3, 30), now), (n / 4).min(3), "a quarter of each");
    }
    take(&mut rotation, Policy::Quota, credit(3, 30), ("ab", "cd"), now);
    assert_eq!(rotation.kept(&"c".into(), credit(3, 30), now), 3, "and no more than the credit");
}

#[test]
fn a_turn_says_nothing_of_who_is_absent_where_nothing_is_kept_for_them() {
    let now = at("2026-03-02T09:00:00Z");
    let written = |absent: &str| {
        let turn = take(&mut Rotation::default(), Policy::Quota, Absent::Skip, ("ab", absent), now);
        serde_json::to_string(&turn).expect("text")
    };
    assert_eq!(written("c"), written(""));
    assert!(!written("").contains("absence"), "{}", written(""));
    assert!(!written("").contains("\"at\""), "{}", written(""));
}

#[test]
fn parts_of_leads_add_up_to_whole_ones_and_what_is_beyond_stays() {
    let now = at("2026-03-02T09:00:00Z");
    let kept = |weights: [u32; 3]| -> Vec<usize> {
        let member = |n: usize| Candidate { rep: ["a", "b", "c"][n].into(), weight: weights[n] };
        let (mut rotation, absence) = (Rotation::default(), credit(9, 30));
        let mut lead = || {
            let absent = vec![member(1), member(2)];
            let lineup = Lineup { absent, absence, ..Lineup::new(Policy::Quota, vec![member(0)], now) };
            rotation.enter(&rotation.turn("na".into(), lineup).expect("a turn"));
            rotation.kept(&"c".into(), absence, now)
        };
        (0..9).map(|_| lead()).collect()
    };
    assert_eq!(kept([1, 1, 1]), [0, 0, 1, 1, 1, 2, 2, 2, 3], "thirds, though each is rounded down");
    assert_eq!(kept([2, 1, 2]), [0, 0, 1, 1, 2, 2, 2, 3, 3], "two fifths");
}

#[test]
fn a_kept_turn_that_was_paid_is_written_no_more() {
    let (mut rotation, now) = (Rotation::default(), at("2026-03-02T09:00:00Z"));
    let missed = |rotation: &Rotation| serde_json::to_value(rotation).expect("JSON")["makeup"]["missed"].clone();
    for there in [("abc", ""), ("ac", "b")] {
        take(&mut rotation, Policy::InTurn, Absent::Hold, there, now);
    }
    assert_eq!(missed(&rotation), json!([{ "rep": "b", "leads": [now.as_second()], "at": now.as_second() }]));
    let back: Vec<Turn> = (0..6).map(|_| take(&mut rotation, Policy::InTurn, Absent::Hold, ("abc", ""), now)).collect();
    assert!(back.iter().any(|turn| turn.besides.made_up), "b was paid");
    assert_eq!(rotation.picks(), 8, "kept turns count");
    assert_eq!(missed(&rotation), json!(null));
}

#[test]
fn another_word_about_absence_lets_go_of_what_was_kept() {
    let mut rotation = Rotation::default();
    let now = at("2026-03-02T09:00:00Z");
    take(&mut rotation, Policy::InTurn, Absent::Hold, ("ac", "b"), now);
    take(&mut rotation, Policy::InTurn, Absent::Hold, ("ac", "b"), now);
    assert_eq!(rotation.kept(&"b".into(), Absent::Hold, now), 1);
    take(&mut rotation, Policy::InTurn, Absent::Skip, ("ac", "b"), now);
    assert_eq!(rotation.kept(&"b".into(), Absent::Hold, now), 0);
}

fn desk(pool: &str) -> Desk {
    let text = format!(
        "workspace = \"acme\"\n[[reps]]\nid = \"a\"\n[[reps]]\nid = \"b\"\ncapacity = 1\n[[reps]]\nid = \"c\"\n\
         [[pools]]\nid = \"na\"\nmembers = [{{ rep = \"a\" }}, {{ rep = \"b\" }}, {{ rep = \"c\" }}]\n{pool}\n"
    );
    let workspace: Workspace = toml::from_str(&text).expect("a workspace");
    workspace.check().unwrap_or_else(|wrong| panic!("{wrong}"));
    Desk::new(1, Arc::new(workspace))
}

fn lead(desk: &mut Desk, now: Timestamp) -> String {
    let turn = desk.next(&PoolId::from("na"), &[], &[], now).expect("a turn");
    desk.take(&turn);
    turn.rep.to_string()
}

#[test]
fn a_turn_of_a_capped_rep_is_kept_or_passed_as_that_of_one_who_is_away() {
    let now = at("2026-03-02T09:00:00Z");
    let capped = |pool: &str| {
        let mut desk = desk(pool);
        desk.loads_mut().give(&"b".into(), &[], now);
        let full: String = (0..4).map(|_| lead(&mut desk, now)).collect();
        desk.loads_mut().close(&"b".into(), &[]);
        full + " " + &(0..4).map(|_| lead(&mut desk, now)).collect::<String>()
    };
    let away = |pool: &str| {
        let mut desk = desk(pool);
        desk.set_status("b".into(), Status::Away);
        let away: String = (0..4).map(|_| lead(&mut desk, now)).collect();
        desk.set_status("b".into(), Status::Back);
        away + " " + &(0..4).map(|_| lead(&mut desk, now)).collect::<String>()
    };
    let skip = "policy = \"in-turn\"";
    let hold = "policy = \"in-turn\"\nabsent = \"hold\"";
    let credit = "policy = \"in-turn\"\nabsent = { credit = 2, expires = \"30d\" }";
    for (pool, order) in [(skip, "acac abca"), (hold, "acac babc"), (credit, "acac babc")] {
        assert_eq!(capped(pool), order, "{pool}");
        assert_eq!(away(pool), order, "{pool}");
    }
}

#[test]
fn who_is_not_asked_for_misses_nothing() {
    let mut desk = desk("policy = \"in-turn\"\nabsent = \"hold\"");
    let now = at("2026-03-02T09:00:00Z");
    for _ in 0..4 {
        let turn = desk.next(&PoolId::from("na"), &[0, 2], &[], now).expect("a turn");
        desk.take(&turn);
    }
    let order: String = (0..4).map(|_| lead(&mut desk, now)).collect();
    assert_eq!(order, "abca");
}

/// The report of these turns.
fn reported(turns: &[Turn]) -> rota_domain::fairness::PoolReport {
    let ids: Vec<DecisionId> = (0..turns.len()).map(|n| DecisionId::from(format!("d{n}"))).collect();
    report(ids.iter().zip(turns).map(|(id, turn)| (id, Timestamp::UNIX_EPOCH, turn))).remove(0)
}

#[test]
fn the_proof_finds_a_kept_turn_that_nobody_had_missed() {
    let (mut rotation, now) = (Rotation::default(), at("2026-03-02T09:00:00Z"));
    let mut turns: Vec<Turn> = [("ac", "b"), ("ac", "b"), ("ac", "b"), ("ac", "b"), ("abc", "")]
        .map(|presence| take(&mut rotation, Policy::InTurn, Absent::Hold, presence, now))
        .into();
    assert!(turns[4].besides.made_up);
    let report = reported(&turns);
    assert!(report.holds(), "{:?}", report.broken);
    let b = report.members.iter().find(|member| member.rep.as_str() == "b").expect("b");
    assert_eq!((b.got, b.made_up), (1, 1));
    turns.iter_mut().for_each(|turn| turn.besides.missed.clear());
    let report = reported(&turns);
    assert!(!report.holds());
    assert_eq!(report.broken[0].promise, Promise::MakeUp);
}

/// Who of six is there for each lead, and how long after the one before it comes.
fn days() -> impl Strategy<Value = Vec<(u8, i64)>> {
    proptest::collection::vec((1_u8..64, 1_usize..6, 0_i64..400_000), 1..30)
        .prop_map(|stretches| stretches.into_iter().flat_map(|(there, leads, gap)| vec![(there, gap); leads]).collect())
}

proptest! {
    #[test]
    fn nobody_is_paid_more_than_they_missed_lately_nor_twice_in_a_row(
        days in days(),
        weights in proptest::collection::vec(1_u32..20, 6),
        policy in proptest::sample::select(vec![Policy::Quota, Policy::InTurn, Policy::LeastRecent]),
        leads in 1_u32..4,
        holds in any::<bool>(),
    ) {
        let absence = if holds { Absent::Hold } else { credit(leads, 2) };
        let most = if holds { 1 } else { leads as usize };
        let (mut rotation, mut plain, mut turns) = (Rotation::default(), Rotation::default(), Vec::<Turn>::new());
        let (mut now, mut reckoning) = (at("2026-03-02T09:00:00Z"), Reckoning::default());
        for (there, gap) in days {
            now += SignedDuration::from_secs(gap);
            let members = (0..6).map(|n| {
                let weight = if policy == Policy::Quota { weights[n] } else { 1 };
                (there >> n & 1 == 1, Candidate { rep: format!("r{n}").into(), weight })
            });
            let (candidates, absent): (Vec<_>, Vec<_>) = members.partition(|(there, _)| *there);
            let of = |members: Vec<(bool, Candidate)>| members.into_iter().map(|(_, member)| member).collect::<Vec<_>>();
            let (candidates, absent) = (of(candidates), of(absent));
            let lineup = Lineup { absent, absence, ..Lineup::new(policy, candidates.clone(), now) };
            let turn = rotation.turn("na".into(), lineup).expect("a turn");
            if turn.besides.made_up {
                prop_assert!(turns.last().is_some_and(|before| before.rep != turn.rep), "two in a row");
            } else if policy != Policy::LeastRecent {
                // The rotation goes on behind kept turns as if there had been none.
                prop_assert_eq!(plain.next(policy, &candidates), Some(&turn.rep));
                plain.take(policy, &candidates, &turn.rep);
            }
            rotation.enter(&turn);
            for n in 0..6 {
                let rep = RepId::from(format!("r{n}"));
                prop_assert!(rotation.kept(&rep, absence, now) <= most);
            }
            reckoning.enter(&DecisionId::from("d"), &turn);
            turns.push(turn);
            let report = reckoning.clone().close().remove(0);
            prop_assert!(report.holds(), "{:?} {:?}", report.broken, report.runs);
        }
        for n in 0..6 {
            let rep = RepId::from(format!("r{n}"));
            let paid = turns.iter().filter(|turn| turn.besides.made_up && turn.rep == rep).count();
            let passed = turns.iter().filter(|turn| {
                turn.besides.missed.contains(&rep) || turn.besides.absent.iter().any(|absent| absent.rep == rep)
            });
            prop_assert!(paid <= passed.count(), "a lead passed for each that was paid");
        }
    }

    #[test]
    fn a_rotation_with_kept_turns_goes_on_from_its_written_form(days in days()) {
        let (mut kept, mut written) = (Rotation::default(), Rotation::default());
        let mut now = at("2026-03-02T09:00:00Z");
        for (there, gap) in days {
            now += SignedDuration::from_secs(gap);
            let presence = |wanted: bool| -> String {
                "abcdef".chars().enumerate().filter(|(n, _)| (there >> n & 1 == 1) == wanted).map(|(_, rep)| rep).collect()
            };
            let (there, absent) = (presence(true), presence(false));
            let turn = take(&mut kept, Policy::Quota, credit(2, 3), (&there, &absent), now);
            prop_assert_eq!(&turn, &take(&mut written, Policy::Quota, credit(2, 3), (&there, &absent), now));
            let text = serde_json::to_string(&turn).expect("text");
            prop_assert_eq!(&serde_json::from_str::<Turn>(&text).expect("a turn"), &turn);
            let text = serde_json::to_string(&written).expect("text");
            written = serde_json::from_str(&text).expect("a rotation");
        }
    }
}
