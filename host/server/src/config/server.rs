//! `rota.toml`: where the server listens, and what it serves. Everything has a default.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rota_crm::outbound::{Place, Places};
use rota_domain::id::TenantId;
use rota_domain::plan::{Plan, Plans};
use rota_domain::workspace::Secret;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::document::Document;
use super::files::why;
use super::{Serving, plans};
use crate::custody::{Keeper, Lent};
use crate::keys::Master;

/// Where the server listens unless it is told otherwise: on this machine only.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// The file's most bytes.
const MOST: u64 = 1 << 20;

/// The server's own configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The address to listen on.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// The address that CRMs call and sign; absent means `http://<listen>`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// The database: a file beside `rota.toml`, or a URL.
    #[serde(default)]
    pub database: Option<String>,
    /// The folder of compiled plugins, beside `rota.toml`; absent means `<database>.compiled`.
    #[serde(default)]
    pub compiled: Option<PathBuf>,
    /// The file with the key to them, beside `rota.toml`; absent means `<database>.key`.
    #[serde(default)]
    pub compiled_key: Option<PathBuf>,
    /// Where the host's key is, under which everything personal or secret in the database is
    /// sealed; absent means the file `<database>.master`.
    #[serde(default)]
    pub key: Option<KeyPlace>,
    /// The directories of the workspaces, beside `rota.toml`.
    #[serde(default)]
    pub workspaces: Vec<PathBuf>,
    /// The CRM apps that receive webhooks, by the name that connections use.
    #[serde(default)]
    pub apps: BTreeMap<String, App>,
    /// How connections and requests are served, where that differs from the usual.
    #[serde(default)]
    pub serving: Serving,
    /// Private hosts and ports that all tenants may name, as in `127.0.0.1:9000`; `127.0.0.1:*`
    /// is every port of that host.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// Plans by name: what their tenants' rules may use.
    #[serde(default)]
    pub plans: BTreeMap<String, Plan>,
    /// Tenants by the `workspace` of their workspace.toml; who is not named here has the
    /// usual limits.
    #[serde(default)]
    pub tenants: BTreeMap<String, Tenant>,
}

/// A CRM app, which may serve many accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// What its webhooks are signed with.
    pub client_secret: Secret,
    /// Whether signatures of version 1 are let in where there is no version 3.
    #[serde(default)]
    pub allow_v1: bool,
}

/// Where the host's key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum KeyPlace {
    /// A file, beside `rota.toml`.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

impl KeyPlace {
    /// The keys there.
    #[must_use]
    pub fn master(self) -> Master {
        match self {
            Self::File(path) => Master::File(path),
            Self::Env(name) => Master::Env(name),
        }
    }
}

/// What the host says of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The name of its plan; absent means the usual limits.
    #[serde(default)]
    pub plan: Option<String>,
    /// Whether its workspace is that of its directory again, though somebody applied one over
    /// HTTP since. Without this, what was applied last holds, and the directory is left aside;
    /// with it, the directory holds from the next start on, and applying is refused.
    #[serde(default)]
    pub from_directory: bool,
    /// Private hosts and ports that it may name besides those of all.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// Environment variables of this host that its workspace may name as secrets, besides
    /// those that a workspace names which this host serves from a directory.
    #[serde(default)]
    pub env: Vec<String>,
    /// Hosts and ports that those may be sent to, besides the CRM itself.
    #[serde(default)]
    pub env_hosts: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: default_listen(),
            public_url: None,
            database: None,
            compiled: None,
            compiled_key: None,
            key: None,
            workspaces: Vec::new(),
            apps: BTreeMap::new(),
            serving: Serving::default(),
            allow_private: Vec::new(),
            plans: BTreeMap::new(),
            tenants: BTreeMap::new(),
        }
    }
}

