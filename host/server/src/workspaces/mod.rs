//! Workspaces that are changed over HTTP: a bundle of files is judged as a whole, compared
//! with what holds, and entered as one revision or not at all. What a tenant decides under
//! changes nowhere else while the server runs.
//!
//! A workspace is changed where it lives. One that the server reads from a directory is
//! changed there, and an apply is refused; any other lives in the database, with the files of
//! every revision.

mod accounts;
mod bundle;
mod change;
mod components;
mod difference;
mod directories;
mod edit;
mod gathered;
mod judge;
mod planned;
pub mod preflight;
mod refusal;
mod secrets;
mod source;
mod start;
mod turns;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rota_domain::id::{Digest, FlowId, TenantId};
use rota_domain::table::Tables;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Access, Clock, Library, Past, Revisions, Store, StoreError, Vault};
use rota_rules::Catalogue;

use crate::custody::Sent;
use crate::last_good::last_good;
use crate::tenants::Tenants;

pub use bundle::{BadPath, Bundle};
pub use change::{Applied, Wish};
pub use directories::{Directories, Unread, stand_in};
pub use gathered::{Gathered, gather};
pub use planned::{Change, Fault, Field, Mark, Planned, SecretNeed};
pub use refusal::Refusal;
pub use secrets::NotSet;
pub use start::from_files;
pub use turns::Turns;

/// Workspaces over HTTP, with what they are judged and entered by.
pub struct Workspaces {
    /// Durable state.
    pub store: Arc<dyn Store>,
    /// What each workspace was.
    pub revisions: Arc<dyn Revisions>,
    /// What tenants uploaded.
    pub library: Arc<dyn Library>,
    /// Where tenants' secrets are kept.
    pub vault: Arc<dyn Vault>,
    /// Where it is noted that a secret was set.
    pub access: Arc<dyn Access>,
    /// Who is alive.
    pub tenants: Arc<Tenants>,
    /// Who runs rules.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is judged when.
    pub turns: Turns,
}

/// What holds for a tenant now.
struct Current {
    /// The number of the revision; 0 before the first.
    revision: u64,
    /// What it says, with its tables; none before the first.
    says: Option<(Arc<Workspace>, Tables)>,
}

/// Which components flows had at an earlier time, whatever their names mean today.
type Pins = BTreeMap<FlowId, Digest>;

impl Workspaces {
    /// What a bundle would change; what is wrong with it is part of the answer. Secrets and
    /// accounts are looked at only for who may apply it, and then `sending` are the names of
    /// those that will come with it.
    ///
    /// # Errors
    /// When the store fails, or too many others are judged.
    pub async fn plan(
        &self,
        tenant: &TenantId,
        bundle: &Bundle,
        sending: Option<&BTreeSet<String>>,
    ) -> Result<Planned, Refusal> {
        let current = self.current(tenant).await?;
        let judged = self.judge(tenant, bundle, &Pins::new()).await?;
        let mut planned = Planned::new(tenant.clone(), current.revision);
        let mut bound = match judged {
            Ok(judged) => judged,
            Err(errors) => {
                planned.errors = errors;
                return Ok(planned);
            }
        };
        // Nothing is kept of a plan, and its accounts may take their time to answer.
        bound.kept = Vec::new();
        let from_files = self.tenants.is_from_files(tenant);
        if let Some(sending) = sending {
            (planned.secrets, planned.errors) = self.secrets_of(bundle, &bound, sending).await;
        }
        planned.changes = difference::difference(current.says.as_ref(), (&bound.workspace, &bound.bindings.tables));
        planned.files = match self.bundle_of(tenant, current.revision).await? {
            Some(before) => difference::files(&before, bundle),
            None => bundle.files.keys().cloned().collect(),
        };
        // Without its tokens nobody can be asked; that they are missing is said already.
        if sending.is_some() && !from_files && planned.secrets.iter().all(|need| need.there) {
            let (errors, warnings) = self.ask_accounts(bundle, &bound, &Sent::new()).await;
            planned.errors.extend(errors);
            planned.warnings.extend(warnings);
        }
        if from_files {
            planned.warnings.push(Refusal::ServedFromFiles(tenant.clone()).to_string());
        }
        Ok(planned)
    }

    /// A revision of a tenant, with its files; the newest if no number is given. None where
    /// there is no such revision.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revision(
        &self,
        tenant: &TenantId,
        number: Option<u64>,
    ) -> Result<Option<(Past, Option<Bundle>)>, StoreError> {
        let past = match number {
            Some(number) => self.revisions.revision(tenant, number).await?.map(|(past, _)| past),
            None => self.revisions.revisions(tenant, None, 1).await?.into_iter().next(),
        };
        let Some(past) = past else { return Ok(None) };
        let bundle = match &past.origin {
            Some(origin) => Some(source::read(&*self.store, tenant, &origin.source).await?),
            None => None,
        };
        Ok(Some((past, bundle)))
    }

    /// The files of a revision, where somebody applied it.
    async fn bundle_of(&self, tenant: &TenantId, number: u64) -> Result<Option<Bundle>, StoreError> {
        Ok(self.revision(tenant, Some(number)).await?.and_then(|(_, bundle)| bundle))
    }

    async fn current(&self, tenant: &TenantId) -> Result<Current, StoreError> {
        if let Some(alive) = self.tenants.get(tenant) {
            let (revision, bound) = alive.now();
            let says = (bound.workspace.clone(), bound.bindings.tables.clone());
            return Ok(Current { revision, says: Some(says) });
        }
        if let Some((revision, loaded)) = last_good(&*self.store, tenant).await? {
            let tables: BTreeMap<_, _> = loaded.tables.into_iter().map(|(id, file)| (id, file.table)).collect();
            let says = (Arc::new(loaded.workspace), Arc::new(tables));
            return Ok(Current { revision, says: Some(says) });
        }
        let newest = self.revisions.revisions(tenant, None, 1).await?;
        Ok(Current { revision: newest.first().map_or(0, |past| past.number), says: None })
    }
}
