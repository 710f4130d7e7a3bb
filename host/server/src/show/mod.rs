//! What people read in a terminal, made from the nouns of the domain: pure functions to text,
//! eighty columns wide. Whether there are colours is the caller's to say.

mod cases;
mod counters;
mod decision;
mod fairness;
mod findings;
mod inspected;
mod live;
mod log;
mod outbox;
mod palette;
mod replay;
mod report;
mod summary;
mod text;
mod trial;
mod why;

pub use cases::cases;
pub use counters::counters;
pub use fairness::{Fairness, fairness};
pub use findings::findings;
pub use inspected::inspected;
pub use live::demo_line;
pub use log::{NO_DECISIONS, log_line};
pub use outbox::{OutboxLine, outbox};
pub use palette::Palette;
pub use replay::replay;
pub use report::{DemoMember, DemoPool, DemoReport, Percentiles};
pub use summary::demo_summary;
pub use trial::{figures, trial_tail};
pub use why::{Considered, Sent, Step, Why, WhyNot};
