//! Turns of every policy while many callers ask at once and reps come and go.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::access::Role;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Service, on_each};

on_each! {
    sixty_four_callers_at_once_break_no_promise_of_any_policy,
}

/// Each pool: what is said of it, of its members and of its reps.
const POOLS: [(&str, &str, &str); 11] = [
    ("", "weight = %", ""),
    ("policy = \"in-turn\"", "", ""),
    ("policy = \"least-recent\"", "", ""),
    ("policy = \"pecking-order\"", "score = %", ""),
    ("policy = \"fewest-open\"", "weight = %", ""),
    ("policy = \"most-free-capacity\"", "", "capacity = 1000"),
    ("policy = \"most-free-capacity\"\nby = \"percent\"", "", "capacity = 1000"),
    ("absent = \"hold\"", "weight = %", ""),
    ("policy = \"in-turn\"\nabsent = { credit = 3, expires = \"1h\" }", "", ""),
    ("stop = 2", "", ""),
    (CAPPED, "", "caps = [{ leads = 5, per = \"week\", rolling = true }]"),
];
/// Says nothing of its pool: its reps have caps.
const CAPPED: &str = "# capped";
/// The country whose leads go to each.
const COUNTRIES: [&str; POOLS.len()] = ["US", "DE", "BR", "FR", "IT", "ES", "GB", "JP", "IN", "CN", "MX"];
/// The members of each.
const MEMBERS: usize = 4;
/// How many connections there are, and how many calls each makes.
const CALLERS: usize = 64;
const CALLS: usize = 12;

fn workspace() -> String {
    let mut text = "workspace = \"acme\"\n".to_owned();
    for (n, (of_pool, of_member, of_rep)) in POOLS.iter().enumerate() {
        let reps = (0..MEMBERS).map(|m| (m, format!("p{n:02}r{m}")));
        let members = reps.clone().map(|(m, rep)| {
            let says = if of_member.is_empty() { String::new() } else { format!(", {of_member}") };
            format!("{{ rep = \"{rep}\"{} }}", says.replace('%', &(1 + m / 2).to_string()))
        });
        let members = members.collect::<Vec<_>>().join(", ");
        text += &reps.map(|(_, rep)| format!("[[reps]]\nid = \"{rep}\"\n{of_rep}\n")).collect::<String>();
        text += &format!("[[pools]]\nid = \"p{n:02}\"\n{of_pool}\nmembers = [{members}]\n");
    }
    let place = |(n, country)| format!("{{ countries = [\"{country}\"], states = [], pool = \"p{n:02}\" }}");
    let places = COUNTRIES.iter().enumerate().map(place).collect::<Vec<_>>().join(", ");
    text + "[[flows]]\nid = \"inbound\"\nplugin = \"territory\"\nfallback = { queue = \"triage\" }\n"
        + &format!("settings = {{ territories = [{places}] }}\n")
}

async fn post(client: &reqwest::Client, url: &str, token: &str, body: &Value) -> Value {
    let answer = client.post(url).bearer_auth(token).json(body).send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{status} {body}");
    serde_json::from_str(&body).unwrap_or_default()
}

async fn sixty_four_callers_at_once_break_no_promise_of_any_policy() {
    let service = Service::start(&[workspace()]).await;
    let token = service.token("acme", Role::Operator).await;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (url, token) = (format!("{}/v1/route", service.url), token.clone());
        callers.spawn(async move {
            let client = rota_tests::http();
            let mut answers = Vec::new();
            for n in 0..CALLS {
                let country = COUNTRIES[(caller + 5 * n) % POOLS.len()];
                let lead = json!({ "id": format!("web:{caller}-{n}"), "properties": { "country": country } });
                answers.push(post(&client, &url, &token, &json!({ "lead": lead })).await);
            }
            answers
        });
    }
    // Meanwhile the first member of every pool comes and goes.
    let client = rota_tests::http();
    for round in 0..4 {
        for pool in 0..POOLS.len() {
            let status = json!({ "status": if round % 2 == 0 { "away" } else { "back" } });
            post(&client, &format!("{}/v1/reps/p{pool:02}r0/status", service.url), &token, &status).await;
        }
    }
    let answers: Vec<Value> = callers.join_all().await.into_iter().flatten().collect();

    let decisions: BTreeSet<&str> = answers.iter().filter_map(|answer| answer["decision"].as_str()).collect();
    assert_eq!(decisions.len(), CALLERS * CALLS, "each has a decision of its own");
    let mut got: BTreeMap<&str, usize> = BTreeMap::new();
    for answer in answers.iter().filter(|answer| answer["outcome"] == "assign") {
        *got.entry(answer["rep"].as_str().expect("a rep")).or_default() += 1;
    }
    let report = service.get("/v1/fairness", &token).await.body;
    assert_eq!(report["ok"], true, "{report:#}");
    let picks: u64 = report["pools"].as_array().expect("pools").iter().filter_map(|pool| pool["picks"].as_u64()).sum();
    assert_eq!(usize::try_from(picks).ok(), Some(got.values().sum()), "a turn for each lead, and none besides");
    let capped = POOLS.iter().position(|(of_pool, ..)| *of_pool == CAPPED).expect("one");
    let of = |member: usize| got.get(&*format!("p{capped:02}r{member}")).copied().unwrap_or(0);
    assert!(of(0) <= 5, "who comes and goes has no more than their caps allow");
    assert_eq!((1..MEMBERS).map(of).collect::<Vec<_>>(), [5; MEMBERS - 1], "who is there has all of that, and no more");
    service.stop().await;
}
