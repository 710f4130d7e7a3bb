//! The ways that a decision can end, each as one function from the draft to what is
//! recorded.

use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::agenda::{For, Line, Wait};
use rota_domain::decision::{Apply, Decision, EffectKind, Outcome, PluginName};
use rota_domain::desk::Owner;
use rota_domain::effect::{About, Act, Effect, Urgency};
use rota_domain::fairness::{Rotation, Turn};
use rota_domain::id::{ConnectionId, DecisionId, EffectId, FlowId, OwnerId, RepId};
use rota_domain::lead::Lead;
use rota_domain::rule::{Answer, Call, Choice, Decided, ErrorCode, Failure, Reason, Verdict, Wish};
use rota_domain::workspace::{Fallback, Flow, Owned, connection_of};

use super::{Around, call, person};
use crate::bindings::Binding;
use crate::enrich::{EnrichedLead, Facts, Occasion};
use crate::ports::{InHand, Private, Recorded};

/// The property that holds the name of the queue where a record waits.
const QUEUE_PROPERTY: &str = "rota_queue";
/// The property that holds the name of the nurture programme that a record joined.
const NURTURE_PROPERTY: &str = "rota_nurture";

/// A decision on its way: what is known before anything is decided, and what was heard.
pub(super) struct Draft<'a> {
    pub(super) around: &'a Around<'a>,
    arrived: EnrichedLead,
    pub(super) decision: Decision,
    private: Private,
    pub(super) acts: Vec<Act>,
    turn: Option<(Turn, Rotation)>,
    counters: Vec<(FlowId, String, i32)>,
    /// The last pool of the flow asked last that had nobody.
    pub(super) nobody: Option<Line>,
    /// What the lead waits for from now on.
    pub(super) waits: Option<For>,
    nanos: u64,
}

impl<'a> Draft<'a> {
    pub(super) fn new(arrived: EnrichedLead, around: &'a Around<'a>, class: &str) -> Self {
        let decision = Decision {
            id: DecisionId::new(around.now, &around.entropy),
            lead: arrived.lead.id.clone(),
            at: around.now,
            flow: None,
            trigger: arrived.lead.trigger.clone(),
            class: class.into(),
            outcome: Outcome::Pass,
            rep: None,
            owner: None,
            pool: None,
            queue: None,
            nurture: None,
            offered: Vec::new(),
            passed_over: around.wait.map(|wait| wait.tried.clone()).unwrap_or_default(),
            reason: Reason::new("", ""),
            fallback: false,
            error: None,
            error_detail: None,
            response_due: None,
            effects: Vec::new(),
            plugin: None,
            revision: around.desk.revision,
            fuel: 0,
            repeated: false,
            of: None,
            marks: Vec::new(),
            apply: arrived.apply,
        };
        let private = Private { lead: Some((*arrived.lead).clone()), ..Private::default() };
        let (acts, counters) = (Vec::new(), Vec::new());
        Self { around, arrived, decision, private, acts, turn: None, counters, nobody: None, waits: None, nanos: 0 }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.arrived.facts
    }

    pub(super) fn attempt(&self) -> u32 {
        self.arrived.attempt
    }

    /// Whether joining this decision gives the lead what it gave: its owner by an id that
    /// this lead's CRM knows, a place, or the word that it is no lead.
    pub(super) fn can_join(&self, earlier: &Decision) -> bool {
        let owner = earlier.rep.as_ref().is_some_and(|rep| self.owner_id(rep).is_ok());
        let place = earlier.queue.is_some() || earlier.nurture.is_some() || self.around.open;
        owner || place || earlier.outcome == Outcome::Reject || earlier.lead == self.decision.lead
    }

    pub(super) fn occasion(&self) -> &Occasion {
        &self.arrived.occasion
    }

    pub(super) fn only_flow(&self) -> Option<&FlowId> {
        self.arrived.flow.as_ref()
    }

    pub(super) fn lead(&self) -> Arc<Lead> {
        self.arrived.lead.clone()
    }

    pub(super) fn call(&self) -> Call {
        call(self.around, &self.decision.trigger, self.arrived.attempt)
    }

