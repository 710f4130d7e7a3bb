//! What a run starts with: a workspace whose pools never change, the CRM's owners, and a database
//! as the first version of Rota wrote it, with leads that wait.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rand::rngs::SmallRng;
use rand::{RngCore as _, SeedableRng as _};
use rota_store::HostKeys;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};

use super::proxy::Proxy;

/// The tenant.
pub const TENANT: &str = "acme";
/// The account of the CRM.
pub const PORTAL: u64 = 4_242;
/// What the app signs webhooks with.
pub const SECRET: &str = "app-secret";
/// What lets hosts into the CRM.
pub const CRM_TOKEN: &str = "pat-sandbox";
/// Leads that wait in an older database; their names are `web:old-0` and so on.
pub const OLD_LEADS: usize = 1_200;

/// A pool.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Its name.
    pub name: &'static str,
    /// The country whose leads go there.
    pub country: &'static str,
    /// How it gives turns.
    pub policy: &'static str,
    /// Its members by their owners in the CRM, with their weights, or scores.
    pub members: &'static [(u64, u64)],
}

/// The pools: by weight, and one of each other policy that goes by no lead.
pub const POOLS: [Pool; 8] = [
    Pool { name: "north", country: "US", policy: "quota", members: &[(701, 3), (702, 2), (703, 1)] },
    Pool { name: "east", country: "DE", policy: "quota", members: &[(711, 1), (712, 1), (713, 1), (714, 1)] },
    Pool { name: "south", country: "BR", policy: "quota", members: &[(721, 5), (722, 1)] },
    Pool { name: "line", country: "FR", policy: "in-turn", members: &[(731, 1), (732, 1), (733, 1)] },
    Pool { name: "longest", country: "IT", policy: "least-recent", members: &[(741, 1), (742, 1), (743, 1)] },
    Pool { name: "best", country: "ES", policy: "pecking-order", members: &[(751, 9), (752, 9), (753, 1)] },
    Pool { name: "fewest", country: "GB", policy: "fewest-open", members: &[(761, 2), (762, 1), (763, 1)] },
    Pool { name: "free", country: "JP", policy: "most-free-capacity", members: &[(771, 1), (772, 1)] },
];

impl Pool {
    /// How far each member may ever be from what is due to them, in leads, where that is a part of all of the
    /// pool's leads. Where turns go by what is in hand, `rota fairness` says it.
    #[must_use]
    pub fn bound(&self) -> Option<f64> {
        let members = self.due().filter(|(_, part)| *part > 0).count() as f64;
        match self.policy {
            "quota" => Some(1.0 - 1.0 / (2.0 * members - 2.0)),
            "in-turn" | "least-recent" | "pecking-order" => Some(1.0 - 1.0 / members),
            _ => None,
        }
    }

    /// What part of its leads is due to each member, relative to the others'.
    pub fn due(&self) -> impl Iterator<Item = (u64, u64)> {
        let best = self.members.iter().map(|(_, score)| *score).max();
        self.members.iter().map(move |(owner, weight)| match self.policy {
            "pecking-order" => (*owner, u64::from(Some(*weight) == best)),
            _ => (*owner, *weight),
        })
    }

    /// Its entry in the workspace, and those of its reps.
    fn entry(&self) -> String {
        let Self { name, policy, members, .. } = self;
        let rep = |owner: &u64| {
            let capacity = if *policy == "most-free-capacity" { "capacity = 1000000\n" } else { "" };
            format!("[[reps]]\nid = \"rep{owner}\"\ncrm = {{ hs = \"{owner}\" }}\n{capacity}")
        };
        let says = match *policy {
            "quota" | "fewest-open" | "most-free-capacity" => "weight = ",
            "pecking-order" => "score = ",
            _ => "",
        };
        let member = |(owner, number): &(u64, u64)| match says {
            "" => format!("{{ rep = \"rep{owner}\" }}"),
            says => format!("{{ rep = \"rep{owner}\", {says}{number} }}"),
        };
        let reps: String = members.iter().map(|(owner, _)| rep(owner)).collect();
        let members: Vec<String> = members.iter().map(member).collect();
        format!("{reps}[[pools]]\nid = \"{name}\"\npolicy = \"{policy}\"\nmembers = [{}]\n", members.join(", "))
    }
}

/// Owners of the CRM: all reps, and one whom the workspace does not know.
#[must_use]
pub fn owners() -> Vec<u64> {
    let reps = POOLS.iter().flat_map(|pool| pool.members.iter().map(|(owner, _)| *owner));
    reps.chain([799]).collect()
}

/// The contact of this number. A quarter waits for a call, a tenth is from nowhere.
#[must_use]
pub fn person(kind: &str, n: usize) -> Value {
    let country = if n % 10 == 9 { "XX" } else { POOLS[n % POOLS.len()].country };
    let form = if n.is_multiple_of(4) { "demo" } else { "chat" };
    json!({ "email": format!("{kind}-{n}@big.example"), "country": country, "hs_form": form, "lastname": format!("N{n}") })
}

