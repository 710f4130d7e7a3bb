//! `rota restore`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rota_flow::ports::{Clock as _, Whom};
use rota_store::Restored;
use serde_json::json;

use super::{database, output};
use crate::clock::SystemClock;
use crate::database::Database;
use crate::exit::Exit;

/// Who erases again whom the database had erased since the backup.
const WHO: &str = "restore";

/// Put a backup in the place of a database, which no server may have open
///
/// The backup is read through first, and stays as it is; the database that is there is kept under
/// another name. Persons whom that database had erased since the backup are erased again.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The backup.
    backup: PathBuf,
    /// The database file whose place it takes; it need not be there.
    #[arg(long, value_name = "PATH", default_value = database::DEFAULT, env = "ROTA_DB")]
    db: String,
    /// The configuration that says where the key is [default: rota.toml, if it is there and names
    /// this database].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what was restored as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let database = Database::named(&arguments.db)?;
    let path = database.file()?;
    let backup = &arguments.backup;
    anyhow::ensure!(backup.exists(), "there is no backup {}: name one that `rota backup` made", backup.display());
    let keys = database::master(&database, arguments.config.as_deref())?.keys();
    let now = SystemClock.now();
    let restored = rota_store::restore(backup, path, &kept(path, now), &keys).await?;
    erase_again(arguments, &database, &restored).await?;
    if arguments.json {
        output::json(&json!({
            "database": path,
            "backup": backup,
            "before": restored.before,
            "erased": restored.erased.len(),
            "erasures_known": !restored.unasked,
            "held": database::held(&restored.held),
        }))?;
        return Ok(Exit::Well);
    }
    output::line(&format!("{} is what {} was.", path.display(), backup.display()));
    output::note(&database::told(&restored.held));
    if let Some(before) = &restored.before {
        output::note(&format!("The database that was there before is kept as {}.", before.display()));
    }
    if !restored.erased.is_empty() {
        let erased = restored.erased.len();
        output::note(&format!(
            "Of {erased} leads the persons had been erased since the backup; they are erased again."
        ));
    }
    if restored.unasked {
        output::note(
            "The database that was there before does not read, so nobody knows whom it had erased since the backup: \
             erase them again with `rota person erase`.",
        );
    }
    Ok(Exit::Well)
}

/// Erases whom the database that was there before had erased.
async fn erase_again(arguments: &Arguments, database: &Database, restored: &Restored) -> anyhow::Result<()> {
    if restored.erased.is_empty() {
        return Ok(());
    }
    let store = database.open(database::master(database, arguments.config.as_deref())?.keys()).await?;
    for (tenant, lead) in &restored.erased {
        store.erase(tenant, &Whom::Lead(lead.clone()), WHO, SystemClock.now(), None).await?;
    }
    store.close().await;
    Ok(())
}

/// Where the database is kept that was there before.
fn kept(path: &Path, now: Timestamp) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    name.into()
}
