//! Commands that work either on a database or through a server.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::access::Change;
use rota_domain::id::TenantId;
use rota_flow::ports::{Access, Clock as _, Tenancy};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::database;
use super::remote::Remote;
use crate::clock::SystemClock;

/// Who changes something in a database, as the audit log has it.
pub(super) const WHO: &str = "command line";

/// Where a command works: on the database that --db names; else through a server, if a
/// server or a token is named; else on $ROTA_DB or rota.db.
#[derive(Debug, clap::Args)]
pub(super) struct Reach {
    /// Work on this database, a file or postgres://user@host/name, on the server's own machine, whatever server or token is
    /// named [default: rota.db or $ROTA_DB, unless a server or a token is named].
    #[arg(long, value_name = "PATH")]
    db: Option<String>,
    /// The configuration that says where the database's key is [default: rota.toml, if it is
    /// there and names this database].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    remote: Remote,
}

/// What a command works on.
pub(super) enum Reached<'a> {
    /// A database.
    Database(Database),
    /// A server.
    Server(&'a Remote),
}

/// A database, by what commands ask of it.
pub(super) struct Database {
    pub(super) access: Arc<dyn Access>,
    pub(super) tenancy: Arc<dyn Tenancy>,
    /// With all the ports that there are.
    pub(super) store: Arc<dyn rota_store::Database>,
    path: crate::database::Database,
}

impl Reach {
    /// Opens what the command works on.
    ///
    /// # Errors
    /// When the database is not there.
    pub(super) async fn open(&self) -> anyhow::Result<Reached<'_>> {
        if self.db.is_none() && (self.remote.server.is_some() || self.remote.token.is_some()) {
            return Ok(Reached::Server(&self.remote));
        }
        let named = self.db.clone().or_else(|| std::env::var("ROTA_DB").ok());
        let path = crate::database::Database::named(named.as_deref().unwrap_or(database::DEFAULT))?;
        anyhow::ensure!(
            path.may_exist(),
            "there is no database {path}: name the one that `rota serve` writes with --db PATH, or a server's token with --token"
        );
        let store = database::open(&path, self.config.as_deref()).await?;
        Ok(Reached::Database(Database { access: store.clone(), tenancy: store.clone(), store, path }))
    }

    /// Whom the command is about, where it was said.
    pub(super) fn tenant(&self) -> Option<TenantId> {
        self.remote.tenant.as_deref().map(TenantId::from)
    }
}

impl Database {
    /// Makes sure that a tenant is there.
    ///
    /// # Errors
    /// When it is not: which ones are.
    pub(super) async fn has(&self, tenant: &TenantId) -> anyhow::Result<()> {
        let known = self.store.tenants().await?;
        known.contains(tenant).then_some(()).with_context(|| {
            let names: Vec<&str> = known.iter().map(TenantId::as_str).collect();
            let names = if names.is_empty() { "none yet".into() } else { names.join(", ") };
            format!("there is no tenant `{tenant}` in {}: it has {names}", self.path)
        })
    }

    /// Whom a command about one tenant means: whom it names, or the only one.
    ///
    /// # Errors
    /// When it is not there, or there are several.
    pub(super) async fn meant(&self, reach: &Reach) -> anyhow::Result<TenantId> {
        database::only(&*self.store, reach.remote.tenant.as_deref(), &self.path).await
    }

    /// Notes a change that somebody at the command line made: for a tenant, or for the host.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn note(
        &self,
        of: Option<&TenantId>,
        action: &str,
        thing: &str,
        detail: Option<String>,
    ) -> anyhow::Result<()> {
        let (at, who) = (SystemClock.now(), WHO.to_owned());
        let change = Change { at, who, action: action.into(), thing: thing.into(), detail };
        Ok(self.access.changed(of, change).await?)
    }
}

/// A piece of a list, as a server gives it.
#[derive(Deserialize)]
struct Piece<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// A whole list of a server, or its first `most`, read piece by piece; `after` is where to
/// begin. The path may have a question of its own.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub(super) async fn whole<T: DeserializeOwned>(
    remote: &Remote,
    path: &str,
    after: Option<String>,
    most: usize,
) -> anyhow::Result<Vec<T>> {
    let (mut all, mut after) = (Vec::new(), after);
    while all.len() < most {
        let limit = (most - all.len()).min(1000);
        let cursor = after.as_deref().map(|after| format!("&after={after}")).unwrap_or_default();
        let joint = if path.contains('?') { '&' } else { '?' };
        let piece: Piece<T> = remote.get(&format!("{path}{joint}limit={limit}{cursor}")).await?;
        all.extend(piece.items);
        match piece.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(all)
}
