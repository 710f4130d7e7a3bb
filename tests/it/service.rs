//! A server with tenants, tokens and doubles of their CRMs, for tests that call it.

mod affinity;
mod alarms;
mod audit;
mod beside;
mod bundles;
mod calendars;
mod clients;
mod closing;
mod connections;
mod custody;
mod custom_code;
mod gate;
mod hosts;
mod import;
mod limits;
mod metrics;
mod nobody;
mod notify;
mod openapi;
mod operator;
mod outbox;
mod people;
mod places;
mod plugins;
mod portals;
mod preflight;
mod pushed;
mod reading;
mod retention;
mod revisions;
mod route;
mod rows;
mod sample;
mod secrets;
mod several;
mod tenancy;
mod tenants;
mod three_clients;
mod together;
mod tokens;
mod turns;
mod waiting;
mod wire;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rota::clock::SystemClock;
use rota::compose::{self, Host, Plan, Serving};
use rota::config::{App, Directory, load_workspace};
use rota::custody::{Keeper, Lent};
use rota::tokens::{Wanted, issue};
use rota_crm::outbound::Places;
use rota_domain::access::Role;
use rota_domain::delivery::Backoff;
use rota_domain::plan::Plans;
use rota_domain::workspace::Secret;
use rota_flow::ports::{Access, Clock as _};
use rota_sandbox::{Options, Sandbox, Seed};
use rota_tests::http;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Ran, rota_with};

/// Each of these tests on a SQLite file, and on PostgreSQL where there is one.
macro_rules! on_each {
    ($($test:ident,)+) => {$(
        mod $test {
            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$test().await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                if rota_tests::postgres::there() {
                    crate::service::places::on_postgres(super::$test()).await;
                }
            }
        }
    )+};
}
pub(crate) use on_each;

