//! What an author sees of a decision besides the reasons: what the rule wrote, what it cost,
//! and how the cost of many spreads.

use super::palette::Palette;
use super::text::{COLUMNS, fit, grouped, wrap};
use crate::bench::{Figures, Spread};
use crate::trial::Tried;

/// The end of `rota run`: the rule's log, and the cost.
#[must_use]
pub fn trial_tail(tried: &Tried, palette: Palette) -> String {
    let mut lines = Vec::new();
    let log = &tried.recorded.private.log;
    if !log.is_empty() {
        lines.extend([String::new(), palette.heading("What it logged")]);
        let wrapped = log.iter().flat_map(|line| wrap(line, COLUMNS - 2));
        lines.extend(wrapped.map(|line| format!("  {line}")));
    }
    lines.extend([String::new(), palette.heading("What it cost")]);
    if tried.asked.is_empty() {
        lines.push("  nothing: the host decided without asking the plugin".into());
    }
    for (question, answer) in &tried.asked {
        let (fuel, granted) = (grouped(answer.fuel), grouped(question.limits.fuel));
        lines.push(format!("  fuel {fuel} of {granted}, {} µs; `rota bench` says more", answer.nanos / 1_000));
    }
    lines.push(String::new());
    lines.push("Nothing was stored, and nothing was sent.".into());
    lines.join("\n") + "\n"
}

/// The table of `rota bench`.
#[must_use]
pub fn figures(figures: &Figures, from: &str) -> String {
    let Figures { decisions, leads, .. } = figures;
    let leads = if *leads == 1 { "one lead".into() } else { format!("{leads} leads in turn") };
    let micros = |nanos: u64| format!("{}.{}", grouped(nanos / 1_000), nanos % 1_000 / 100);
    let time = |label: &str, spread: &Spread| table_row(label, [spread.p50, spread.p99, spread.max].map(micros));
    let fuel = [figures.fuel.p50, figures.fuel.p99, figures.fuel.max].map(grouped);
    let kib = |bytes: usize| grouped(bytes as u64 >> 10);
    [
        format!("{from}: {} decisions, {leads}", grouped((*decisions).into())),
        String::new(),
        table_row("", ["p50", "p99", "largest"].map(str::to_owned)),
        table_row("fuel", fuel),
        time("decision, µs of processor time", &figures.total_nanos),
        time("  instantiate", &figures.instantiate_nanos),
        time("  call", &figures.call_nanos),
        time("  clear away", &figures.clear_nanos),
        String::new(),
        format!("memory: {} KiB at most, {} KiB granted", kib(figures.memory), kib(figures.memory_granted)),
        format!("fuel granted: {} a decision", grouped(figures.fuel_granted)),
        String::new(),
    ]
    .join("\n")
}

fn table_row(label: &str, cells: [String; 3]) -> String {
    let [a, b, c] = cells;
    format!("{} {a:>12} {b:>12} {c:>12}", fit(label, 32)).trim_end().to_owned()
}
