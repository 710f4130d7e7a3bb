//! A tenant's CRM accounts: what is unchanged since the revision before stays as it is, with
//! its pace and its memory of owners.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_crm::hubspot::{self, HubSpot};
use rota_crm::outbound::Reach;
use rota_domain::id::ConnectionId;
use rota_domain::workspace::Connection;
use rota_flow::ports::Crm;

use super::Parts;
use crate::bind::Bound;
use crate::custody::{Need, Sent};

/// How long a call to a CRM may take.
const CRM_TIMEOUT: Duration = Duration::from_secs(10);

/// An account, with what it was made from.
#[derive(Clone)]
pub(super) struct Account {
    connection: Connection,
    token: Secret,
    reach: Reach,
    pub(super) crm: Arc<dyn Crm>,
}

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
        let token = parts.custody.secret(&workspace.tenant, &need, sent).await?;
        let same = before
            .get(id)
            .filter(|before| before.connection == *connection && before.token == token && before.reach == *reach);
        let account = match same {
            Some(account) => account.clone(),
            None => {
                let crm = connect(connection, token.clone(), reach.clone(), parts)?;
                Account { crm, connection: connection.clone(), token, reach: reach.clone() }
            }
        };
        accounts.insert(id.clone(), account);
    }
    Ok(accounts)
}

fn connect(connection: &Connection, token: Secret, reach: Reach, parts: &Parts) -> anyhow::Result<Arc<dyn Crm>> {
    let config = hubspot::Config {
        connection: connection.id.clone(),
        base_url: connection.base_url.clone().unwrap_or_else(|| hubspot::PUBLIC_URL.into()),
        token,
        api: hubspot::ApiStyle::default(),
        burst: hubspot::Burst::default(),
        timeout: CRM_TIMEOUT,
        reach,
    };
    Ok(Arc::new(HubSpot::at_pace(config, &parts.paces)?))
}
