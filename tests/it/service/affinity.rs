//! Several hosts on one database, of which one decides for a tenant: what the others take in, it
//! decides, and should it be gone, another one does.

use std::sync::Arc;

use jiff::SignedDuration;
use rota_domain::id::HostId;
use serde_json::{Value, json};

use super::limits::hook;
use super::several::{Pair, call, pairs, three};
use super::workspace::files;
use super::{Service, connection, double, now, tell, until, workspace};

/// A figure of a host, summed over its labels that have these words.
async fn figure(host: &Service, operator: &str, name: &str, words: &str) -> u64 {
    let answer = host.get("/metrics", operator).await;
    let text = answer.body.as_str().expect("a text").to_owned();
    let of = |line: &&str| line.split([' ', '{']).next() == Some(name) && line.contains(words);
    text.lines().filter(of).filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// How many decisions a host recorded for `acme`, and how many commits it threw away.
async fn decided(host: &Service, operator: &str) -> (u64, u64) {
    let of = "tenant=\"acme\"";
    (figure(host, operator, "rota_decisions_total", of).await, figure(host, operator, "rota_conflicts_total", of).await)
}

/// Applies a workspace, and waits until both hosts know it and each other.
async fn know_each_other(pair: &Pair, text: &str) {
    let Pair { one, other, admin, operator, .. } = pair;
    let applied = one.post("/v1/workspace/apply", admin, files(text)).await;
    assert_eq!(applied.status, 200, "{applied:?}");
    until("both hosts' word of each other", async || {
        figure(one, operator, "rota_hosts", "").await == 2 && figure(other, operator, "rota_hosts", "").await == 2
    })
    .await;
    let known = async || other.get("/v1/flows", admin).await.status == 200;
    until("the revision at the second host", known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_both_hosts_live_one_decides_whatever_either_takes_in() {
    for pair in pairs().await {
        know_each_other(&pair, &three()).await;
        let Pair { one, other, admin, operator, .. } = pair;
        let hosts = [Arc::new(one), Arc::new(other)];
        // A machine that stands still for seconds takes leases from everybody: once more then.
        for round in 0..5 {
            let before = [decided(&hosts[0], &operator).await, decided(&hosts[1], &operator).await];
            let asked = (0..60).map(|n: usize| {
                let (host, admin) = (hosts[n % 2].clone(), admin.clone());
                tokio::spawn(async move { host.post("/v1/route", &admin, call(&format!("r{round}-{n}"))).await })
            });
            for asked in asked.collect::<Vec<_>>() {
                let answer = asked.await.expect("an answer");
                assert_eq!((answer.status, &answer.body["repeated"]), (200, &json!(false)), "{answer:?}");
            }
            let after = [decided(&hosts[0], &operator).await, decided(&hosts[1], &operator).await];
            let mut came: Vec<u64> = (0..2).map(|n| after[n].0 - before[n].0).collect();
            came.sort_unstable();
            assert_eq!(came.iter().sum::<u64>(), 60);
            let conflicts: u64 = (0..2).map(|n| after[n].1 - before[n].1).sum();
            if came == [0, 60] && conflicts == 0 {
                turns_went_round(&hosts[1], &admin).await;
                break;
            }
            assert!(round < 4, "both decide, round after round: {before:?} {after:?}");
        }
    }
}

/// Each of three reps has a third of what the log has.
async fn turns_went_round(host: &Service, admin: &str) {
    let fairness = host.get("/v1/fairness", admin).await;
    assert_eq!(fairness.status, 200, "{fairness:?}");
    let log = host.get("/v1/log?limit=200", admin).await;
    let reps: Vec<&str> =
        log.body["items"].as_array().expect("entries").iter().filter_map(|e| e["rep"].as_str()).collect();
    let turns: Vec<usize> = ["ada", "bob", "cy"].map(|rep| reps.iter().filter(|r| **r == rep).count()).into();
    assert!(turns.iter().all(|turn| *turn == reps.len() / 3), "{turns:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_another_host_decides_is_answered_as_one_that_is_decided_here() {
    for pair in pairs().await {
        let sandbox = double(7).await;
        let made = tell(&sandbox, "contacts", json!([{ "properties": { "email": "c@x.example" } }])).await;
        let contact = made["ids"][0].as_str().expect("an id").to_owned();
        let text = workspace("acme", &connection(&sandbox, 7));
        know_each_other(&pair, &text).await;
        let Pair { one, other, admin, .. } = &pair;
        // Whoever is asked first decides from then on.
        let first = one.post("/v1/route", admin, call("first")).await;
        assert_eq!(first.status, 200, "{first:?}");
        let asked = |lead: &str| {
            let mut asked = call(lead);
            asked["apply"] = "caller".into();
            asked["lead"]["id"] = format!("hs:contact:{lead}").into();
            asked
        };
        let here = one.post("/v1/route", admin, asked("5")).await;
        let elsewhere = other.post("/v1/route", admin, asked("6")).await;
        assert_eq!((here.status, elsewhere.status), (200, 200), "{here:?} {elsewhere:?}");
        assert!(here.body["to_apply"].as_array().is_some_and(|acts| !acts.is_empty()), "{here:?}");
        assert_eq!(shape(&here.body, "5"), shape(&elsewhere.body, "6"));
        for host in [one, other] {
            let again = host.post("/v1/route", admin, asked("6")).await;
            let mut expected = elsewhere.body.clone();
            expected["repeated"] = true.into();
            assert_eq!((again.status, again.body), (200, expected));
            let mut changed = asked("6");
            changed["lead"]["properties"]["email"] = "another@x.example".into();
            let refused = host.post("/v1/route", admin, changed).await;
            assert_eq!(
                (refused.status, &refused.body["type"]),
                (409, &json!("urn:rota:problem:other-question")),
                "{refused:?}"
            );
        }
        let keyless = json!({ "ref": { "connection": "hs", "object": "contact", "id": contact }, "flow": "inbound" });
        for host in [one, other] {
            let read = host.post("/v1/route", admin, keyless.clone()).await;
            assert_eq!((read.status, &read.body["repeated"]), (200, &json!(false)), "{read:?}");
            assert_eq!(read.body["lead"], format!("hs:contact:{contact}"));
        }
    }
}

/// An answer without what differs from lead to lead.
fn shape(answer: &Value, lead: &str) -> Value {
    let mut answer = answer.clone();
    for own in ["decision", "at", "fuel"] {
        answer[own] = Value::Null;
    }
    let decision =
        answer["to_apply"][0]["effect"].as_str().and_then(|id| id.split_once('/')).map(|(id, _)| id.to_owned());
    let text =
        answer.to_string().replace(&format!("hs:contact:{lead}"), "LEAD").replace(&format!("\"{lead}\""), "\"LEAD\"");
    let text = decision.map_or(text.clone(), |decision| text.replace(&decision, "DECISION"));
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_an_account_that_another_host_was_told_of_just_now_is_taken_in() {
    for Pair { one, other, admin, .. } in pairs().await {
        let sandbox = double(1).await;
        let applied =
            one.post("/v1/workspace/apply", &admin, files(&workspace("acme", &connection(&sandbox, 1)))).await;
        assert_eq!(applied.status, 200, "{applied:?}");
        let (status, _, receipt) = hook(&other, &[(1, 11)]).await;
        assert_eq!((status, &receipt["accepted"], &receipt["unknown_portal"]), (200, &json!(1), &json!(0)));
    }
}

/// A host says that it is there for so many seconds, takes the lease, and is never heard of again.
async fn dies(database: &dyn rota_store::Database, one: &Service, operator: &str, seconds: i64) {
    let dead = HostId::from("dead");
    database.stay(&dead, now() + SignedDuration::from_secs(seconds)).await.expect("a host");
    assert!(database.take(&dead, &"acme".into(), now()).await.expect("a lease"));
    until("the first host's word of it", async || figure(one, operator, "rota_hosts", "").await == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_erased_while_a_call_about_them_waits_for_another_host_is_not_decided_about() {
    for pair in pairs().await {
        know_each_other(&pair, &three()).await;
        let Pair { one, other, admin, operator, database } = pair;
        other.stop().await;
        until("the other host's leave", async || figure(&one, &operator, "rota_hosts", "").await == 1).await;
        dies(&*database, &one, &operator, 600).await;
        let mut hasty = call("gone");
        // Long enough to be left to the host that is dead, and shorter than its lease.
        hasty["timeout_ms"] = 1_000.into();
        one.post("/v1/route", &admin, hasty).await;
        let waits = async || database.backlog(&"acme".into()).await.expect("figures").0 == 1;
        until("the call in the inbox", waits).await;
        let erased = one.post("/v1/people/erase", &admin, json!({ "email": "gone@x.example" })).await;
        assert_eq!((erased.status, &erased.body["arrivals"]), (200, &json!(1)), "{erased:?}");
        let again = one.post("/v1/route", &admin, call("gone")).await;
        assert_eq!((again.status, &again.body["type"]), (409, &json!("urn:rota:problem:person-erased")), "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_know_a_newer_revision_yet_leaves_calls_to_one_that_does() {
    for pair in pairs().await {
        know_each_other(&pair, &three()).await;
        let Pair { one, other, admin, .. } = &pair;
        // It decides from now on.
        let first = other.post("/v1/route", admin, call("first")).await;
        assert_eq!(first.status, 200, "{first:?}");
        for n in 0..5 {
            let text = three().replace("queue = \"triage\"", &format!("queue = \"q{n}\""));
            let applied = one.post("/v1/workspace/apply", admin, files(&text)).await;
            assert_eq!(applied.status, 200, "{applied:?}");
            let answer = other.post("/v1/route", admin, call(&format!("p{n}"))).await;
            assert_eq!((answer.status, &answer.body["revision"]), (200, &applied.body["revision"]), "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_host_was_to_decide_is_decided_by_another_once_its_lease_has_run_out() {
    for pair in pairs().await {
        know_each_other(&pair, &three()).await;
        let Pair { one, other, admin, operator, database } = pair;
        other.stop().await;
        until("the other host's leave", async || figure(&one, &operator, "rota_hosts", "").await == 1).await;
        dies(&*database, &one, &operator, 8).await;
        let mut hasty = call("hasty");
        // Long enough to be left to the host that is dead, and shorter than its lease.
        hasty["timeout_ms"] = 1_000.into();
        let left = one.post("/v1/route", &admin, hasty).await;
        let mut patient = call("patient");
        patient["timeout_ms"] = 30_000.into();
        let answer = one.post("/v1/route", &admin, patient).await;
        assert_eq!((answer.status, &answer.body["repeated"]), (200, &json!(false)), "{answer:?}");
        let again = one.post("/v1/route", &admin, call("hasty")).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_eq!(again.body["repeated"], true, "who left with {} was decided about all the same", left.status);
        assert_eq!(database.backlog(&"acme".into()).await.expect("figures").0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stops_loses_nothing_that_others_left_to_it() {
    for pair in pairs().await {
        know_each_other(&pair, &three()).await;
        let Pair { one, other, admin, .. } = pair;
        let first = one.post("/v1/route", &admin, call("first")).await;
        assert_eq!(first.status, 200, "{first:?}");
        let other = Arc::new(other);
        let asked = (0..120).map(|n: usize| {
            let (host, admin) = (other.clone(), admin.clone());
            tokio::spawn(async move {
                // Some before the first host stops, some after.
                tokio::time::sleep(std::time::Duration::from_millis(10 * n as u64)).await;
                host.post("/v1/route", &admin, call(&format!("p{n}"))).await
            })
        });
        let asked: Vec<_> = asked.collect();
        let _folder = one.stop().await;
        for asked in asked {
            let answer = asked.await.expect("an answer");
            assert_eq!((answer.status, &answer.body["repeated"]), (200, &json!(false)), "{answer:?}");
        }
        every_lead_was_decided_once(&other, &admin, 121).await;
    }
}

/// The log has so many decisions.
async fn every_lead_was_decided_once(host: &Service, admin: &str, decisions: usize) {
    let log = host.get("/v1/log?limit=200", admin).await;
    assert_eq!(log.body["items"].as_array().expect("entries").len(), decisions);
}
