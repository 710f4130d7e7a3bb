//! The database that reading commands look into.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::id::TenantId;
use rota_flow::ports::Store;
use rota_store::SqliteStore;

/// The database, where none is named.
pub(super) const DEFAULT: &str = "rota.db";

/// Which database, and whose decisions.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The database file.
    #[arg(long, value_name = "PATH", default_value = DEFAULT, env = "ROTA_DB")]
    db: String,
    /// Whose [default: the only tenant's].
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

impl Source {
    /// The tenant that is named.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

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
    pub(super) async fn store(&self) -> anyhow::Result<(Arc<SqliteStore>, TenantId)> {
        let path = path(&self.db)?;
        anyhow::ensure!(
            path.exists(),
            "there is no database {}: name the one that `rota serve` or `rota demo` writes with --db PATH",
            path.display()
        );
        let store = Arc::new(rota_store::open(&path).await?);
        let tenants = store.tenants().await?;
        let names = || tenants.iter().map(TenantId::as_str).collect::<Vec<_>>().join(", ");
        let tenant = match (&self.tenant, tenants.as_slice()) {
            (Some(name), _) => tenants
                .iter()
                .find(|tenant| tenant.as_str() == name)
                .with_context(|| format!("there is no tenant `{name}` in {}: it has {}", path.display(), names()))?,
            (None, [only]) => only,
            (None, []) => anyhow::bail!("the database {} holds no tenant yet: run `rota serve` first", path.display()),
            (None, _) => anyhow::bail!(
                "the database {} holds several tenants: choose one with --tenant ({})",
                path.display(),
                names()
            ),
        };
        Ok((store, tenant.clone()))
    }
}

/// The file of a database. Other databases than files come later.
pub(super) fn path(database: &str) -> anyhow::Result<PathBuf> {
    let file = database.strip_prefix("sqlite://").or_else(|| database.strip_prefix("sqlite:")).unwrap_or(database);
    anyhow::ensure!(
        !file.contains("://"),
        "the database `{database}` is no file: this release keeps its data in SQLite, so name a file such as {DEFAULT}"
    );
    Ok(Path::new(file).to_path_buf())
}
