//! Each policy keeps its promise, by the log alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};

use super::{AGAIN, Door, Host, longitude, storm, word};

/// A pool: its name, its own lines, what is said of its reps `a` to `d`, and of their places.
type Pool = (&'static str, &'static str, [&'static str; 4], [&'static str; 4]);

const NO: [&str; 4] = [""; 4];
const TWENTY: &str = "caps = [{ leads = 20, per = \"day\", rolling = true }]";
const MANY: [&str; 4] = ["capacity = 1000"; 4];

const NEAR: &str = "policy = \"nearest\"\nnear = { latitude = \"lat\", longitude = \"lon\" }";
/// Where the reps `a` to `d` of that pool are, in degrees east on the equator.
const PLACES: [usize; 4] = [0, 90, 45, 135];
const AT: [&str; 4] = [
    "location = { latitude = 0, longitude = 0 }",
    "location = { latitude = 0, longitude = 90 }",
    "location = { latitude = 0, longitude = 45 }",
    "location = { latitude = 0, longitude = 135 }",
];
const FEW: &str = "caps = [{ leads = 5, open = true, when = { property = \"tier\", is = \"enterprise\" } }]";

const POOLS: [Pool; 13] = [
    ("quota", "", NO, ["weight = 5", "weight = 2", "weight = 2", "weight = 1"]),
    ("in-turn", "policy = \"in-turn\"", NO, NO),
    ("least-recent", "policy = \"least-recent\"", NO, NO),
    ("pecking-order", "policy = \"pecking-order\"", NO, ["score = 9", "score = 9", "score = 1", ""]),
    ("fewest-open", "policy = \"fewest-open\"", NO, NO),
    ("most-free", "policy = \"most-free-capacity\"", MANY, NO),
    ("hold", "absent = \"hold\"", NO, NO),
    ("credit", "policy = \"in-turn\"\nabsent = { credit = 3, expires = \"30d\" }", NO, NO),
    ("caps", "policy = \"in-turn\"", [TWENTY, TWENTY, "capacity = 15", "capacity = 15"], NO),
    ("stop", "stop = 2", NO, NO),
    ("nearest", NEAR, AT, NO),
    ("metric", "weights = { metric = \"won\", floor = 1 }", NO, NO),
    ("kinds", "policy = \"in-turn\"", [FEW; 4], NO),
];
/// What the weights of one begin with.
const WON: &str = "key,at,value\nmetric-a,2026-01-01,5\nmetric-b,2026-01-01,2\nmetric-c,2026-01-01,2\n";
/// In each pool.
const LEADS: usize = 200;

/// A flow for each pool, in which it is asked for a turn. `a` and `b` of each are there all the time.
fn workspace() -> String {
    let (mut reps, mut rest) = (String::new(), String::new());
    for (pool, lines, of_rep, of_place) in POOLS {
        let mut members = Vec::new();
        for (n, letter) in ["a", "b", "c", "d"].iter().enumerate() {
            reps += &format!("[[reps]]\nid = \"{pool}-{letter}\"\n{}\n", of_rep[n]);
            let place = if of_place[n].is_empty() { String::new() } else { format!(", {}", of_place[n]) };
            members.push(format!("{{ rep = \"{pool}-{letter}\"{place} }}"));
        }
        rest += &format!(
            "[[pools]]\nid = \"{pool}\"\n{lines}\nmembers = [{}]\n\
             [[flows]]\nid = \"{pool}\"\nplugin = \"next-in-line\"\nsettings = {{ pool = \"{pool}\" }}\n\
             fallback = {{ queue = \"triage\" }}\ncoalesce = \"0\"\n",
            members.join(", ")
        );
    }
    let won = "[[tables]]\nid = \"won\"\nmatch = \"dated\"\nfile = \"won.csv\"\n";
    format!("workspace = \"acme\"\n{reps}{rest}{won}")
}

