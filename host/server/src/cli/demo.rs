//! `rota demo`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use rota_domain::decision::Outcome;
use rota_domain::fairness::report;
use rota_flow::ports::Stored;

use super::output;
use crate::demo::{Options, Stage};
use crate::exit::Exit;
use crate::show::{DemoPool, DemoReport, Palette, Percentiles, demo_line, demo_summary};

/// How many people appear at once with `--once`.
const CROWD: usize = 50;
/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(60);
/// With one person after the other: the time between two.
const PACE: Duration = Duration::from_millis(120);
/// How long everything may take to become quiet after the last decision.
const PATIENCE: Duration = Duration::from_mins(10);

/// Watch leads being routed: a double of HubSpot and Rota, talking over real HTTP
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// End when every lead has its owner, instead of staying up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// How many leads come.
    #[arg(long, value_name = "NUMBER", default_value_t = 120)]
    leads: usize,
    /// What the people are drawn from.
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    seed: u64,
    /// Where decisions are kept; a new file [default: one in the temporary directory].
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,
    /// Let the CRM fail now and then, lose answers, and repeat and shuffle its webhooks.
    #[arg(long)]
    faults: bool,
    /// Print the totals as one line of JSON, and nothing else.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    anyhow::ensure!(arguments.leads > 0, "--leads 0 leaves nothing to show: ask for at least one");
    let database = arguments.db.clone().map_or_else(temporary, Ok)?;
    let options =
        Options { leads: arguments.leads, seed: arguments.seed, database: database.clone(), faults: arguments.faults };
    let stage = Stage::set(&options).await?;
    let palette = output::palette();
    if !arguments.json {
        introduce(&stage, &database, arguments.once);
    }
    let played = tokio::select! {
        played = play(&stage, arguments, palette) => Some(played?),
        stopped = super::serve::told_to_stop() => { stopped?; None }
    };
    let exit = match played {
        None => Exit::Well,
        Some(log) => {
            let report = totals(&stage, &log, &options).await?;
            let mismatched = report.mismatches > 0;
            conclude(&report, &log, &database, arguments.json, palette)?;
            if !arguments.once {
                stay(&stage).await?;
            }
            if mismatched { Exit::Finding } else { Exit::Well }
        }
    };
    stage.strike().await;
    Ok(exit)
}

fn temporary() -> anyhow::Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix("rota-demo-")
        .tempdir()
        .context("cannot make a temporary directory: name a file with --db")?;
    Ok(folder.keep().join("demo.db"))
}

fn introduce(stage: &Stage, database: &std::path::Path, once: bool) {
    let (host, crm) = stage.addresses();
    let pools = stage.workspace.pools.len();
    let (reps, flows) = (stage.workspace.reps.len(), stage.workspace.flows.len());
    output::line(&format!("Rota on {host}, a double of HubSpot on {crm}."));
    output::line(&format!(
        "{} leads come, {reps} reps in {pools} pools take them, {flows} flows decide.",
        stage.cast()
    ));
    if !once {
        output::line(&format!("Ctrl-C ends it. The log stays in {}.", database.display()));
    }
    output::line("");
}

/// Lets everybody appear, and shows each decision as it comes, until all is quiet.
async fn play(stage: &Stage, arguments: &Arguments, palette: Palette) -> anyhow::Result<Vec<Stored>> {
    let cast = async {
        let crowd = if arguments.once { CROWD } else { 1 };
        for from in (0..stage.cast()).step_by(crowd) {
            stage.appear(from, crowd).await?;
            if !arguments.once {
                tokio::time::sleep(PACE).await;
            }
        }
        anyhow::Ok(())
    };
    let watch = async {
        let mut log: Vec<Stored> = Vec::new();
        let mut waited = Duration::ZERO;
        loop {
            let after = log.last().map_or(0, |stored| stored.seq);
            let fresh = stage.decisions(after).await?;
            if !arguments.json {
                show(stage, &fresh, palette).await?;
            }
            waited = if fresh.is_empty() { waited + LOOK } else { Duration::ZERO };
            log.extend(fresh);
            let asked = stage.answer_offers().await?;
            let decided: std::collections::HashSet<_> = log.iter().map(|stored| &stored.decision.lead).collect();
            if !asked && decided.len() >= stage.cast() && stage.is_quiet().await? {
                return anyhow::Ok(log);
            }
            anyhow::ensure!(
                waited < PATIENCE,
                "nothing has happened for {} s, and leads still wait: look at `rota outbox list`",
                PATIENCE.as_secs()
            );
            tokio::time::sleep(LOOK).await;
        }
    };
    let (cast, log) = tokio::join!(cast, watch);
    cast?;
    log?;
    // Read again: owners were confirmed after the decisions had been shown.
    stage.log().await
}

