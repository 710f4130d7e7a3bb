//! Each policy keeps its promise, by the log alone.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Host, storm, word};

/// A pool: its name, its own lines, what is said of its reps `a` to `d`, and of their places.
type Pool = (&'static str, &'static str, [&'static str; 4], [&'static str; 4]);

const NO: [&str; 4] = [""; 4];
const TWENTY: &str = "caps = [{ leads = 20, per = \"day\", rolling = true }]";
const MANY: [&str; 4] = ["capacity = 1000"; 4];

const POOLS: [Pool; 10] = [
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
];
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
    format!("workspace = \"acme\"\n{reps}{rest}")
}

/// A storm, and what the log has to say of it.
async fn calls_keep_every_promise(kills: usize) {
    let mut host = Host::start(&workspace()).await;
    let flows = POOLS.map(|(pool, ..)| pool);
    let fickle: Vec<String> = flows.iter().flat_map(|pool| ["c", "d"].map(|rep| format!("{pool}-{rep}"))).collect();
    let answers = storm(&mut host, &flows, LEADS * POOLS.len(), &fickle, kills).await;
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
        let reps: Vec<&str> = given.iter().map(|one| word(one, "rep").rsplit('-').next().expect("a letter")).collect();
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
            "quota" | "hold" | "stop" => {}
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
    let full = "ab".repeat(20) + &"c".repeat(16);
    assert_eq!(wrong("caps", &full), Some("a capacity was passed"));
}
