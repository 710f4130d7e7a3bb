//! The log: a total order by compare and set, and everything that comes back from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_domain::decision::{Outcome, PluginName};
use rota_domain::event::Status;
use rota_domain::fairness::{Absent, Allowance, Backup, Besides, By, Candidate, Credit, Policy, Rotation, Turn};
use rota_domain::id::{DecisionId, Digest, LeadId, PoolId, RepId, RotationId, Seed, TenantId};
use rota_domain::location::Unplaced;
use rota_domain::rule::{ErrorCode, Note};
use rota_domain::stages::Stages;
use rota_domain::workspace::Minutes;
use rota_flow::ports::{
    Accepted, Before, Entry, EntryBody, LaneState, Private, Recent, Recorded, Settle, Settles, StoreError,
};

use super::Place;
use super::values::{
    LEASE, acme, arrival, at, begin, claim, claim_one, decided, decided_about, entry, hs, lead, owner, recall, record,
    revision, settle, task, workspace,
};

fn decision(recorded: Recorded) -> EntryBody {
    EntryBody::Decision(Box::new(recorded))
}

#[track_caller]
fn assert_conflict(result: Result<(), StoreError>, stands_at: u64) {
    match result {
        Err(StoreError::Conflict { tenant, seq }) => assert_eq!((tenant, seq), (acme(), stands_at)),
        other => panic!("a conflict was expected, and not {other:?}"),
    }
}

pub(crate) async fn a_commit_behind_one_that_came_to_nothing_writes_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let entries = || vec![entry(2, decision(decided("one", vec![owner("71")])))];
    let (came_to_nothing, before) = Before::ending();
    drop(came_to_nothing);
    assert_conflict(store.record_after(before, &acme(), 1, entries()).await, 1);
    assert_eq!(store.load(&acme(), at(0)).await.unwrap().seq, 1);
    let (recorded, before) = Before::ending();
    recorded.send(()).unwrap();
    store.record_after(before, &acme(), 1, entries()).await.unwrap();
}

pub(crate) async fn a_commit_that_finds_the_log_moved_on_is_a_conflict_and_changes_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    store.accept(&acme(), vec![arrival("a")], at(1)).await.unwrap();
    let inbox = store.waiting(&acme(), 0, 1).await.unwrap()[0].id;
    for expected in [0, 2] {
        let rep = EntryBody::Rep { rep: RepId::from("ana"), status: Status::Away };
        let late =
            Entry { at: at(2), inbox: Some(Settles::Row(inbox)), body: decision(decided("late", vec![owner("71")])) };
        let newer = revision(workspace(&acme(), 2), vec![]);
        let entries = vec![entry(2, rep), late, entry(2, newer)];
        assert_conflict(store.record(&acme(), expected, entries).await, 1);
    }
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!((state.seq, state.workspace), (1, Some((1, workspace(&acme(), 1)))));
    assert!(state.statuses.is_empty() && state.recent.is_empty());
    assert_eq!(store.decision(&acme(), &DecisionId::from("late")).await.unwrap(), None);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (1, 0));
    assert!(claim(&*store, 9).await.is_empty());
}

pub(crate) async fn an_arrival_that_another_host_settled_is_a_conflict_and_changes_nothing(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    store.accept(&acme(), vec![arrival("a"), arrival("b")], at(1)).await.unwrap();
    let rows = store.waiting(&acme(), 0, 2).await.unwrap();
    let about = |id: &str, inbox: i64| Entry {
        at: at(2),
        inbox: Some(Settles::Row(inbox)),
        body: decision(decided(id, vec![])),
    };

    store.record(&acme(), 1, vec![about("d1", rows[0].id)]).await.unwrap();
    let both = vec![about("d2", rows[1].id), about("d3", rows[0].id)];
    assert_conflict(store.record(&acme(), 2, both).await, 2);
    assert_eq!(store.waiting(&acme(), 0, 2).await.unwrap(), rows[1..]);
    assert_eq!(store.log(&acme(), 0, 10).await.unwrap().len(), 1);
    store.record(&acme(), 2, vec![about("d2", rows[1].id)]).await.unwrap();
}

