//! `rota serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::delivery::Backoff;
use rota_domain::id::TenantId;

use super::output;
use crate::compose::{self, Plan};
use crate::config::{DEFAULT_LISTEN, Directory, Loaded, Server, load_server, load_workspace};
use crate::database::Database;
use crate::exit::Exit;
use crate::keeping::Keeping;
use crate::workspaces::{Directories, Unread};

/// Serve: take webhooks in, decide, write owners to the CRM
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration [default: rota.toml, if it is there].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The database: a file, or postgres://user@host/name [default: rota.db].
    #[arg(long, value_name = "PATH")]
    db: Option<String>,
    /// A workspace to serve, besides those of the configuration [default: this directory,
    /// if it holds a workspace.toml].
    #[arg(long, value_name = "DIR")]
    workspace: Vec<PathBuf>,
    /// Print the address as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let config = configuration(arguments)?;
    let serving = config.serving.beside_the_usual();
    let plan = plan(arguments, config)?;
    let database = plan.database.to_string();
    let apps: Vec<String> = plan.apps.keys().cloned().collect();
    let named: Vec<TenantId> = plan.workspaces.iter().map(|loaded| loaded.workspace.tenant.clone()).collect();
    let mut host = compose::start_serving(plan, serving).await?;
    let address = format!("http://{}", host.address);
    if arguments.json {
        output::json(&serde_json::json!({ "listening": address }))?;
    } else {
        // Others of the database may be many.
        let at_work = host.tenants().into_iter().filter(|tenant| named.contains(tenant));
        let tenants: Vec<String> = at_work.map(|tenant| tenant.to_string()).collect();
        let whom = if tenants.is_empty() { "the tenants of its database".into() } else { tenants.join(", ") };
        output::line(&format!("Rota serves {whom} on {address}; Ctrl-C ends it."));
        for app in apps {
            output::note(&format!("  webhooks: {address}/v1/hubspot/{app}/webhook"));
        }
        output::note(&format!("  database: {database}"));
    }
    host.look_over();
    tokio::select! {
        stopped = told_to_stop() => stopped?,
        () = host.ended() => anyhow::bail!("a part of the server ended by itself, which is a defect: the log above says which; start it again"),
    }
    host.stop().await;
    Ok(Exit::Well)
}

fn configuration(arguments: &Arguments) -> anyhow::Result<Server> {
    Ok(match &arguments.config {
        Some(path) => load_server(path)?,
        None if Path::new("rota.toml").exists() => load_server(Path::new("rota.toml"))?,
        None => Server::default(),
    })
}

fn plan(arguments: &Arguments, config: Server) -> anyhow::Result<Plan> {
    let places = config.places().map_err(|(_, what)| anyhow::anyhow!(what))?;
    let keeper = config.keeper().map_err(|(_, what)| anyhow::anyhow!(what))?;
    let database = arguments.db.clone().or_else(|| config.database.clone());
    let mut directories = config.workspaces.clone();
    directories.extend(arguments.workspace.iter().cloned());
    if directories.is_empty() && Path::new("workspace.toml").exists() {
        directories.push(".".into());
    }
    // With a rota.toml or a database, tenants are made and given workspaces over HTTP.
    let configured = arguments.config.is_some() || Path::new("rota.toml").exists();
    anyhow::ensure!(
        configured || database.is_some() || !directories.is_empty() || Path::new(super::database::DEFAULT).exists(),
        "there is nothing to serve: name a workspace with --workspace DIR, or under workspaces in rota.toml; \
         or name a database with --db PATH, to make tenants over HTTP \
         (to see Rota at work without either, run `rota demo`)"
    );
    let mut workspaces = Vec::new();
    let mut told = Directories { hold: config.from_directory(), ..Directories::default() };
    for path in &directories {
        match load(path) {
            Ok(loaded) => workspaces.push(loaded),
            Err(error) => told.unread.push(Unread::new(path, error)),
        }
    }
    let listen = match arguments.listen {
        Some(listen) => listen,
        None => config.listen.parse().with_context(|| format!("`listen` is no address, such as {DEFAULT_LISTEN}"))?,
    };
    let database = database.unwrap_or_else(|| super::database::DEFAULT.into());
    let database = Database::named(&database)?;
    let plans = config.grants();
    let mut keeping = Keeping::beside(database.beside())?;
    keeping.folder = config.compiled.unwrap_or(keeping.folder);
    keeping.key = config.compiled_key.unwrap_or(keeping.key);
    Ok(Plan {
        workspaces,
        directories: told,
        plans,
        places,
        apps: config.apps,
        listen,
        public_url: config.public_url,
        database,
        keeping: Some(keeping),
        backoff: Backoff::default(),
        rules: None,
        secrets: Arc::new(|name| std::env::var(name).ok()),
        keeper,
    })
}

/// Reads a workspace.
pub(super) fn load(path: &Path) -> anyhow::Result<Loaded> {
    Ok(load_workspace(&Directory::open(path)?)?)
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
