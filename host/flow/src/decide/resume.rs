//! What a lead waits for after a decision, and the ways that a wait can go on: it is offered to the
//! next rep, accepted, handed to another pool, or stays where it is.

use rota_domain::agenda::{For, Line, Lines, Offer, Place, Wait, trigger};
use rota_domain::decision::Outcome;
use rota_domain::desk::Ask;
use rota_domain::effect::{About, Act};
use rota_domain::id::RepId;
use rota_domain::lead::Lead;
use rota_domain::rule::{OfferTo, Reason};
use rota_domain::workspace::{Flow, Nobody, Workspace};

use super::outcome::{Draft, about};
use crate::ports::{Recorded, WaitChange};

/// How often a rule is asked again because of the same event. What it does then stays.
const ASKED_AGAIN: u32 = 10;

impl Draft<'_> {
    /// The lead's place in line, if it waited for a turn.
    pub(super) fn place(&self) -> Option<Place> {
        match self.around.wait {
            Some(Wait { what: For::Turn { worth, .. }, since, .. }) => {
                Some(Lines::place(self.decision.lead.clone(), *since, *worth))
            }
            _ => None,
        }
    }

    /// A rep who has the lead already keeps it, where no rule says otherwise; false if there is none.
    pub(super) fn stays(&mut self, flow: &Flow) -> bool {
        let Some(Wait { what: For::Response { rep, .. }, .. }) = self.around.wait else { return false };
        let Some((rep, owner)) = self.able(rep) else { return false };
        self.decision.flow = Some(flow.id.clone());
        self.decision.outcome = Outcome::Kept;
        self.decision.reason.detail.push_str(&format!("; it stays with {rep}"));
        (self.decision.rep, self.decision.owner) = (Some(rep), owner);
        true
    }

    /// Where nobody of a pool was there, does what the flow says; false where that is the fallback.
    pub(super) fn wait_or_hand_on(&mut self, flow: &Flow) -> bool {
        let Some(line) = self.nobody.take() else { return false };
        match &flow.nobody {
            Nobody::Fallback => false,
            Nobody::Wait => self.wait_for(flow, line),
            Nobody::Pool(pool) => {
                let passed_over = &self.decision.passed_over;
                let lead = self.lead();
                let kinds = self.around.desk.kinds(&lead);
                let ask = Ask {
                    flow: Some(&flow.id),
                    lead: Some(&lead),
                    kinds: &kinds,
                    passed_over,
                    ..Ask::of(pool, self.around.now)
                };
                let Some(turn) = self.around.desk.turn(&ask) else { return false };
                let Some((rep, owner)) = self.able(&turn.rep) else { return false };
                self.decision.flow = Some(flow.id.clone());
                self.decision.outcome = Outcome::Assign;
                let detail = format!("nobody of `{}` can be given it; it is the turn of `{pool}`", line.pool);
                self.decision.reason = Reason::new("handed-on", detail);
                self.own(flow, rep, owner);
                self.take(turn);
                true
            }
        }
    }

    fn wait_for(&mut self, flow: &Flow, line: Line) -> bool {
        // It was let go because somebody is there, whom its rule would not have: it would be for ever.
        if matches!(self.around.wait, Some(Wait { what: For::Turn { line: before, .. }, .. }) if *before == line) {
            return false;
        }
        self.decision.flow = Some(flow.id.clone());
        self.decision.reason = Reason::new("waits", format!("nobody of `{}` can be given a lead now", line.pool));
        let worth = worth(&self.around.desk.workspace, &line, &self.lead());
        self.queue(line.pool.to_string());
        self.waits = Some(For::Turn { line, worth });
        true
    }

    /// The rule offers the lead: the first are asked at once.
    pub(super) fn offer(&mut self, flow: &Flow, to: OfferTo) {
        let OfferTo { mut reps, order, within, stagger, otherwise } = to;
        reps.retain(|rep| !self.decision.passed_over.contains(rep));
        let mut offer = Offer { order, within, stagger, otherwise, asked: Vec::new(), rest: reps, declined: None };
        let (_, new) = offer.go_on(self.around.now, |rep| self.able(rep).is_some());
        if offer.asked.is_empty() {
            self.decision.flow = Some(flow.id.clone());
            self.decision.reason.detail.push_str("; nobody is left to be asked");
            return self.queue(offer.otherwise);
        }
        self.asks(offer, &new);
    }

    /// The offer goes on: the next are asked.
    pub(super) fn offered(mut self, flow: &Flow, offer: Offer) -> Recorded {
        let asked = |wait: &Wait, rep: &RepId| wait.is_open_to(rep, self.around.now);
        let new = offer.asked.iter().map(|asked| &asked.rep);
        let new: Vec<RepId> =
            new.filter(|rep| self.around.wait.is_none_or(|wait| !asked(wait, rep))).cloned().collect();
        self.decision.flow = Some(flow.id.clone());
        let names: Vec<&str> = new.iter().map(RepId::as_str).collect();
        self.decision.reason = Reason::new(self.decision.trigger.clone(), format!("{} is asked now", names.join(", ")));
        self.asks(offer, &new);
        self.recorded()
    }

    fn asks(&mut self, offer: Offer, new: &[RepId]) {
        self.decision.outcome = Outcome::Offer;
        self.decision.offered.clone_from(&offer.asked);
        if let Some(destination) = &self.around.desk.workspace.offers {
            for asked in offer.asked.iter().filter(|asked| new.contains(&asked.rep)) {
                let message = format!("{} can take this lead until {}", asked.rep, asked.until);
                let about = Box::new(About { offered: Some(asked.clone()), ..about(&self.decision) });
                self.acts.push(Act::Notify { destination: destination.clone(), message, about });
            }
        }
        self.waits = Some(For::Answer(offer));
    }

    /// A rep who was asked takes it.
    pub(super) fn accepted(mut self, flow: &Flow, rep: RepId) -> Recorded {
        let owner = match self.owner_id(&rep) {
            Ok(owner) => owner,
            Err(failure) => return self.failed(flow, &failure),
        };
        self.decision.flow = Some(flow.id.clone());
        self.decision.outcome = Outcome::Assign;
        self.decision.reason = Reason::new("accepted", format!("{rep} was asked, and took it"));
        self.own(flow, rep, owner);
        self.recorded()
    }

    /// What the lead waits for after this decision.
    pub(super) fn wait_change(&mut self) -> WaitChange {
        if let Some(what) = self.waits.take().or_else(|| self.response()) {
            return self.wait(what).map_or(WaitChange::AsBefore, |wait| WaitChange::For(Box::new(wait)));
        }
        let Some(standing) = self.around.standing else { return WaitChange::AsBefore };
        let decision = &self.decision;
        let same = match (decision.outcome, &standing.what) {
            _ if self.around.wait.is_some() => false,
            (Outcome::Coalesced, _) => true,
            (Outcome::Kept, For::Response { rep, .. }) => decision.rep.as_ref() == Some(rep),
            // No flow takes it as it is now; what was promised before holds.
            (Outcome::Pass, _) => decision.flow.is_none(),
            _ => false,
        };
        if same { WaitChange::AsBefore } else { WaitChange::Ended }
    }

    fn wait(&self, what: For) -> Option<Wait> {
        let Self { decision, around, .. } = self;
        let resumed = around.wait;
        let same_line = |before: &&Wait| match (&before.what, &what) {
            (For::Turn { line: before, .. }, For::Turn { line, .. }) => before.pool == line.pool,
            _ => false,
        };
        Some(Wait {
            entry: 0,
            decision: decision.id.clone(),
            since: around.standing.filter(same_line).map_or(decision.at, |before| before.since),
            flow: decision.flow.clone()?,
            attempt: self.attempt(),
            tried: resumed.map(|wait| wait.tried.clone()).unwrap_or_default(),
            what,
        })
    }

    /// The answer that is waited for from whoever was given the lead just now, if the flow asks for it.
    fn response(&self) -> Option<For> {
        let decision = &self.decision;
        let rep = decision.rep.as_ref().filter(|_| matches!(decision.outcome, Outcome::Assign | Outcome::Pass))?;
        let flow = self.around.desk.workspace.flow(decision.flow.as_ref()?)?;
        let wishes = |trigger: &str| flow.ask_again.iter().any(|wished| wished == trigger);
        let due = decision.response_due.filter(|_| wishes(trigger::SLA_BREACHED));
        let again = decision.passed_over.contains(rep) || self.attempt() > ASKED_AGAIN;
        (!again && (due.is_some() || wishes(trigger::REP_LEFT))).then(|| For::Response { rep: rep.clone(), due })
    }
}

/// What a lead is worth that waits in this line: the whole number that the pool's property begins with.
fn worth(workspace: &Workspace, line: &Line, lead: &Lead) -> i64 {
    let property = workspace.pool(&line.pool).and_then(|pool| pool.queue.value.as_ref());
    let text =
        property.and_then(|name| lead.properties.get(name)).and_then(|value| value.as_deref()).unwrap_or_default();
    text.trim().split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
}
