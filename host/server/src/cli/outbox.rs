//! `rota outbox`.

use clap::Subcommand;
use rota_domain::id::EffectId;
use rota_flow::ports::{Clock as _, Repair};

use super::database::Source;
use super::output;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::outbox;

/// List what has not reached the CRM, and retry or drop what a person has to look at
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List what waits and what is dead, oldest first
    List {
        #[command(flatten)]
        source: Source,
        /// Only what a person has to look at.
        #[arg(long)]
        dead: bool,
        /// At most so many.
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
        limit: u32,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try an effect again, from the first attempt
    Retry {
        /// The effect's id, as the list has it.
        effect: String,
        #[command(flatten)]
        source: Source,
    },
    /// Give an effect up
    Drop {
        /// The effect's id, as the list has it.
        effect: String,
        #[command(flatten)]
        source: Source,
    },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::List { source, dead, limit, json } => {
            let (store, tenant) = source.open().await?;
            let rows = store.outbox(&tenant, *dead, *limit).await?;
            if !json {
                output::line(outbox(&rows, output::palette()).trim_end());
                return Ok(Exit::Well);
            }
            for row in &rows {
                output::json(&serde_json::json!({
                    "effect": row.effect.id, "kind": row.effect.act.kind(), "decision": row.decision, "lead": row.lead,
                    "state": row.state.as_str(), "attempts": row.attempts, "cause": row.cause, "at": row.at,
                }))?;
            }
            Ok(Exit::Well)
        }
        Verb::Retry { effect, source } => mend(source, effect, Repair::Retry).await,
        Verb::Drop { effect, source } => mend(source, effect, Repair::Drop).await,
    }
}

async fn mend(source: &Source, effect: &str, repair: Repair) -> anyhow::Result<Exit> {
    let (store, tenant) = source.open().await?;
    let found = store.repair(&tenant, &EffectId::from(effect), repair, SystemClock.now()).await?;
    anyhow::ensure!(found, "`{tenant}` has no waiting or dead effect `{effect}`: `rota outbox list` lists them");
    output::line(match repair {
        Repair::Retry => "It is tried again, as soon as a server runs on this database.",
        Repair::Drop => "It is dropped; nothing will be sent.",
    });
    Ok(Exit::Well)
}
