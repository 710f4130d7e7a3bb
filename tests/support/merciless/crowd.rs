//! Those who use Rota in a run: contacts appear and are moved on, a person gives some of them to
//! somebody, and programs ask about leads by calls until they are answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::plan::Pick;
use super::proxy::Proxy;
use super::truth::{Called, Contact, STAGES, Truth};
use super::world::{self, owners};

/// How long after a person's write it has to be seen, to stay: longer than any request to the CRM
/// that was begun before.
const SETTLED: Duration = Duration::from_secs(32);
/// How long a caller waits before it asks again.
const AGAIN: Duration = Duration::from_millis(60);

/// How long a caller waits for an answer: longer than a host lets it.
const PATIENCE: Duration = Duration::from_secs(40);

/// They all.
#[derive(Debug)]
pub struct Crowd {
    http: Client,
    /// Where hosts are found. Callers choose among them, and go to another when they ask again.
    door: Arc<Proxy>,
    /// The CRM's double, as a person reaches it.
    double: String,
    token: Option<String>,
    truth: Arc<Mutex<Truth>>,
    calls: JoinSet<()>,
    watched: JoinSet<()>,
}

impl Crowd {
    /// Nobody yet.
    #[must_use]
    pub fn new(door: Arc<Proxy>, double: String) -> Self {
        let (calls, watched) = (JoinSet::new(), JoinSet::new());
        Self { http: crate::http(), door, double, token: None, truth: Arc::default(), calls, watched }
    }

    /// With this token calls are made.
    pub fn let_in(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Whether calls can be made.
    #[must_use]
    pub fn is_let_in(&self) -> bool {
        self.token.is_some()
    }

    /// What is true so far.
    pub fn truth(&self) -> MutexGuard<'_, Truth> {
        lock(&self.truth)
    }

