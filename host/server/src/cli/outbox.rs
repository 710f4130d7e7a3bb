//! `rota outbox`: in a database, or on a server over HTTP.

use clap::Subcommand;
use jiff::Timestamp;
use rota_domain::access::Change;
use rota_domain::delivery::Trouble;
use rota_domain::id::EffectId;
use rota_flow::ports::{Access as _, Clock as _, Group, LaneState, Letter, Outbox as _, Repair, Sought, Store as _};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::database::Source;
use super::output;
use super::reach::Piece;
use super::remote::Remote;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::show::{OutboxLine, outbox};

/// Who changes something in a database, as the audit log has it.
const WHO: &str = "command line";
/// How many effects are asked for at a time.
const PAGE: u32 = 500;

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
        place: Place,
        /// Only what a person has to look at.
        #[arg(long)]
        dead: bool,
        /// Only what met this, such as not-found.
        #[arg(long, value_name = "KIND")]
        cause: Option<String>,
        /// Only what is for this connection.
        #[arg(long, value_name = "NAME")]
        connection: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
        limit: u32,
        /// Print each as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Try effects again, from the first attempt
    Retry {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        place: Place,
    },
    /// Give effects up
    Drop {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        place: Place,
    },
}

/// A database on this machine, or a server.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    source: Source,
    /// Ask this server in place of a database.
    #[arg(long, value_name = "URL", env = "ROTA_SERVER")]
    server: Option<String>,
    /// The token to show to the server.
    #[arg(long, value_name = "TOKEN", env = "ROTA_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Which effects: one, the dead ones with a cause, or all dead ones.
#[derive(Debug, clap::Args)]
#[group(id = "choice", required = true, multiple = false, args = ["effect", "cause", "all"])]
struct Choice {
    /// The effect's id, as the list has it.
    effect: Option<String>,
    /// The dead ones that met this, such as not-found.
    #[arg(long, value_name = "KIND")]
    cause: Option<String>,
    /// All dead ones.
    #[arg(long)]
    all: bool,
    /// Of those, only the ones for this connection.
    #[arg(long, value_name = "NAME", conflicts_with = "effect")]
    connection: Option<String>,
}

/// An effect as a server lists it.
#[derive(Deserialize, Serialize)]
struct Listed {
    number: u64,
    effect: String,
    kind: String,
    connection: String,
    decision: String,
    lead: String,
    state: String,
    attempts: u32,
    cause: Option<String>,
    detail: Option<String>,
    mend: Option<String>,
    at: Timestamp,
}

/// How many effects a server mended.
#[derive(Deserialize)]
struct Mended {
    effects: u64,
}

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::List { place, dead, cause, connection, limit, json } => {
            let sought = Sought {
                state: dead.then_some(LaneState::Dead),
                connection: connection.as_deref().map(Into::into),
                cause: known(cause.as_deref())?,
                after: 0,
                limit: *limit,
            };
            list(place, sought, *json).await
        }
        Verb::Retry { choice, place } => mend(place, choice, Repair::Retry).await,
        Verb::Drop { choice, place } => mend(place, choice, Repair::Drop).await,
    }
}

async fn list(place: &Place, mut sought: Sought, as_json: bool) -> anyhow::Result<Exit> {
    let mut lines = Vec::new();
    let mut left = sought.limit;
    while left > 0 {
        sought.limit = left.min(PAGE);
        let page = page(place, &sought).await?;
        let Some((last, _, _)) = page.last() else { break };
        sought.after = *last;
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        lines.extend(page.into_iter().map(|(_, line, whole)| (line, whole)));
    }
    let (lines, whole): (Vec<OutboxLine>, Vec<_>) = lines.into_iter().unzip();
    if !as_json {
        output::line(outbox(&lines, output::palette()).trim_end());
        return Ok(Exit::Well);
    }
    whole.iter().try_for_each(output::json)?;
    Ok(Exit::Well)
}

/// Some effects, each with its number, as a line and as JSON.
async fn page(place: &Place, sought: &Sought) -> anyhow::Result<Vec<(u64, OutboxLine, serde_json::Value)>> {
    let Some(remote) = place.remote() else {
        let (store, tenant) = place.source.store().await?;
        let letters = store.list(&tenant, sought).await?;
        return Ok(letters.iter().map(of_letter).collect());
    };
    let mut path = format!("/v1/outbox?after={}&limit={}", sought.after, sought.limit);
    for (key, value) in [
        ("state", sought.state.map(LaneState::as_str)),
        ("cause", sought.cause.as_deref()),
        ("connection", sought.connection.as_ref().map(|id| id.as_str())),
    ] {
        if let Some(value) = value {
            path += &format!("&{key}={value}");
        }
    }
    let piece: Piece<Listed> = remote.get(&path).await?;
    piece.items.into_iter().map(of_listed).collect()
}

