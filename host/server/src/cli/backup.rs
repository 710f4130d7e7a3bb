//! `rota backup`.

use std::path::PathBuf;

use serde_json::json;

use super::{database, output};
use crate::exit::Exit;
use crate::keys::Master;

/// Copy a database into a new file, while a server may be at work on it
///
/// The key under which the database is sealed is not in the copy: keep a copy of the key, too, and
/// elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The new file; nothing is overwritten.
    file: PathBuf,
    /// The database file.
    #[arg(long, value_name = "PATH", default_value = database::DEFAULT, env = "ROTA_DB")]
    db: String,
    /// The configuration that says where the key is [default: rota.toml, if it is there and names
    /// this database].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what was copied as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let database = database::existing(&arguments.db)?;
    let path = database.file()?;
    let master = database::master(&database, arguments.config.as_deref())?;
    let copied = rota_store::back_up(path, &arguments.file).await?;
    if arguments.json {
        let held = database::held(&copied);
        output::json(&json!({ "backup": arguments.file, "database": path, "key": master.to_string(), "held": held }))?;
        return Ok(Exit::Well);
    }
    output::line(&format!("Backed up {} into {}.", path.display(), arguments.file.display()));
    output::note(&database::told(&copied));
    let way = match &master {
        Master::File(_) => "It can be read only with the key, which is not in it: keep a copy of",
        Master::Env(_) => "It can be read only with the key, which is not in it: keep what is in",
    };
    output::note(&format!("{way} {master}, too, and elsewhere."));
    Ok(Exit::Well)
}
