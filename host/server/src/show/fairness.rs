//! How fairly the log's turns were given: pool by pool, rep by rep.

use rota_domain::fairness::{MemberReport, PoolReport};
use rota_domain::id::DecisionId;
use schemars::JsonSchema;
use serde::Serialize;

use super::palette::{Palette, Tone};
use super::text::{counted, day_and_clock, fit, grouped, signed, widest};

/// What `rota fairness --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Fairness<'a> {
    /// Whether no run left its bound.
    pub ok: bool,
    /// The pools that gave turns.
    pub pools: &'a [PoolReport],
}

impl<'a> Fairness<'a> {
    /// What these pools come to.
    #[must_use]
    pub fn of(pools: &'a [PoolReport]) -> Self {
        Self { ok: pools.iter().all(PoolReport::holds), pools }
    }
}

/// Fairness as people read it.
#[must_use]
pub fn fairness(pools: &[PoolReport], palette: Palette) -> String {
    if pools.is_empty() {
        return "No turns were taken yet, so there is nothing to compare. Leads that a pool's\n\
                rotation gives away are counted here; `rota demo` makes some.\n"
            .into();
    }
    let mut lines = Vec::new();
    for pool in pools {
        let (bound, lag) = pool.widest();
        let verdict = if pool.holds() {
            palette.paint(Tone::Good, "within the bound")
        } else {
            let what = if pool.broken.is_empty() { "out of bounds" } else { "against its word" };
            palette.paint(Tone::Bad, what)
        };
        let runs = u64::try_from(pool.runs.len()).unwrap_or(0) + pool.runs_before;
        let runs = counted(runs, "run", "runs");
        let policy = pool.policy.name();
        let picks = counted(pool.picks, "turn", "turns");
        lines.push(format!(
            "{}  by {policy}, {picks} in {runs}, furthest {lag:.3} of {bound:.3} leads: {verdict}",
            palette.heading(pool.pool.as_str())
        ));
        let column = widest(pool.members.iter().map(|member| member.rep.as_str()), 19).max(3);
        let head =
            format!("  {} {:>8} {:>10} {:>8} {:>8}  when (UTC)", fit("rep", column), "got", "due", "lag", "worst");
        lines.push(palette.paint(Tone::Quiet, &head));
        lines.extend(pool.members.iter().map(|member| row(member, column)));
        for run in pool.runs.iter().filter(|run| run.max_abs_lag > run.bound + 1e-6) {
            lines.push(palette.paint(
                Tone::Bad,
                &format!("  turns {} to {}: {:.3} leads, bound {:.3}", run.from, run.to, run.max_abs_lag, run.bound),
            ));
        }
        for broken in &pool.broken {
            let words = format!("  {}: {} ({})", broken.decision, broken.promise.words(), broken.rep);
            lines.push(palette.paint(Tone::Bad, &words));
        }
        lines.push(String::new());
    }
    lines.push(match Fairness::of(pools).ok {
        true => "Nobody was further from the exact share than is stated.".into(),
        false if pools.iter().all(|pool| pool.broken.is_empty()) => {
            palette.paint(Tone::Bad, "Somebody was further from the exact share than is stated.")
        }
        false => palette.paint(Tone::Bad, "Some turns were not those that their pools promise."),
    });
    lines.join("\n") + "\n"
}

fn row(member: &MemberReport, column: usize) -> String {
    let when = member.worst_at.as_ref().and_then(DecisionId::taken);
    let row = format!(
        "  {} {:>8} {:>10.2} {:>8} {:>8}  {}",
        fit(member.rep.as_str(), column),
        grouped(member.got),
        member.due,
        signed(member.lag, 3),
        signed(member.worst_lag, 3),
        when.map(day_and_clock).unwrap_or_default()
    );
    row.trim_end().to_owned()
}
