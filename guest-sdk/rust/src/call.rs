//! The circumstances of one decision.

use crate::Instant;

/// The circumstances of one decision: the only time and chance that a rule gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The time of the decision.
    pub now: Instant,
    /// A number that differs from decision to decision, for rules that want chance.
    pub seed: u32,
    /// What caused this decision: `created`, `changed`, `manual`; later releases add others.
    /// Treat one that you do not know as `changed`.
    pub trigger: String,
    /// 1 for the first decision about this lead because of this event, then 2, 3, …
    pub attempt: u32,
    /// `live`, or `test`, `shadow`, `replay`. A rule should decide the same in all of them.
    pub mode: String,
}