    /// Takes down what a plugin said and how it came to it.
    pub(super) fn hear(&mut self, binding: &Binding, answer: Answer) -> Verdict {
        let manifest = &binding.plugin.manifest;
        let digest = &binding.plugin.digest;
        self.private.transcript.push_str(&text(answer.transcript));
        self.private.notes.extend(answer.notes);
        self.private.log.extend(answer.log);
        for mark in answer.marks {
            if !self.decision.marks.iter().any(|known| known == mark) {
                self.decision.marks.push(mark.into());
            }
        }
        self.nobody = answer.nobody;
        self.decision.fuel += answer.fuel;
        self.nanos += answer.nanos;
        self.decision.plugin =
            Some(PluginName { name: manifest.name.clone(), version: manifest.version.clone(), digest: digest.clone() });
        answer.verdict
    }

    /// No flow takes it, and nothing is done.
    pub(super) fn unrouted(mut self, reason: Reason) -> Recorded {
        self.decision.reason = reason;
        self.recorded()
    }

    /// It joins an earlier decision about the same person: no turn, the same owner.
    pub(super) fn coalesced(mut self, flow: &Flow, earlier: &Decision) -> Recorded {
        let decision = &mut self.decision;
        decision.flow = Some(flow.id.clone());
        decision.outcome = Outcome::Coalesced;
        decision.of = Some(earlier.id.clone());
        decision.rep.clone_from(&earlier.rep);
        decision.queue.clone_from(&earlier.queue);
        decision.nurture.clone_from(&earlier.nurture);
        decision.reason = Reason::new("same-person", format!("joins the decision about {}", earlier.lead));
        if decision.lead != earlier.lead {
            if let Some(rep) = earlier.rep.clone() {
                let owner = self.owner_id(&rep).ok().flatten();
                self.own(flow, rep, owner);
            }
            self.park();
            if self.around.open {
                self.decision.reason.detail.push_str(", and waits for what becomes of that");
                self.waits = Some(For::Lead(earlier.lead.clone()));
            }
        } else {
            self.decision.owner.clone_from(&earlier.owner);
        }
        self.recorded()
    }

    /// Somebody active owns it, and stays.
    pub(super) fn kept(mut self, flow: &Flow, owner: &Owner) -> Recorded {
        let decision = &mut self.decision;
        decision.flow = Some(flow.id.clone());
        decision.outcome = Outcome::Kept;
        match owner {
            Owner::Active(rep) => {
                decision.rep = Some(rep.clone());
                decision.reason = Reason::new("owned", format!("{rep} owns it already"));
                let owner = self.owner_id(rep).ok().flatten();
                self.decision.owner = owner;
            }
            Owner::Stranger(owner) => {
                let id = owner.as_str().split_once(':').map_or(owner.as_str(), |(_, id)| id);
                decision.owner = Some(OwnerId::from(id));
                decision.reason = Reason::new("owned", format!("the CRM's owner {id} has it already"));
            }
            Owner::Nobody | Owner::Inactive(_) => {}
        }
        self.recorded()
    }

    /// The rule decided.
    pub(super) fn decided(mut self, flow: &Flow, decided: Decided) -> Recorded {
        let owner = match &decided.choice {
            Choice::Assign(rep) => match self.owner_id(rep) {
                Ok(owner) => owner,
                Err(failure) => return self.failed(flow, &failure),
            },
            _ => None,
        };
        self.decision.flow = Some(flow.id.clone());
        self.decision.reason = decided.reason;
        self.decision.response_due = decided.response_due;
        self.counters = decided.counters.into_iter().map(|(name, value)| (flow.id.clone(), name, value)).collect();
        match decided.choice {
            Choice::Assign(rep) => {
                self.decision.outcome = Outcome::Assign;
                self.own(flow, rep, owner);
            }
            Choice::Offer(to) => self.offer(flow, to),
            Choice::Queue(name) => self.queue(name),
            Choice::Nurture(name) => {
                self.decision.outcome = Outcome::Nurture;
                self.decision.nurture = Some(name);
                self.park();
            }
            Choice::Reject => self.decision.outcome = Outcome::Reject,
        }
        if let Some(turn) = decided.turn {
            self.take(turn);
        }
        for wish in decided.wishes {
            self.grant(wish);
        }
        self.recorded()
    }

    pub(super) fn take(&mut self, turn: Turn) {
        let mut rotation = self.around.desk.rotation(&turn.rotation()).cloned().unwrap_or_default();
        rotation.enter(&turn);
        self.decision.pool = Some(turn.pool.clone());
        self.turn = Some((turn, rotation));
    }

