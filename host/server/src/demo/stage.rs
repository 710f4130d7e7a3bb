//! What the demonstration is played on: the double, the host, and the people who appear.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::outbound::Places;
use rota_domain::agenda::For;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;
use rota_domain::plan::Plans;
use rota_domain::workspace::{Secret, Workspace};
use rota_flow::ports::{Arrival, Clock as _, Payload, Stored};
use rota_sandbox::Sandbox;
use serde_json::{Value, json};

use super::data::{Contact, Data, WORKSPACE};
use super::truth::Truth;
use crate::clock::SystemClock;
use crate::compose::{self, Host, Plan};
use crate::config::{App, load_workspace};
use crate::custody::Keeper;
use crate::log::{PAGE, whole};
use crate::workspaces::Directories;

/// The app, and what its webhooks are signed with.
const APP: &str = "main";
const CLIENT_SECRET: &str = "demo-client-secret";
const TOKEN: &str = "pat-demo";
/// How much shorter than in life the waits between attempts are.
const FASTER: i32 = 20;

/// What is to be played.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many people appear.
    pub leads: usize,
    /// What they are drawn from.
    pub seed: u64,
    /// Where decisions are kept; must be new.
    pub database: PathBuf,
    /// Whether the CRM fails, loses answers, and repeats webhooks.
    pub faults: bool,
}

/// The double and the host, running.
pub struct Stage {
    sandbox: Sandbox,
    host: Host,
    http: reqwest::Client,
    crm: String,
    tenant: TenantId,
    contacts: Vec<Contact>,
    /// The workspace that is played.
    pub workspace: Workspace,
}

