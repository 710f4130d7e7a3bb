//! The verbs of Rota, in the order in which a lead walks them, and the ports they need.
//!
//! `ingest` takes an event in, `enrich` reads what the rules may see, `decide` asks them,
//! `record` commits, `apply` carries effects out. Each takes the value that the stage before
//! returned. `sequencer` and `courier` are the two loops that walk a lead along. What
//! touches the world stands behind the ports in `ports`.

pub mod affinity;
pub mod apply;
pub mod bindings;
mod calls;
pub mod counters;
pub mod courier;
pub mod decide;
mod deciding;
pub mod enrich;
mod erasing;
pub mod ingest;
pub mod journal;
pub mod ledger;
pub mod link;
pub mod orders;
pub mod ports;
pub mod sequencer;
pub mod share;
pub mod statuses;
pub mod tally;
pub mod waiting;
