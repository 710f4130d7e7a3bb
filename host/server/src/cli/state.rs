//! `rota state`.

use clap::Subcommand;
use rota_domain::id::FlowId;
use rota_flow::counters;
use rota_flow::ports::Clock as _;

use super::database::Source;
use super::output;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::counters as shown;

/// List the counters that rules keep from lead to lead, and set or unset one
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    source: Source,
    /// Only this flow's.
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// Print each as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the counters, as without a word
    List(List),
    /// Set a flow's counter; the next decision sees it
    Set {
        /// The flow.
        flow: String,
        /// The counter.
        name: String,
        /// Its value now: a whole number of 32 bits.
        #[arg(allow_negative_numbers = true)]
        value: i32,
        #[command(flatten)]
        source: Source,
    },
    /// Take a flow's counter away: it reads as 0
    Unset {
        /// The flow.
        flow: String,
        /// The counter.
        name: String,
        #[command(flatten)]
        source: Source,
    },
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        None => list(&arguments.list).await,
        Some(Verb::List(wanted)) => list(wanted).await,
        Some(Verb::Set { flow, name, value, source }) => set(source, flow, name, Some(*value)).await,
        Some(Verb::Unset { flow, name, source }) => set(source, flow, name, None).await,
    }
}

async fn list(List { source, flow, json }: &List) -> anyhow::Result<Exit> {
    let (store, tenant) = source.open().await?;
    let mut counters = store.load(&tenant, SystemClock.now()).await?.counters;
    if let Some(flow) = flow {
        let wanted = FlowId::from(flow.as_str());
        counters.retain(|known, _| *known == wanted);
    }
    if !json {
        output::line(shown(&counters, output::palette()).trim_end());
        return Ok(Exit::Well);
    }
    for (flow, counters) in &counters {
        for (name, value) in counters {
            output::json(&serde_json::json!({ "flow": flow, "name": name, "value": value }))?;
        }
    }
    Ok(Exit::Well)
}

async fn set(source: &Source, flow: &str, name: &str, value: Option<i32>) -> anyhow::Result<Exit> {
    let (store, tenant) = source.open().await?;
    let before = counters::set(&*store, &tenant, &FlowId::from(flow), name, value, SystemClock.now()).await?;
    let had = before.map_or("it was not set".into(), |before| format!("it was {before}"));
    output::line(&match value {
        Some(value) => format!("`{name}` of flow `{flow}` is {value} now; {had}."),
        None => format!("`{name}` of flow `{flow}` is gone; {had}."),
    });
    Ok(Exit::Well)
}