/// What the double starts with. It keeps the CRM's usual limits.
#[must_use]
pub fn double(seed: u64) -> Value {
    let owners: Vec<Value> =
        owners().iter().map(|id| json!({ "id": id.to_string(), "user_id": id + 100_000 })).collect();
    let custom = ["hs_form", "numberofemployees", "rota_segment", "rota_queue", "rota_nurture"];
    let custom = custom.map(|name| json!({ "name": name, "label": name }));
    json!({
        "portal_id": PORTAL, "random_seed": seed, "first_id": 5_000, "owners": owners,
        "properties": { "contacts": custom },
        // Those of a host that is hardly ever there come soon all the same once it is.
        "webhooks": { "retry_base_ms": 150, "retry_longest_ms": 20_000, "max_retries": 1_000, "timeout_ms": 3_000 },
    })
}

/// Writes the workspace and the configuration of the hosts, which reach the CRM there and are
/// reached here.
///
/// # Errors
/// When they cannot be written.
pub fn lay_out(folder: &Path, crm: &str, door: &str) -> std::io::Result<()> {
    let mut text = format!("workspace = \"{TENANT}\"\ntime_zone = \"UTC\"\n");
    text.extend(POOLS.iter().map(Pool::entry));
    let territories: Vec<String> = POOLS
        .iter()
        .map(|Pool { name, country, .. }| format!("{{ countries = [\"{country}\"], states = [], pool = \"{name}\" }}"))
        .collect();
    text += &format!(
        "[[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {PORTAL}\n\
         token = {{ env = \"CRM_TOKEN\" }}\nbase_url = \"{crm}\"\n\
         [[sources]]\nclass = \"inbound:demo-request\"\nwhen = {{ property = \"hs_form\", is = \"demo\" }}\n\
         [[flows]]\nid = \"inbound\"\nenrol = {{ on = [\"created\", \"changed\"] }}\nplugin = \"territory\"\n\
         settings = {{ territories = [{}] }}\nfallback = {{ queue = \"triage\" }}\ncoalesce = \"10m\"\n",
        territories.join(", ")
    );
    fs::create_dir_all(folder)?;
    fs::write(folder.join("workspace.toml"), text)?;
    let server = format!(
        "workspaces = [\".\"]\npublic_url = \"{door}\"\n[apps.main]\nclient_secret = {{ env = \"APP_SECRET\" }}\n"
    );
    fs::write(folder.join("rota.toml"), server)
}

/// The host's key that all hosts on a server have.
#[must_use]
pub fn key(seed: u64) -> String {
    let mut key = [0; 32];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut key);
    HostKeys::line(&key).to_string()
}

/// Gives the host of this folder its key.
///
/// # Errors
/// When it cannot be written.
pub fn give(folder: &Path, key: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("rota.master"))?;
    file.write_all(key.as_bytes())
}

/// A database file of the first schema, with leads that were taken in and wait.
///
/// # Errors
/// When it cannot be written.
pub async fn older(path: &Path) -> Result<(), sqlx::Error> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await?;
    let schema = include_str!("../../../host/store/migrations/sqlite/0001_first.sql");
    sqlx::raw_sql(schema).execute(&mut connection).await?;
    let last = OLD_LEADS;
    let text = format!(
        "BEGIN;
         INSERT INTO tenants VALUES ('{TENANT}', X'cd2662154e6d76b2b2b92e70c0cac3ccf534f9b74eb5b89819ec509083d00a50', 1, 1, 0);
         INSERT INTO log VALUES ('{TENANT}', 1, 1770000000000000, 'workspace',
           '{{\"workspace\":\"{TENANT}\",\"time_zone\":\"UTC\",\"reps\":[],\"pools\":[],\"calendars\":[],\"tables\":[],\"connections\":[],\"sources\":[],\"flows\":[]}}');
         CREATE TEMP TABLE numbers AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {last}) SELECT n FROM n;
         INSERT INTO people SELECT n, '{TENANT}', CAST(printf('person-%025d', n) AS BLOB) FROM numbers;
         INSERT INTO private SELECT n, 'arrival', n, printf(
           '{{\"kind\":\"lead\",\"lead\":{{\"id\":\"web:old-%d\",\"object\":\"contact\",\"properties\":{{\"email\":\"old-%d@waiting.example\",\"country\":\"DE\"}},\"owner\":null,\"company\":null,\"trigger\":\"manual\"}},\"flow\":null}}', n - 1, n - 1) FROM numbers;
         INSERT INTO inbox SELECT n, '{TENANT}', CAST(printf('inbox-%026d', n) AS BLOB), 1770000000000000, 1770000000000000, NULL, n, NULL FROM numbers;
         COMMIT;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await?;
    connection.close().await
}

/// A way to a database server, and the database's URL by that way.
///
/// # Errors
/// When it is no URL of PostgreSQL with host and port, or cannot be reached.
pub async fn beside(url: &str) -> Result<(String, Proxy), super::Wrong> {
    let mut url: reqwest::Url = url.parse()?;
    let host = url.host_str().unwrap_or("127.0.0.1").to_owned();
    let end = tokio::net::lookup_host((host, url.port().unwrap_or(5_432))).await?.next();
    let way = Proxy::open(vec![end]).await?;
    let set = url.set_ip_host(way.address().ip()).is_ok() && url.set_port(Some(way.address().port())).is_ok();
    if !set {
        return Err("the database is to be a URL such as postgres://user@127.0.0.1:5432/rota".into());
    }
    Ok((url.into(), way))
}
