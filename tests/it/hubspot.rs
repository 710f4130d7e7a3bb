//! The HubSpot client against the double over HTTP: what it reads, what it writes, and what
//! it makes of everything that goes wrong.

mod beside;
mod companies;
mod owners;
mod pace;
mod reading;
mod troubles;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rota_crm::Secret;
use rota_crm::hubspot::{ApiStyle, Burst, Config, HubSpot};
use rota_crm::outbound::Reach;
use rota_domain::delivery::Trouble;
use rota_domain::effect::{Act, Effect, Urgency};
use rota_domain::id::{ConnectionId, EffectId, OwnerId, RepId};
use rota_flow::ports::{Carrier, CrmError, Delivered, RecordRef};
use rota_sandbox::{ContactSeed, Id, Options, Sandbox, Seed};
use serde_json::Value;

const TOKEN: &str = "pat-sandbox";
const CLIENT_SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const ADA: &str = "41629779";
const BEN: &str = "41629780";
const BENS_USER: &str = "9586505";
const DEE_WHO_LEFT: &str = "328396086";

/// A double and a client of it.
struct Account {
    sandbox: Sandbox,
    hubspot: HubSpot,
    http: reqwest::Client,
}

impl Account {
    async fn open(seed: Seed) -> Self {
        Self::with(seed, |_| ()).await
    }

    async fn with(seed: Seed, change: impl FnOnce(&mut Config)) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let options = Options { listen, target: None, seed, client_secret: CLIENT_SECRET.into() };
        let sandbox = rota_sandbox::start(options).await.unwrap();
        let mut config = config(&format!("http://{}", sandbox.address()));
        change(&mut config);
        Self { sandbox, hubspot: HubSpot::new(config).unwrap(), http: reqwest::Client::new() }
    }

    fn control(&self, path: &str) -> String {
        format!("http://{}/_sandbox/{path}", self.sandbox.address())
    }

    async fn look(&self, path: &str) -> Value {
        self.http.get(self.control(path)).send().await.unwrap().json().await.unwrap()
    }

    async fn fault(&self, fault: Value) {
        let answer = self.http.post(self.control("faults")).json(&fault).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// `METHOD path` of every call to records, in order.
    async fn record_calls(&self) -> Vec<String> {
        let calls = self.look("calls").await;
        let line = |call: &Value| format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap());
        calls.as_array().unwrap().iter().map(line).filter(|line| line.contains("/objects/")).collect()
    }

    async fn owner_of(&self, contact: u64) -> Option<String> {
        let state = self.look("state").await;
        let contacts = state["contacts"].as_array().unwrap();
        let id = contact.to_string();
        let found = contacts.iter().find(|it| it["id"] == id.as_str()).expect("the contact is there");
        found["properties"]["hubspot_owner_id"].as_str().map(str::to_owned)
    }

    async fn count(&self, kind: &str) -> usize {
        self.look("state").await[kind].as_array().unwrap().len()
    }

    async fn deliver(&self, effects: &[(Effect, u32)]) -> BTreeMap<String, Result<Delivered, CrmError>> {
        let outcomes = self.hubspot.deliver(effects).await;
        assert_eq!(outcomes.len(), effects.len(), "every effect is answered for once");
        outcomes.into_iter().map(|(id, outcome)| (id.to_string(), outcome)).collect()
    }

    async fn deliver_one(&self, effect: Effect, attempt: u32) -> Result<Delivered, CrmError> {
        self.deliver(&[(effect, attempt)]).await.into_values().next().unwrap()
    }
}

fn config(base_url: &str) -> Config {
    Config {
        connection: ConnectionId::from("hs"),
        base_url: base_url.into(),
        token: Secret::new(TOKEN),
        api: ApiStyle::V3,
        burst: Burst::default(),
        timeout: Duration::from_secs(5),
        reach: Reach::anywhere(),
    }
}

fn contact(id: u64, properties: &[(&str, &str)]) -> ContactSeed {
    let properties = properties.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    ContactSeed { id: Some(Id(id)), properties, ..ContactSeed::default() }
}

fn contacts(count: u64) -> Seed {
    Seed { contacts: (1..=count).map(|id| contact(id, &[("city", "Bonn")])).collect(), ..Seed::default() }
}

fn effect(record: u64, act: Act) -> Effect {
    Effect {
        id: EffectId::from(format!("0192-{}/{record}", act.kind())),
        connection: ConnectionId::from("hs"),
        object: "contact".into(),
        record: record.to_string(),
        act,
    }
}

fn assign(record: u64, owner: &str, keep: bool) -> Effect {
    effect(record, Act::Owner { rep: RepId::from("ada"), owner: OwnerId::from(owner), keep, attempt: 1 })
}

fn set(record: u64, name: &str, value: &str) -> Effect {
    effect(record, Act::Property { name: name.into(), value: value.into() })
}

fn task(record: u64) -> Effect {
    let due: Timestamp = "2026-11-03T09:30:00.5Z".parse().unwrap();
    let act = Act::Task {
        subject: "Call".into(),
        body: "Asked for a demo".into(),
        due,
        owner: Some(OwnerId::from(ADA)),
        urgency: Urgency::Urgent,
    };
    effect(record, act)
}

fn record(id: &str) -> RecordRef {
    RecordRef { object: "contact".into(), id: id.into() }
}

fn words(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn trouble(outcome: &Result<Delivered, CrmError>) -> &Trouble {
    &outcome.as_ref().expect_err("this was to fail").trouble
}