/// A server in this process, on a database of its own.
pub(crate) struct Service {
    pub(crate) host: Host,
    /// Where it listens.
    pub(crate) url: String,
    /// Holds the database.
    pub(crate) folder: TempDir,
    client: reqwest::Client,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// A double of HubSpot for this portal, with an owner of the id 41629779.
pub(crate) async fn double(portal: u64) -> Sandbox {
    double_with(json!({ "portal_id": portal })).await
}

/// A double of HubSpot that starts with this.
pub(crate) async fn double_with(seed: Value) -> Sandbox {
    let seed: Seed = serde_json::from_value(seed).expect("a seed");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { listen, target: None, seed, client_secret: "secret".into() };
    rota_sandbox::start(options).await.expect("a double")
}

/// A workspace of this name with the rep `ada`, the pool `all`, and the flow `inbound`; with
/// these further lines.
pub(crate) fn workspace(name: &str, more: &str) -> String {
    format!(
        "workspace = \"{name}\"\n[[reps]]\nid = \"ada\"\nname = \"Ada\"\ncrm = {{ hs = \"41629779\" }}\n\
         [[pools]]\nid = \"all\"\nmembers = [{{ rep = \"ada\" }}]\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"next-in-line\"\nsettings = {{ pool = \"all\" }}\n\
         fallback = {{ queue = \"triage\" }}\ncoalesce = \"0\"\n{more}"
    )
}

/// The lines of a connection `hs` to a double.
pub(crate) fn connection(sandbox: &Sandbox, portal: u64) -> String {
    format!(
        "[[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {portal}\n\
         token = {{ env = \"TOKEN\" }}\nbase_url = \"http://{}\"\n",
        sandbox.address()
    )
}

/// A server's plan, with these workspaces.
pub(crate) fn plan(folder: &Path, workspaces: &[String]) -> Plan {
    let load = |(n, text): (usize, &String)| {
        let folder = folder.join(format!("workspace-{n}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("workspace.toml"), text).expect("workspace.toml");
        load_workspace(&Directory::open(&folder).expect("a folder")).expect("a workspace")
    };
    let app = App { client_secret: Secret { env: "SECRET".into() }, allow_v1: false };
    Plan {
        workspaces: workspaces.iter().enumerate().map(load).collect(),
        directories: rota::workspaces::Directories::default(),
        apps: BTreeMap::from([("main".to_owned(), app)]),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_url: None,
        database: places::of(folder),
        plans: Plans::default(),
        // The doubles are of this machine; workspaces that are applied may name them.
        places: Places { all: vec!["127.0.0.1:*".parse().expect("a place")], ..Places::default() },
        keeping: None,
        backoff: Backoff::default().faster(20),
        rules: None,
        keeper: Keeper { master: Some(places::keys(folder)), ..keeper() },
        secrets: Arc::new(|name| Some(if name == "SECRET" { "secret" } else { "pat-sandbox" }.to_owned())),
    }
}

/// What the operator lets tenants look up that come over HTTP.
fn keeper() -> Keeper {
    let names = ["TOKEN", "ACME_HUBSPOT_TOKEN", "BIRCH_HUBSPOT_TOKEN", "COBALT_HUBSPOT_TOKEN"];
    let names: BTreeSet<String> = names.map(str::to_owned).into();
    // The doubles are of this machine.
    let lent = Lent { names, places: vec!["127.0.0.1:*".parse().expect("a place")] };
    let env = ["acme", "birch", "cobalt"].map(|tenant| (tenant.into(), lent.clone())).into();
    Keeper { env, ..Keeper::default() }
}

/// A token of this role in a server's SQLite file: a tenant's, or for no tenant the host's.
pub(crate) async fn token(database: &Path, tenant: &str, role: Role) -> String {
    let store = rota_tests::open(database).await.expect("the database");
    token_in(&store, tenant, role).await
}

async fn token_in(access: &dyn Access, tenant: &str, role: Role) -> String {
    let tenant = (!tenant.is_empty()).then(|| tenant.into());
    let wanted = Wanted { tenant, role, name: format!("a test's {role}"), expires: None };
    let (token, _) = issue(access, wanted, "a test", now()).await.expect("a token");
    token.expose().to_owned()
}

impl Service {
    /// A server with these workspaces.
    pub(crate) async fn start(workspaces: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = plan(folder.path(), workspaces);
        Self::with(folder, plan).await
    }

    /// A server of this plan, whose database is in this folder.
    pub(crate) async fn with(folder: TempDir, plan: Plan) -> Self {
        Self::serving(folder, plan, Serving::default()).await
    }

    /// A server of this plan that serves like this.
    pub(crate) async fn serving(folder: TempDir, plan: Plan, serving: Serving) -> Self {
        let host = compose::start_serving(plan, serving).await.expect("a host");
        Self { url: format!("http://{}", host.address), host, folder, client: http() }
    }

    /// The server's database, opened beside it.
    pub(crate) async fn database(&self) -> Box<dyn rota_store::Database> {
        places::open(self.folder.path()).await
    }

    /// A token of this role: a tenant's, or for no tenant the host's.
    pub(crate) async fn token(&self, tenant: &str, role: Role) -> String {
        token_in(&*self.database().await, tenant, role).await
    }

    /// Runs a command on the server's database, beside the server.
    pub(crate) fn rota(&self, arguments: &[&str]) -> Ran {
        let folder = self.folder.path();
        rota_with(folder, arguments, &[("ROTA_DB", &places::name(folder))])
    }

    /// Calls a route; an empty token sends none, `Null` sends no body.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a whole answer");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Calls a route with a body of another kind than JSON.
    pub(crate) async fn raw(&self, method: &str, path: &str, token: &str, media: &str, body: &str) -> Answer {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let answer = request.header("content-type", media).body(body.to_owned()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a whole answer");
        Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Stops the server, and gives the folder of its database for another one.
    pub(crate) async fn stop(self) -> TempDir {
        self.host.stop().await;
        self.folder
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, token, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call("POST", path, token, body).await
    }
}

/// Waits for this, for a minute at most.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..1_200 {
        if done().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

/// Tells a double something: `faults`, `contacts`. Gives what it says to that.
pub(crate) async fn tell(sandbox: &Sandbox, what: &str, body: Value) -> Value {
    let url = format!("http://{}/_sandbox/{what}", sandbox.address());
    let answer = http().post(url).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    answer.json().await.unwrap_or_default()
}

/// What a double knows: `state`, `calls`.
pub(crate) async fn look(sandbox: &Sandbox, what: &str) -> Value {
    let url = format!("http://{}/_sandbox/{what}", sandbox.address());
    http().get(url).send().await.expect("an answer").json().await.expect("JSON")
}
