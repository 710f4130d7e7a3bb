//! What is past goes, with its facts in the end, and the database grows no more; what the facts
//! were needed for is still told.

use jiff::Timestamp;
use rota_domain::fairness::{Candidate, Policy, Reckoning, Rotation, Turn};
use rota_domain::id::{DecisionId, PoolId, RepId, RotationId};
use rota_domain::person::PersonKey;
use rota_flow::ports::{
    Arrival, Entry, EntryBody, LetGo, Payload, Recorded, Repair, Settle, Settlement, Settles, Swept, Whom,
};
use rota_store::Database;

use super::Whole;
use super::values::{acme, at, begin, claim, claim_one, dead, decided_about, lead, owner, record, settle};

/// How many leads come in a round.
const LEADS: i64 = 300;

/// Whose turn it is.
#[derive(Default)]
struct Turns {
    rotation: Rotation,
    reckoning: Reckoning,
}

impl Turns {
    /// Three candidates take turns; now and then one of them is away, which begins a new stretch.
    fn take(&mut self, n: i64, decision: &DecisionId) -> (Turn, Rotation) {
        let of = |rep: &str| Candidate { rep: RepId::from(rep), weight: 1 };
        let mut candidates = vec![of("ana"), of("ben"), of("cy")];
        if n / 50 % 2 == 1 {
            candidates.pop();
        }
        let rep = self.rotation.next(Policy::Quota, &candidates).expect("somebody").clone();
        self.rotation.take(Policy::Quota, &candidates, &rep);
        let turn = Turn::new(PoolId::from("na"), candidates, rep, Policy::Quota);
        self.reckoning.enter(decision, &turn);
        (turn, self.rotation.clone())
    }
}

fn of_round(round: i64, n: i64, turns: &mut Turns) -> Recorded {
    let (record, id) = (format!("{round}-{n}"), format!("d{round}-{n}"));
    let mut recorded = decided_about(&record, &id, vec![owner("71")]);
    recorded.decision.at = at(round);
    recorded.turn = Some(turns.take(n, &recorded.decision.id));
    recorded
}

/// Leads of new persons come, are decided, and what they come to is delivered.
async fn round(store: &dyn Database, round: i64, turns: &mut Turns) {
    let arrival = |n: i64| {
        let lead = lead(&format!("hs:contact:{round}-{n}"), &format!("joe{round}-{n}@big.example"));
        let payload = Payload::Lead { lead: Box::new(lead), flow: None };
        Arrival { dedupe_key: format!("{round}-{n}"), occurred: at(round), payload }
    };
    store.accept(&acme(), (0..LEADS).map(arrival).collect(), at(round)).await.unwrap();
    let waiting = store.waiting(&acme(), 0, 999).await.unwrap();
    let entries = (0..LEADS).zip(waiting).map(|(n, row)| {
        let body = EntryBody::Decision(Box::new(of_round(round, n, turns)));
        Entry { at: at(round), inbox: Some(Settles::Row(row.id)), body }
    });
    let entries: Vec<Entry> = entries.collect();
    let seq = store.load(&acme(), at(1_000_000)).await.unwrap().seq;
    store.record(&acme(), seq, entries).await.unwrap();
    deliver(store, round).await;
}

async fn deliver(store: &dyn Database, seconds: i64) {
    loop {
        let claims = claim(store, seconds).await;
        if claims.is_empty() {
            return;
        }
        let done = claims.into_iter().map(|claim| Settlement { claim, settle: Settle::Done, at: at(seconds) });
        store.settle(done.collect()).await.unwrap();
    }
}

/// Sweeps to the end: words, arrivals and facts before this time.
async fn sweep(store: &dyn Database, before: Timestamp) -> LetGo {
    let (mut sum, mut from) = (LetGo::default(), Some(Swept::default()));
    while let Some(swept) = from {
        let gone = store.let_go(&acme(), Some(before), Some(before), swept).await.unwrap();
        (sum.decisions, sum.arrivals, from) = (sum.decisions + gone.decisions, sum.arrivals + gone.arrivals, gone.next);
    }
    from = Some(Swept::default());
    while let Some(swept) = from {
        let gone = store.forget(&acme(), before, swept).await.unwrap();
        (sum.facts, from) = (sum.facts + gone.facts, gone.next);
    }
    sum
}

