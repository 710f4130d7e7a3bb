//! What a turn goes by besides who is there, in pools that say more than their members.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Absent, By, Candidate, Hand};
use crate::id::{RepId, RotationId};
use crate::location::Unplaced;

/// What a turn goes by besides who is there. All of it is empty in a pool that says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Besides {
    /// The rotation that gave it, where that is not the pool's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationId>,
    /// The table that the weights come from, where a pool says so and the rule gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Who would be a candidate, but has nothing by that table, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_share: Vec<RepId>,
    /// Why it does not go by distance, where the pool would have it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplaced: Option<Unplaced>,
    /// Whose turn it is, where a backup takes it in their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<RepId>,
    /// The candidates who are not there themselves, each with who stands in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backups: Vec<Backup>,
    /// Who would be a candidate, but is not there, by id; where shares or levels have to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Candidate>,
    /// Whose turn came before it and found them absent, by id; where the policy goes by an order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<RepId>,
    /// Who would be a candidate, but is too far ahead of the others, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<Candidate>,
    /// How many leads ahead that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<u32>,
    /// What is kept for who is absent.
    #[serde(default, skip_serializing_if = "Absent::is_skip")]
    pub absence: Absent,
    /// Whether a person gave the lead, and it is no turn: its rep was served, and that is all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// Whether it pays a turn that was kept, beside the rotation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_up: bool,
    /// How each of the candidates stood before it: under `quota` what they were owed, in thousandths of a lead;
    /// where turns go by who had one when, how many turns ago that was, 0 for never. For people only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stood: Vec<i32>,
    /// What is open with each of the candidates, where the policy goes by that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<u32>,
    /// The capacity of each, where it goes by that as well, and how free capacity is measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capacity: Vec<u32>,
    /// See there.
    #[serde(default, skip_serializing_if = "By::is_count")]
    pub by: By,
    /// Which candidates are new, or there again, and begin level with the others, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<RepId>,
    /// Who was there before it and is absent now, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<RepId>,
    /// When it is taken, where turns are kept for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A rep who takes turns in the name of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Whose turns.
    pub of: RepId,
    /// Who takes them.
    pub by: RepId,
}

impl Besides {
    /// Whether there is nothing of it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// What is in the hands of the candidates.
    pub(super) fn hands(&self) -> Vec<Hand> {
        let capacity = |place: usize| self.capacity.get(place).copied().unwrap_or(0);
        self.open.iter().enumerate().map(|(place, open)| Hand { open: *open, capacity: capacity(place) }).collect()
    }

    /// The second in which it is taken.
    pub(super) fn second(&self) -> i64 {
        self.at.map_or(0, Timestamp::as_second)
    }
}
