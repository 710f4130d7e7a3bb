//! Components on their way in: each streams to a file without a name, one at a time for a
//! tenant, and is then judged and compiled in a child, looked at once more, and kept. What ends
//! on that way leaves nothing behind.

mod arriving;
mod taking;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rota_domain::id::TenantId;
use rota_domain::library::Uploaded;
use rota_domain::limits::Limits;
use rota_domain::manifest::Language;
use rota_domain::plan::Plan;
use rota_flow::ports::{Library, Store, StoreError};
use rota_rules::{Catalogue, Refusal};
use tokio::sync::Semaphore;

use waiting::Waiting;

pub use arriving::Arrived;
pub use taking::{Taken, bundled_name};

/// So many components are in memory at once, whoever sent them: the workshop compiles two.
const AT_ONCE: usize = 2;
/// What a tenant uploaded in all, the withdrawn ones included, may be so many times what may
/// be there at once: they stay for replay, and the disk is everybody's.
const EVER: u64 = 10;

/// Why an upload is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// It has more bytes than any language class grants.
    #[error("the component has more than {} MiB, the most that any language class grants", most >> 20)]
    TooLarge {
        /// The most bytes.
        most: u64,
    },
    /// The plan grants no more plugins.
    #[error("the plan grants {granted}, and this one would be too much")]
    Quota {
        /// What is granted, in words.
        granted: String,
    },
    /// The sender takes too long.
    #[error("the component did not arrive in time")]
    Slow,
    /// The sender went away, or sent something that is no HTTP body.
    #[error("the component did not arrive whole")]
    Broken,
    /// The tenant has too many uploads under way.
    #[error("other uploads of this tenant are under way")]
    Busy,
    /// It is no component that a host could ask.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its name belongs to a bundled plugin.
    #[error("`{0}` is the name of a bundled plugin")]
    NameTaken(String),
    /// Another component has this name and version.
    #[error("{name}@{version} is there already, with other bytes")]
    VersionTaken {
        /// The name.
        name: String,
        /// The version.
        version: String,
    },
    /// The disk failed.
    #[error("the component could not be put aside: {0}")]
    Disk(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of ours ended badly.
    #[error("taking the component in ended badly: {0}")]
    Defect(String),
}

/// The way in.
pub struct Uploads {
    /// Where components wait, without a name: beside the database, which has room for them.
    folder: PathBuf,
    waiting: Waiting,
    at_once: Arc<Semaphore>,
    catalogue: Arc<Catalogue>,
    store: Arc<dyn Store>,
    library: Arc<dyn Library>,
}

impl std::fmt::Debug for Uploads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uploads").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Uploads {
    /// The way in to this catalogue and library, of a host whose database is this file.
    pub fn new(
        database: &Path,
        catalogue: Arc<Catalogue>,
        store: Arc<dyn Store>,
        library: Arc<dyn Library>,
    ) -> Arc<Self> {
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
        Arc::new(Self {
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            waiting: Waiting::default(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            catalogue,
            store,
            library,
        })
    }

    /// How many bytes an upload of this tenant can have, before anything is known of it: what
    /// the plan leaves, or the largest that is there already and may be sent again.
    async fn room(&self, tenant: &TenantId, plan: &Plan) -> Result<u64, UploadError> {
        let uploaded = self.library.uploaded(tenant).await?;
        let known = uploaded.iter().map(|one| one.bytes).max().unwrap_or_default();
        let left = granted(plan).saturating_sub(in_use(&uploaded).1);
        Ok(left.max(known).max(largest_bundled()).min(largest()))
    }
}

/// The most bytes that any language class grants.
fn largest() -> u64 {
    Limits::of(Language::Python).component as u64
}

fn largest_bundled() -> u64 {
    crate::bundled::BUNDLED.iter().map(|(_, component)| component.len() as u64).max().unwrap_or_default()
}

/// The bytes that a plan grants for plugins.
fn granted(plan: &Plan) -> u64 {
    u64::from(plan.quotas().plugins_mib) << 20
}

/// How many of these are not withdrawn, and their bytes.
fn in_use(uploaded: &[Uploaded]) -> (u64, u64) {
    let in_use = uploaded.iter().filter(|one| one.withdrawn.is_none());
    in_use.fold((0, 0), |(count, bytes), one| (count + 1, bytes + one.bytes))
}
