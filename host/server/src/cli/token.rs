//! `rota token`.

use clap::Subcommand;
use jiff::Timestamp;
use rota_domain::access::{Grant, Role};
use rota_domain::id::{TenantId, TokenId};
use rota_flow::ports::Clock as _;
use serde::Deserialize;
use serde_json::json;

use super::output;
use super::reach::{Database, Reach, Reached, WHO, whole};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::grants;
use crate::tokens::{Wanted, issue};

/// Make, list and revoke the tokens with which programs call the server
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token, and show it this once
    New {
        /// What its holder may do: viewer, operator, admin, or host.
        #[arg(long, default_value = "admin")]
        role: Role,
        /// What people call it.
        #[arg(long, default_value = "command line")]
        name: String,
        /// When it ends by itself, such as 2027-01-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
        #[command(flatten)]
        reach: Reach,
        /// Print it as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// List tokens by their public names, which open nothing
    List {
        /// Those of the host's operator.
        #[arg(long)]
        host: bool,
        #[command(flatten)]
        reach: Reach,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; it opens nothing from then on
    Revoke {
        /// Its public name, as the list has it.
        id: String,
        /// It is one of the host's operator.
        #[arg(long)]
        host: bool,
        #[command(flatten)]
        reach: Reach,
    },
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::New { role, name, expires, reach, json } => {
            let (token, grant) = new(reach, *role, name, *expires).await?;
            if *json {
                output::json(&json!({ "token": token, "id": grant.id, "role": grant.role }))?;
            } else {
                output::line(&token);
                output::note("Keep it: it is not shown again. Programs send it as `Authorization: Bearer …`.");
            }
        }
        Verb::List { host, reach, json } => {
            let list = list(reach, *host).await?;
            if *json {
                list.iter().try_for_each(output::json)?;
            } else {
                output::line(grants(&list, SystemClock.now(), output::palette()).trim_end());
            }
        }
        Verb::Revoke { id, host, reach } => {
            revoke(reach, id, *host).await?;
            output::line("It is revoked; a server knows within two seconds.");
        }
    }
    Ok(Exit::Well)
}

/// A new token, as a server shows it.
#[derive(Deserialize)]
struct Made {
    token: String,
    #[serde(flatten)]
    grant: Grant,
}

async fn new(reach: &Reach, role: Role, name: &str, expires: Option<Timestamp>) -> anyhow::Result<(String, Grant)> {
    let database = match reach.open().await? {
        Reached::Server(remote) => {
            let made: Made = match role {
                Role::Host => remote.post("/v1/host/tokens", &json!({ "name": name, "expires": expires })).await?,
                _ => remote.post("/v1/tokens", &json!({ "role": role, "name": name, "expires": expires })).await?,
            };
            return Ok((made.token, made.grant));
        }
        Reached::Database(database) => database,
    };
    let tenant = reach.tenant();
    anyhow::ensure!(
        tenant.is_some() != (role == Role::Host),
        "a token is a tenant's or the host's: name --tenant for the roles viewer, operator and admin, and none for --role host"
    );
    let now = SystemClock.now();
    anyhow::ensure!(
        expires.is_none_or(|end| end > now),
        "the token would end before it begins: name a later --expires"
    );
    if let Some(tenant) = &tenant {
        database.has(tenant).await?;
    }
    let wanted = Wanted { tenant, role, name: name.into(), expires };
    let (token, grant) = issue(&*database.access, wanted, WHO, now).await?;
    Ok((token.expose().to_owned(), grant))
}

async fn list(reach: &Reach, host: bool) -> anyhow::Result<Vec<Grant>> {
    match reach.open().await? {
        Reached::Server(remote) => whole(remote, path(host), None, usize::MAX).await,
        Reached::Database(database) => {
            let tenant = whose(&database, reach, host).await?;
            Ok(database.access.grants(tenant.as_ref()).await?)
        }
    }
}

async fn revoke(reach: &Reach, id: &str, host: bool) -> anyhow::Result<()> {
    let database = match reach.open().await? {
        Reached::Server(remote) => {
            remote.send(reqwest::Method::DELETE, &format!("{}/{id}", path(host)), None, "").await?;
            return Ok(());
        }
        Reached::Database(database) => database,
    };
    let (tenant, now) = (whose(&database, reach, host).await?, SystemClock.now());
    let done = database.access.revoke(tenant.as_ref(), &TokenId::from(id), now).await?;
    anyhow::ensure!(done, "there is no token `{id}` that holds: `rota token list` lists them");
    database.note(tenant.as_ref(), "token.revoked", id, None).await
}

fn path(host: bool) -> &'static str {
    if host { "/v1/host/tokens" } else { "/v1/tokens" }
}

/// Whose tokens are meant in a database: a tenant's, or none for the host's.
async fn whose(database: &Database, reach: &Reach, host: bool) -> anyhow::Result<Option<TenantId>> {
    let tenant = reach.tenant();
    anyhow::ensure!(tenant.is_some() != host, "tokens are a tenant's or the host's: name --tenant NAME, or --host");
    if let Some(tenant) = &tenant {
        database.has(tenant).await?;
    }
    Ok(tenant)
}
