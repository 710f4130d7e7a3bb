//! Leads that wait are served in their order, whoever calls meanwhile and however often the host is killed.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::{Host, storm, word};
use crate::service::until;

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
    let (mut line, mut given, mut waited) = (VecDeque::new(), BTreeSet::new(), 0);
    for decision in log {
        let lead = word(decision, "lead");
        match word(decision, "outcome") {
            "queue" if word(decision, "queue") == "line" => {
                if !line.contains(&lead) {
                    line.push_back(lead);
                    waited += 1;
                }
            }
            "assign" if !given.insert(lead) => return Err(format!("{lead} was given twice")),
            "assign" if line.front().is_none_or(|first| *first == lead) => drop(line.pop_front()),
            "assign" => return Err(format!("{lead} was served before {line:?}")),
            other => return Err(format!("{lead}: {other}")),
        }
    }
    if line.is_empty() { Ok(waited) } else { Err(format!("{line:?} still wait")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_longest_is_served_first_and_once_under_sixty_four_calls_and_kills() {
    let mut host = Host::start(WORKSPACE).await;
    let door = host.door();
    for rep in ["ana", "bo"] {
        door.says(rep, "away").await;
    }
    let answers = storm(&mut host, &["line"], LEADS, &["ana".to_owned(), "bo".to_owned()], 3).await;
    assert_eq!(answers.len(), LEADS);
    until("nobody waits", async || door.get("/v1/pools/line").await["waiting"] == 0).await;
    let log = host.log();
    let waited = waited(&log).unwrap_or_else(|wrong| panic!("seed {}: {wrong}", super::seed()));
    assert!(waited > 0, "somebody waited");
    assert_eq!(log.iter().filter(|one| word(one, "outcome") == "assign").count(), LEADS);
    let fairness = host.fairness();
    assert_eq!(fairness["ok"], true, "{fairness}");
}

#[test]
fn a_newer_lead_that_gets_past_one_that_waits_is_found() {
    let of = |lead: &str, outcome: &str| serde_json::json!({"lead": lead, "outcome": outcome, "queue": "line"});
    let log = [of("1", "queue"), of("2", "queue"), of("1", "assign"), of("2", "queue"), of("2", "assign")];
    assert_eq!(waited(&log), Ok(2));
    assert!(waited(&[of("1", "queue"), of("2", "assign"), of("1", "assign")]).is_err());
    assert!(waited(&log[..2]).is_err(), "they wait for ever");
}