/// A storm, and what the log has to say of it.
async fn calls_keep_every_promise(kills: usize) {
    let mut host = Host::start_with(&workspace(), &[("won.csv", WON)]).await;
    let flows = POOLS.map(|(pool, ..)| pool);
    let fickle: Vec<String> = flows.iter().flat_map(|pool| ["c", "d"].map(|rep| format!("{pool}-{rep}"))).collect();
    let over = Arc::new(AtomicBool::new(false));
    let selling = tokio::spawn(sell(host.door(), over.clone()));
    let answers = storm(&mut host, &flows, LEADS * POOLS.len(), &fickle, kills).await;
    over.store(true, Ordering::Relaxed);
    selling.await.expect("all that was sent weighs");
    let seed = super::seed();
    let log = host.log();
    let by_lead: BTreeMap<&str, &Value> = log.iter().map(|one| (word(one, "lead"), one)).collect();
    assert_eq!((log.len(), by_lead.len(), answers.len()), (answers.len(), answers.len(), LEADS * POOLS.len()));
    for answer in &answers {
        let entered = by_lead[word(answer, "lead")];
        let told = |one: &Value| ["decision", "outcome", "rep", "queue"].map(|key| one[key].clone());
        assert_eq!(told(answer), told(entered), "seed {seed}");
    }
    let fairness = host.fairness();
    assert_eq!(fairness["ok"], true, "seed {seed}: {fairness}");
    for pool in flows {
        let (given, triaged): (Vec<&Value>, Vec<&Value>) =
            log.iter().filter(|one| word(one, "flow") == pool).partition(|one| !one["rep"].is_null());
        assert!(triaged.iter().all(|one| word(one, "queue") == "triage"), "seed {seed}: {pool}");
        let reported = fairness["pools"].as_array().expect("pools").iter().find(|one| word(one, "pool") == pool);
        assert_eq!(reported.expect("a report")["picks"], given.len(), "seed {seed}: {pool}");
        let letter = |one: &Value| word(one, "rep").rsplit('-').next().expect("a letter").to_owned();
        let reps: Vec<String> = given.iter().map(|one| letter(one)).collect();
        let reps: Vec<&str> = reps.iter().map(String::as_str).collect();
        let number = |one: &Value| word(one, "lead").rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or(0_usize);
        let of_flow: Vec<usize> = given.iter().map(|one| number(one) / POOLS.len()).collect();
        if let Err(wrong) = suits_its_lead(pool, of_flow.into_iter().zip(reps.iter().copied())) {
            panic!("seed {seed}: {pool}: {wrong}");
        }
        assert_eq!(reps.len() + triaged.len(), LEADS, "seed {seed}: {pool}");
        if let Err(wrong) = keeps_its_word(pool, &reps) {
            panic!("seed {seed}: {pool}: {wrong}: {}", reps.concat());
        }
    }
}

/// What the pool of this name promises to those who are there all the time, at every turn. `rota fairness`
/// judges what depends on who was there.
fn keeps_its_word(pool: &str, reps: &[&str]) -> Result<(), &'static str> {
    let mut got: BTreeMap<&str, usize> = ["a", "b", "c", "d"].map(|rep| (rep, 0)).into();
    for rep in reps {
        let least = got.values().copied().min().unwrap_or(0);
        let count = got.get_mut(rep).ok_or("who is no member has a lead")?;
        let ahead = *count - least;
        *count += 1;
        match pool {
            "stop" if ahead > 2 => return Err("a leader was not stopped"),
            "pecking-order" if matches!(*rep, "c" | "d") => return Err("a lower score was served"),
            "quota" | "hold" | "stop" | "nearest" | "metric" | "kinds" => {}
            _ if got["a"].abs_diff(got["b"]) > 1 => return Err("two who are always there are two leads apart"),
            _ => {}
        }
    }
    match pool {
        "caps" if (got["a"], got["b"]) != (20, 20) => Err("a cap was passed or not reached"),
        "caps" if got["c"] > 15 || got["d"] > 15 => Err("a capacity was passed"),
        "stop" if reps.len() == LEADS => Err("nobody was ever stopped"),
        _ => Ok(()),
    }
}