    /// All flows passed: where the last one found nobody, it says what becomes of the lead; a rep
    /// who has it keeps it; else the fallback takes it.
    pub(super) fn passed(mut self, flow: &Flow, reason: Reason) -> Recorded {
        self.decision.reason = reason;
        if self.stays(flow) || self.wait_or_hand_on(flow) {
            return self.recorded();
        }
        self.fall_back(flow);
        self.decision.outcome = Outcome::Pass;
        self.recorded()
    }

    /// The rule failed: the flow's fallback takes the lead, and says why.
    pub(super) fn failed(mut self, flow: &Flow, failure: &Failure) -> Recorded {
        let plugin = self.decision.plugin.as_ref().map_or("the plugin", |plugin| plugin.name.as_str());
        self.decision.reason = Reason::new("fallback", format!("{plugin} failed: {}", failure.code));
        self.decision.error = Some(failure.code);
        self.decision.error_detail = Some(failure.detail.clone());
        if !self.stays(flow) {
            self.fall_back(flow);
        }
        self.recorded()
    }

    /// The host failed at it, and not the rule: the flow's fallback takes the lead.
    pub(super) fn defective(mut self, flow: &Flow) -> Recorded {
        let lead = &self.decision.lead;
        tracing::error!(%lead, flow = %flow.id, "Deciding about a lead met a defect of Rota, and the fallback takes it; please report it");
        self.decision.reason = Reason::new("fallback", "deciding met a defect of Rota");
        self.decision.error = Some(ErrorCode::Defect);
        self.decision.error_detail =
            Some("this is no fault of the rule: report it, and the operator finds where it happened in the log".into());
        self.fall_back(flow);
        self.recorded()
    }

    /// No rule is asked, because nothing would come of it: a queue takes the lead.
    pub(super) fn given_up(mut self, flow: &Flow, reason: Reason) -> Recorded {
        self.decision.flow = Some(flow.id.clone());
        self.decision.fallback = true;
        self.decision.reason = reason;
        match &flow.fallback {
            Fallback::Queue(name) => self.queue(name.clone()),
            Fallback::Rep(_) => self.queue(UNOWNED_QUEUE.into()),
        }
        self.recorded()
    }

    fn fall_back(&mut self, flow: &Flow) {
        self.decision.flow = Some(flow.id.clone());
        self.decision.fallback = true;
        if let Some(Wait { what: For::Answer(offer), .. }) = self.around.wait {
            return self.queue(offer.otherwise.clone());
        }
        let rep = match &flow.fallback {
            Fallback::Rep(rep) => self.able(rep),
            Fallback::Queue(_) => None,
        };
        match (rep, &flow.fallback) {
            (Some((rep, owner)), _) => {
                self.decision.outcome = Outcome::Assign;
                self.own(flow, rep, owner);
            }
            (None, Fallback::Queue(name)) => self.queue(name.clone()),
            (None, Fallback::Rep(rep)) => {
                // Nobody is left whom the flow names, and a lead must never be without a place.
                self.decision.reason.detail.push_str(&format!("; the fallback {rep} cannot be given leads"));
                self.queue(UNOWNED_QUEUE.into());
            }
        }
    }

    pub(super) fn queue(&mut self, name: String) {
        self.decision.outcome = Outcome::Queue;
        self.decision.queue = Some(name);
        self.park();
    }

    pub(super) fn able(&self, rep: &RepId) -> Option<(RepId, Option<OwnerId>)> {
        let owner = self.owner_id(rep).ok()?;
        self.around.desk.is_active(rep).then(|| (rep.clone(), owner))
    }

    /// The rep's id among the owners of the CRM that the lead came from. None where the
    /// lead came from no CRM that the workspace is connected to.
    pub(super) fn owner_id(&self, rep: &RepId) -> Result<Option<OwnerId>, Failure> {
        let Some((connection, _, _)) = self.decision.lead.parts() else {
            return Ok(None);
        };
        let workspace = &self.around.desk.workspace;
        let owner = workspace.rep(rep).and_then(|rep| rep.crm.get(&connection)).cloned();
        if owner.is_none() && workspace.connection(&connection).is_some() {
            let detail =
                format!("`{rep}` has no owner id for the connection `{connection}`: add it under crm in [[reps]]");
            return Err(Failure { code: ErrorCode::BadRep, detail });
        }
        Ok(owner)
    }

