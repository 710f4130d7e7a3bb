//! What the flow needs of the world. Each port has its real thing in a crate of its own:
//! `Rules` in rota-rules, `Store` in rota-store, `Crm` in rota-crm, `Clock` in the server.

mod access;
mod board;
mod crm;
mod entry;
mod leases;
mod library;
mod outbox;
mod people;
mod retention;
mod revisions;
mod rules;
mod store;
mod tenancy;
mod vault;
mod watch;

use jiff::Timestamp;

pub use access::Access;
pub use board::{Board, Whose};
pub use crm::{
    AccountInfo, Carrier, Crm, CrmError, Delivered, Directory, DirectoryOwner, PropertyInfo, Reading, RecordRef, Wanted,
};
pub use entry::{Earlier, Entry, EntryBody, InHand, Keyed, Private, Recorded, Settles, WaitChange};
pub use leases::{Leased, Leases, Posted};
pub use library::Library;
pub use outbox::{
    Cause, Claim, Group, LaneState, Letter, Letters, Load, Outbox, OutboxRow, Repair, Settle, Settlement, Sought,
};
pub use people::{AboutDecision, Dossier, Erased, Erasure, People, Whom};
pub use retention::{LetGo, Retention, Summed, Swept};
pub use revisions::{Kept, Origin, Past, Revisions};
pub use rules::{Plugin, Replays, Rules};
pub use store::{
    Accepted, Arrival, Before, Departed, Given, LogEnd, Payload, Recalled, Recent, Snapshot, Store, StoreError, Stored,
    Waiting,
};
pub use tenancy::{Restanding, Tenancy};
pub use vault::{KeptSecret, SecretName, SecretValue, Vault};
pub use watch::{Failing, Health, LOOKED_AT, Queue, Waits, Watch, Writing};

/// Where the current time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
