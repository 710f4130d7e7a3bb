//! `rota key`.

use std::path::PathBuf;

use clap::Subcommand;
use rota_store::HostKeys;

use super::{database, output};
use crate::exit::Exit;

/// Tend the key under which the database is sealed
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print a new key, for an environment variable or a store of secrets
    New,
    /// Draw a new key, and seal under it what was sealed under the one before
    ///
    /// A server may run meanwhile. Older keys stay in the file, since backups of the database
    /// may be sealed under them.
    Rotate {
        /// The database: a file, or postgres://user@host/name.
        #[arg(long, value_name = "PATH", default_value = database::DEFAULT, env = "ROTA_DB")]
        db: String,
        /// The configuration that says where the key is [default: rota.toml, if it is there and
        /// names this database].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Draw new keys for the tenants, too: all persons' keys and secrets are sealed anew.
        #[arg(long)]
        tenants: bool,
        /// Take the older keys out of the file: backups from before are unreadable then.
        #[arg(long)]
        forget: bool,
        /// Print what was done as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::New => {
            output::line(HostKeys::line(&rand::random()).trim_end());
            output::note(
                "Keep it where the server finds it, and a copy elsewhere: without it the database is unreadable.",
            );
            Ok(Exit::Well)
        }
        Verb::Rotate { db, config, tenants, forget, json } => {
            let path = database::existing(db)?;
            let master = database::master(&path, config.as_deref())?;
            // Before anything is changed: what is there has to open with the keys that are there.
            let store = path.open(master.keys()).await?;
            if let crate::keys::Master::File(_) = master {
                master.renew().map_err(anyhow::Error::msg)?;
            }
            let renewed = store.renew(*tenants).await?;
            store.close().await;
            if *forget {
                master.forget_older().map_err(anyhow::Error::msg)?;
            }
            if *json {
                output::json(&serde_json::json!({ "tenants": renewed.tenants, "below": renewed.below }))?;
            } else {
                output::line(&format!(
                    "Sealed under the current key of {master}: {} tenants, and below them {} persons and secrets anew.",
                    renewed.tenants, renewed.below
                ));
                output::note("Back the key up, elsewhere than the database.");
            }
            Ok(Exit::Well)
        }
    }
}