async fn show(stage: &Stage, fresh: &[Stored], palette: Palette) -> anyhow::Result<()> {
    for stored in fresh {
        let lead = stage.recall(stored).await?.and_then(|recalled| recalled.private?.lead);
        output::line(&demo_line(&stored.decision, lead.as_ref(), &stage.workspace, palette));
    }
    Ok(())
}

async fn totals(stage: &Stage, log: &[Stored], options: &Options) -> anyhow::Result<DemoReport> {
    let connection = stage.workspace.connections.first().map_or("", |connection| connection.id.as_str());
    let truth = stage.truth().await?.compare(log, connection);
    let mut outcomes: BTreeMap<Outcome, u64> = BTreeMap::new();
    // What became of each lead: who was asked to take it, and did not, is not the end.
    let ends: BTreeMap<_, _> = log.iter().map(|stored| (&stored.decision.lead, stored.decision.outcome)).collect();
    ends.into_values().for_each(|outcome| *outcomes.entry(outcome).or_default() += 1);
    let count = |test: &dyn Fn(&Stored) -> bool| log.iter().filter(|stored| test(stored)).count() as u64;
    let turns = log.iter().filter_map(|stored| Some((&stored.decision.id, stored.decision.at, stored.turn.as_ref()?)));
    let asked = log.iter().filter(|stored| stored.decide_nanos > 0);
    let confirmed = log.iter().filter_map(|stored| {
        let (from, to) = (stored.stages.occurred?, stored.stages.owner_confirmed?);
        Some(to.duration_since(from).as_secs_f64() * 1e3)
    });
    Ok(DemoReport {
        leads: stage.cast() as u64,
        duplicates: count(&|stored| stored.decision.outcome == Outcome::Coalesced),
        fallback: count(&|stored| stored.decision.fallback),
        failed: count(&|stored| stored.decision.error.is_some()),
        owners_expected: truth.expected as u64,
        owners_in_crm: truth.present as u64,
        mismatches: truth.mismatches as u64,
        pools: DemoPool::all(&stage.workspace, &report(turns)),
        decide_us: Percentiles::of(asked.map(|stored| stored.decide_nanos as f64 / 1e3).collect()),
        end_to_end_ms: Percentiles::of(confirmed.collect()),
        database: options.database.display().to_string(),
        seed: options.seed,
        outcomes,
    })
}

fn conclude(
    report: &DemoReport,
    log: &[Stored],
    database: &std::path::Path,
    json: bool,
    palette: Palette,
) -> anyhow::Result<()> {
    if json {
        return output::json(report);
    }
    output::line(demo_summary(report, palette).trim_end());
    let shown = database.display();
    let example = log.iter().find(|stored| stored.decision.pool.is_some()).or(log.first());
    if let Some(stored) = example {
        output::line(&format!(
            "\n  Ask on: rota why {} --db {shown}\n          rota fairness --db {shown}",
            stored.decision.lead
        ));
    }
    Ok(())
}

async fn stay(stage: &Stage) -> anyhow::Result<()> {
    let (_, crm) = stage.addresses();
    output::line(&format!(
        "\n  Rota stays up; Ctrl-C ends it. Another lead:\n  curl -d '{{\"properties\":{{\"email\":\"you@there.example\",\"country\":\"US\",\"lifecyclestage\":\"marketingqualifiedlead\"}}}}' \\\n       -H 'Content-Type: application/json' {crm}/_sandbox/contacts"
    ));
    super::serve::told_to_stop().await
}
