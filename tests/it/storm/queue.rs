//! Leads that wait are served in their order, whoever calls meanwhile and however often the host is killed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Host, storm, word};

const LEADS: usize = 240;

const WORKSPACE: &str = r#"
workspace = "acme"

[[reps]]
id = "ana"

[[reps]]
id = "bo"

[[pools]]
id = "line"
policy = "in-turn"
members = [{ rep = "ana" }, { rep = "bo" }]

[[flows]]
id = "line"
plugin = "next-in-line"
settings = { pool = "line" }
fallback = { queue = "triage" }
coalesce = "0"
nobody = "wait"
"#;

/// How many leads of this log waited, if nobody was served before who had waited longer.
fn waited(log: &[Value]) -> Result<usize, String> {
    let (mut line, mut given, mut waited) = (BTreeMap::new(), BTreeSet::new(), 0);
    for decision in log {
        let lead = word(decision, "lead");
        match word(decision, "outcome") {
            "queue" if word(decision, "queue") == "line" => {
                line.entry(lead).or_insert_with(|| {
                    waited += 1;
                    waited
                });
            }
            "assign" if !given.insert(lead) => return Err(format!("{lead} was given twice")),
            "assign" => {
                let since = line.remove(lead);
                let longer = line.iter().find(|(_, other)| since.is_none_or(|since| **other < since));
                if let Some((other, _)) = longer {
                    return Err(format!("{lead} was served before {other}"));
                }
            }
            other => return Err(format!("{lead}: {other}")),
        }
    }
    if line.is_empty() { Ok(waited) } else { Err(format!("{line:?} still wait")) }
}

/// The log, a line a decision, for who looks for what went wrong.
fn story(log: &[Value]) -> String {
    let told = |one: &Value| {
        ["at", "lead", "trigger", "outcome", "rep", "queue"].map(|key| word(one, key).to_owned()).join(" ")
    };
    log.iter().map(told).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_longest_is_served_first_and_once_under_sixty_four_calls_and_kills() {
    let mut host = Host::start(WORKSPACE).await;
    let door = host.door();
    let answers = storm(&mut host, &["line"], LEADS, &["ana".to_owned(), "bo".to_owned()], 3).await;
    assert_eq!(answers.len(), LEADS);
    let (mut pool, mut left) = (door.get("/v1/pools/line").await, 600);
    while pool["waiting"] != 0 {
        assert!(left > 0, "seed {}: some wait for ever: {pool}\n{}", super::seed(), story(&host.log()));
        left -= 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        pool = door.get("/v1/pools/line").await;
    }
    let log = host.log();
    let waited = waited(&log).unwrap_or_else(|wrong| panic!("seed {}: {wrong}\n{}", super::seed(), story(&log)));
    assert!(waited > 0, "somebody waited");
    assert_eq!(log.iter().filter(|one| word(one, "outcome") == "assign").count(), LEADS);
    let fairness = host.fairness();
    assert_eq!(fairness["ok"], true, "{fairness}");
}

#[test]
fn a_newer_lead_that_gets_past_one_that_waits_is_found() {
    let of = |lead: &str, outcome: &str, second: &str| {
        let at = format!("2026-03-02T09:00:{second}Z");
        json!({ "lead": lead, "outcome": outcome, "queue": "line", "at": at })
    };
    let line = [of("1", "queue", "07"), of("2", "queue", "08"), of("3", "queue", "08")];
    let log = |rest: &[Value]| waited(&[&line, rest].concat());
    let given = |lead: &str| of(lead, "assign", "09");
    assert_eq!(log(&[given("1"), of("3", "queue", "09"), given("2"), given("3")]), Ok(3));
    assert_eq!(log(&[given("1"), given("3")]), Err("3 was served before 2".to_owned()), "of the same instant");
    assert_eq!(log(&[given("2")]), Err("2 was served before 1".to_owned()));
    assert_eq!(log(&[given("4")]), Err("4 was served before 1".to_owned()));
    assert_eq!(log(&[given("1"), given("1")]), Err("1 was given twice".to_owned()));
    assert!(log(&[]).is_err(), "they wait for ever");
}
