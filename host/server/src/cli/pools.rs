//! `rota pools`.

use std::sync::Arc;

use anyhow::Context as _;
use rota_domain::rule::Mode;
use rota_flow::bindings::Bindings;
use rota_flow::ledger::Ledger;
use rota_flow::ports::Clock as _;

use super::database::Source;
use super::output;
use crate::calendar_files;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::pools::PoolState;
use crate::show::pools;

/// Show each pool: who is there and until when, what they have in hand and are owed, and who gets
/// the next ten leads
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Only this pool.
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(Arguments { source, pool, json }: &Arguments) -> anyhow::Result<Exit> {
    let (store, tenant) = source.open().await?;
    let now = SystemClock.now();
    let snapshot = store.load(&tenant, now).await?;
    let (_, workspace) = snapshot.workspace.clone().with_context(|| {
        format!("`{tenant}` has no workspace yet: apply one, or start the server with its directory")
    })?;
    let files = calendar_files::kept(&*store, &tenant, &workspace).await?.unwrap_or_default();
    let bindings = Bindings { calendar_files: calendar_files::read(&files), ..Bindings::default() };
    let ledger = Ledger::restored(snapshot, Arc::new(workspace), Arc::new(bindings), Mode::Live);
    let desk = ledger.desk();
    let wanted = |id: &str| pool.as_deref().is_none_or(|wanted| wanted == id);
    let known = desk.workspace.pools.iter().filter(|pool| wanted(pool.id.as_str()));
    let states: Vec<PoolState> = known.map(|pool| PoolState::of(pool, desk, now)).collect();
    if let Some(pool) = pool {
        anyhow::ensure!(!states.is_empty(), "`{tenant}` has no pool `{pool}`: `rota pools` lists those it has");
    }
    if *json {
        for state in &states {
            output::json(state)?;
        }
    } else {
        output::line(pools(&states, now, output::palette()).trim_end());
    }
    Ok(Exit::Well)
}