    pub(super) fn own(&mut self, flow: &Flow, rep: RepId, owner: Option<OwnerId>) {
        if let Some(owner) = owner.clone() {
            let keep = flow.owned == Owned::Keep;
            self.acts.push(Act::Owner { rep: rep.clone(), owner, keep, attempt: self.arrived.attempt });
        }
        self.decision.rep = Some(rep);
        self.decision.owner = owner;
    }

    fn park(&mut self) {
        let places = [(QUEUE_PROPERTY, &self.decision.queue), (NURTURE_PROPERTY, &self.decision.nurture)];
        for (name, value) in places {
            if let Some(value) = value {
                self.acts.push(Act::Property { name: name.into(), value: value.clone() });
            }
        }
    }

    fn grant(&mut self, wish: Wish) {
        let now = self.around.now;
        self.acts.push(match wish {
            Wish::Property { name, value } => Act::Property { name, value },
            Wish::Note { body } => Act::Note { body, at: now },
            Wish::Notify { destination, message } => {
                let about = Box::new(about(&self.decision));
                Act::Notify { destination, message, about }
            }
            Wish::Task { subject, body, due } => Act::Task {
                subject,
                body,
                due: due.unwrap_or(now),
                owner: self.decision.owner.clone(),
                urgency: Urgency::of_class(&self.decision.class),
            },
        });
    }

    /// By when whoever was given the lead just now shall answer it: as the rule said, else as the
    /// workspace's target says.
    fn response_due(&self) -> Option<Timestamp> {
        let decision = &self.decision;
        let given = matches!(decision.outcome, Outcome::Assign | Outcome::Pass);
        let target = || {
            let rep = decision.rep.as_ref().filter(|_| given)?;
            self.around.desk.deadline(&decision.class, rep, decision.pool.as_ref(), decision.at)
        };
        decision.response_due.or_else(|| target().map(|deadline| deadline.due))
    }

    pub(super) fn recorded(mut self) -> Recorded {
        self.decision.response_due = self.response_due();
        let waits = self.wait_change();
        let kinds = self.acts.iter().map(|act| EffectKind { kind: act.kind().into() });
        self.decision.effects = kinds.collect();
        if self.decision.apply == Apply::Caller {
            self.private.acts = std::mem::take(&mut self.acts);
        }
        let workspace = &self.around.desk.workspace;
        let address =
            self.decision.lead.parts().filter(|(connection, _, _)| workspace.connection(connection).is_some());
        let effects = effects(&self.decision, address.as_ref(), self.acts);
        let mut stages = self.arrived.stages;
        stages.decided = Some(self.around.now);
        Recorded {
            person: person(&self.arrived),
            decision: self.decision,
            private: self.private,
            turn: self.turn,
            counters: self.counters,
            rows: Vec::new(),
            in_hand: InHand::default(),
            waits,
            effects,
            stages,
            decide_nanos: self.nanos,
        }
    }
}

/// Bytes as text: a transcript always is, and is not looked through twice for that.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The queue for a lead whose fallback cannot be given leads.
const UNOWNED_QUEUE: &str = "unowned";

/// A record of a CRM: connection, kind, id.
type Address<'a> = (ConnectionId, &'a str, &'a str);

/// What is to be done to the lead's record, where it has one, and who is to be told of it.
fn effects(decision: &Decision, address: Option<&Address<'_>>, acts: Vec<Act>) -> Vec<Effect> {
    let (object, record) = match address {
        Some((_, object, record)) => ((*object).to_owned(), (*record).to_owned()),
        None => ("lead".into(), decision.lead.to_string()),
    };
    let numbered = acts.into_iter().enumerate().filter_map(|(n, act)| {
        let connection = match (&act, address) {
            (Act::Notify { destination, .. }, _) => connection_of(destination),
            (_, Some((connection, _, _))) => connection.clone(),
            (_, None) => return None,
        };
        let id = EffectId::of(&decision.id, n + 1);
        Some(Effect { id, connection, object: object.clone(), record: record.clone(), act })
    });
    numbered.collect()
}

pub(super) fn about(decision: &Decision) -> About {
    About {
        decision: decision.id.clone(),
        at: decision.at,
        lead: decision.lead.clone(),
        flow: decision.flow.clone(),
        outcome: decision.outcome.as_str().into(),
        rep: decision.rep.clone(),
        owner: decision.owner.clone(),
        queue: decision.queue.clone(),
        offered: None,
        class: decision.class.clone(),
        urgency: Urgency::of_class(&decision.class),
    }
}