pub(crate) async fn one_of_sixty_four_concurrent_records_wins(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let race = (0..64).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let body = decision(decided(&format!("d{n}"), vec![owner("71")]));
            (n, store.record(&acme(), 1, vec![entry(1, body)]).await)
        })
    });
    let mut winners = Vec::new();
    for racer in race.collect::<Vec<_>>() {
        match racer.await.unwrap() {
            (n, Ok(())) => winners.push(format!("d{n}")),
            (_, lost) => assert_conflict(lost, 2),
        }
    }
    let log = store.log(&acme(), 0, 100).await.unwrap();
    let entered: Vec<String> = log.into_iter().map(|stored| stored.decision.id.to_string()).collect();
    assert_eq!(entered, winners);
    assert_eq!(winners.len(), 1);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (0, 1));
}

/// All that a turn may go by, whether or not it goes together.
fn besides() -> Besides {
    let cy = || Candidate { rep: RepId::from("cy"), weight: 2 };
    Besides {
        metric: Some("won".into()),
        no_share: vec!["cy".into()],
        unplaced: Some(Unplaced::Unknown),
        rotation: Some(RotationId::from("group:west")),
        seat: Some(RepId::from("ben")),
        backups: vec![Backup { of: RepId::from("ben"), by: RepId::from("ana") }],
        absent: vec![cy()],
        missed: vec![RepId::from("cy")],
        stopped: vec![Candidate { rep: RepId::from("dee"), weight: 1 }],
        stop: Some(3),
        absence: Absent::Credit(Allowance { leads: 5, expires: Minutes(30 * 24 * 60) }),
        by_hand: false,
        made_up: false,
        stood: vec![250, -250],
        open: vec![3, 4],
        capacity: vec![40, 50],
        by: By::Percent,
        joined: vec![RepId::from("ana")],
        gone: vec![RepId::from("eli")],
        at: Some(at(7)),
    }
}

fn everything() -> Recorded {
    let mut recorded = decided("d1", vec![owner("71"), task("Call at once")]);
    let candidates = ["ana", "ben"].map(|rep| Candidate { rep: RepId::from(rep), weight: 1 }).to_vec();
    let turn = Turn {
        capped: vec![RepId::from("cy")],
        owed: Some(vec![Credit { rep: RepId::from("ben"), units: 7 }]),
        besides: besides(),
        ..Turn::new(PoolId::from("na"), candidates, RepId::from("ana"), Policy::Quota)
    };
    let mut rotation = Rotation::default();
    rotation.enter(&turn);
    recorded.turn = Some((turn, rotation));
    recorded.private = Private {
        lead: Some(lead("hs:contact:1", "joe1@big.example")),
        transcript: "[\"lead.text\",[\"country\"],{\"Ok\":\"US\"}]\n".into(),
        notes: vec![Note { branch: "size".into(), detail: "1200 ≥ 1000".into() }],
        log: vec!["asked for Zaphod".into()],
        acts: vec![task("left to the caller")],
    };
    let decision = &mut recorded.decision;
    decision.pool = Some(PoolId::from("na"));
    decision.error = Some(ErrorCode::Trap);
    decision.error_detail = Some("index out of bounds at \"joe1@big.example\"".into());
    decision.response_due = Some(at(300));
    decision.plugin = Some(PluginName { name: "p".into(), version: "0.1.0".into(), digest: Digest::of(b"component") });
    decision.fuel = u64::from(u32::MAX) + 7;
    decision.of = Some(DecisionId::from("d0"));
    decision.marks = vec!["log-truncated".into()];
    recorded.stages = Stages {
        occurred: Some(at(-3)),
        received: Some(at(-2)),
        enriched: Some(at(-1)),
        decided: Some(at(0)),
        owner_confirmed: None,
        notified: None,
    };
    recorded
}

