//! Effects that are still on their way, or that a person has to look at.

use jiff::Timestamp;
use rota_domain::effect::Act;
use rota_flow::ports::{LaneState, OutboxRow};

use super::palette::{Palette, Tone};
use super::text::{COLUMNS, counted, cut, day_and_clock, fit, wrap};

/// An effect on its way, as a line.
#[derive(Clone, Debug)]
pub struct OutboxLine {
    /// Where it is.
    pub state: LaneState,
    /// What is to be done, in few words.
    pub what: String,
    /// The lead.
    pub lead: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it reached this state, or is tried next.
    pub at: Timestamp,
    /// Its id.
    pub effect: String,
    /// Why it is not done.
    pub cause: Option<String>,
}

impl From<&OutboxRow> for OutboxLine {
    fn from(row: &OutboxRow) -> Self {
        Self {
            state: row.state,
            what: act(&row.effect.act),
            lead: row.lead.to_string(),
            attempts: row.attempts,
            at: row.at,
            effect: row.effect.id.to_string(),
            cause: row.cause.clone(),
        }
    }
}

/// The lines of the outbox, with what can be done about the dead ones.
#[must_use]
pub fn outbox(rows: &[OutboxLine], palette: Palette) -> String {
    if rows.is_empty() {
        return "The outbox is empty: everything that was decided has reached the CRM.\n".into();
    }
    let mut lines = Vec::new();
    for row in rows {
        let tone = tone(row.state);
        let attempts = match row.attempts {
            0 => "not sent yet".into(),
            n => counted(n.into(), "attempt", "attempts"),
        };
        lines.push(format!(
            "{} {} {} {} {}",
            palette.paint(tone, &fit(row.state.as_str(), 10)),
            fit(&row.what, 22),
            fit(&row.lead, 15),
            fit(&attempts, 12),
            palette.paint(Tone::Quiet, &cut(&day_and_clock(row.at)[5..], 14)),
        ));
        lines.push(palette.paint(Tone::Quiet, &format!("{}{}", fit("", 11), row.effect)));
        if let Some(cause) = &row.cause {
            lines.extend(wrap(cause, COLUMNS - 11).into_iter().map(|line| format!("{}{line}", fit("", 11))));
        }
    }
    let dead = rows.iter().filter(|row| row.state == LaneState::Dead);
    if let Some(first) = dead.clone().next() {
        lines.push(String::new());
        let count = counted(u64::try_from(dead.count()).unwrap_or(0), "effect waits", "effects wait");
        lines.push(format!("{} for a person. Once the cause is mended:", palette.paint(Tone::Bad, &count)));
        lines.push(format!("  rota outbox retry {}", first.effect));
    }
    lines.join("\n") + "\n"
}

/// What is to be done, in few words.
pub(super) fn act(act: &Act) -> String {
    match act {
        Act::Owner { rep, owner, .. } => format!("owner {rep} ({owner})"),
        Act::Property { name, value } => format!("{name} = {value}"),
        Act::Task { subject, .. } => format!("task {subject}"),
        Act::Note { body, .. } => format!("note {body}"),
        Act::Notify { destination, .. } => format!("notify {destination}"),
    }
}

/// The colour of a state.
pub(super) fn tone(state: LaneState) -> Tone {
    match state {
        LaneState::Waiting | LaneState::Held => Tone::Warn,
        LaneState::Done => Tone::Good,
        LaneState::Superseded | LaneState::Dropped => Tone::Quiet,
        LaneState::Dead => Tone::Bad,
    }
}
