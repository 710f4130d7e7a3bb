//! The database that reading commands look into.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::TenantId;
use rota_flow::ports::Store;
use rota_store::Copied;
use serde_json::{Value, json};

use crate::config::load_server;
pub(super) use crate::database::DEFAULT;
use crate::database::Database;
use crate::keys::Master;

/// Which database, and whose decisions.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The database: a file, or postgres://user@host/name.
    #[arg(long, value_name = "PATH", default_value = DEFAULT, env = "ROTA_DB")]
    db: String,
    /// Whose [default: the only tenant's].
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The configuration that says where the database's key is [default: rota.toml, if it is
    /// there and names this database].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Source {
    /// Opens the database, and finds the tenant in it.
    ///
    /// # Errors
    /// When the database or the tenant is not there.
    pub(super) async fn open(&self) -> anyhow::Result<(Arc<dyn Store>, TenantId)> {
        let (store, tenant) = self.store().await?;
        Ok((store, tenant))
    }

    /// The same with all the ports of a database.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn store(&self) -> anyhow::Result<(Arc<dyn rota_store::Database>, TenantId)> {
        let path = existing(&self.db)?;
        let store = open(&path, self.config.as_deref()).await?;
        let tenant = only(&*store, self.tenant.as_deref(), &path).await?;
        Ok((store, tenant))
    }
}

/// A database that is there, as far as that is known before it is opened.
///
/// # Errors
/// When it is not.
pub(super) fn existing(database: &str) -> anyhow::Result<Database> {
    let path = Database::named(database)?;
    anyhow::ensure!(
        path.may_exist(),
        "there is no database {path}: name the one that `rota serve` or `rota demo` writes with --db PATH"
    );
    Ok(path)
}

/// The tenant of this name, or the only one.
///
/// # Errors
/// When it is not there, or there are several.
pub(super) async fn only(
    store: &dyn rota_store::Database,
    name: Option<&str>,
    path: &Database,
) -> anyhow::Result<TenantId> {
    let tenants = store.tenants().await?;
    let names = || tenants.iter().map(TenantId::as_str).collect::<Vec<_>>().join(", ");
    let tenant = match (name, tenants.as_slice()) {
        (Some(name), _) => tenants
            .iter()
            .find(|tenant| tenant.as_str() == name)
            .with_context(|| format!("there is no tenant `{name}` in {path}: it has {}", names()))?,
        (None, [only]) => only,
        (None, []) => anyhow::bail!("the database {path} holds no tenant yet: run `rota serve` first"),
        (None, _) => {
            anyhow::bail!("the database {path} holds several tenants: choose one with --tenant ({})", names())
        }
    };
    Ok(tenant.clone())
}

/// Opens a database with its keys.
///
/// # Errors
/// When it cannot be opened, or its keys are not there.
pub(super) async fn open(path: &Database, config: Option<&Path>) -> anyhow::Result<Arc<dyn rota_store::Database>> {
    Ok(path.open(master(path, config)?.keys()).await?.into())
}

/// Where the keys of a database are: where the configuration says, if it is about this
/// database, and else beside it.
///
/// # Errors
/// When the configuration does not read.
pub(super) fn master(path: &Database, config: Option<&Path>) -> anyhow::Result<Master> {
    let server = match config {
        Some(config) => Some(load_server(config)?),
        None if Path::new("rota.toml").exists() => Some(load_server(Path::new("rota.toml"))?),
        None => None,
    };
    let beside = || Master::beside(path.beside());
    let Some(server) = server else { return Ok(beside()) };
    let named = Database::named(server.database.as_deref().unwrap_or(DEFAULT))?;
    let same = config.is_some() || named.is(path)?;
    Ok(server.key.filter(|_| same).map_or_else(beside, |key| key.master()))
}

/// What a copy of a database holds, in words.
pub(super) fn told(copied: &Copied) -> String {
    let newest = copied.newest.map_or_else(|| "nothing yet".into(), |newest| format!("its last entry is of {newest}"));
    format!(
        "It holds {} tenants and {} decisions; {newest}. {} arrivals and {} effects wait in it. It has {} bytes, and schema {}.",
        copied.tenants, copied.decisions, copied.arrivals, copied.effects, copied.bytes, copied.schema
    )
}

/// The same as a program reads it.
pub(super) fn held(copied: &Copied) -> Value {
    json!({
        "tenants": copied.tenants,
        "decisions": copied.decisions,
        "arrivals_waiting": copied.arrivals,
        "effects_waiting": copied.effects,
        "newest": copied.newest,
        "bytes": copied.bytes,
        "schema": copied.schema,
    })
}
