//! `rota audit`.

use rota_domain::access::Change;
use serde::{Deserialize, Serialize};

use super::output;
use super::reach::{Reach, Reached, whole};
use crate::exit::Exit;
use crate::show::changes;

/// Show who changed what, and when
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Changes of the host itself: its tenants, and its operator's tokens.
    #[arg(long)]
    host: bool,
    /// Only those after the change of this number.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    limit: u32,
    #[command(flatten)]
    reach: Reach,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// A change, with its number.
#[derive(Serialize, Deserialize)]
struct Noted {
    n: u64,
    #[serde(flatten)]
    change: Change,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { host, after, limit, reach, json } = arguments;
    let noted: Vec<Noted> = match reach.open().await? {
        Reached::Server(remote) => {
            let path = if *host { "/v1/host/audit" } else { "/v1/audit" };
            whole(remote, path, Some(after.to_string()), *limit as usize).await?
        }
        Reached::Database(database) => {
            let tenant = reach.tenant();
            anyhow::ensure!(
                tenant.is_some() != *host,
                "changes are a tenant's or the host's: name --tenant NAME, or --host"
            );
            if let Some(tenant) = &tenant {
                database.has(tenant).await?;
            }
            let changes = database.access.changes(tenant.as_ref(), *after, *limit).await?;
            changes.into_iter().map(|(n, change)| Noted { n, change }).collect()
        }
    };
    if *json {
        noted.iter().try_for_each(output::json)?;
    } else {
        let shown: Vec<(u64, Change)> = noted.into_iter().map(|noted| (noted.n, noted.change)).collect();
        output::line(changes(&shown, output::palette()).trim_end());
    }
    Ok(Exit::Well)
}
