//! The files of a revision as the store keeps them: a manifest of digests, and each file
//! under its own.

use std::collections::BTreeMap;

use rota_domain::id::{Digest, TenantId};
use rota_flow::ports::{Store, StoreError};

use super::Bundle;
use super::bundle::Manifest;

/// The files under this manifest.
pub(super) async fn read(store: &dyn Store, tenant: &TenantId, source: &Digest) -> Result<Bundle, StoreError> {
    let missing = |digest: &Digest, detail: &str| StoreError::Inconsistent {
        what: format!("`{digest}`, a part of a workspace of `{tenant}`,"),
        detail: detail.into(),
    };
    let kept = store.kept(tenant, source).await?.ok_or_else(|| missing(source, "it is not kept"))?;
    let manifest: Manifest =
        serde_json::from_slice(&kept).map_err(|error| missing(source, &format!("it does not read: {error}")))?;
    let mut files = BTreeMap::new();
    for (path, digest) in manifest.files {
        let bytes = store.kept(tenant, &digest).await?.ok_or_else(|| missing(&digest, "it is not kept"))?;
        files.insert(path, bytes.into());
    }
    Ok(Bundle { files, components: manifest.components })
}
