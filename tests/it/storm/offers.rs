//! An offer has one winner and each of its ends comes once, though the host is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Host, seed, word};
use crate::service::until;

const REPS: [&str; 3] = ["ana", "bo", "cy"];
/// Who want a lead at once.
const CLAIMS: usize = 50;

/// A flow that offers leads to three reps.
fn workspace(settings: &str) -> String {
    let reps = REPS.map(|rep| format!("[[reps]]\nid = \"{rep}\"\n")).concat();
    let members = REPS.map(|rep| format!("{{ rep = \"{rep}\" }}")).join(", ");
    format!(
        "workspace = \"acme\"\n{reps}[[pools]]\nid = \"na\"\nmembers = [{members}]\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"first-claim\"\nfallback = {{ queue = \"triage\" }}\ncoalesce = \"0\"\n\
         settings = {{ pool = \"na\", otherwise = \"late\", {settings} }}\n"
    )
}

fn says(lead: &str, rep: &str, answer: &str) -> Value {
    json!({ "lead": lead, "rep": rep, "answer": answer })
}

/// Fifty accept a lead while the host is killed when so many of them are answered; gives what each was told.
async fn claims(host: &mut Host, lead: &str, kill_at: usize) -> Vec<(&'static str, u16, Value)> {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut all = JoinSet::new();
    for n in 0..CLAIMS {
        let (door, lead, answered) = (host.door(), lead.to_owned(), answered.clone());
        all.spawn(async move {
            let rep = REPS[n % REPS.len()];
            let (status, body) = door.post("/v1/offers/answer", &says(&lead, rep, "accept")).await;
            answered.fetch_add(1, Ordering::Relaxed);
            (rep, status, body)
        });
    }
    host.kill_at(&[kill_at], &answered).await;
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_accept_one_rep_gets_the_lead_though_the_host_is_killed_among_them() {
    let mut host = Host::start(&workspace("at_once = true, answer_within = 600")).await;
    let door = host.door();
    let mut random = SmallRng::seed_from_u64(seed());
    for n in 0..4 {
        let lead = format!("web:{n}");
        let (_, offered) = door.post("/v1/route", &json!({ "lead": { "id": lead } })).await;
        assert_eq!(word(&offered, "outcome"), "offer", "{offered}");
        // The first lead is claimed with nothing answered before the host dies.
        let kill_at = if n == 0 { 0 } else { random.random_range(0..CLAIMS / 2) };
        let told = claims(&mut host, &lead, kill_at).await;
        let log = host.log();
        let given: Vec<&Value> = log.iter().filter(|one| word(one, "lead") == lead && !one["rep"].is_null()).collect();
        let [given] = given[..] else { panic!("seed {}: {lead} was given to {given:?}", seed()) };
        for (rep, status, body) in told {
            let won = rep == word(given, "rep");
            assert_eq!(status, if won { 200 } else { 409 }, "seed {}: {rep} {body}", seed());
            assert!(!won || body["decision"]["decision"] == given["decision"], "seed {}: {body}", seed());
        }
    }
}

/// What is wrong with what became of a lead that nobody accepts and `bo` declines if they can: each rep is
/// asked once, each end comes once, and then it is in the queue that the offer names.
fn story(decisions: &[&Value]) -> Result<(), String> {
    let told: Vec<String> =
        decisions.iter().map(|one| format!("{} {}", word(one, "trigger"), word(one, "outcome"))).collect();
    let asked: Vec<&str> = decisions
        .iter()
        .flat_map(|one| one["offered"].as_array().into_iter().flatten().map(|asked| word(asked, "rep")))
        .collect();
    let once: BTreeSet<&str> = asked.iter().copied().collect();
    let ends = told.iter().filter(|told| told.starts_with("offer-")).count();
    let last = decisions.last().map(|one| word(one, "queue"));
    let well = (asked.len(), once.len(), ends, last) == (REPS.len(), REPS.len(), REPS.len(), Some("late"));
    if well { Ok(()) } else { Err(format!("{told:?}, asked {asked:?}")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_end_of_an_offer_comes_once_and_nobody_is_asked_twice_though_the_host_is_killed() {
    const LEADS: usize = 12;
    let mut host = Host::start(&workspace("answer_within = 1")).await;
    let door = host.door();
    let mut random = SmallRng::seed_from_u64(seed());
    let mut declining = JoinSet::new();
    for n in 0..LEADS {
        let (door, lead) = (door.clone(), format!("web:{n}"));
        door.post("/v1/route", &json!({ "lead": { "id": lead } })).await;
        // Until bo is asked or it is too late, and again after: a second word changes nothing.
        declining.spawn(async move {
            for _ in 0..40 {
                door.post("/v1/offers/answer", &says(&lead, "bo", "decline")).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(random.random_range(100..800))).await;
        host.kill();
    }
    let late = |log: &[Value]| log.iter().filter(|one| word(one, "queue") == "late").count();
    until("nobody is asked any more", async || late(&host.log()) == LEADS).await;
    declining.join_all().await;
    let log = host.log();
    let mut by_lead: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for decision in &log {
        by_lead.entry(word(decision, "lead")).or_default().push(decision);
    }
    assert_eq!(by_lead.len(), LEADS);
    for (lead, decisions) in by_lead {
        story(&decisions).unwrap_or_else(|wrong| panic!("seed {}: {lead}: {wrong}", seed()));
    }
    let declined = log.iter().filter(|one| word(one, "trigger") == "offer-declined").count();
    assert!(declined > 0, "bo declined");
}
