//! A server for benches: on a database on disk, with tenants, and a token of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rota::clock::SystemClock;
use rota::compose::{self, Host, Plan};
use rota::config::{App, Directory, Loaded, load_workspace};
use rota::tokens::{Wanted, issue};
use rota_domain::access::Role;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;
use rota_domain::plan::Plans;
use rota_domain::workspace::Secret;
use rota_flow::ports::Clock as _;
use tempfile::TempDir;

/// What webhooks are signed with.
pub const SECRET: &str = "secret";
/// The address that they are signed for, unless the plan says otherwise.
pub const PUBLIC_URL: &str = "http://rota.test";

/// The CRM account of the first tenant of [`workspace`]; the others' follow.
pub const PORTAL: usize = 4_000;
/// How many reps are in its pool.
const REPS: usize = 20;

/// A server at work.
pub struct Server {
    /// The server.
    pub host: Host,
    /// Its tenants, in the order of their workspaces.
    pub tenants: Vec<TenantId>,
    /// Where it listens.
    pub address: SocketAddr,
    /// An operator's token of each tenant.
    pub tokens: Vec<String>,
    _folder: TempDir,
}

impl Server {
    /// A server with its database in this folder, with these workspaces' text; each finds the
    /// components beside it. The plan may be changed before it starts.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(
        folder: TempDir,
        workspaces: &[String],
        components: &[(&str, Vec<u8>)],
        more: impl FnOnce(&mut Plan),
    ) -> Self {
        let app = App { client_secret: Secret { env: "SECRET".into() }, allow_v1: false };
        let database = folder.path().join("rota.db");
        let load = |(n, text): (usize, &String)| loaded(&folder.path().join(format!("w{n:02}")), text, components);
        let mut plan = Plan {
            workspaces: workspaces.iter().enumerate().map(load).collect(),
            directories: rota::workspaces::Directories::default(),
            apps: BTreeMap::from([("main".to_owned(), app)]),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: Some(PUBLIC_URL.into()),
            database: database.clone().into(),
            plans: Plans::default(),
            places: rota_crm::outbound::Places::default(),
            keeper: rota::custody::Keeper::default(),
            keeping: None,
            backoff: Backoff::default(),
            rules: None,
            secrets: Arc::new(|name| Some(if name == "SECRET" { SECRET } else { "pat-sandbox" }.to_owned())),
        };
        more(&mut plan);
        let tenants: Vec<TenantId> = plan.workspaces.iter().map(|loaded| loaded.workspace.tenant.clone()).collect();
        let host = compose::start(plan).await.expect("a host");
        let store = crate::open(&database).await.expect("the database");
        let mut tokens = Vec::new();
        for tenant in &tenants {
            let wanted =
                Wanted { tenant: Some(tenant.clone()), role: Role::Operator, name: "load".into(), expires: None };
            let (token, _) = issue(&store, wanted, "the bench", SystemClock.now()).await.expect("a token");
            tokens.push(token.expose().to_owned());
        }
        Self { address: host.address, host, tenants, tokens, _folder: folder }
    }

    /// Waits until no arrival waits; says how long that took, where some did.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn drained(&self) -> Option<String> {
        let began = SystemClock.now();
        let mut behind = 0;
        loop {
            let mut waiting = 0;
            for tenant in &self.tenants {
                waiting += self.host.store.backlog(tenant).await.expect("a backlog").0;
            }
            behind = behind.max(waiting);
            if waiting == 0 {
                let took = SystemClock.now().duration_since(began).as_secs_f64();
                return (behind > 0).then(|| format!("{behind} still to be decided, which took {took:.1} s"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops it.
    pub async fn stop(self) {
        self.host.stop().await;
    }
}

fn loaded(folder: &Path, text: &str, components: &[(&str, Vec<u8>)]) -> Loaded {
    fs::create_dir_all(folder).expect("a folder");
    for (name, component) in components {
        fs::write(folder.join(name), component).expect("a component");
    }
    fs::write(folder.join("workspace.toml"), text).expect("workspace.toml");
    load_workspace(&Directory::open(folder).expect("a folder")).expect("a workspace")
}

/// The workspace of the tenant `t00`, `t01` and so on, as benches ask it: `territory` with a pool
/// of twenty, whose owners in the CRM are 700 to 719, and a CRM there, which may be nowhere.
///
/// # Panics
/// Never.
#[must_use]
pub fn workspace(n: usize, crm: &str) -> String {
    let mut text = format!("workspace = \"t{n:02}\"\n");
    for rep in 0..REPS {
        writeln!(text, "[[reps]]\nid = \"rep{rep:02}\"\ncrm = {{ hs = \"7{rep:02}\" }}")
            .expect("a String takes everything");
    }
    let members: Vec<String> =
        (0..REPS).map(|rep| format!("{{ rep = \"rep{rep:02}\", weight = {} }}", 1 + rep % 3)).collect();
    let members = members.join(", ");
    write!(
        text,
        "[[pools]]\nid = \"na\"\nmembers = [{members}]\n\
         [[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {}\n\
         token = {{ env = \"TOKEN\" }}\nbase_url = \"{crm}\"\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"territory\"\nfallback = {{ queue = \"triage\" }}\n\
         settings = {{ enterprise = {{ employees = 1000, pool = \"na\" }}, \
         territories = [{{ countries = [\"US\", \"CA\"], pool = \"na\" }}] }}\n",
        PORTAL + n
    )
    .expect("a String takes everything");
    text
}
