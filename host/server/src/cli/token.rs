//! `rota token`.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use rota_domain::access::Role;
use rota_domain::id::TenantId;
use rota_flow::ports::{Access, Clock as _, Store};

use super::{database, output};
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::tokens::{Wanted, issue};

/// Make the tokens with which programs call the server
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token on the server's own machine, and show it this once
    New {
        /// Whose; left out for the host's operator.
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        /// What its holder may do: viewer, operator, admin, or host.
        #[arg(long, default_value = "admin")]
        role: Role,
        /// What people call it.
        #[arg(long, default_value = "command line")]
        name: String,
        /// The database file.
        #[arg(long, value_name = "PATH", default_value = database::DEFAULT, env = "ROTA_DB")]
        db: String,
        /// Print it as one line of JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Verb::New { tenant, role, name, db, json } = &arguments.verb;
    anyhow::ensure!(
        tenant.is_some() != (*role == Role::Host),
        "a token is a tenant's or the host's: name --tenant for the roles viewer, operator and admin, and none for --role host"
    );
    let path = database::path(db)?;
    anyhow::ensure!(
        path.exists(),
        "there is no database {}: name the one that `rota serve` writes with --db PATH",
        path.display()
    );
    let store = Arc::new(database::open(&path, None).await?);
    let tenant = tenant.as_deref().map(TenantId::from);
    if let Some(tenant) = &tenant {
        let known = Store::tenants(&*store).await?;
        known.contains(tenant).then_some(()).with_context(|| {
            let names: Vec<&str> = known.iter().map(TenantId::as_str).collect();
            format!("there is no tenant `{tenant}` in {}: it has {}", path.display(), names.join(", "))
        })?;
    }
    let wanted = Wanted { tenant, role: *role, name: name.clone(), expires: None };
    let access: &dyn Access = &*store;
    let (token, grant) = issue(access, wanted, "command line", SystemClock.now()).await?;
    if *json {
        output::json(&serde_json::json!({ "token": token.expose(), "id": grant.id, "role": grant.role }))?;
    } else {
        output::line(token.expose());
        output::note("Keep it: it is not shown again. Programs send it as `Authorization: Bearer …`.");
    }
    Ok(Exit::Well)
}
