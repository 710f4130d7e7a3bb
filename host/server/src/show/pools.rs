//! Pools as people read them: a line a member, and who is next.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rota_domain::desk::Availability;
use rota_domain::fairness::Policy;
use rota_domain::id::RepId;
use rota_domain::load::Left;
use rota_domain::workspace::{Condition, Weights};

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, counted, cut, fit, percent, signed, widest};
use crate::pools::{PoolMember, PoolState};

/// Pools, one after the other, as they stand at that time.
#[must_use]
pub fn pools(states: &[PoolState], now: Timestamp, palette: Palette) -> String {
    if states.is_empty() {
        return "The workspace has no pools. Write some as [[pools]] in workspace.toml.\n".into();
    }
    let pools: Vec<String> = states.iter().map(|pool| one(pool, now, palette)).collect();
    pools.join("\n")
}

fn one(pool: &PoolState, now: Timestamp, palette: Palette) -> String {
    let hours = pool.calendar.as_ref().map(|calendar| format!(", in the hours of {calendar}")).unwrap_or_default();
    let weights = pool.weights.as_ref().map(by_metric).unwrap_or_default();
    let total: u64 = pool.members.iter().map(|member| u64::from(member.weight)).sum();
    let mut lines = vec![format!(
        "{}  by {}{weights}, {}{hours}",
        palette.heading(pool.id.as_str()),
        pool.policy.name(),
        counted(pool.turns, "turn", "turns")
    )];
    let column = widest(pool.members.iter().map(|member| member.rep.as_str()), 20).max(3);
    let head = format!("  {} {:>6} {:>7} {:>9}  {}", fit("rep", column), "weight", "owed", "open", "now");
    lines.push(palette.paint(Tone::Quiet, &head));
    lines.extend(pool.members.iter().map(|member| row(member, column, total, now, palette)));
    if pool.waiting > 0 {
        let leads = if pool.waiting == 1 { "1 lead waits" } else { &format!("{} leads wait", pool.waiting) };
        let since = pool.waiting_since.map(|since| format!(", since {}", moment(since, now))).unwrap_or_default();
        lines.push(palette.paint(Tone::Warn, &format!("  {leads} for a turn{since}")));
    }
    let coming: Vec<&str> = pool.coming.iter().map(|rep| rep.as_str()).collect();
    let names = |reps: &[RepId]| reps.iter().map(RepId::as_str).collect::<Vec<_>>().join(" ");
    for flow in &pool.flows {
        lines.push(cut(
            &format!("  next of {}, {}: {}", flow.flow, counted(flow.turns, "turn", "turns"), names(&flow.coming)),
            COLUMNS,
        ));
    }
    lines.push(match coming.as_slice() {
        [] if pool.policy == Policy::Nearest => "  next: who is nearest".into(),
        [] => palette.paint(Tone::Warn, "  nobody can be given a lead now"),
        some => cut(&format!("  next: {}", some.join(" ")), COLUMNS),
    });
    lines.join("\n") + "\n"
}

/// Where the weights come from.
fn by_metric(weights: &Weights) -> String {
    match weights.days {
        Some(days) => format!(" weighed by {} of {}", weights.metric, counted(days.into(), "day", "days")),
        None => format!(" weighed by {}", weights.metric),
    }
}

fn row(member: &PoolMember, column: usize, total: u64, now: Timestamp, palette: Palette) -> String {
    let open = match (member.open, member.capacity) {
        (Some(open), Some(capacity)) => format!("{open}/{capacity}"),
        (Some(open), None) => open.to_string(),
        (None, _) => String::new(),
    };
    let weight = match (member.amount, member.score) {
        (Some(_), _) => percent(member.weight, total),
        (None, Some(score)) => score.to_string(),
        (None, None) => member.weight.to_string(),
    };
    let start =
        format!("  {} {weight:>6} {:>7} {open:>9}  ", fit(member.rep.as_str(), column), signed(member.credit, 2));
    let tone = if member.availability == Availability::Available { Tone::Good } else { Tone::Quiet };
    let stands = cut(&standing(member, now), COLUMNS.saturating_sub(start.len()));
    start + &palette.paint(tone, &stands)
}

/// Whether a member is there, until when, and what is left of their caps.
fn standing(member: &PoolMember, now: Timestamp) -> String {
    let mut words = match member.availability {
        Availability::Available => "there",
        Availability::Away => "away",
        Availability::OffShift => "off shift",
        Availability::Capped => "has as many as allowed",
        Availability::Inactive => "gone",
    }
    .to_owned();
    if let Some(until) = member.until {
        words += &format!(" until {}", moment(until, now));
    }
    if let Some(amount) = member.amount {
        words += &format!(", has {amount}");
    }
    let stretch = |cap: &Left| if cap.rolling { "any" } else { "this" };
    if member.kept > 0 {
        words += &format!(", {} kept", counted(u64::try_from(member.kept).unwrap_or(0), "turn", "turns"));
    }
    let left = |cap: &Left| {
        let within = cap.per.map_or_else(String::new, |per| format!(" in {} {}", stretch(cap), per.name()));
        let open = if cap.per.is_none() { " open" } else { "" };
        let kind = cap.when.as_ref().map(|when| format!(" by {}", properties(when))).unwrap_or_default();
        format!(", {} of {}{open} left{within}{kind}", cap.left, cap.leads)
    };
    words + &member.caps.iter().map(left).collect::<String>()
}

/// What a condition looks at.
fn properties(when: &Condition) -> String {
    let mut properties = BTreeSet::new();
    when.collect_properties(&mut properties);
    properties.into_iter().collect::<Vec<_>>().join(" and ")
}

/// The time of day where that is enough, in UTC.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let near = at.duration_since(now).abs() < jiff::SignedDuration::from_hours(24);
    at.strftime(if near { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" }).to_string()
}