fn of_letter(letter: &Letter) -> (u64, OutboxLine, serde_json::Value) {
    let Letter { number, row, trouble } = letter;
    let whole = json!({
        "effect": row.effect.id, "kind": row.effect.act.kind(), "decision": row.decision, "lead": row.lead,
        "state": row.state.as_str(), "attempts": row.attempts, "cause": row.cause, "at": row.at,
        "connection": row.effect.connection, "trouble": trouble.as_ref().map(Trouble::code),
        "mend": trouble.as_ref().map(Trouble::mend),
    });
    (*number, OutboxLine::from(row), whole)
}

fn of_listed(listed: Listed) -> anyhow::Result<(u64, OutboxLine, serde_json::Value)> {
    let Listed { number, effect, kind, connection, decision, lead, state, attempts, cause, detail, mend, at } = listed;
    let whole = json!({
        "effect": effect, "kind": kind, "decision": decision, "lead": lead, "state": state, "attempts": attempts,
        "cause": detail, "at": at, "connection": connection, "trouble": cause, "mend": mend,
    });
    let state = LaneState::named(&state)
        .ok_or_else(|| anyhow::anyhow!("the server names the state `{state}`: it is of a later version"))?;
    Ok((number, OutboxLine { state, what: kind, lead, attempts, at, effect, cause: detail }, whole))
}

async fn mend(place: &Place, choice: &Choice, repair: Repair) -> anyhow::Result<Exit> {
    let number = match place.remote() {
        Some(remote) => {
            let body = match &choice.effect {
                Some(effect) => json!({ "effect": effect }),
                None => json!({ "cause": choice.cause, "connection": choice.connection, "all": choice.all }),
            };
            let verb = if repair == Repair::Retry { "retry" } else { "drop" };
            remote.post::<Mended>(&format!("/v1/outbox/{verb}"), &body).await?.effects
        }
        None => mend_here(place, choice, repair).await?,
    };
    output::line(&match (&choice.effect, repair) {
        (Some(_), Repair::Retry) => "It is tried again, as soon as a server runs on this database.".into(),
        (Some(_), Repair::Drop) => "It is dropped; nothing will be sent.".into(),
        (None, Repair::Retry) => format!("{number} are tried again, as soon as a server runs on this database."),
        (None, Repair::Drop) => format!("{number} are dropped; nothing will be sent."),
    });
    Ok(Exit::Well)
}

async fn mend_here(place: &Place, choice: &Choice, repair: Repair) -> anyhow::Result<u64> {
    let (store, tenant) = place.source.store().await?;
    let now = SystemClock.now();
    let number = if let Some(effect) = &choice.effect {
        let found = store.repair(&tenant, &EffectId::from(effect.as_str()), repair, now).await?;
        anyhow::ensure!(found, "`{tenant}` has no waiting or dead effect `{effect}`: `rota outbox list` lists them");
        1
    } else {
        let connection = choice.connection.as_deref().map(Into::into);
        let group = Group { cause: known(choice.cause.as_deref())?, connection };
        store.mend(&tenant, &group, repair, now).await?
    };
    let thing = choice.effect.as_deref().or(choice.cause.as_deref()).unwrap_or("all").to_owned();
    let action = if repair == Repair::Retry { "outbox.retried" } else { "outbox.dropped" };
    let detail = Some(format!("{number} effects"));
    let change = Change { at: now, who: WHO.into(), action: action.into(), thing, detail };
    store.changed(Some(&tenant), change).await?;
    Ok(number)
}

impl Place {
    fn remote(&self) -> Option<Remote> {
        let server = self.server.clone()?;
        Some(Remote { server, token: self.token.clone(), tenant: self.source.tenant().map(str::to_owned) })
    }
}

/// A cause that there is.
fn known(cause: Option<&str>) -> anyhow::Result<Option<String>> {
    if let Some(cause) = cause {
        anyhow::ensure!(
            Trouble::CODES.contains(&cause),
            "there is no cause `{cause}`: use one of {}",
            Trouble::CODES.join(", ")
        );
    }
    Ok(cause.map(str::to_owned))
}
