//! What shall happen to the lead, and why: a decision cannot be made without its reason.

use crate::Rep;

/// A rule's decision. Make one with [`assign`], [`queue`], [`nurture`], [`pass`], [`reject`]
/// or [`offer`], each followed by `because`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What shall happen.
    pub outcome: Outcome,
    /// Why.
    pub reason: Reason,
}

/// Why a decision was taken. Both parts are shown to people and kept in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A short code for reports, such as `territory` or `account-owner`.
    pub code: String,
    /// One line for a person, such as `US → na`.
    pub detail: String,
}

/// What shall happen to a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This rep owns it.
    Assign(Rep),
    /// Reps are asked.
    Offer(Offer),
    /// It waits in this queue for people to take from.
    Queue(String),
    /// Marketing keeps it for now, in this programme.
    Nurture(String),
    /// This rule has no opinion: the next flow is asked, and the fallback after the last.
    Pass,
    /// It is no lead. It gets no owner and takes no turn.
    Reject,
}

impl Outcome {
    /// Gives the reason, which completes the decision: a short stable code for reports and
    /// one line for a person.
    pub fn because(self, code: impl Into<String>, detail: impl Into<String>) -> Decision {
        Decision { outcome: self, reason: Reason { code: code.into(), detail: detail.into() } }
    }
}

/// Reps who are asked whether they want the lead. Made by [`offer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whom to ask. At least one, none twice.
    pub reps: Vec<Rep>,
    /// True asks all and gives the lead to the first who accepts; false asks one after the
    /// other, in the order of `reps`.
    pub at_once: bool,
    /// How many seconds each has to answer.
    pub answer_within: u32,
    /// With `at_once`: seconds between asking one rep and the next.
    pub stagger: u32,
    /// The queue that gets the lead when nobody accepts.
    pub otherwise: String,
}

impl Offer {
    /// Asks all at once, each so many seconds after the one before; the first who accepts
    /// gets the lead.
    pub fn at_once(mut self, stagger_seconds: u32) -> Self {
        (self.at_once, self.stagger) = (true, stagger_seconds);
        self
    }

    /// Gives the reason, which completes the decision.
    pub fn because(self, code: impl Into<String>, detail: impl Into<String>) -> Decision {
        Outcome::Offer(self).because(code, detail)
    }
}

/// Gives the lead to this rep.
pub fn assign(rep: Rep) -> Outcome {
    Outcome::Assign(rep)
}

/// Puts the lead into a queue, where people take from.
pub fn queue(name: impl Into<String>) -> Outcome {
    Outcome::Queue(name.into())
}

/// Leaves the lead with marketing, in this programme.
pub fn nurture(name: impl Into<String>) -> Outcome {
    Outcome::Nurture(name.into())
}

/// Has no opinion: the next flow is asked, and the fallback after the last.
pub fn pass() -> Outcome {
    Outcome::Pass
}

/// Says that this is no lead.
pub fn reject() -> Outcome {
    Outcome::Reject
}

/// Asks these reps one after the other, each for so many seconds; when nobody accepts, the
/// lead goes to the queue `otherwise`.
pub fn offer(reps: Vec<Rep>, answer_within_seconds: u32, otherwise: impl Into<String>) -> Offer {
    Offer { reps, at_once: false, answer_within: answer_within_seconds, stagger: 0, otherwise: otherwise.into() }
}
