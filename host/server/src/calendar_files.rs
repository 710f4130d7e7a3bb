//! iCalendar files as the store keeps them beside the revision of a workspace.

use std::collections::BTreeMap;

use rota_domain::icalendar::{self, Events};
use rota_domain::id::{Digest, TenantId};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Store, StoreError};

use crate::config::{CalendarFile, CalendarFiles};

/// The files that this revision of a workspace names. None where one of them is not kept.
///
/// # Errors
/// When the store fails.
pub async fn kept(
    store: &dyn Store,
    tenant: &TenantId,
    workspace: &Workspace,
) -> Result<Option<CalendarFiles>, StoreError> {
    let mut files = BTreeMap::new();
    for digest in named(workspace) {
        if files.contains_key(digest) {
            continue;
        }
        let Some(bytes) = store.kept(tenant, digest).await? else { return Ok(None) };
        let Ok(events) = Events::read(&bytes) else { return Ok(None) };
        files.insert(digest.clone(), CalendarFile { bytes: bytes.into(), events: events.into() });
    }
    Ok(Some(files))
}

/// What they say, as decisions see it.
#[must_use]
pub fn read(files: &CalendarFiles) -> icalendar::CalendarFiles {
    files.iter().map(|(digest, file)| (digest.clone(), file.events.clone())).collect::<BTreeMap<_, _>>().into()
}

fn named(workspace: &Workspace) -> impl Iterator<Item = &Digest> {
    let holidays = workspace.calendars.iter().filter_map(|calendar| calendar.holidays_digest.as_ref());
    holidays.chain(workspace.reps.iter().filter_map(|rep| rep.busy_digest.as_ref()))
}
