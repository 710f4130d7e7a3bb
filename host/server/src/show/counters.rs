//! The counters of flows, a line each.

use rota_domain::desk::Counters;

use super::palette::{Palette, Tone};
use super::text::{cut, fit, widest};

/// The counters, flow by flow.
#[must_use]
pub fn counters(counters: &Counters, palette: Palette) -> String {
    let rows: Vec<_> =
        counters.iter().flat_map(|(flow, named)| named.iter().map(move |(name, value)| (flow, name, value))).collect();
    if rows.is_empty() {
        return "No flow keeps a counter. Rules make them with `state.add`, and people with `rota state set`.\n".into();
    }
    let flows = widest(rows.iter().map(|(flow, ..)| flow.as_str()), 20);
    let lines = rows.into_iter().map(|(flow, name, value)| {
        format!("{}  {} {value:>11}\n", palette.paint(Tone::Quiet, &fit(flow.as_str(), flows)), fit(&cut(name, 44), 44))
    });
    lines.collect()
}
