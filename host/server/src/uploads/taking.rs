//! A component that arrived is judged, compiled, and kept.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use rota_domain::id::{Digest, TenantId};
use rota_domain::library::Uploaded;
use rota_domain::plan::Plan;
use rota_domain::rule::ErrorCode;
use rota_flow::ports::Plugin;
use rota_rules::{Incoming, Refusal};

use super::arriving::{Arrived, in_words};
use super::{EVER, UploadError, Uploads, granted, in_use};
use crate::bundled::BUNDLED;

/// What became of an upload.
#[derive(Debug)]
pub enum Taken {
    /// It was not there before, or it was withdrawn.
    New(Box<Uploaded>),
    /// It was there.
    Known(Box<Uploaded>),
    /// It is the bundled plugin of this name, which everybody has.
    Bundled(&'static str),
}

impl Uploads {
    /// Takes a component in that has arrived. Once begun, it is best brought to its end,
    /// whether or not the sender still listens.
    ///
    /// # Errors
    /// Why it is not taken in; then nothing of it is kept.
    pub async fn take_in(
        &self,
        tenant: &TenantId,
        plan: &Plan,
        arrived: Arrived,
        who: String,
        now: Timestamp,
    ) -> Result<Taken, UploadError> {
        let Arrived { digest, file, bytes, _turn } = arrived;
        if let Some(name) = bundled_name(&digest) {
            return Ok(Taken::Bundled(name));
        }
        let uploaded = self.library.uploaded(tenant).await?;
        let before = uploaded.iter().find(|one| one.digest == digest).cloned();
        if let Some(known) = before.as_ref().filter(|known| known.withdrawn.is_none()) {
            return Ok(Taken::Known(Box::new(known.clone())));
        }
        check_quota(plan, &uploaded, bytes, before.is_some())?;
        // Its code is in memory before it is kept, and then its bytes: of two at once, whoever sent them.
        let _permit = self.at_once.acquire().await.map_err(|error| UploadError::Defect(error.to_string()))?;
        let (plugin, component) = {
            let (catalogue, tenant, plan, digest) =
                (self.catalogue.clone(), tenant.clone(), plan.clone(), digest.clone());
            work(move || {
                let incoming = Incoming::File { file: &file, digest: &digest, bytes };
                let may = |plugin: &Plugin| may_be_called(plugin, &uploaded, &plan);
                let plugin = catalogue.take_in_from_if(&tenant, incoming, may)?;
                Ok::<_, UploadError>((plugin, Arc::from(incoming.whole()?)))
            })
            .await??
        };
        self.store.keep(tenant, vec![component]).await?;
        let new = Uploaded {
            digest,
            manifest: (*plugin.manifest).clone(),
            makeup: (*plugin.makeup).clone(),
            bytes,
            at: now,
            who,
            withdrawn: None,
        };
        let schema = plugin.settings_schema.as_deref().map(str::to_owned);
        self.library.add(tenant, new.clone(), schema).await?;
        Ok(Taken::New(Box::new(new)))
    }
}

/// The name of the bundled plugin with this digest.
#[must_use]
pub fn bundled_name(digest: &Digest) -> Option<&'static str> {
    static DIGESTS: LazyLock<Vec<(&str, Digest)>> =
        LazyLock::new(|| BUNDLED.iter().map(|(name, component)| (*name, Digest::of(component))).collect());
    DIGESTS.iter().find(|(_, known)| known == digest).map(|(name, _)| *name)
}

/// Whether the plan grants so many bytes more; `known` are here already, withdrawn.
fn check_quota(plan: &Plan, uploaded: &[Uploaded], bytes: u64, known: bool) -> Result<(), UploadError> {
    let (count, total) = in_use(uploaded);
    if count >= u64::from(plan.quotas().plugins) || total + bytes > granted(plan) {
        return Err(UploadError::Quota { granted: in_words(plan) });
    }
    let ever: u64 = uploaded.iter().map(|one| one.bytes).sum();
    let most = u64::from(plan.quotas().plugins) * EVER;
    if !known && (uploaded.len() as u64 >= most || ever + bytes > granted(plan) * EVER) {
        let granted = format!("{} and {EVER} times that with those withdrawn, which replay needs", in_words(plan));
        return Err(UploadError::Quota { granted });
    }
    Ok(())
}

/// Whether the name and version are free, and the plan grants the language.
fn may_be_called(plugin: &Plugin, uploaded: &[Uploaded], plan: &Plan) -> Result<(), UploadError> {
    let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
    if BUNDLED.iter().any(|(bundled, _)| bundled == name) {
        return Err(UploadError::NameTaken(name.clone()));
    }
    let same = |one: &&Uploaded| one.manifest.name == *name && one.manifest.version == *version;
    if uploaded.iter().filter(|one| one.withdrawn.is_none()).any(|one| same(&one)) {
        return Err(UploadError::VersionTaken { name: name.clone(), version: version.clone() });
    }
    let grant = plan.grant(plugin.manifest.language);
    grant.map_err(|refused| Refusal { code: ErrorCode::Size, detail: refused.to_string() })?;
    Ok(())
}

/// Does what would keep the runtime's threads from others for too long.
async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, UploadError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| UploadError::Defect(error.to_string()))
}
