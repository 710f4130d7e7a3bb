//! What people read in a terminal, made from the nouns of the domain: pure functions to text,
//! eighty columns wide. Whether there are colours is the caller's to say.

mod access;
mod cases;
mod counters;
mod csv;
mod decision;
mod fairness;
mod findings;
mod inspected;
mod live;
mod log;
mod outbox;
mod palette;
mod plan;
mod plugins;
mod pools;
mod replay;
mod report;
mod revisions;
mod status;
mod summary;
mod text;
mod trial;
mod why;

pub use access::{changes, grants, standings};
pub use cases::cases;
pub use counters::counters;
pub use csv::Export;
pub use fairness::{Fairness, fairness};
pub use findings::findings;
pub use inspected::inspected;
pub use live::demo_line;
pub use log::{NO_DECISIONS, log_line};
pub use outbox::{OutboxLine, outbox};
pub use palette::Palette;
pub use plan::plan;
pub use plugins::{PluginRow, PluginWords, plugins};
pub use pools::pools;
pub use replay::replay;
pub use report::{DemoMember, DemoPool, DemoReport, Percentiles};
pub use revisions::{Revision, revisions};
pub use status::status;
pub use summary::demo_summary;
pub use trial::{figures, trial_tail};
pub use why::{Considered, Sent, Step, ToApply, Why, WhyNot};
