//! What hosts tell each other of a connection that is out of order. Why it is stays with the
//! host that found it: a CRM's words may be about a person.

use jiff::{SignedDuration, Timestamp};
use rota_domain::circuit::{Circuit, Standing};
use rota_domain::id::HostId;
use serde::{Deserialize, Serialize};

/// The names of these notes: `circuit/<tenant>/<connection>`.
pub(super) const CIRCUIT: &str = "circuit/";

/// A connection that is not to be used.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Notice {
    /// Until when nothing is sent.
    pub(super) until: Timestamp,
    /// Whether everything goes then, and not one effect first.
    #[serde(default)]
    pub(super) paused: bool,
    /// Since when it is out of order.
    pub(super) since: Timestamp,
    /// When that was found the last time.
    pub(super) at: Timestamp,
    /// How often it opened in a row without an answer.
    #[serde(default)]
    pub(super) opened: u32,
    /// Which host probes, and until when it alone does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probe: Option<(HostId, Timestamp)>,
}

impl Notice {
    /// What there is to tell of a circuit; nothing where it is closed, or just being probed.
    pub(super) fn of(circuit: &Circuit, now: Timestamp) -> Option<Self> {
        let (until, paused) = match circuit.standing() {
            Standing::Closed | Standing::HalfOpen => return None,
            Standing::Open(until) => (until, false),
            Standing::Paused(until) => (until, true),
        };
        let (since, opened) = (circuit.since(), circuit.opened());
        Some(Self { until, paused, since, at: now, opened, probe: None })
    }

    pub(super) fn standing(&self) -> Standing {
        if self.paused { Standing::Paused(self.until) } else { Standing::Open(self.until) }
    }

    /// A note that does not read is of another version: it says nothing.
    pub(super) fn read(note: &str) -> Option<Self> {
        serde_json::from_str(note).ok()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// For how long a note stays that nobody renews: its connection is gone.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// Whether a note on the board is one of these and says nothing any more.
#[must_use]
pub fn is_past(name: &str, note: &str, now: Timestamp) -> bool {
    let past = |notice: Notice| notice.until.duration_until(now) > KEPT;
    name.starts_with(CIRCUIT) && Notice::read(note).is_none_or(past)
}
