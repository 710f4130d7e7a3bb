//! What becomes of a lead. A pure function of the lead, the tenant's state and the rules:
//! it changes nothing, and the same inputs give the same decision.
//!
//! In order: the same record again joins its decision; a record that somebody active owns
//! is kept; the same person joins the earlier decision; else the enrolled flows are asked
//! one after the other. Whatever happens, the lead ends with an owner, a place or a reason:
//! what cannot be read, asked or delivered goes to the flow's fallback.

mod outcome;
mod resume;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rota_domain::agenda::{For, Offer, Wait};
use rota_domain::class;
use rota_domain::decision::{Decision, Outcome};
use rota_domain::desk::{Desk, Owner};
use rota_domain::id::{FlowId, RepId};
use rota_domain::lead::Lead;
use rota_domain::person::PersonKey;
use rota_domain::rule::{Call, ErrorCode, Failure, Mode, Question, Reason, Verdict};
use rota_domain::workspace::{Flow, Owned};

use crate::bindings::Bindings;
use crate::enrich::{EnrichedLead, Facts, Occasion};
use crate::ports::{Recorded, Rules};
use outcome::Draft;

/// What a decision is taken from, besides the lead.
pub struct Around<'a> {
    /// The tenant's state.
    pub desk: &'a Arc<Desk>,
    /// The plugin of each flow.
    pub bindings: &'a Bindings,
    /// The newest decision about this person, if it is still remembered.
    pub earlier: Option<&'a Decision>,
    /// Whether it is still open who gets the lead of that decision.
    pub open: bool,
    /// What the lead waits for, as the decision before left it.
    pub standing: Option<&'a Wait>,
    /// The same, where it is decided about because that is due, or a rep accepts it: with everybody
    /// whose time is over among those who were tried.
    pub wait: Option<&'a Wait>,
    /// Who runs rules.
    pub rules: &'a dyn Rules,
    /// The time.
    pub now: Timestamp,
    /// Chance, derived from the tenant's seed and the entry's number.
    pub entropy: [u8; 32],
    /// Whether it reaches the world.
    pub mode: Mode,
}

/// Decides about one lead.
#[must_use]
pub fn decide(arrived: EnrichedLead, around: &Around<'_>) -> Recorded {
    let class = class::classify(&around.desk.workspace.sources, &arrived.lead);
    let draft = Draft::new(arrived, around, class);
    match course(&draft, around) {
        Course::Unrouted(reason) => draft.unrouted(reason),
        Course::GivenUp(flow, reason) => draft.given_up(flow, reason),
        Course::Coalesced(flow, earlier) => draft.coalesced(flow, earlier),
        Course::Kept(flow, owner) => draft.kept(flow, &owner),
        Course::Accepted(flow, rep) => draft.accepted(flow, rep),
        Course::Offered(flow, offer) => draft.offered(flow, offer),
        Course::Ask(flows) => ask(draft, &flows, around, class),
    }
}

/// Whether a rule would be asked about a lead; otherwise the host decides alone, and no fuel is
/// used.
#[must_use]
pub fn asks(arrived: &EnrichedLead, around: &Around<'_>) -> bool {
    let draft = Draft::new(arrived.clone(), around, class::UNCLASSIFIED);
    matches!(course(&draft, around), Course::Ask(_))
}

