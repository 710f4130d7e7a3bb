//! What the flow needs of the world. Each port has its real thing in a crate of its own:
//! `Rules` in rota-rules, `Store` in rota-store, `Crm` in rota-crm, `Clock` in the server.

mod access;
mod crm;
mod outbox;
mod rules;
mod store;

use jiff::Timestamp;

pub use access::Access;
pub use crm::{Carrier, Crm, CrmError, Delivered, Directory, DirectoryOwner, Reading, RecordRef, Wanted};
pub use outbox::{Cause, Group, Letter, Load, Outbox, Sought};
pub use rules::{Plugin, Replays, Rules};
pub use store::{
    Accepted, Arrival, Claim, Entry, EntryBody, LaneState, OutboxRow, Payload, Private, Recalled, Recent, Recorded,
    Repair, Settle, Settlement, Snapshot, Store, StoreError, Stored, Waiting,
};

/// Where the current time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
