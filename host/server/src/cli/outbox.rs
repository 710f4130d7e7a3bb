//! `rota outbox`: in a database, or on a server over HTTP.

use clap::Subcommand;
use rota_domain::delivery::Trouble;
use rota_domain::id::EffectId;
use rota_flow::ports::{Clock as _, Group, LaneState, Repair, Sought};
use serde_json::{Value, json};

use super::output;
use super::reach::{Database, Reach, Reached, WHO, whole};
use super::remote::Remote;
use crate::clock::SystemClock;
use crate::exit::Exit;
use crate::outbox::{Choice, Mended, Mending, OutboxEffect, is_cause};
use crate::show::{OutboxLine, outbox};

/// How many effects are read at a time.
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
        reach: Reach,
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
        which: Which,
        #[command(flatten)]
        reach: Reach,
    },
    /// Give effects up
    Drop {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        reach: Reach,
    },
}

/// Which effects: one, the dead ones with a cause, or all dead ones.
#[derive(Debug, clap::Args)]
#[group(id = "which", required = true, multiple = false, args = ["effect", "cause", "all"])]
struct Which {
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

/// What an effect is to do, in few words, and the effect.
type Worded = (String, OutboxEffect);

#[tokio::main(flavor = "current_thread")]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.verb {
        Verb::List { reach, dead, cause, connection, limit, json } => {
            let sought = Sought {
                state: dead.then_some(LaneState::Dead),
                connection: connection.as_deref().map(Into::into),
                cause: known(cause.as_deref())?,
                after: 0,
                limit: *limit,
            };
            let effects = match reach.open().await? {
                Reached::Server(remote) => over_http(remote, &sought).await?,
                Reached::Database(database) => in_database(&database, reach, sought).await?,
            };
            show(effects, *json)
        }
        Verb::Retry { which, reach } => mend(reach, which, Repair::Retry).await,
        Verb::Drop { which, reach } => mend(reach, which, Repair::Drop).await,
    }
}

fn show(effects: Vec<Worded>, as_json: bool) -> anyhow::Result<Exit> {
    if as_json {
        effects.iter().try_for_each(|(_, effect)| output::json(&machine(effect)))?;
        return Ok(Exit::Well);
    }
    let lines: Vec<OutboxLine> = effects.into_iter().map(line).collect::<anyhow::Result<_>>()?;
    output::line(outbox(&lines, output::palette()).trim_end());
    Ok(Exit::Well)
}

async fn over_http(remote: &Remote, sought: &Sought) -> anyhow::Result<Vec<Worded>> {
    let asked = [
        ("state", sought.state.map(LaneState::as_str)),
        ("cause", sought.cause.as_deref()),
        ("connection", sought.connection.as_ref().map(|id| id.as_str())),
    ];
    let asked = asked.iter().filter_map(|(key, value)| Some(format!("{key}={}", (*value)?)));
    let path = match asked.collect::<Vec<_>>().join("&") {
        none if none.is_empty() => "/v1/outbox".into(),
        asked => format!("/v1/outbox?{asked}"),
    };
    let effects: Vec<OutboxEffect> = whole(remote, &path, None, sought.limit as usize).await?;
    let worded = |effect: OutboxEffect| (effect.kind.clone(), effect);
    Ok(effects.into_iter().map(worded).collect())
}

async fn in_database(database: &Database, reach: &Reach, mut sought: Sought) -> anyhow::Result<Vec<Worded>> {
    let (tenant, mut left, mut effects) = (database.meant(reach).await?, sought.limit, Vec::new());
    while left > 0 {
        sought.limit = left.min(PAGE);
        let page = database.store.list(&tenant, &sought).await?;
        let Some(last) = page.last else { break };
        sought.after = last;
        left = left.saturating_sub(u32::try_from(page.letters.len()).unwrap_or(u32::MAX));
        effects.extend(page.letters.into_iter().map(|letter| {
            let words = OutboxLine::from(&letter.row).what;
            (words, OutboxEffect::from(letter))
        }));
    }
    Ok(effects)
}

/// An effect as one line of JSON.
fn machine(effect: &OutboxEffect) -> Value {
    json!({
        "effect": effect.effect, "kind": effect.kind, "decision": effect.decision, "lead": effect.lead,
        "state": effect.state, "attempts": effect.attempts, "cause": effect.detail, "at": effect.at,
        "connection": effect.connection, "trouble": effect.cause, "mend": effect.mend,
    })
}

fn line((what, effect): Worded) -> anyhow::Result<OutboxLine> {
    let OutboxEffect { effect, lead, state, attempts, detail, at, .. } = effect;
    let state = LaneState::named(&state)
        .ok_or_else(|| anyhow::anyhow!("the server names the state `{state}`: it is of a later version"))?;
    Ok(OutboxLine { state, what, lead, attempts, at, effect, cause: detail })
}

async fn mend(reach: &Reach, which: &Which, repair: Repair) -> anyhow::Result<Exit> {
    let number = match reach.open().await? {
        Reached::Server(remote) => {
            let body = match &which.effect {
                Some(effect) => json!({ "effect": effect }),
                None => json!({ "cause": which.cause, "connection": which.connection, "all": which.all }),
            };
            let verb = if repair == Repair::Retry { "retry" } else { "drop" };
            remote.post::<Mended>(&format!("/v1/outbox/{verb}"), &body).await?.effects
        }
        Reached::Database(database) => mend_here(&database, reach, which, repair).await?,
    };
    output::line(&match (&which.effect, repair) {
        (Some(_), Repair::Retry) => "It is tried again, as soon as a server runs on this database.".into(),
        (Some(_), Repair::Drop) => "It is dropped; nothing will be sent.".into(),
        (None, Repair::Retry) => format!("{number} are tried again, as soon as a server runs on this database."),
        (None, Repair::Drop) => format!("{number} are dropped; nothing will be sent."),
    });
    Ok(Exit::Well)
}

async fn mend_here(database: &Database, reach: &Reach, which: &Which, repair: Repair) -> anyhow::Result<u64> {
    let tenant = database.meant(reach).await?;
    let choice = match &which.effect {
        Some(effect) => Choice::One(EffectId::from(effect.as_str())),
        None => Choice::Dead(Group {
            cause: known(which.cause.as_deref())?,
            connection: which.connection.as_deref().map(Into::into),
        }),
    };
    let mending = Mending { store: &*database.store, outbox: &*database.store, access: &*database.access };
    let number = mending.mend(&tenant, choice, repair, WHO.into(), SystemClock.now()).await?;
    if let Some(effect) = &which.effect {
        anyhow::ensure!(
            number > 0,
            "`{tenant}` has no waiting or dead effect `{effect}`: `rota outbox list` lists them"
        );
    }
    Ok(number)
}

/// A cause that there is.
fn known(cause: Option<&str>) -> anyhow::Result<Option<String>> {
    if let Some(cause) = cause {
        anyhow::ensure!(is_cause(cause), "there is no cause `{cause}`: use one of {}", Trouble::CODES.join(", "));
    }
    Ok(cause.map(str::to_owned))
}