/// What a pool promises to each lead by what it is: its number in its flow, and who has it.
fn suits_its_lead<'a>(pool: &str, given: impl Iterator<Item = (usize, &'a str)>) -> Result<(), &'static str> {
    let mut large: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, rep) in given {
        let far = |place: usize| PLACES[place].abs_diff(longitude(n));
        let place = ["a", "b", "c", "d"].iter().position(|letter| *letter == rep).ok_or("who is no member has it")?;
        if pool == "nearest" && far(place) > far(0).min(far(1)) {
            return Err("somebody who is always there was nearer");
        }
        *large.entry(rep).or_default() += usize::from(n.is_multiple_of(2));
    }
    match pool {
        "kinds" if large.values().any(|count| *count > 5) => Err("a cap of a kind was passed"),
        "kinds" if (large.get("a"), large.get("b")) != (Some(&5), Some(&5)) => Err("a cap of a kind was not reached"),
        _ => Ok(()),
    }
}

/// Sells until it is over: the weights of the pool `metric` change all the time. What was sent last is there
/// at the end.
async fn sell(door: Door, over: Arc<AtomicBool>) {
    let (mut random, mut sold) = (SmallRng::seed_from_u64(super::seed()), BTreeMap::new());
    while !over.load(Ordering::Relaxed) {
        let rep = ["metric-a", "metric-b", "metric-c", "metric-d"][random.random_range(0..4)];
        let value = random.random_range(0..9);
        let row = json!({ "key": rep, "at": "2026-02-01", "value": value });
        let (status, said) = door.send(Method::PUT, &format!("/v1/tables/won/rows/{rep}"), &row).await;
        assert_eq!(status, 202, "{row}: {said}");
        sold.insert(rep, value.to_string());
        tokio::time::sleep(AGAIN).await;
    }
    for _ in 0..600 {
        let rows = door.get("/v1/tables/won/rows").await;
        let rows = rows["items"].as_array().expect("items");
        if rows.iter().map(|row| (word(row, "row"), word(row, "value").to_owned())).eq(sold.clone()) {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
    panic!("the rows are not those that were sent: {sold:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_who_call_at_once_while_reps_come_and_go_find_every_policy_keeping_its_promise() {
    calls_keep_every_promise(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_policy_keeps_its_promise_though_the_host_is_killed_under_sixty_four_calls() {
    calls_keep_every_promise(5).await;
}

#[test]
fn a_pool_that_breaks_its_word_is_found() {
    let wrong = |pool: &str, reps: &str| {
        let reps: Vec<String> = reps.chars().map(String::from).collect();
        keeps_its_word(pool, &reps.iter().map(String::as_str).collect::<Vec<_>>()).err()
    };
    assert_eq!(wrong("in-turn", "abca"), None);
    assert_eq!(wrong("in-turn", "abcaa"), Some("two who are always there are two leads apart"));
    assert_eq!(wrong("pecking-order", "abc"), Some("a lower score was served"));
    assert_eq!(wrong("stop", "aaaa"), Some("a leader was not stopped"));
    assert_eq!(wrong("caps", "ab"), Some("a cap was passed or not reached"));
    let suits = |pool: &str, given: &[(usize, &'static str)]| suits_its_lead(pool, given.iter().copied()).err();
    assert_eq!(suits("nearest", &[(0, "a"), (1, "a"), (2, "b"), (1, "c")]), None);
    assert_eq!(suits("nearest", &[(2, "a")]), Some("somebody who is always there was nearer"));
    assert_eq!(suits("kinds", &[(0, "c"); 6]), Some("a cap of a kind was passed"));
    assert_eq!(suits("kinds", &[(1, "c"); 6]), Some("a cap of a kind was not reached"));
    let full = "ab".repeat(20) + &"c".repeat(16);
    assert_eq!(wrong("caps", &full), Some("a capacity was passed"));
}