    /// Tells the double something, as its person or its operator; that passes no fault.
    ///
    /// # Errors
    /// What it said against that.
    pub async fn tell(&self, method: Method, what: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}/_sandbox/{what}", self.double);
        let answer = self.http.request(method, url).json(body).send().await.map_err(|error| error.to_string())?;
        let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
        if !status.is_success() {
            return Err(format!("the double refuses {what} {body}: {status} {text}"));
        }
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// What the double holds.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn state(&self) -> Result<Value, String> {
        let answer = self.http.get(format!("{}/_sandbox/state", self.double)).send().await;
        answer.map_err(|error| error.to_string())?.json().await.map_err(|error| error.to_string())
    }

    /// So many contacts appear.
    ///
    /// # Errors
    /// When the double refuses them.
    pub async fn contacts(&mut self, count: usize) -> Result<(), String> {
        let first = self.truth().contacts.len();
        let people: Vec<Value> =
            (first..first + count).map(|n| json!({ "properties": world::person("lead", n) })).collect();
        let made = self.tell(Method::POST, "contacts", &json!(people)).await?;
        let ids = made["ids"].as_array().cloned().unwrap_or_default();
        let contact = |id: &Value| Contact { id: plain(id), edits: 0, taken: None, stays: false };
        self.truth().contacts.extend(ids.iter().map(contact));
        Ok(())
    }

    /// A person moves a contact on, if there is a further stage.
    ///
    /// # Errors
    /// When the double refuses it.
    pub async fn edit(&mut self, pick: Pick) -> Result<(), String> {
        let Some((at, contact)) = self.picked(pick) else { return Ok(()) };
        let Some(stage) = STAGES.get(contact.edits) else { return Ok(()) };
        self.tell(
            Method::PATCH,
            &format!("contacts/{}", contact.id),
            &json!({ "properties": { "lifecyclestage": stage } }),
        )
        .await?;
        self.truth().contacts[at].edits += 1;
        Ok(())
    }

    /// A person gives a contact to an owner, and looks at it again later.
    ///
    /// # Errors
    /// When the double refuses it.
    pub async fn take(&mut self, pick: Pick, owner: usize) -> Result<(), String> {
        let owners = owners();
        let owner = owners[owner % owners.len()];
        let Some((at, contact)) = self.picked(pick) else { return Ok(()) };
        // Known before, so that a look at an earlier write does not take this one for Rota's.
        self.truth().contacts[at].is_taken(owner);
        let body = json!({ "properties": { "hubspot_owner_id": owner.to_string() } });
        self.tell(Method::PATCH, &format!("contacts/{}", contact.id), &body).await?;
        let (truth, http, double) = (Arc::clone(&self.truth), self.http.clone(), self.double.clone());
        self.watched.spawn(async move {
            tokio::time::sleep(SETTLED).await;
            let Ok(answer) = http.get(format!("{double}/_sandbox/state")).send().await else { return };
            let state: Value = answer.json().await.unwrap_or_default();
            let held = owner_of(&state, &contact.id);
            let mut truth = lock(&truth);
            let contact = &mut truth.contacts[at];
            contact.stays |= contact.taken == Some(owner) && held == Some(owner.to_string());
        });
        Ok(())
    }

    fn picked(&self, pick: Pick) -> Option<(usize, Contact)> {
        let truth = self.truth();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a place in the list")]
        let at = (pick.0 * truth.contacts.len() as f64) as usize;
        truth.contacts.get(at).map(|contact| (at, contact.clone()))
    }

    /// So many leads are asked about, each until it is answered.
    pub fn calls(&mut self, count: usize) {
        let mut truth = self.truth();
        let first = truth.calls.len();
        truth.calls.resize(first + count, Called::default());
        drop(truth);
        (first..first + count).for_each(|n| self.call(n));
    }

    /// The last so many that were answered are asked about again, with their keys, at other hosts
    /// where there are any.
    pub fn again(&mut self, count: usize) {
        let answered: Vec<usize> = {
            let truth = self.truth();
            let answered = truth.calls.iter().enumerate().rev().filter(|(_, called)| called.answer.is_some());
            answered.map(|(n, _)| n).take(count).collect()
        };
        answered.into_iter().for_each(|n| self.call(n));
    }

    fn call(&mut self, n: usize) {
        let Some(token) = self.token.clone() else { return };
        let lead = json!({ "id": format!("web:call-{n}"), "properties": world::person("call", n) });
        let body = json!({ "lead": lead, "idempotency_key": format!("call-{n}") });
        let (http, door, truth) = (self.http.clone(), Arc::clone(&self.door), Arc::clone(&self.truth));
        let mut turn = lock(&truth).calls[n].host.unwrap_or(n);
        // Half of them hang up when they are not answered soon, and have more patience each time.
        let mut patience = if n.is_multiple_of(2) { PATIENCE } else { Duration::from_millis(5) };
        self.calls.spawn(async move {
            loop {
                turn += 1;
                let Some((host, address)) = door.from(turn) else {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                };
                let request = http.post(format!("http://{address}/v1/route")).bearer_auth(&token).json(&body);
                let answer = request.timeout(patience).send().await;
                patience = (patience * 2).min(PATIENCE);
                let Ok(answer) = answer else {
                    tokio::time::sleep(AGAIN).await;
                    continue;
                };
                let status = answer.status();
                match answer.text().await {
                    Ok(text) if status.is_success() => {
                        let decision = serde_json::from_str(&text).unwrap_or_default();
                        return lock(&truth).answered(n, host, decision);
                    }
                    Ok(text) if status.is_client_error() && status.as_u16() != 429 => {
                        return lock(&truth).wrongs.push(format!("web:call-{n} was refused: {status} {text}"));
                    }
                    _ => tokio::time::sleep(AGAIN).await,
                }
            }
        });
    }

    /// Waits until all calls are answered, for so long; says how many are not.
    pub async fn answered(&mut self, within: Duration) -> usize {
        let all = async { while self.calls.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(within, all).await;
        self.calls.len()
    }
}

/// The owner of a contact in a state of the double, unless it has none.
#[must_use]
pub fn owner_of(state: &Value, id: &str) -> Option<String> {
    let contacts = state["contacts"].as_array()?;
    let contact = contacts.iter().find(|contact| plain(&contact["id"]) == id)?;
    owner(contact)
}

/// The owner of a contact as the double shows it, unless it has none.
#[must_use]
pub fn owner(contact: &Value) -> Option<String> {
    contact["properties"]["hubspot_owner_id"].as_str().filter(|owner| !owner.is_empty()).map(str::to_owned)
}

/// An id as text, whether it is written as a text or as a number.
#[must_use]
pub fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn lock(truth: &Mutex<Truth>) -> MutexGuard<'_, Truth> {
    truth.lock().unwrap_or_else(PoisonError::into_inner)
}
