//! What is asked of a tenant's sequencer while it runs. Each order is answered after the
//! commit that it led to.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
pub use rota_domain::decision::Apply;
use rota_domain::decision::Decision;
use rota_domain::effect::Act;
use rota_domain::id::{ConnectionId, FlowId};
use rota_domain::workspace::Workspace;
use tokio::sync::{mpsc, oneshot};

use crate::bindings::Bindings;
use crate::ports::{Crm, Keyed, Origin, Payload, StoreError};

/// Orders of one tenant that may wait. Who comes later is told to come again.
const QUEUE: usize = 256;

/// What a tenant decides under: a workspace, with everything that it names.
#[derive(Clone)]
pub struct Revision {
    /// The workspace, settings included.
    pub workspace: Arc<Workspace>,
    /// The plugin of each flow, and the tables.
    pub bindings: Arc<Bindings>,
    /// The bytes of components and tables, to be kept with the workspace.
    pub kept: Vec<Arc<[u8]>>,
    /// The CRM accounts.
    pub crms: BTreeMap<ConnectionId, Arc<dyn Crm>>,
    /// Whence it came, if somebody applied it: then it is entered even where the workspace
    /// says what it said before, for its files have other words.
    pub origin: Option<Origin>,
}

/// A lead whose caller waits for the decision. Who no longer waits when its turn comes is not
/// decided about.
#[derive(Clone, Debug)]
pub struct Call {
    /// What lets it be repeated: a second call with this key is answered with the first one's
    /// decision.
    pub key: Option<Keyed>,
    /// The lead, or the record that it is read from.
    pub payload: Payload,
    /// Ask this flow only.
    pub flow: Option<FlowId>,
    /// Who carries the effects out.
    pub apply: Apply,
    /// When it was received.
    pub received: Timestamp,
    /// The span that asked, as a W3C `traceparent`, where traces are made.
    pub parent: Option<String>,
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The decision; `repeated` where the call had been answered before.
    pub decision: Decision,
    /// What the caller is to do, where it is the caller who does it.
    pub acts: Vec<Act>,
}

/// Why an order came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OrderError {
    /// Too many wait already; nothing was taken in.
    #[error("{waiting} orders of this tenant wait already")]
    Full {
        /// How many.
        waiting: usize,
    },
    /// The sequencer has stopped; nothing was taken in.
    #[error("the tenant is being stopped")]
    Stopped,
    /// The workspace is another one than the order was made for.
    #[error("the workspace is at revision {now} by now")]
    Moved {
        /// The revision that is there.
        now: u64,
    },
    /// The key was used for another question.
    #[error("this key was used for another call")]
    OtherQuestion,
    /// Whoever calls was asked to take a lead, and is too late: it is somebody's, or their time is over.
    #[error("the lead is somebody else's by now, or the time to answer is over")]
    Late,
    /// It waited to be decided about, and the person was erased meanwhile.
    #[error("the person was erased while this call waited to be decided about")]
    Erased,
    /// It asks a rule, and the tenant's rules have used their fuel; nothing was taken in.
    #[error("the rules of this tenant have used the fuel of this minute")]
    Spent {
        /// How long until there is some again.
        wait: SignedDuration,
    },
    /// The record could not be read from its CRM.
    #[error("the record cannot be read now: {0}")]
    Unreadable(String),
    /// The host failed at it; nothing was recorded.
    #[error("deciding ended in a defect of Rota; nothing was recorded")]
    Defect,
    /// The store failed; whether anything was recorded is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One order, with where its answer goes.
pub enum Order {
    /// Decide about a lead now.
    Route(Box<Call>, oneshot::Sender<Result<Answered, OrderError>>),
    /// Decide under this from now on, if the workspace stands at that revision; answered with
    /// the number of the new revision.
    Revise(Box<Revision>, Option<u64>, oneshot::Sender<Result<u64, OrderError>>),
}

/// The way to a tenant's sequencer.
#[derive(Clone, Debug)]
pub struct Orders(mpsc::Sender<Order>);

impl Orders {
    /// A queue of orders: the way in, and what the sequencer takes from.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Order>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Decides about a lead, and answers once the decision is durable. Whoever drops this
    /// withdraws the call, unless it is being decided already.
    ///
    /// # Errors
    /// Why it was not decided.
    pub async fn route(&self, call: Call) -> Result<Answered, OrderError> {
        let (reply, answer) = oneshot::channel();
        self.place(Order::Route(Box::new(call), reply))?;
        answer.await.unwrap_or(Err(OrderError::Stopped))
    }

    /// Lets the tenant decide under another revision from now on. What is under way ends
    /// under the one before.
    ///
    /// # Errors
    /// Why the one before stays.
    pub async fn revise(&self, revision: Revision, base: Option<u64>) -> Result<u64, OrderError> {
        let (reply, answer) = oneshot::channel();
        self.place(Order::Revise(Box::new(revision), base, reply))?;
        answer.await.unwrap_or(Err(OrderError::Stopped))
    }

    fn place(&self, order: Order) -> Result<(), OrderError> {
        self.0.try_send(order).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => OrderError::Full { waiting: QUEUE },
            mpsc::error::TrySendError::Closed(_) => OrderError::Stopped,
        })
    }
}
