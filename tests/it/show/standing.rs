//! What `rota why` says in numbers of each rep who was considered.

use rota::show::{Palette, Why, WhyNot};
use rota_domain::decision::{Offered, Outcome};
use rota_domain::fairness::{Besides, Candidate, Policy, Turn};
use rota_domain::location::{Unplaced, nearness};
use rota_domain::rule::Note;
use rota_domain::workspace::{Weights, Workspace};
use rota_flow::ports::Recalled;

use super::fixtures::recalled;

/// The decision of the fixtures, by a turn of this policy between ana and bo.
fn by(policy: Policy, weights: [u32; 2], besides: Besides) -> Recalled {
    let mut recalled = recalled();
    let candidates = ["ana", "bo"].into_iter().zip(weights);
    let candidates = candidates.map(|(rep, weight)| Candidate { rep: rep.into(), weight }).collect();
    recalled.workspace.pools[0].policy = policy;
    recalled.stored.turn = Some(Turn { besides, ..Turn::new("na".into(), candidates, "ana".into(), policy) });
    recalled
}

fn details(recalled: &Recalled) -> Vec<String> {
    let detail = |rep: rota::show::Considered| rep.detail.unwrap_or_default();
    Why::of(recalled).reps.into_iter().map(detail).collect()
}

/// What is said of ana, who got the lead, and of bo, whose turn it was not.
fn both(policy: Policy, weights: [u32; 2], besides: Besides) -> [String; 2] {
    details(&by(policy, weights, besides))[..2].to_vec().try_into().expect("two")
}

#[test]
fn each_policy_says_what_it_goes_by() {
    let stood = |stood: [i32; 2]| Besides { stood: stood.into(), ..Besides::default() };
    let open = || Besides { open: vec![2, 3], capacity: vec![10, 5], ..Besides::default() };
    let won = Besides { metric: Some("won".into()), ..stood([500, -1_000]) };
    assert_eq!(both(Policy::Quota, [2, 1], stood([334, 0])), ["weight 2 of 3, owed +0.33", "weight 1 of 3, owed 0.00"]);
    assert_eq!(both(Policy::Quota, [2, 1], won), ["66.7% by won, owed +0.50", "33.3% by won, owed -1.00"]);
    assert_eq!(both(Policy::InTurn, [1, 1], stood([2, 1])), ["last turn 2 ago", "had the last turn"]);
    assert_eq!(both(Policy::LeastRecent, [1, 1], stood([0, 7])), ["no turn yet", "last turn 7 ago"]);
    assert_eq!(
        both(Policy::PeckingOrder, [9, 5], stood([1, 0])),
        ["score 9, had the last turn", "score 5, no turn yet"]
    );
    assert_eq!(both(Policy::FewestOpen, [1, 1], open()), ["2 open, weight 1 of 2", "3 open, weight 1 of 2"]);
    assert_eq!(
        both(Policy::MostFreeCapacity, [1, 1], open()),
        ["2 of 10 open, weight 1 of 2", "3 of 5 open, weight 1 of 2"]
    );
    let near = both(Policy::Nearest, [nearness(870), nearness(12_399)], Besides::default());
    assert_eq!(near, ["870 m away", "12.3 km away"]);
}