pub(crate) async fn however_many_rounds_of_leads_come_the_database_grows_no_more<P: Whole>() {
    let place = P::new();
    let store = place.whole().await;
    begin(&*store, &acme()).await;
    let (mut turns, mut sizes) = (Turns::default(), Vec::new());
    let leads = u64::try_from(LEADS).unwrap();
    for n in 0..5 {
        round(&*store, n, &mut turns).await;
        let gone = sweep(&*store, at(n + 1)).await;
        assert_eq!((gone.decisions, gone.arrivals, gone.facts), (leads, leads, leads), "round {n}");
        sizes.push(place.size().await);
    }
    assert!(store.log(&acme(), 0, 9).await.unwrap().is_empty());
    // A hundredth of what the facts of the rounds between would take.
    assert!(sizes[4] <= sizes[1] + sizes[1] / 20, "bytes after each round: {sizes:?}");
    let summed = store.summed(&acme()).await.unwrap().expect("sums");
    assert_eq!((summed.upto, summed.at), (1 + 5 * leads, at(4)));
    let (told, known) = (summed.fairness.close(), turns.reckoning.close());
    assert_eq!(
        (told[0].picks, &told[0].members),
        (5 * leads, &known[0].members),
        "fairness is as if nothing were gone"
    );
    let runs = u64::try_from(known[0].runs.len()).unwrap();
    assert_eq!(u64::try_from(told[0].runs.len()).unwrap() + told[0].runs_before, runs);
    assert_eq!((told[0].widest(), told[0].holds()), (known[0].widest(), true));
    assert!(told[0].runs.len() <= 3, "{:?}", told[0].runs);
    let rotations = store.load(&acme(), at(0)).await.unwrap().rotations;
    assert_eq!(rotations[&RotationId::from("na")], turns.rotation, "whose turn it is stays");
}

pub(crate) async fn facts_stay_while_something_of_their_decision_is_dead_and_are_summed_up_once<P: Whole>() {
    let place = P::new();
    let store = place.whole().await;
    begin(&*store, &acme()).await;
    let mut turns = Turns::default();
    for n in 0..3 {
        record(&*store, n, of_round(n, 0, &mut turns)).await;
        let head = claim_one(&*store, n).await;
        assert!(settle(&*store, n, head, if n == 1 { dead(None) } else { Settle::Done }).await);
    }
    assert_eq!(sweep(&*store, at(3)).await.facts, 2);
    let log = store.log(&acme(), 0, 9).await.unwrap();
    assert_eq!(log.iter().map(|stored| stored.decision.id.as_str()).collect::<Vec<_>>(), ["d1-0"]);
    let upto = async || store.summed(&acme()).await.unwrap().map(|summed| (summed.upto, summed.fairness));
    let whole = (4, turns.reckoning.clone());
    assert_eq!(upto().await, Some(whole.clone()));
    assert!(store.repair(&acme(), &"d1-0/0".into(), Repair::Drop, at(4)).await.unwrap());
    assert_eq!(sweep(&*store, at(3)).await.facts, 1);
    assert_eq!(upto().await, Some(whole));
    assert_eq!(sweep(&*store, at(99)).await, LetGo::default());
}

pub(crate) async fn who_comes_again_after_everything_about_them_went_is_somebody_new<P: Whole>() {
    let place = P::new();
    let store = place.whole().await;
    begin(&*store, &acme()).await;
    let of = |n: i64| {
        let mut recorded = decided_about(&format!("{}", n % 2), &format!("d{n}"), vec![]);
        recorded.decision.at = at(n);
        recorded
    };
    for n in 0..2 {
        record(&*store, n, of(n)).await;
    }
    assert_eq!(sweep(&*store, at(2)).await.facts, 2);
    let about = Whom::Email("joe0@big.example".into());
    assert!(store.export(&acme(), &about).await.unwrap().leads.is_empty());
    // This process knew them, and another one, which did not, meets them at once.
    let other = place.whole().await;
    let seq = other.load(&acme(), at(0)).await.unwrap().seq;
    let again = |n| vec![Entry { at: at(n), inbox: None, body: EntryBody::Decision(Box::new(of(n))) }];
    other.record(&acme(), seq, again(2)).await.unwrap();
    // What was made with a key that is gone is a conflict once, and is made anew.
    if store.record(&acme(), seq + 1, again(4)).await.is_err() {
        store.record(&acme(), seq + 1, again(4)).await.unwrap();
    }
    let told = store.export(&acme(), &about).await.unwrap();
    let decisions: Vec<_> = told.decisions.iter().map(|about| about.stored.decision.id.as_str()).collect();
    assert_eq!(decisions, ["d2", "d4"]);
    assert_eq!(PersonKey::of(&lead("hs:contact:0", "joe0@big.example")), PersonKey::of_email("joe0@big.example"));
    let erased = store.erase(&acme(), &about, "a test", at(5), None).await.unwrap();
    assert_eq!((erased.persons, erased.decisions), (1, 2));
    assert_eq!(sweep(&*store, at(9)).await.facts, 2);
}
