//! One lead's wait, as the log keeps it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Line, trigger};
use crate::decision::Offered;
use crate::id::{DecisionId, FlowId, LeadId, RepId};

/// What a lead waits for after a decision about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The number of the decision's entry.
    #[serde(skip)]
    pub entry: u64,
    /// The decision, which has the lead as it was then.
    pub decision: DecisionId,
    /// Since when: of a lead that keeps its place in a line, since it got there.
    pub since: Timestamp,
    /// The flow that is asked again.
    pub flow: FlowId,
    /// How often a rule was asked so far because of the same event.
    pub attempt: u32,
    /// Who had the lead, or was asked, and is not again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<RepId>,
    /// For what.
    #[serde(rename = "for")]
    pub what: For,
}

/// What a lead waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum For {
    /// That the rep who got it answers.
    Response {
        /// Who.
        rep: RepId,
        /// By when; none where only their leaving is waited for.
        due: Option<Timestamp>,
    },
    /// That somebody is there who can be given it.
    Turn {
        /// Whose turn it waits for.
        line: Line,
        /// What is most worth goes first; 0 where nothing is said of that.
        worth: i64,
    },
    /// That a rep who was asked accepts.
    Answer(Offer),
    /// What becomes of this lead, which is of the same person and waits itself.
    Lead(LeadId),
}

/// In what order the reps of an offer are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferOrder {
    /// One after the other.
    InTurn,
    /// All; the first who accepts gets the lead.
    AtOnce,
}

/// A lead that reps are asked to take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// In what order.
    pub order: OfferOrder,
    /// How long each has to answer, in seconds.
    pub within: u32,
    /// Between asking one and the next, under [`OfferOrder::AtOnce`], in seconds.
    pub stagger: u32,
    /// The queue that gets the lead when nobody accepts.
    pub otherwise: String,
    /// Who was asked and has not declined, in that order.
    pub asked: Vec<Offered>,
    /// Who is to be asked yet, in this order.
    pub rest: Vec<RepId>,
    /// When the last of those who were asked declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<Timestamp>,
}

impl Wait {
    /// What a lead waits for after the first decision because of an event.
    #[must_use]
    pub fn first(entry: u64, decision: DecisionId, since: Timestamp, flow: FlowId, what: For) -> Self {
        Self { entry, decision, since, flow, attempt: 1, tried: Vec::new(), what }
    }

    /// When the clock ends it, or the next of an offer's reps is asked.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match &self.what {
            For::Response { due, .. } => *due,
            For::Turn { .. } | For::Lead(_) => None,
            For::Answer(offer) => offer.next_change(),
        }
    }

    /// The rep whose answer it waits for, where it is only one's.
    #[must_use]
    pub fn rep(&self) -> Option<&RepId> {
        match &self.what {
            For::Response { rep, .. } => Some(rep),
            For::Turn { .. } | For::Answer(_) | For::Lead(_) => None,
        }
    }

    /// Why it is decided about again once its time has come.
    #[must_use]
    pub fn trigger(&self, now: Timestamp) -> &'static str {
        match &self.what {
            For::Response { .. } => trigger::SLA_BREACHED,
            For::Turn { .. } | For::Lead(_) => trigger::RELEASED,
            For::Answer(offer) if offer.declined.is_some() => trigger::OFFER_DECLINED,
            For::Answer(offer) if offer.asked.iter().any(|asked| asked.until <= now) => trigger::OFFER_EXPIRED,
            For::Answer(_) => trigger::OFFER_NEXT,
        }
    }

    /// Whether this rep was asked and can accept at that time.
    #[must_use]
    pub fn is_open_to(&self, rep: &RepId, at: Timestamp) -> bool {
        match &self.what {
            For::Answer(offer) => offer.asked.iter().any(|asked| asked.rep == *rep && at < asked.until),
            For::Response { .. } | For::Turn { .. } | For::Lead(_) => false,
        }
    }

    /// Whether nobody has the lead yet, and its own clock or line says who will.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.what, For::Turn { .. } | For::Answer(_))
    }
}

impl Offer {
    /// When somebody's time is over, or the next one is asked.
    fn next_change(&self) -> Option<Timestamp> {
        if self.declined.is_some() {
            return self.declined;
        }
        let over = self.asked.iter().map(|asked| asked.until).min();
        over.into_iter().chain(self.next_asked()).min()
    }

    /// When the next one is asked though others are asked already.
    fn next_asked(&self) -> Option<Timestamp> {
        let staggered = self.order == OfferOrder::AtOnce && !self.rest.is_empty();
        let last = self.asked.iter().map(|asked| asked.until).max().filter(|_| staggered)?;
        last.checked_sub(SignedDuration::from_secs(self.within.into())).ok()?.checked_add(self.pause()).ok()
    }

    fn pause(&self) -> SignedDuration {
        SignedDuration::from_secs(self.stagger.into())
    }

    /// What is left of it at that time: whose time is over is asked no more, and who is next is.
    /// Gives who is asked no more, and who is from now on.
    pub fn go_on(&mut self, now: Timestamp, able: impl Fn(&RepId) -> bool) -> (Vec<RepId>, Vec<RepId>) {
        let over: Vec<Offered> = self.asked.extract_if(.., |asked| asked.until <= now).collect();
        let next = self.next_asked();
        self.declined = None;
        let mut new = Vec::new();
        let all = self.order == OfferOrder::AtOnce && self.stagger == 0;
        let one_more = |this: &Self| match this.order {
            OfferOrder::InTurn => this.asked.is_empty(),
            OfferOrder::AtOnce => this.asked.is_empty() || next.is_some_and(|next| next <= now),
        };
        let until = now.checked_add(SignedDuration::from_secs(self.within.into())).unwrap_or(Timestamp::MAX);
        while !self.rest.is_empty() && (all || (new.is_empty() && one_more(self))) {
            let rep = self.rest.remove(0);
            if able(&rep) {
                self.asked.push(Offered { rep: rep.clone(), until });
                new.push(rep);
            }
        }
        (over.into_iter().map(|asked| asked.rep).collect(), new)
    }

    /// This rep is asked no more.
    pub fn decline(&mut self, rep: &RepId, now: Timestamp) {
        self.asked.retain(|asked| asked.rep != *rep);
        self.declined = self.asked.is_empty().then_some(now);
    }
}
