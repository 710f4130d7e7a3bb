//! The server that is called: on a database on disk, with so many tenants.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rota::compose::{self, Host, Plan};
use rota::config::{App, Directory, Loaded, load_workspace};
use rota::tokens::{Wanted, issue};
use rota_domain::access::Role;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;
use rota_domain::plan::Plans;
use rota_domain::workspace::Secret;
use tempfile::TempDir;

use crate::native::Native;

/// What webhooks are signed with.
pub(crate) const SECRET: &str = "secret";
/// The address that they are signed for.
pub(crate) const PUBLIC_URL: &str = "http://rota.test";
/// The CRM account of the first tenant; the others' follow.
pub(crate) const PORTAL: usize = 4_000;
/// Reps in the pool.
const REPS: usize = 20;

/// A server at work.
pub(crate) struct Server {
    host: Host,
    tenants: Vec<TenantId>,
    pub(crate) address: SocketAddr,
    /// A token of each tenant.
    pub(crate) tokens: Vec<String>,
    _folder: TempDir,
}

impl Server {
    pub(crate) async fn start(tenants: usize, native: bool) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let app = App { client_secret: Secret { env: "SECRET".into() }, allow_v1: false };
        let database = folder.path().join("rota.db");
        let plan = Plan {
            workspaces: (0..tenants).map(|n| workspace(folder.path(), n)).collect(),
            directories: rota::workspaces::Directories::default(),
            apps: BTreeMap::from([("main".to_owned(), app)]),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: Some(PUBLIC_URL.into()),
            database: database.clone(),
            plans: Plans::default(),
            places: rota_crm::outbound::Places::default(),
            keeper: rota::custody::Keeper::default(),
            keeping: None,
            backoff: Backoff::default(),
            rules: native.then(|| Arc::new(Native) as _),
            secrets: Arc::new(|_| Some(SECRET.to_owned())),
        };
        let host = compose::start(plan).await.expect("a host");
        let store = rota_tests::open(&database).await.expect("the database");
        let tenants: Vec<TenantId> = (0..tenants).map(|n| format!("t{n:02}").into()).collect();
        let mut tokens = Vec::new();
        for tenant in &tenants {
            let wanted =
                Wanted { tenant: Some(tenant.clone()), role: Role::Operator, name: "load".into(), expires: None };
            let (token, _) = issue(&store, wanted, "the bench", jiff::Timestamp::now()).await.expect("a token");
            tokens.push(token.expose().to_owned());
        }
        Self { address: host.address, host, tenants, tokens, _folder: folder }
    }

    /// Waits until no arrival waits; says how long that took, where some did.
    pub(crate) async fn drained(&self) -> Option<String> {
        let began = Instant::now();
        let mut behind = 0;
        loop {
            let mut waiting = 0;
            for tenant in &self.tenants {
                waiting += self.host.store.backlog(tenant).await.expect("a backlog").0;
            }
            behind = behind.max(waiting);
            if waiting == 0 {
                let took = began.elapsed().as_secs_f64();
                return (behind > 0).then(|| format!("{behind} still to be decided, which took {took:.1} s"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.host.stop().await;
    }
}

fn workspace(folder: &Path, n: usize) -> Loaded {
    let mut text = format!("workspace = \"t{n:02}\"\n");
    for rep in 0..REPS {
        writeln!(text, "[[reps]]\nid = \"rep{rep:02}\"\ncrm = {{ hs = \"{rep}\" }}")
            .expect("a String takes everything");
    }
    let members: Vec<String> =
        (0..REPS).map(|rep| format!("{{ rep = \"rep{rep:02}\", weight = {} }}", 1 + rep % 3)).collect();
    let members = members.join(", ");
    write!(
        text,
        "[[pools]]\nid = \"na\"\nmembers = [{members}]\n\
         [[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {}\n\
         token = {{ env = \"TOKEN\" }}\nbase_url = \"http://127.0.0.1:9\"\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"territory\"\nfallback = {{ queue = \"triage\" }}\n\
         settings = {{ enterprise = {{ employees = 1000, pool = \"na\" }}, \
         territories = [{{ countries = [\"US\", \"CA\"], pool = \"na\" }}] }}\n",
        PORTAL + n
    )
    .expect("a String takes everything");
    let folder = folder.join(format!("t{n:02}"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("workspace.toml"), text).expect("workspace.toml");
    load_workspace(&Directory::open(&folder).expect("a folder")).expect("a workspace")
}
