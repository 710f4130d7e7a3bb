//! What a rule's author does before anything is uploaded: builds a component from a crate,
//! and puts the manifest into it. Nothing here runs a rule.

mod build;
mod cargo;
mod componentize;
mod manifest_section;
mod prebuilt;
mod sources;
mod toolchain;

pub use build::{Built, build};
pub use componentize::componentize;
pub use manifest_section::{embed, embed_files};
pub use prebuilt::{Prebuilt, is_current, prebuild, prebuilt_digests};
pub use sources::source_digest;
