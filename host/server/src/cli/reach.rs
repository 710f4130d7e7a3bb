//! Commands that work either on a database file of this machine or through a server.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::TenantId;
use rota_flow::ports::{Access, Store, Tenancy};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::database;
use super::remote::Remote;

/// Where a command works: through a server if there is a token, else on a database file.
#[derive(Debug, clap::Args)]
pub(super) struct Reach {
    /// Work on this database file, on the server's own machine [default: rota.db or
    /// $ROTA_DB, unless there is a token].
    #[arg(long, value_name = "PATH")]
    db: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// What a command works on.
pub(super) enum Reached<'a> {
    /// A database file.
    Database(Database),
    /// A server.
    Server(&'a Remote),
}

/// A database file, by what commands ask of it.
pub(super) struct Database {
    pub(super) access: Arc<dyn Access>,
    pub(super) tenancy: Arc<dyn Tenancy>,
    store: Arc<dyn Store>,
    shown: String,
}

impl Reach {
    /// Opens what the command works on.
    ///
    /// # Errors
    /// When the database is not there.
    pub(super) async fn open(&self) -> anyhow::Result<Reached<'_>> {
        if self.db.is_none() && self.remote.token.is_some() {
            return Ok(Reached::Server(&self.remote));
        }
        let named = self.db.clone().or_else(|| std::env::var("ROTA_DB").ok());
        let path = database::path(named.as_deref().unwrap_or(database::DEFAULT))?;
        let shown = path.display().to_string();
        anyhow::ensure!(
            path.exists(),
            "there is no database {shown}: name the one that `rota serve` writes with --db PATH, or a server's token with --token"
        );
        let file = Arc::new(database::open(&path, None).await?);
        Ok(Reached::Database(Database { access: file.clone(), tenancy: file.clone(), store: file, shown }))
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
            format!("there is no tenant `{tenant}` in {}: it has {names}", self.shown)
        })
    }
}

/// A piece of a list, as a server gives it.
#[derive(Deserialize)]
pub(super) struct Piece<T> {
    pub(super) items: VecDeque<T>,
    next: Option<String>,
}

/// A whole list of a server, or its first `most`, read piece by piece; `after` is where to
/// begin.
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
        let piece: Piece<T> = remote.get(&format!("{path}?limit={limit}{cursor}")).await?;
        all.extend(piece.items);
        match piece.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(all)
}