pub(crate) async fn a_decision_comes_back_whole(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let expected = everything();
    record(&*store, 5, expected.clone()).await;

    let recalled = recall(&*store, "d1").await;
    let stored = &recalled.stored;
    assert_eq!(stored.seq, 2);
    assert_eq!(stored.decision, expected.decision);
    assert_eq!(stored.turn, expected.turn.map(|(turn, _)| turn));
    assert_eq!((stored.stages, stored.decide_nanos), (expected.stages, 21_000));
    assert_eq!(recalled.private, Some(expected.private));
    assert_eq!(recalled.workspace, workspace(&acme(), 1));
    assert_eq!(store.log(&acme(), 0, 10).await.unwrap(), std::slice::from_ref(stored));
    for (row, effect) in recalled.effects.iter().zip(&expected.effects) {
        assert_eq!((&row.tenant, &row.effect, &row.decision), (&acme(), effect, &DecisionId::from("d1")));
        assert_eq!((row.state, row.attempts, &row.cause, row.at), (LaneState::Waiting, 0, &None, at(5)));
        assert_eq!(row.lead, LeadId::from("hs:contact:1"));
    }
    assert_eq!(recalled.effects.len(), 2);
}

pub(crate) async fn a_decision_keeps_the_workspace_that_it_saw(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    record(&*store, 1, decided("d1", vec![])).await;
    let newer = revision(workspace(&acme(), 9), vec![]);
    let mut second = decided("d2", vec![]);
    second.decision.revision = 3;
    store.record(&acme(), 2, vec![entry(2, newer), entry(2, decision(second))]).await.unwrap();

    assert_eq!(recall(&*store, "d1").await.workspace, workspace(&acme(), 1));
    assert_eq!(recall(&*store, "d2").await.workspace, workspace(&acme(), 9));
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(state.workspace, Some((3, workspace(&acme(), 9))), "a revision's number is its entry's");
}

pub(crate) async fn the_state_at_the_end_of_the_log_comes_back(place: impl Place) {
    let store = place.open().await;
    store.open(&acme(), Seed::from_number(7)).await.unwrap();
    store.open(&acme(), Seed::from_number(8)).await.unwrap();
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!((state.seed, state.seq), (Seed::from_number(7), 0), "a tenant keeps its first seed");
    assert!(state.workspace.is_none());

    begin(&*store, &acme()).await;
    let rep = |rep: &str, status| EntryBody::Rep { rep: RepId::from(rep), status };
    let mut turns = Vec::new();
    let mut rotation = Rotation::default();
    for n in 0..3 {
        let mut recorded = everything();
        recorded.decision.id = DecisionId::from(format!("t{n}"));
        recorded.effects.clear();
        let (turn, _) = recorded.turn.take().unwrap();
        rotation.take(Policy::Quota, &turn.candidates, &turn.rep);
        recorded.turn = Some((turn, rotation.clone()));
        turns.push(entry(3, decision(recorded)));
    }
    let gone = entry(1, rep("ana", Status::Away));
    store.record(&acme(), 1, vec![gone, entry(2, rep("ana", Status::Back))]).await.unwrap();
    store.record(&acme(), 3, [vec![entry(3, rep("ben", Status::Paused))], turns].concat()).await.unwrap();

    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(state.seq, 7);
    assert_eq!(state.workspace, Some((1, workspace(&acme(), 1))));
    let expected = [("ana", Status::Back), ("ben", Status::Paused)];
    assert_eq!(state.statuses, BTreeMap::from(expected.map(|(rep, status)| (RepId::from(rep), status))));
    assert_eq!(state.rotations, BTreeMap::from([(RotationId::from("group:west"), rotation)]));
}

pub(crate) async fn what_a_person_gave_by_hand_comes_back(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let given = Turn::by_hand(PoolId::from("na"), RotationId::from("group:west"), RepId::from("ana"));
    let mut rotation = Rotation::default();
    rotation.enter(&given);
    record(&*store, 1, Recorded { turn: Some((given.clone(), rotation.clone())), ..everything() }).await;
    let log = store.log(&acme(), 0, 100).await.unwrap();
    assert_eq!(log[0].turn, Some(given.clone()));
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(state.rotations, BTreeMap::from([(given.rotation(), rotation)]));
}

