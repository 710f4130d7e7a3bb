//! A tenant's workspace as its log has it: what stays where a newer one is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_domain::table::Table;
use rota_domain::workspace::Settings;
use rota_flow::ports::{Store, StoreError};

use crate::calendar_files;
use crate::config::{Loaded, TableFile};

/// The last workspace that the tenant decided under, with the number of its revision and the
/// components, tables and calendar files that were kept with it. None where the tenant has decided nothing,
/// or where something of it is not kept. It is nobody's word about private addresses: the log
/// does not say where a revision came from.
///
/// # Errors
/// When the store fails.
pub async fn last_good(store: &dyn Store, tenant: &TenantId) -> Result<Option<(u64, Loaded)>, StoreError> {
    if !store.tenants().await?.contains(tenant) {
        return Ok(None);
    }
    // No decision about any person is asked for.
    let Some((revision, workspace)) = store.load(tenant, Timestamp::MAX).await?.workspace else { return Ok(None) };
    let (mut settings, mut components, mut tables) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    // Flows of one component share its bytes.
    let mut fetched = BTreeMap::new();
    for flow in &workspace.flows {
        let (Some(digest), Settings::Inline(inline)) = (&flow.digest, &flow.settings) else { return Ok(None) };
        if !fetched.contains_key(digest) {
            let Some(component) = store.kept(tenant, digest).await? else { return Ok(None) };
            fetched.insert(digest, Arc::<[u8]>::from(component));
        }
        let Some(component) = fetched.get(digest).cloned() else { return Ok(None) };
        let Ok(text) = serde_json::to_string(inline) else { return Ok(None) };
        settings.insert(flow.id.clone(), text.into());
        components.insert(flow.id.clone(), component);
    }
    for table in &workspace.tables {
        let Some(digest) = &table.digest else { return Ok(None) };
        let Some(bytes) = store.kept(tenant, digest).await? else { return Ok(None) };
        let Ok(read) = Table::read(table.matching, &bytes) else { return Ok(None) };
        tables.insert(table.id.clone(), TableFile { bytes: bytes.into(), table: read.into() });
    }
    let Some(calendar_files) = calendar_files::kept(store, tenant, &workspace).await? else { return Ok(None) };
    Ok(Some((revision, Loaded { workspace, settings, components, tables, calendar_files, trusted: false })))
}
