//! A tenant's destinations of messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_crm::notify::{Config, TIMEOUT, Webhook};
use rota_crm::outbound::Reach;
use rota_domain::id::ConnectionId;
use rota_domain::workspace::{Destination, Workspace};
use rota_flow::ports::Carrier;

use super::Parts;
use super::unchanged::{Built, Makings};

/// A destination, with what it was made from.
pub(super) type Post = Built<Destination, dyn Carrier>;

/// The destinations that a workspace names, by the names under which their messages wait.
pub(super) async fn posts(
    workspace: &Workspace,
    before: &BTreeMap<ConnectionId, Post>,
    parts: &Parts,
    reach: &Reach,
) -> anyhow::Result<BTreeMap<ConnectionId, Post>> {
    let mut posts = BTreeMap::new();
    for destination in &workspace.destinations {
        let id = destination.connection();
        let what = format!("the secret of the destination `{}`", destination.id);
        let secret = parts.custody.secret(&workspace.tenant, &destination.secret.env, &what).await?;
        let from = Makings { named: destination.clone(), secret, reach: reach.clone() };
        posts.insert(id.clone(), Post::kept_or_made(before.get(&id), from, |from| connect(from, parts))?);
    }
    Ok(posts)
}

fn connect(from: &Makings<Destination>, parts: &Parts) -> anyhow::Result<Arc<dyn Carrier>> {
    let Makings { named: destination, secret, reach } = from.clone();
    let config = Config {
        destination: destination.id,
        url: destination.url,
        secret,
        reach,
        timeout: TIMEOUT,
        clock: parts.clock.clone(),
    };
    Ok(Arc::new(Webhook::new(config)?))
}
