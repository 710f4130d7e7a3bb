//! Sixty-four who call a real server at once while reps come and go, and while it is killed under them.
//! What is drawn follows from a seed: 1, or the one that `STORM_SEED` names.

mod offers;
mod policies;
mod queue;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use rota_domain::access::Role;
use rota_tests::http;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::command::{Running, rota};
use crate::crash::serve;

/// Who call at the same time, each on a connection of their own.
const CALLERS: usize = 64;
/// How long who was not answered waits before they ask again.
const AGAIN: Duration = Duration::from_millis(20);

/// What a test draws.
fn seed() -> u64 {
    std::env::var("STORM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// A server as a process of its own, that is killed with SIGKILL and started again at the same place.
struct Host {
    folder: TempDir,
    token: String,
    url: String,
    running: Option<Running>,
}

/// A way to the server, that outlives it: a connection of its own.
#[derive(Clone)]
struct Door {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Host {
    /// A server with this workspace of the tenant `acme`.
    async fn start(workspace: &str) -> Self {
        Self::start_with(workspace, &[]).await
    }

    /// The same with these files beside it.
    async fn start_with(workspace: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files.iter().chain(&[("workspace.toml", workspace)]) {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        fs::write(folder.path().join("rota.toml"), "workspaces = [\".\"]\n").expect("rota.toml");
        let running = serve(folder.path(), "127.0.0.1:0");
        let token = crate::service::token(&folder.path().join("rota.db"), "acme", Role::Operator).await;
        Self { token, url: running.url.clone(), running: Some(running), folder }
    }

    /// Kills it as a power cut would, and starts it again.
    fn kill(&mut self) {
        self.running.take().expect("it runs").kill();
        let listen = self.url.trim_start_matches("http://");
        self.running = Some(serve(self.folder.path(), listen));
    }

    fn door(&self) -> Door {
        Door { client: http(), url: self.url.clone(), token: self.token.clone() }
    }

    /// Kills it whenever so many calls are answered.
    async fn kill_at(&mut self, points: &[usize], answered: &AtomicUsize) {
        for point in points {
            while answered.load(Ordering::Relaxed) < *point {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.kill();
        }
    }

    /// The decisions of its log.
    fn log(&self) -> Vec<Value> {
        rota(self.folder.path(), &["log", "--db", "rota.db", "--json"]).lines()
    }

    /// What `rota fairness` works out from its log.
    fn fairness(&self) -> Value {
        rota(self.folder.path(), &["fairness", "--db", "rota.db", "--json"]).json()
    }
}

impl Door {
    /// Posts this until it is answered, however often the server is killed meanwhile.
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        for _ in 0..3_000 {
            let request = self.client.request(method.clone(), format!("{}{path}", self.url));
            if let Ok(answer) = request.bearer_auth(&self.token).json(body).send().await {
                let status = answer.status().as_u16();
                // An answer that breaks off is none.
                if let (false, Ok(text)) = (status >= 500 || status == 429, answer.text().await) {
                    return (status, serde_json::from_str(&text).unwrap_or(Value::String(text)));
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        panic!("{path} was never answered: {body}")
    }

    async fn get(&self, path: &str) -> Value {
        for _ in 0..3_000 {
            let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
            if let Ok(answer) = request.send().await
                && let Ok(body) = answer.json().await
            {
                return body;
            }
            tokio::time::sleep(AGAIN).await;
        }
        panic!("{path} was never answered")
    }

    async fn says(&self, rep: &str, status: &str) {
        let (code, body) = self.post(&format!("/v1/reps/{rep}/status"), &json!({ "status": status })).await;
        assert_eq!(code, 200, "{rep} {status}: {body}");
    }
}

/// So many points at which the server is killed, while so many calls are answered.
fn points(random: &mut SmallRng, kills: usize, calls: usize) -> Vec<usize> {
    let mut points: Vec<usize> = (0..kills).map(|_| random.random_range(1..calls - CALLERS)).collect();
    points.sort_unstable();
    points
}

/// The answers to calls about the leads `web:0`, `web:1`, … of these flows, each with a key of its own. All callers
/// ask at once, these reps, who are away at first, come and go meanwhile, and the server is killed so often.
async fn storm(host: &mut Host, flows: &[&str], leads: usize, fickle: &[String], kills: usize) -> Vec<Value> {
    let mut random = SmallRng::seed_from_u64(seed());
    let points = points(&mut random, kills, leads);
    for rep in fickle {
        host.door().says(rep, "away").await;
    }
    let flows: Arc<[String]> = flows.iter().map(|flow| (*flow).to_owned()).collect();
    let (next, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (door, flows, next, answered) = (host.door(), flows.clone(), next.clone(), answered.clone());
        callers.spawn(async move {
            let mut answers = BTreeMap::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= leads {
                    return answers;
                }
                let call = json!({ "lead": lead(n, n / flows.len()), "flow": flows[n % flows.len()],
                                   "idempotency_key": format!("k{n}"), "timeout_ms": 30_000 });
                let (status, mut answer) = door.post("/v1/route", &call).await;
                assert_eq!(status, 200, "{call}: {answer}");
                answer.as_object_mut().expect("a decision").remove("repeated");
                answers.insert(n, answer);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let over = Arc::new(AtomicBool::new(false));
    let (door, reps, begun, begin) = (host.door(), fickle.to_vec(), answered.clone(), leads / 10);
    let coming = tokio::spawn({
        let over = over.clone();
        async move {
            while begun.load(Ordering::Relaxed) < begin {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            come_and_go(door, &reps, random, &over).await;
        }
    });
    host.kill_at(&points, &answered).await;
    let answers = callers.join_all().await.into_iter().flatten().collect::<BTreeMap<usize, Value>>();
    over.store(true, Ordering::Relaxed);
    coming.await.expect("they came and went");
    answers.into_values().collect()
}

/// The lead of this number: where it is, on the equator, and whether it is of a large firm.
fn lead(n: usize, of_flow: usize) -> Value {
    let tier = if of_flow.is_multiple_of(2) { "enterprise" } else { "small" };
    json!({ "id": format!("web:{n}"),
            "properties": { "lat": "0", "lon": longitude(of_flow).to_string(), "tier": tier } })
}

/// Where the lead of this number in its flow is, in degrees east.
fn longitude(of_flow: usize) -> usize {
    of_flow * 37 % 180
}

/// Reps go away and come back, one after the other, until it is over; then all are there.
async fn come_and_go(door: Door, reps: &[String], mut random: SmallRng, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let status = if random.random_bool(0.5) { "away" } else { "back" };
        door.says(&reps[random.random_range(0..reps.len())], status).await;
    }
    for rep in reps {
        door.says(rep, "back").await;
    }
}

/// A word of a decision; empty where it has none.
fn word<'a>(decision: &'a Value, key: &str) -> &'a str {
    decision[key].as_str().unwrap_or_default()
}