/// How a lead goes, before any rule is asked.
enum Course<'a> {
    Unrouted(Reason),
    GivenUp(&'a Flow, Reason),
    Coalesced(&'a Flow, &'a Decision),
    Kept(&'a Flow, Owner),
    Accepted(&'a Flow, RepId),
    Offered(&'a Flow, Offer),
    Ask(Vec<&'a Flow>),
}

fn course<'a>(draft: &Draft<'_>, around: &'a Around<'_>) -> Course<'a> {
    let lead = &*draft.lead();
    let workspace = &around.desk.workspace;
    let flows = match draft.facts() {
        Facts::Gone => {
            return Course::Unrouted(Reason::new("record-gone", "the CRM does not have this record any more"));
        }
        Facts::Erased => {
            let detail = "the person was erased while this waited, and nothing of it was kept";
            return Course::Unrouted(Reason::new("person-erased", detail));
        }
        // The ledger enters those without a decision.
        Facts::Closed | Facts::Responded | Facts::Declined(_) | Facts::Row(_) => {
            return Course::Unrouted(Reason::new("not-decided", "nothing is to be decided about the lead"));
        }
        Facts::Disconnected(connection) => {
            let detail = format!("the workspace has no connection `{connection}` any more, by which this came");
            return Course::Unrouted(Reason::new("no-connection", detail));
        }
        // Nothing is known that conditions could look at: the first flow for such records it is.
        Facts::Refused(_) if draft.only_flow().is_none() => {
            workspace.flows.iter().filter(|flow| flow.enrol.object == lead.object).collect()
        }
        Facts::Known | Facts::Refused(_) => enrolled(&workspace.flows, lead, draft.only_flow()),
    };
    let Some(first) = flows.first().copied() else {
        return Course::Unrouted(Reason::new("not-enrolled", "no flow takes such a lead"));
    };
    if let Facts::Refused(why) = draft.facts() {
        return Course::GivenUp(first, Reason::new("record-unreadable", why.clone()));
    }
    if draft.attempt() > OWNER_ATTEMPTS && lead.trigger == DELIVERY_FAILED {
        let reason = Reason::new(DELIVERY_FAILED, "the CRM takes none of the owners that were chosen");
        return Course::GivenUp(first, reason);
    }
    if let Some(wait) = around.wait.filter(|wait| !matches!(wait.what, For::Lead(_))) {
        return resumed(draft, flows, wait, around);
    }
    let joined = joinable(around, first, lead).filter(|earlier| draft.can_join(earlier));
    if let Some(earlier) = joined.filter(|earlier| earlier.lead == lead.id) {
        return Course::Coalesced(first, earlier);
    }
    let owner = around.desk.owner(lead.owner.as_deref(), lead.owner_left);
    if first.owned == Owned::Keep && is_active(&owner, lead) {
        return Course::Kept(first, owner);
    }
    match joined {
        Some(earlier) => Course::Coalesced(first, earlier),
        None => Course::Ask(flows),
    }
}

/// How a lead goes on that waited for something: whoever owns it by now keeps it, but for a rep from
/// whom an answer was waited for in vain.
fn resumed<'a>(draft: &Draft<'_>, flows: Vec<&'a Flow>, wait: &Wait, around: &Around<'_>) -> Course<'a> {
    let (lead, first) = (&*draft.lead(), flows[0]);
    let owner = around.desk.owner(lead.owner.as_deref(), lead.owner_left);
    let theirs = matches!((&wait.what, &owner), (For::Response { rep, .. }, Owner::Active(owner)) if rep == owner);
    if first.owned == Owned::Keep && is_active(&owner, lead) && !theirs {
        return Course::Kept(first, owner);
    }
    if let Occasion::Accepted(rep) = draft.occasion() {
        return Course::Accepted(first, rep.clone());
    }
    if let For::Answer(offer) = &wait.what {
        let mut offer = offer.clone();
        offer.go_on(around.now, |rep| around.desk.is_active(rep));
        if !offer.asked.is_empty() {
            return Course::Offered(first, offer);
        }
    }
    Course::Ask(flows)
}

/// What becomes of a lead with which `decide` met a defect of the host: no rule is asked and no
/// condition looked at again. The first flow for such records takes it.
#[must_use]
pub fn defect(arrived: EnrichedLead, around: &Around<'_>) -> Recorded {
    let lead = arrived.lead.clone();
    let draft = Draft::new(arrived, around, class::UNCLASSIFIED);
    let mut flows = around.desk.workspace.flows.iter();
    let flow = match draft.only_flow() {
        Some(only) => flows.find(|flow| flow.id == *only),
        None => flows.find(|flow| flow.enrol.object == lead.object),
    };
    match flow {
        Some(flow) => draft.defective(flow),
        None => draft.unrouted(Reason::new("defect", "deciding met a defect of Rota, and no flow takes such a lead")),
    }
}

/// Who the person of a lead is, for finding an earlier decision.
#[must_use]
pub fn person(arrived: &EnrichedLead) -> PersonKey {
    PersonKey::of(&arrived.lead)
}

