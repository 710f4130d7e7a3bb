//! Calls that wait for their decision: first come, first served, and of one key one at a
//! time, so that the second finds what the first was answered.

use std::collections::{HashSet, VecDeque};

use rota_domain::decision::Decision;
use tokio::sync::oneshot;

use crate::enrich::Arrived;
use crate::orders::{Answered, Call, OrderError};
use crate::ports::{Earlier, Entry, EntryBody, Keyed, Payload, Settles};

/// A call with where its answer goes.
pub(crate) struct Placed {
    call: Box<Call>,
    reply: oneshot::Sender<Result<Answered, OrderError>>,
}

impl Placed {
    pub(crate) fn new(call: Box<Call>, reply: oneshot::Sender<Result<Answered, OrderError>>) -> Self {
        Self { call, reply }
    }

    /// The question.
    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    /// The question, as the stages after this one take it.
    pub(crate) fn arrived(&self) -> Arrived {
        let Call { key, payload, flow, apply, received, parent: _ } = &*self.call;
        Arrived {
            inbox: key.clone().map(|key| Settles::Call(Box::new(key))),
            flow: flow.clone(),
            apply: *apply,
            occurred: *received,
            received: *received,
            payload: payload.clone(),
        }
    }

    /// The question, for a host that decides for the tenant where this one does not.
    pub(crate) fn posted(&self) -> Payload {
        let Call { payload, flow, apply, .. } = &*self.call;
        Payload::Call { about: Box::new(payload.clone()), flow: flow.clone(), apply: *apply }
    }

    /// Whether nobody waits for the answer any more.
    pub(crate) fn has_left(&self) -> bool {
        self.reply.is_closed()
    }

    /// Answers. A caller who no longer listens has lost nothing but the answer.
    pub(crate) fn answer(self, answer: Result<Answered, OrderError>) {
        let _ = self.reply.send(answer);
    }
}

/// The answer that an entry gives to the call that it was made from.
pub(crate) fn answer_of(entry: &Entry) -> Option<Answered> {
    match &entry.body {
        EntryBody::Decision(recorded) => {
            Some(Answered { decision: recorded.decision.clone(), acts: recorded.private.acts.clone() })
        }
        _ => None,
    }
}

/// The answer to a key that was used before, `repeated` unless it is the first one; none as long
/// as the question waits.
pub(crate) fn answer_again(earlier: Earlier, repeated: bool) -> Option<Result<Answered, OrderError>> {
    match earlier {
        Earlier::Answered(decision, acts) => Some(Ok(Answered { decision: Decision { repeated, ..*decision }, acts })),
        Earlier::OtherQuestion => Some(Err(OrderError::OtherQuestion)),
        Earlier::Erased => Some(Err(OrderError::Erased)),
        Earlier::Late => Some(Err(OrderError::Late)),
        Earlier::Waiting => None,
    }
}

/// So many calls are taken out of the queue before they are decided.
const MOST: usize = 128;

/// The calls that wait.
#[derive(Default)]
pub(crate) struct Line {
    waiting: VecDeque<Placed>,
    /// Keys of calls that were taken and are not settled yet.
    under_way: HashSet<String>,
}

impl Line {
    pub(crate) fn push(&mut self, placed: Placed) {
        self.waiting.push_back(placed);
    }

    /// Whether no more should be let in: they wait in the queue then, and callers are told when
    /// that is full.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next ones, at most so many, and without those that name a record unless `records`.
    /// Callers who have left are let go, and whose key is under way waits.
    pub(crate) fn take(&mut self, most: usize, records: bool) -> Vec<Placed> {
        let (mut taken, mut held) = (Vec::new(), VecDeque::new());
        while taken.len() < most
            && let Some(placed) = self.waiting.pop_front()
        {
            if placed.has_left() {
                continue;
            }
            if self.is_held(&placed) || !(records || matches!(placed.call.payload, Payload::Lead { .. })) {
                held.push_back(placed);
                continue;
            }
            self.under_way.extend(placed.call.key.iter().map(|key| key.key.clone()));
            taken.push(placed);
        }
        held.append(&mut self.waiting);
        self.waiting = held;
        taken
    }

    /// Calls that were taken wait again, before all others.
    pub(crate) fn put_back(&mut self, calls: Vec<Placed>) {
        for placed in calls.into_iter().rev() {
            self.settle(placed.call.key.as_ref());
            self.waiting.push_front(placed);
        }
    }

    /// A call with this key is under way no more.
    pub(crate) fn settle(&mut self, key: Option<&Keyed>) {
        if let Some(key) = key {
            self.under_way.remove(&key.key);
        }
    }

    /// Whoever waits is told that the tenant is stopped.
    pub(crate) fn refuse(&mut self) {
        for placed in self.waiting.drain(..) {
            placed.answer(Err(OrderError::Stopped));
        }
    }

    fn is_held(&self, placed: &Placed) -> bool {
        placed.call.key.as_ref().is_some_and(|key| self.under_way.contains(&key.key))
    }
}
