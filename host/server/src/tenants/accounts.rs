//! A tenant's CRM accounts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::hubspot::{self, HubSpot};
use rota_domain::id::ConnectionId;
use rota_domain::workspace::Connection;
use rota_flow::ports::Crm;

use super::Parts;
use super::unchanged::{Built, Makings};
use crate::bind::Bound;
use crate::custody::{Need, Sent, Usable};

/// How long a call to a CRM may take.
const CRM_TIMEOUT: Duration = Duration::from_secs(10);

/// An account, with what it was made from.
pub(super) type Account = Built<Connection, dyn Crm>;

/// The accounts that a workspace names. `sent` are secrets that came with it and are not kept
/// yet.
pub(super) async fn accounts(
    bound: &Bound,
    before: &BTreeMap<ConnectionId, Account>,
    parts: &Parts,
    sent: &Sent,
) -> anyhow::Result<BTreeMap<ConnectionId, Account>> {
    let (workspace, reach) = (&bound.workspace, &parts.reach(bound));
    let mut accounts = BTreeMap::new();
    for connection in &workspace.connections {
        let id = &connection.id;
        let need = Need::token(connection, bound.trusted).with_context(|| {
            format!(
                "the connection `{id}` of workspace `{}` has no token: add token = {{ env = \"…\" }}",
                workspace.tenant
            )
        })?;
        let Usable { value: secret, set } = parts.custody.secret(&workspace.tenant, &need, sent).await?;
        let from = Makings { named: connection.clone(), secret, reach: reach.clone() };
        accounts.insert(id.clone(), Account::kept_or_made(before.get(id), from, set, |from| connect(from, parts))?);
    }
    Ok(accounts)
}

fn connect(from: &Makings<Connection>, parts: &Parts) -> anyhow::Result<Arc<dyn Crm>> {
    let Makings { named: connection, secret, reach } = from.clone();
    let config = hubspot::Config {
        connection: connection.id,
        base_url: connection.base_url.unwrap_or_else(|| hubspot::PUBLIC_URL.into()),
        token: secret,
        api: hubspot::ApiStyle::default(),
        burst: hubspot::Burst::default(),
        timeout: CRM_TIMEOUT,
        reach,
    };
    Ok(Arc::new(HubSpot::at_pace(config, &parts.paces)?))
}
