//! What a workspace needs secrets for, and where each of them would go.

use std::collections::BTreeSet;

use rota_crm::{hubspot, outbound};
use rota_domain::id::ConnectionId;
use rota_domain::workspace::{Connection, Destination, Workspace};

/// Where a secret would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'w> {
    /// Nowhere: messages are signed with it here, and only signatures leave.
    Signing,
    /// To the CRM itself.
    Crm,
    /// To this address, which the workspace names.
    Address(&'w str),
    /// To an address that the operator wrote, whose secrets all are.
    Operator,
}

/// A secret that a workspace needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need<'w> {
    /// Its name.
    pub name: &'w str,
    /// What it is for, as people are told: `the token of the connection …`.
    pub what: String,
    /// The connection, or the line of the destination.
    pub line: ConnectionId,
    /// Where it would go.
    pub way: Way<'w>,
}

impl<'w> Need<'w> {
    /// What a connection needs, if it names anything. `trusted` says that the operator wrote it.
    #[must_use]
    pub fn token(connection: &'w Connection, trusted: bool) -> Option<Self> {
        let way = match &connection.base_url {
            _ if trusted => Way::Operator,
            Some(url) if !hubspot::is_hubspots(url) => Way::Address(url),
            _ => Way::Crm,
        };
        let what = format!("the token of the connection `{}`", connection.id);
        Some(Self { name: &connection.token.as_ref()?.env, what, line: connection.id.clone(), way })
    }

    /// What a destination needs.
    #[must_use]
    pub fn signing(destination: &'w Destination) -> Self {
        let what = format!("the secret of the destination `{}`", destination.id);
        Self { name: &destination.secret.env, what, line: destination.connection(), way: Way::Signing }
    }

    /// The address, if it has to be one that the secret was set for.
    pub(super) fn leaves_for(&self) -> Option<&'w str> {
        match self.way {
            Way::Address(url) => Some(url),
            Way::Signing | Way::Crm | Way::Operator => None,
        }
    }
}

/// The secrets that a workspace needs, in its order.
#[must_use]
pub fn needs(workspace: &Workspace, trusted: bool) -> Vec<Need<'_>> {
    let tokens = workspace.connections.iter().filter_map(|connection| Need::token(connection, trusted));
    tokens.chain(workspace.destinations.iter().map(Need::signing)).collect()
}

/// Where a workspace would have this secret sent to, besides the CRM itself: scheme, host and
/// port of each.
#[must_use]
pub fn goals(workspace: &Workspace, name: &str) -> BTreeSet<String> {
    let needs = needs(workspace, false).into_iter().filter(|need| need.name == name);
    needs.filter_map(|need| outbound::origin(need.leaves_for()?)).collect()
}