#[test]
fn where_nobody_got_a_turn_it_is_said_of_each_who_was_kept_by_what() {
    let mut recalled = recalled();
    recalled.stored.turn = None;
    recalled.stored.decision.rep = None;
    recalled.workspace.calendars = toml::from_str::<Workspace>(
        "workspace = \"acme\"\ncalendars = [{ id = \"tuesdays\", hours = { tue = [\"09:00-17:00\"] } }]",
    )
    .expect("a calendar")
    .calendars;
    recalled.workspace.reps[0].calendar = Some("tuesdays".into());
    let private = recalled.private.as_mut().expect("private");
    private.transcript = "[\"plugin\",[\"inbound\",\"next-in-line\",\"0.1.0\"],\"sha256:aa\"]\n\
        [\"rep-pool.open\",[\"na\"],{\"Ok\":0}]\n[\"rep-pool.next\",[0,[],[]],null]\n"
        .into();
    let note = |branch: &str, detail: &str| Note { branch: branch.into(), detail: detail.into() };
    private.notes = vec![note("capped", "na: cy"), note("away", "enterprise: bo"), note("nobody-available", "na")];
    let told = Why::of(&recalled).reps.into_iter().map(|rep| format!("{} {}", rep.rep, rep.why.words()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["ana off shift", "bo not their turn", "cy has as many as allowed", "dee inactive", "eve left out"]
    );
    let opens = "until 2026-03-03 09:00:00 UTC";
    assert_eq!(details(&recalled)[..3], [opens, "for leads that wait longer", ""]);
    recalled.private.as_mut().expect("private").transcript.truncate(100);
    assert_eq!(Why::of(&recalled).reps[1].why, WhyNot::NotACandidate, "no turn was asked for");
}

#[test]
fn who_had_nothing_by_the_metric_of_the_weights_is_said_to() {
    let mut given = by(Policy::Quota, [2, 1], Besides { metric: Some("won".into()), ..Besides::default() });
    given.workspace.pools[0].weights = Some(Weights { metric: "won".into(), days: Some(30), floor: 0 });
    let turn = given.stored.turn.as_mut().expect("a turn");
    turn.candidates.truncate(1);
    turn.besides.no_share = vec!["bo".into()];
    let bo = |recalled: &Recalled| Why::of(recalled).reps.into_iter().find(|rep| rep.rep.as_str() == "bo").expect("bo");
    let told = (WhyNot::Excluded, Some("with nothing by won".to_owned()));
    assert_eq!((bo(&given).why, bo(&given).detail), told);
    given.stored.turn = None;
    let note = Note { branch: "no-share".into(), detail: "na: ana bo".into() };
    given.private.as_mut().expect("private").notes.push(note);
    assert_eq!((bo(&given).why, bo(&given).detail), told);
}

#[test]
fn who_was_owed_more_than_who_got_it_is_told_by_when_each_must_have_theirs() {
    let besides = Besides { stood: vec![-100, 300, -100, -100], ..Besides::default() };
    let mut recalled = by(Policy::Quota, [30, 10], besides);
    let others = ["yara", "zoe"].map(|rep| Candidate { rep: rep.into(), weight: 30 });
    recalled.stored.turn.as_mut().expect("a turn").candidates.extend(others);
    let told = ["weight 30 of 100, owed -0.10, due in 4 turns", "weight 10 of 100, owed +0.30, due in 6 turns"];
    assert_eq!(details(&recalled)[..2], told);
}

#[test]
fn whoever_is_asked_to_take_a_lead_is_said_to_be_with_the_time_that_they_have() {
    let mut recalled = by(Policy::InTurn, [1, 1], Besides::default());
    let until = |text: &str| text.parse().expect("a time");
    let asked = [("bo", "2026-03-02T14:17:07Z"), ("ana", "2026-03-02T14:32:07Z")];
    let offered = asked.map(|(rep, time)| Offered { rep: rep.into(), until: until(time) });
    let decision = &mut recalled.stored.decision;
    (decision.outcome, decision.rep, decision.offered) = (Outcome::Offer, None, offered.into());
    let told = Why::of(&recalled).reps;
    let told: Vec<_> = told.iter().map(|one| (one.rep.as_str(), one.taken, one.why, one.detail.as_deref())).collect();
    let is_asked = |rep, until| (rep, false, WhyNot::Asked, Some(until));
    let wanted = [is_asked("bo", "until 2026-03-02 14:17:07 UTC"), is_asked("ana", "until 2026-03-02 14:32:07 UTC")];
    assert_eq!(told[..2], wanted);
    assert!(told[2..].iter().all(|one| one.2 != WhyNot::Asked), "{told:?}");
}

#[test]
fn a_lead_that_nobody_could_place_is_said_to_be_so() {
    let besides = Besides { unplaced: Some(Unplaced::Unknown), stood: vec![0, 1], ..Besides::default() };
    let text = Why::text(&by(Policy::LeastRecent, [1, 1], besides), Palette::PLAIN);
    let said = "  the table knows no place for what the lead says: it is the turn of who was served lon";
    assert!(text.contains(&said[..70]), "{text}");
}

#[test]
fn a_backup_is_said_to_have_taken_the_lead_in_the_name_of_another() {
    let mut recalled = by(Policy::Quota, [1, 1], Besides { seat: Some("bo".into()), ..Besides::default() });
    recalled.stored.turn.as_mut().expect("a turn").rep = "ana".into();
    assert_eq!(details(&recalled)[0], "in the name of bo");
}

#[test]
fn who_was_not_there_is_said_to_be_gone_until_the_clock_says_otherwise() {
    let mut recalled = recalled();
    let office = "id = \"office\"\ntime_zone = \"Europe/Berlin\"\nhours = { tue = [\"09:00-17:00\"] }";
    recalled.workspace.calendars.push(toml::from_str(office).expect("a calendar"));
    recalled.workspace.reps[2].calendar = Some("office".into());
    recalled.workspace.reps[4].time_off =
        vec![toml::from_str("from = \"2026-03-02\"\nto = \"2026-03-06\"").expect("days")];
    recalled.workspace.pools[0].members[4].weight = 1;
    recalled.private = None;
    let details = details(&recalled);
    assert_eq!((&*details[2], &*details[4]), ("until 2026-03-03 08:00:00 UTC", "until 2026-03-07 00:00:00 UTC"));
}

#[test]
fn who_was_full_is_said_to_have_these_limits() {
    let mut recalled = recalled();
    let caps = "id = \"cy\"\ncapacity = 40\ncaps = [{ leads = 3, per = \"hour\" }]";
    recalled.workspace.reps[2] = toml::from_str(caps).expect("a rep");
    recalled.stored.turn.as_mut().expect("a turn").capped = vec!["cy".into()];
    assert_eq!(details(&recalled)[2], "40 open, 3 per hour");
}

#[test]
fn who_was_too_far_ahead_is_said_to_be_so_by_how_much() {
    let mut recalled = recalled();
    recalled.workspace.pools[0].stop = Some(3);
    let besides = &mut recalled.stored.turn.as_mut().expect("a turn").besides;
    besides.stopped = vec![Candidate { rep: "cy".into(), weight: 1 }];
    assert_eq!(details(&recalled)[2], "more than 3 leads ahead");
}