pub(crate) async fn the_rotations_after_a_revision_come_back(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let mut recorded = everything();
    let (turn, mut rotation) = recorded.turn.clone().unwrap();
    let other = (RotationId::from("eu"), rotation.clone());
    recorded.turn = Some((turn.clone(), rotation.clone()));
    record(&*store, 1, recorded).await;

    // Ana leaves the pool, and what she was owed goes to Ben.
    let stays = &turn.candidates[1..];
    rotation.retain(stays);
    assert_eq!(rotation.credits().len(), 1);
    let revised = revision(workspace(&acme(), 2), vec![(turn.rotation(), rotation.clone()), other.clone()]);
    store.record(&acme(), 2, vec![entry(2, revised.clone())]).await.unwrap();
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(state.workspace, Some((3, workspace(&acme(), 2))));
    assert_eq!(state.rotations, BTreeMap::from([(turn.rotation(), rotation.clone()), other.clone()]));

    // Whichever of a turn and a revision is later in one commit is the state at its end.
    let mut later = everything();
    later.decision.id = DecisionId::from("d2");
    later.effects.clear();
    rotation.take(Policy::Quota, stays, &stays[0].rep);
    rotation.take(Policy::Quota, stays, &stays[0].rep);
    later.turn = Some((turn.clone(), rotation.clone()));
    store.record(&acme(), 3, vec![entry(3, revised), entry(3, decision(later))]).await.unwrap();
    let state = store.load(&acme(), at(0)).await.unwrap();
    assert_eq!(state.rotations, BTreeMap::from([(turn.rotation(), rotation), other]));
}