/// The flows that take this lead, in the workspace's order. What a person or the host
/// itself asks for needs no trigger in `enrol.on`.
fn enrolled<'a>(flows: &'a [Flow], lead: &Lead, only: Option<&FlowId>) -> Vec<&'a Flow> {
    if let Some(only) = only {
        return flows.iter().filter(|flow| flow.id == *only).collect();
    }
    let from_crm = ["created", "changed"].contains(&lead.trigger.as_str());
    let takes = |flow: &&Flow| {
        flow.enrol.object == lead.object
            && (!from_crm || flow.enrol.on.contains(&lead.trigger))
            && flow.enrol.condition.as_ref().is_none_or(|condition| condition.holds(lead))
    };
    flows.iter().filter(takes).collect()
}

/// The earlier decision that this lead may join: about the same person, inside the flow's
/// window, and still good. Another flow's decision counts where it gave the person an
/// owner: the same person has the same owner.
fn joinable<'a>(around: &Around<'a>, flow: &Flow, lead: &Lead) -> Option<&'a Decision> {
    let earlier = around.earlier?;
    let window = SignedDuration::from_mins(i64::from(flow.coalesce.0));
    // What waited for that decision joins it, however long it took.
    let behind = around.wait.is_some_and(|wait| matches!(&wait.what, For::Lead(other) if *other == earlier.lead));
    let fresh = behind || around.now.duration_since(earlier.at) < window;
    let same = earlier.flow.as_ref() == Some(&flow.id) || earlier.rep.is_some();
    // The host asks again because the decision about this record came to nothing.
    let came_to_nothing = lead.trigger == DELIVERY_FAILED && earlier.lead == lead.id;
    let stands = earlier.rep.as_ref().is_none_or(|rep| around.desk.is_active(rep));
    (fresh && same && stands && !came_to_nothing).then_some(earlier)
}

/// The trigger of a lead whose owner the CRM would not take.
pub const DELIVERY_FAILED: &str = "delivery-failed";

/// How many owners of a lead are tried before its flow's fallback takes it.
pub const OWNER_ATTEMPTS: u32 = 3;

fn is_active(owner: &Owner, lead: &Lead) -> bool {
    match owner {
        Owner::Active(_) => true,
        Owner::Stranger(_) => !lead.owner_left,
        Owner::Nobody | Owner::Inactive(_) => false,
    }
}

fn ask(mut draft: Draft<'_>, flows: &[&Flow], around: &Around<'_>, class: &str) -> Recorded {
    let class: Arc<str> = class.into();
    let mut passed = None;
    for flow in flows {
        let Some(binding) = around.bindings.flows.get(&flow.id) else {
            let detail = format!("this host has no plugin for the flow `{}`", flow.id);
            return draft.failed(flow, &Failure { code: ErrorCode::Compile, detail });
        };
        let question = Question {
            plugin: binding.plugin.digest.clone(),
            limits: binding.limits,
            flow: flow.id.clone(),
            settings: binding.settings.clone(),
            call: draft.call(),
            lead: draft.lead(),
            class: class.clone(),
            desk: around.desk.clone(),
            place: draft.place(),
            passed_over: around.wait.map(|wait| wait.tried.as_slice().into()).unwrap_or_default(),
        };
        // Nothing of the question is looked at after a panic, which is the host's own.
        let Ok(answer) = catch_unwind(AssertUnwindSafe(|| around.rules.ask(question))) else {
            return draft.defective(flow);
        };
        match draft.hear(binding, answer) {
            Verdict::Decided(decided) => return draft.decided(flow, *decided),
            Verdict::Failed(failure) => return draft.failed(flow, &failure),
            Verdict::Passed(reason) => passed = Some((*flow, reason)),
        }
    }
    match passed {
        Some((flow, reason)) => draft.passed(flow, reason),
        None => draft.unrouted(Reason::new("not-enrolled", "no flow takes such a lead")),
    }
}

/// Whether later events about the same person may join this decision.
#[must_use]
pub fn is_joinable(decision: &Decision) -> bool {
    decision.flow.is_some() && decision.outcome != Outcome::Coalesced
}

/// The circumstances that a rule gets.
fn call(around: &Around<'_>, trigger: &str, attempt: u32) -> Call {
    let e = around.entropy;
    Call {
        now: around.now,
        seed: u32::from_be_bytes([e[16], e[17], e[18], e[19]]),
        trigger: trigger.into(),
        attempt,
        mode: around.mode,
    }
}
