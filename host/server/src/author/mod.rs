//! What a rule's author does before anything is uploaded: begins a crate, builds a component
//! from it, puts the manifest into it, and has it checked. Nothing here runs a rule.

mod branches;
mod build;
mod cargo;
pub mod check;
mod componentize;
mod find;
mod inspect;
mod manifest_section;
mod new;
mod prebuilt;
mod sources;
mod toolchain;

pub use branches::branches;
pub use build::{Built, build};
pub use componentize::componentize;
pub use find::{Found, built_path, find, find_built, state_of};
pub use inspect::{Inspected, inspect};
pub use manifest_section::{embed, embed_files};
pub use new::{VENDORED, create, sdk_manifest};
pub use prebuilt::{Prebuilt, is_current, prebuild, prebuilt_digests};
pub use sources::source_digest;
