//! `rota tenant`.

use clap::Subcommand;
use rota_domain::access::{Role, Standing, tenant_name};
use rota_domain::id::{Seed, TenantId};
use rota_flow::ports::{Clock as _, Restanding};
use serde::Deserialize;
use serde_json::json;

use super::output;
use super::reach::{Database, Reach, Reached, WHO, whole};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::standings;
use crate::tokens::{Wanted, issue};

/// Make, list and change the tenants of a host
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a tenant; its workspace is applied later
    New {
        /// Its name, which its workspace.toml repeats.
        name: String,
        /// A plan of rota.toml [default: the usual limits].
        #[arg(long)]
        plan: Option<String>,
        /// Make a token of the role admin with this name too, and show it this once.
        #[arg(long, value_name = "NAME")]
        admin: Option<String>,
        #[command(flatten)]
        reach: Reach,
        /// Print it as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the tenants, by name
    List {
        #[command(flatten)]
        reach: Reach,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a tenant another plan, suspend it, or let it go on
    Change {
        /// Its name.
        name: String,
        /// A plan of rota.toml; empty for the usual limits.
        #[arg(long)]
        plan: Option<String>,
        /// It decides nothing that arrives from now on: that waits. What it decided is delivered.
        #[arg(long, conflicts_with = "resume")]
        suspend: bool,
        /// It decides again, first what has waited.
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        reach: Reach,
    },
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::New { name, plan, admin, reach, json } => {
            let made = new(reach, name, plan.as_deref(), admin.as_deref()).await?;
            if *json {
                output::json(&json!({ "tenant": made.tenant, "token": made.token }))?;
            } else {
                output::line(&format!("The tenant `{}` is made.", made.tenant));
                if let Some(token) = made.token {
                    output::line(&token);
                    output::note("Keep the token: it is not shown again.");
                }
            }
        }
        Verb::List { reach, json } => {
            let list: Vec<Standing> = match reach.open().await? {
                Reached::Server(remote) => whole(remote, "/v1/tenants", None, usize::MAX).await?,
                Reached::Database(database) => database.tenancy.standings().await?,
            };
            if *json {
                list.iter().try_for_each(output::json)?;
            } else {
                output::line(standings(&list, output::palette()).trim_end());
            }
        }
        Verb::Change { name, plan, suspend, resume, reach } => {
            let plan = plan.as_ref().map(|plan| Some(plan.clone()).filter(|plan| !plan.is_empty()));
            let suspended = (*suspend || *resume).then_some(*suspend);
            anyhow::ensure!(
                plan.is_some() || suspended.is_some(),
                "nothing is to be changed: say --plan, --suspend or --resume"
            );
            let standing = change(reach, name, Restanding { plan, suspended }).await?;
            output::line(standings(&[standing], output::palette()).trim_end());
        }
    }
    Ok(Exit::Well)
}

/// A new tenant.
#[derive(Deserialize)]
struct Made {
    tenant: TenantId,
    token: Option<String>,
}

async fn new(reach: &Reach, name: &str, plan: Option<&str>, admin: Option<&str>) -> anyhow::Result<Made> {
    let database = match reach.open().await? {
        Reached::Server(remote) => {
            let asked = json!({ "tenant": name, "plan": plan, "admin": admin });
            return remote.post("/v1/tenants", &asked).await;
        }
        Reached::Database(database) => database,
    };
    let tenant = tenant_name(name).map_err(|wrong| anyhow::anyhow!("`{name}` cannot be a tenant's name: {wrong}"))?;
    let now = SystemClock.now();
    let made = database.tenancy.make(&tenant, Seed(rand::random()), plan.map(Into::into), now).await?;
    anyhow::ensure!(made, "there is a tenant `{tenant}` already: choose another name, or go on with that one");
    note(&database, &tenant, "tenant.made", plan.map(Into::into)).await?;
    let token = match admin {
        None => None,
        Some(name) => {
            let wanted = Wanted { tenant: Some(tenant.clone()), role: Role::Admin, name: name.into(), expires: None };
            Some(issue(&*database.access, wanted, WHO, now).await?.0.expose().to_owned())
        }
    };
    Ok(Made { tenant, token })
}

async fn change(reach: &Reach, name: &str, change: Restanding) -> anyhow::Result<Standing> {
    let tenant = TenantId::from(name);
    let database = match reach.open().await? {
        Reached::Server(remote) => {
            let mut asked = serde_json::Map::new();
            asked.extend(change.plan.map(|plan| ("plan".into(), json!(plan))));
            asked.extend(change.suspended.map(|suspended| ("suspended".into(), json!(suspended))));
            let asked = Some(serde_json::to_vec(&asked)?);
            let path = format!("/v1/tenants/{tenant}");
            let answer = remote.send(reqwest::Method::PATCH, &path, asked, "application/json").await?;
            return Ok(answer.json().await?);
        }
        Reached::Database(database) => database,
    };
    let standing = database.tenancy.restand(&tenant, change.clone()).await?;
    let Some(standing) = standing else {
        database.has(&tenant).await?;
        anyhow::bail!("the tenant `{tenant}` is gone");
    };
    if let Some(plan) = change.plan {
        note(&database, &tenant, "tenant.planned", plan).await?;
        output::note("A server that runs takes the plan up when it starts again, or when it is asked with --token.");
    }
    if let Some(suspended) = change.suspended {
        note(&database, &tenant, if suspended { "tenant.suspended" } else { "tenant.resumed" }, None).await?;
    }
    Ok(standing)
}

/// Notes a change both where the operator looks and where the tenant does.
async fn note(database: &Database, tenant: &TenantId, action: &str, detail: Option<String>) -> anyhow::Result<()> {
    for of in [None, Some(tenant)] {
        database.note(of, action, tenant.as_str(), detail.clone()).await?;
    }
    Ok(())
}