impl Stage {
    /// Starts both, and tells each where the other is.
    ///
    /// # Errors
    /// When one of them cannot start: which, and why.
    pub async fn set(options: &Options) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !options.database.exists(),
            "{} is there already: the demonstration starts with a new database, so remove it or name another with --db",
            options.database.display()
        );
        let mut loaded = load_workspace(&WORKSPACE)?;
        let connection = loaded.workspace.connections.first_mut().context("the demo's workspace has a connection")?;
        let portal = connection.portal_id.unwrap_or_default();
        let data = Data::generate(options.seed, options.leads, &loaded.workspace);
        let seed = serde_json::from_value(data.seed_file(portal, TOKEN, options.seed))?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let client_secret = CLIENT_SECRET.to_owned();
        let sandbox =
            rota_sandbox::start(rota_sandbox::Options { listen: nowhere, target: None, seed, client_secret }).await?;
        let crm = format!("http://{}", sandbox.address());
        let connection = loaded.workspace.connections.first_mut().context("the demo's workspace has a connection")?;
        connection.base_url = Some(crm.clone());
        let (tenant, workspace) = (loaded.workspace.tenant.clone(), loaded.workspace.clone());
        let secret = App { client_secret: Secret { env: "DEMO_CLIENT_SECRET".into() }, allow_v1: false };
        let host = compose::start(Plan {
            workspaces: vec![loaded],
            directories: Directories::default(),
            apps: BTreeMap::from([(APP.to_owned(), secret)]),
            listen: nowhere,
            public_url: None,
            database: options.database.clone().into(),
            plans: Plans::default(),
            places: Places::default(),
            // It starts once, and only with plugins of ours.
            keeping: None,
            backoff: Backoff::default().faster(FASTER),
            rules: None,
            keeper: Keeper::default(),
            secrets: Arc::new(|name| Some(if name == "DEMO_CLIENT_SECRET" { CLIENT_SECRET } else { TOKEN }.to_owned())),
        })
        .await?;
        sandbox.set_target(&format!("http://{}/v1/hubspot/{APP}/webhook", host.address))?;
        let stage =
            Self { sandbox, host, http: reqwest::Client::new(), crm, tenant, contacts: data.contacts, workspace };
        if options.faults {
            stage.post("faults", &faults()).await?;
        }
        Ok(stage)
    }

    /// How many people are to appear.
    #[must_use]
    pub fn cast(&self) -> usize {
        self.contacts.len()
    }

    /// The addresses of the host and of the double.
    #[must_use]
    pub fn addresses(&self) -> (String, String) {
        (format!("http://{}", self.host.address), self.crm.clone())
    }

    /// Makes people appear in the CRM: from this place in the cast, so many.
    ///
    /// # Errors
    /// When the double does not answer.
    pub async fn appear(&self, from: usize, count: usize) -> anyhow::Result<()> {
        let people = self.contacts.iter().skip(from).take(count).collect::<Vec<_>>();
        if people.is_empty() {
            return Ok(());
        }
        self.post("contacts", &json!(people)).await
    }

    /// Decisions after this number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn decisions(&self, after: u64) -> anyhow::Result<Vec<Stored>> {
        Ok(self.host.store.log(&self.tenant, after, PAGE).await?)
    }

    /// Every decision, with its times so far.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn log(&self) -> anyhow::Result<Vec<Stored>> {
        Ok(whole(&*self.host.store, &self.tenant).await?)
    }

    /// One decision with all that belongs to it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn recall(&self, stored: &Stored) -> anyhow::Result<Option<rota_flow::ports::Recalled>> {
        Ok(self.host.store.decision(&self.tenant, &stored.decision.id).await?)
    }

    /// Lets the reps who are asked to take a lead answer: the first does not take one in four. False
    /// where nobody is asked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn answer_offers(&self) -> anyhow::Result<bool> {
        let (store, now) = (&self.host.store, SystemClock.now());
        let mut said = Vec::new();
        for (lead, wait) in store.agenda(&self.tenant, None).await? {
            let For::Answer(offer) = &wait.what else { continue };
            let Some(rep) = offer.asked.first().map(|asked| asked.rep.clone()) else { continue };
            let declines = wait.tried.is_empty() && wait.entry % 4 == 0;
            let dedupe_key = format!("demo/{}/{rep}", wait.entry);
            let payload = match declines {
                true => Payload::Declined { lead, rep },
                false => Payload::Accepted { lead, rep, decision: wait.decision },
            };
            said.push(Arrival { dedupe_key, occurred: now, payload });
        }
        let any = !said.is_empty();
        store.accept(&self.tenant, said, now).await?;
        Ok(any)
    }

    /// Whether everything that was sent has arrived, was decided and is delivered.
    ///
    /// # Errors
    /// When the double or the store does not answer.
    pub async fn is_quiet(&self) -> anyhow::Result<bool> {
        let pending = self.state().await?["webhooks"]["pending"].as_u64();
        let backlog = self.host.store.backlog(&self.tenant).await?;
        Ok(pending == Some(0) && backlog == (0, 0))
    }

    /// Who owns what, as the CRM itself says.
    ///
    /// # Errors
    /// When the double does not answer.
    pub async fn truth(&self) -> anyhow::Result<Truth> {
        Ok(Truth::read(&self.state().await?))
    }

    /// Ends both.
    pub async fn strike(self) {
        self.host.stop().await;
        self.sandbox.stop().await;
    }

    async fn state(&self) -> anyhow::Result<Value> {
        let url = format!("{}/_sandbox/state", self.crm);
        Ok(self.http.get(url).timeout(Duration::from_secs(30)).send().await?.json().await?)
    }

    async fn post(&self, what: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{}/_sandbox/{what}", self.crm);
        let answer = self.http.post(url).json(body).timeout(Duration::from_secs(30)).send().await?;
        let status = answer.status();
        anyhow::ensure!(
            status.is_success(),
            "the double refused {what} ({status}): {}",
            answer.text().await.unwrap_or_default()
        );
        Ok(())
    }
}

/// Trouble of every kind, each now and then.
fn faults() -> Value {
    json!([
        { "kind": "status", "status": 503, "probability": 0.03, "path": "/crm" },
        { "kind": "status", "status": 423, "probability": 0.01, "path": "/crm", "method": "PATCH" },
        { "kind": "rate_limit", "probability": 0.01, "path": "/crm" },
        { "kind": "drop_before", "probability": 0.02, "path": "/crm" },
        { "kind": "drop_after", "probability": 0.02, "path": "/crm" },
        { "kind": "webhook_duplicate", "probability": 0.1 },
        { "kind": "webhook_disorder", "probability": 0.2 },
        { "kind": "webhook_lost_ack", "probability": 0.05 },
    ])
}