pub(crate) async fn only_the_newest_decision_that_can_be_joined_is_recent(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let mut all = Vec::new();
    for (n, (record, seconds, outcome, enrolled)) in [
        ("1", 10, Outcome::Assign, true),
        ("2", 11, Outcome::Queue, true),
        ("1", 20, Outcome::Pass, true),
        ("1", 30, Outcome::Coalesced, true),
        ("2", 31, Outcome::Pass, false),
        ("3", 4, Outcome::Assign, true),
        ("4", 32, Outcome::Queue, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut recorded = decided_about(record, &format!("d{n}"), vec![]);
        recorded.decision.at = at(seconds);
        recorded.decision.outcome = outcome;
        recorded.decision.flow = recorded.decision.flow.filter(|_| enrolled);
        all.push(recorded);
    }
    let entries = all.iter().cloned().map(|recorded| entry(40, decision(recorded))).collect();
    store.record(&acme(), 1, entries).await.unwrap();

    let recent = |n: usize| Recent { person: all[n].person.clone(), decision: all[n].decision.clone() };
    let mut found = store.load(&acme(), at(10)).await.unwrap().recent;
    found.sort_by(|a, b| a.person.cmp(&b.person));
    assert_eq!(found, [recent(2), recent(1)], "what joined, what nobody enrolled, and what is too old is not");
    assert_eq!(store.load(&acme(), at(20)).await.unwrap().recent, [recent(2)]);
}

pub(crate) async fn the_log_is_read_in_pages_and_by_lead(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    for (n, about) in ["1", "2", "1", "1"].into_iter().enumerate() {
        record(&*store, 1, decided_about(about, &format!("d{n}"), vec![])).await;
    }
    let page = async |after, limit| {
        let page = store.log(&acme(), after, limit).await.unwrap();
        page.into_iter().map(|stored| (stored.seq, stored.decision.id.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(page(0, 2).await, [(2, "d0".into()), (3, "d1".into())]);
    assert_eq!(page(3, 9).await, [(4, "d2".into()), (5, "d3".into())]);
    assert!(page(5, 9).await.is_empty());
    let about = store.decisions_of(&acme(), &LeadId::from("hs:contact:1")).await.unwrap();
    assert_eq!(about, ["d3", "d2", "d0"].map(DecisionId::from));
}

pub(crate) async fn a_zero_character_in_what_others_chose_loses_no_lead(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let mut zero = decided_about("1\0", "d1", vec![task("a\0b")]);
    zero.decision.reason.detail = "because of \0".into();
    store.accept(&acme(), vec![arrival("a\0")], at(1)).await.unwrap();
    assert_eq!(store.accept(&acme(), vec![arrival("a\0")], at(1)).await.unwrap(), [Accepted::Duplicate]);
    record(&*store, 1, zero.clone()).await;
    assert_eq!(recall(&*store, "d1").await.stored.decision, zero.decision);
    let about = store.decisions_of(&acme(), &zero.decision.lead).await.unwrap();
    assert_eq!(about, [zero.decision.id]);
    let claim = claim_one(&*store, 2).await;
    assert_eq!(claim.effect, zero.effects[0]);
    assert!(settle(&*store, 2, claim, Settle::Done).await);
}

pub(crate) async fn tenants_do_not_see_each_other(place: impl Place) {
    let store = place.open().await;
    let other = TenantId::from("other");
    begin(&*store, &acme()).await;
    begin(&*store, &other).await;
    assert_eq!(store.tenants().await.unwrap(), [acme(), other.clone()]);
    store.accept(&acme(), vec![arrival("a")], at(1)).await.unwrap();
    let row = store.waiting(&acme(), 0, 9).await.unwrap()[0].id;
    let away = entry(1, EntryBody::Rep { rep: RepId::from("ana"), status: Status::Away });
    let mine = everything();
    store.record(&acme(), 1, vec![away, entry(1, decision(mine.clone()))]).await.unwrap();

    let state = store.load(&other, at(-100)).await.unwrap();
    assert_eq!((state.seq, state.statuses.len(), state.rotations.len(), state.recent.len()), (1, 0, 0, 0));
    assert!(store.waiting(&other, 0, 9).await.unwrap().is_empty());
    assert_eq!(store.decision(&other, &mine.decision.id).await.unwrap(), None);
    assert!(store.decisions_of(&other, &mine.decision.lead).await.unwrap().is_empty());
    assert!(store.log(&other, 0, 9).await.unwrap().is_empty());
    assert!(store.outbox(&other, false, 9).await.unwrap().is_empty());
    assert_eq!(store.backlog(&other).await.unwrap(), (0, 0));
    assert!(store.claim(&other, &hs(), at(9), LEASE, 9).await.unwrap().is_empty());
    let repair = store.repair(&other, &mine.effects[0].id, rota_flow::ports::Repair::Drop, at(9)).await.unwrap();
    assert!(!repair);
    let settle_theirs = Entry { at: at(2), inbox: Some(Settles::Row(row)), body: decision(decided("x", vec![])) };
    assert!(matches!(store.record(&other, 1, vec![settle_theirs]).await, Err(StoreError::Conflict { .. })));

    // The same names may stand in both.
    store.record(&other, 1, vec![entry(1, decision(mine.clone()))]).await.unwrap();
    let claims = store.claim(&other, &hs(), at(9), LEASE, 9).await.unwrap();
    assert_eq!(claims.len(), 1);
    let done =
        rota_flow::ports::Settlement { claim: claims[0].clone(), settle: rota_flow::ports::Settle::Done, at: at(9) };
    assert_eq!(store.settle(vec![done]).await.unwrap(), [true]);
    assert_eq!(recall(&*store, "d1").await.effects[0].state, LaneState::Waiting);
    assert_eq!(store.backlog(&acme()).await.unwrap(), (1, 2));
}

pub(crate) async fn a_tenant_that_nobody_opened_is_an_error(place: impl Place) {
    let store = place.open().await;
    begin(&*store, &acme()).await;
    let nobody = TenantId::from("nobody");
    let load = store.load(&nobody, at(0)).await.map(|_| ());
    let accept = store.accept(&nobody, vec![arrival("a")], at(1)).await.map(|_| ());
    let record = store.record(&nobody, 0, vec![entry(1, decision(decided("d", vec![])))]).await;
    let keep = store.keep(&nobody, vec![b"component".as_slice().into()]).await;
    for result in [load, accept, record, keep] {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("`nobody`"), "{error}");
    }
    assert_eq!(store.tenants().await.unwrap(), [acme()]);
}