impl Server {
    /// The address that CRMs call, without a slash at its end. `bound` is what the server
    /// really listens on, which differs where the port was left to the system.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{bound}"))
    }

    /// Where the host's key is, and what tenants may look up.
    ///
    /// # Errors
    /// Where one of `env_hosts` is no host and port: a JSON pointer to it, and what is wrong.
    pub fn keeper(&self) -> Result<Keeper, (String, String)> {
        let mut env = BTreeMap::new();
        for (name, given) in &self.tenants {
            let places = places(&format!("/tenants/{name}/env_hosts"), &given.env_hosts)?;
            env.insert(name.as_str().into(), Lent { names: given.env.iter().cloned().collect(), places });
        }
        Ok(Keeper { master: self.key.clone().map(KeyPlace::master), env })
    }

    /// Tenants whose directory holds, though their workspace was applied over HTTP since.
    #[must_use]
    pub fn from_directory(&self) -> BTreeSet<TenantId> {
        let tenants = self.tenants.iter().filter(|(_, given)| given.from_directory);
        tenants.map(|(name, _)| name.as_str().into()).collect()
    }

    /// What tenants are granted.
    #[must_use]
    pub fn grants(&self) -> Plans {
        let plan = |tenant: &Tenant| self.plans.get(tenant.plan.as_ref()?).cloned();
        let granted = self.tenants.iter().filter_map(|(name, tenant)| Some((name.as_str().into(), plan(tenant)?)));
        Plans { tenants: granted.collect(), named: self.plans.clone() }
    }

    /// Which private places are open, and to whom.
    ///
    /// # Errors
    /// Where one is no host and port: a JSON pointer to it, and what is wrong.
    pub fn places(&self) -> Result<Places, (String, String)> {
        let mut open = Places { all: places("/allow_private", &self.allow_private)?, ..Places::default() };
        for (name, tenant) in &self.tenants {
            let own = places(&format!("/tenants/{name}/allow_private"), &tenant.allow_private)?;
            open.tenants.insert(name.as_str().into(), own);
        }
        Ok(open)
    }
}

/// Hosts and ports; where one is none, a JSON pointer to it, and what is wrong.
fn places(at: &str, texts: &[String]) -> Result<Vec<Place>, (String, String)> {
    let place = |(n, text): (usize, &String)| text.parse().map_err(|wrong| (format!("{at}/{n}"), wrong));
    texts.iter().enumerate().map(place).collect()
}

/// Reads `rota.toml`. Paths in it are taken from where it lies.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn load(path: &Path) -> Result<Server, ConfigError> {
    let shown = path.display().to_string();
    let file = shown.trim_start_matches("./");
    let found = std::fs::metadata(path).and_then(|found| match found.len() {
        0..=MOST => std::fs::read(path),
        _ => Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "is larger than 1 MiB, the most that is read")),
    });
    let bytes = found.map_err(|error| ConfigError::whole(file, format!("the configuration {}", why(&error))))?;
    let document = Document::parse(file, &bytes)?;
    let mut server: Server = document.read()?;
    if server.listen.parse::<SocketAddr>().is_err() {
        let what =
            format!("`listen` cannot be `{}`; write an address and a port, as in \"{DEFAULT_LISTEN}\"", server.listen);
        return Err(document.error("/listen", what));
    }
    if let Some(url) = &mut server.public_url {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            let what =
                format!("`public_url` cannot be `{url}`; write the whole address, as in \"https://rota.acme.example\"");
            return Err(document.error("/public_url", what));
        }
        url.truncate(url.trim_end_matches('/').len());
    }
    plans::check(&server, &document)?;
    server.serving.check(&document)?;
    server
        .places()
        .map(drop)
        .and_then(|()| server.keeper().map(drop))
        .map_err(|(at, what)| document.error(&at, what))?;
    let beside = path.parent().unwrap_or(Path::new(""));
    for path in server.workspaces.iter_mut().chain(&mut server.compiled).chain(&mut server.compiled_key) {
        *path = beside.join(&*path);
    }
    if let Some(KeyPlace::File(path)) = &mut server.key {
        *path = beside.join(&*path);
    }
    if let Some(database) = server.database.as_mut().filter(|database| !database.contains(':')) {
        *database = beside.join(&*database).display().to_string();
    }
    Ok(server)
}

fn default_listen() -> String {
    DEFAULT_LISTEN.into()
}
