//! Erasures that a CRM asked for: they wait in the inbox like leads, so that none is lost, and
//! are carried out before what is decided next.

use jiff::Timestamp;
use rota_domain::id::{LeadId, TenantId};

use crate::ports::{Payload, People, StoreError, Waiting, Whom};

/// Who is said to have erased a person at a CRM's word.
const WHO: &str = "the CRM's privacy deletion";

/// Carries out the erasures among what waits. What was read of the tenant before holds no
/// longer then.
pub(crate) async fn erase(
    people: &dyn People,
    tenant: &TenantId,
    waiting: &[Waiting],
    now: Timestamp,
) -> Result<(), StoreError> {
    for row in waiting {
        let Payload::Erasure { connection, object, id } = &row.payload else { continue };
        let whom = Whom::Lead(LeadId::of_record(connection, object, id));
        match people.erase(tenant, &whom, WHO, now, Some(row.id)).await {
            Ok(erased) => tracing::info!(%tenant, ?erased, "A person was erased at the CRM's word"),
            // Another process was first.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
