//! A tenant's destinations of messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_crm::notify::{Config, TIMEOUT, Webhook};
use rota_domain::id::{ConnectionId, TenantId};
use rota_domain::workspace::Destination;
use rota_flow::ports::Carrier;

use super::Parts;
use super::unchanged::{Built, Makings};
use crate::bind::Bound;
use crate::custody::{Need, Sent, Usable};

/// A destination, with what it was made from.
pub(super) type Post = Built<Destination, dyn Carrier>;

/// The destinations that a workspace names, by the names under which their messages wait.
pub(super) async fn posts(
    bound: &Bound,
    before: &BTreeMap<ConnectionId, Post>,
    parts: &Parts,
) -> anyhow::Result<BTreeMap<ConnectionId, Post>> {
    let (workspace, reach) = (&bound.workspace, &parts.reach(bound));
    let mut posts = BTreeMap::new();
    for destination in &workspace.destinations {
        let id = destination.connection();
        let need = Need::signing(destination);
        let Usable { value: secret, set } = parts.custody.secret(&workspace.tenant, &need, &Sent::new()).await?;
        let from = Makings { named: destination.clone(), secret, reach: reach.clone() };
        posts.insert(
            id.clone(),
            Post::kept_or_made(before.get(&id), from, set, |from| connect(from, &workspace.tenant, parts))?,
        );
    }
    Ok(posts)
}

fn connect(from: &Makings<Destination>, tenant: &TenantId, parts: &Parts) -> anyhow::Result<Arc<dyn Carrier>> {
    let Makings { named: destination, secret, reach } = from.clone();
    let config = Config {
        destination: destination.id,
        url: destination.url,
        secret,
        reach,
        timeout: TIMEOUT,
        clock: parts.clock.clone(),
        links: Arc::new(parts.claims.of(tenant)),
    };
    Ok(Arc::new(Webhook::new(config)?))
}
