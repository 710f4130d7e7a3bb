//! What the rules of a decision asked and were answered: one JSON array a line.
//!
//! A decision asks one plugin or several, and each has its section:
//!
//! ```text
//! ["plugin",["inbound","territory","0.1.0"],"sha256:…",{"engine":"…","call":{…},"settings":"sha256:…","limits":{…}}]
//! ["lead.text",["country"],{"Ok":"US"}]
//! ["rep-pool.tags",[7],null,{"code":"bad-rep","detail":"…"}]
//! ["failed",[41832],{"code":"bad-rep","detail":"…"},"<seal>"]
//! ```
//!
//! The heading has the terms on which the plugin was asked. A call has its function, its
//! arguments and its answer, and a fourth element where it ended the guest. The end is
//! `returned` with what the guest gave back, before the host judged it, or `failed`; with the
//! fuel used, and the seal over all lines of the section. Together with the component and
//! the settings, both named by digest, that is all that replay needs.

mod heading;
mod line;
mod replayed;
mod seal;
mod section;
pub mod shared;

pub use heading::{Heading, Opening, Terms};
pub use line::Line;
pub use replayed::{Difference, Replayed};
pub use seal::Seal;
pub use section::{End, Section, Sections, sections};

/// The function of a heading.
pub const PLUGIN: &str = "plugin";
/// The function of the end of a guest that gave something back.
pub const RETURNED: &str = "returned";
/// The function of the end of a guest that did not.
pub const FAILED: &str = "failed";
