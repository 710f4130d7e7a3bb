//! The demonstration when it is over: what became of the leads, and how fair it was.

use rota_domain::decision::Outcome;

use super::palette::{Palette, Tone};
use super::report::{DemoPool, DemoReport};
use super::text::{counted, fit, grouped, signed, widest};

/// The summary of a demonstration.
#[must_use]
pub fn demo_summary(report: &DemoReport, palette: Palette) -> String {
    let mut lines = vec![String::new(), heading(report, palette), String::new()];
    let most = report.outcomes.values().copied().max().unwrap_or(0);
    for (outcome, count) in &report.outcomes {
        let bar = palette.paint(tone(*outcome), &palette.bar(*count, most, 40));
        lines.push(format!("  {} {:>8}  {bar}", fit(outcome.as_str(), 10), grouped(*count)));
    }
    lines.push(String::new());
    lines.push(format!("  {} {}", fit("fallback", 16), counted(report.fallback, "lead", "leads")));
    let failed = counted(report.failed, "decision", "decisions");
    let failed = if report.failed > 0 { palette.paint(Tone::Bad, &failed) } else { failed };
    lines.push(format!("  {} {failed}", fit("failed", 16)));
    lines.push(format!("  {} {}", fit("owners in CRM", 16), owners(report, palette)));
    let times = [("to decide", &report.decide_us, "µs"), ("to the owner", &report.end_to_end_ms, "ms")];
    for (what, time, unit) in times {
        lines.push(format!(
            "  {} half within {:.0} {unit}, 99 of 100 within {:.0} {unit}",
            fit(what, 16),
            time.p50,
            time.p99
        ));
    }
    for pool in report.pools.iter().filter(|pool| !pool.members.is_empty()) {
        lines.push(String::new());
        lines.extend(shares(pool, palette));
    }
    lines.push(String::new());
    lines.push(palette.paint(Tone::Quiet, &format!("  {}", report.database)));
    lines.join("\n") + "\n"
}

fn heading(report: &DemoReport, palette: Palette) -> String {
    let leads = counted(report.leads, "lead", "leads");
    let seed = format!(", seed {}", report.seed);
    let twins = counted(report.duplicates, "duplicate", "duplicates");
    format!("  {}{}", palette.heading(&leads), palette.paint(Tone::Quiet, &format!(", {twins} among them{seed}")))
}

fn owners(report: &DemoReport, palette: Palette) -> String {
    let (wanted, there) = (grouped(report.owners_expected), grouped(report.owners_in_crm));
    let text = match report.mismatches {
        0 => format!("{there} of {wanted}, each the one decided"),
        n => format!("{there} of {wanted}, {}", counted(n, "mismatch", "mismatches")),
    };
    let good = report.mismatches == 0 && report.owners_in_crm == report.owners_expected;
    palette.paint(if good { Tone::Good } else { Tone::Bad }, &text)
}

fn shares(pool: &DemoPool, palette: Palette) -> Vec<String> {
    let total: u64 = pool.members.iter().map(|member| member.count).sum();
    if total == 0 {
        return vec![format!("  {}, {}", palette.heading(pool.pool.as_str()), palette.paint(Tone::Quiet, "no turns"))];
    }
    let held = pool.max_abs_lag <= pool.bound + 1e-6;
    let lag = format!("furthest from the exact share {:.3}, bound {:.3}", pool.max_abs_lag, pool.bound);
    let title = format!("{}, {}", pool.pool, counted(total, "turn", "turns"));
    let lag = palette.paint(if held { Tone::Quiet } else { Tone::Bad }, &lag);
    let mut lines = vec![format!("  {}  {lag}", palette.heading(&title))];
    let column = widest(pool.members.iter().map(|member| member.rep.as_str()), 18).max(6);
    let most = pool.members.iter().map(|member| member.count).max().unwrap_or(0);
    let head =
        format!("    {} {} {:>7} {:>7} {:>9} {:>7}", fit("rep", column), fit("", 24), "weight", "leads", "due", "lag");
    lines.push(palette.paint(Tone::Quiet, &head));
    for member in &pool.members {
        let bar = fit(&palette.bar(member.count, most, 24), 24);
        lines.push(format!(
            "    {} {} {:>7} {:>7} {:>9.2} {:>7}",
            fit(member.rep.as_str(), column),
            palette.paint(Tone::Good, &bar),
            member.weight,
            grouped(member.count),
            member.due,
            signed(member.due - count(member.count), 2),
        ));
    }
    lines
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Assign | Outcome::Offer => Tone::Good,
        Outcome::Queue => Tone::Warn,
        Outcome::Nurture | Outcome::Coalesced | Outcome::Kept => Tone::Else,
        Outcome::Reject | Outcome::Pass => Tone::Quiet,
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown to two digits")]
fn count(leads: u64) -> f64 {
    leads as f64
}
