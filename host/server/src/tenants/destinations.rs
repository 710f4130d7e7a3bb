//! A tenant's destinations of messages: one that is unchanged since the revision before stays
//! as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use rota_crm::Secret;
use rota_crm::notify::{Config, TIMEOUT, Webhook};
use rota_crm::outbound::Reach;
use rota_domain::id::ConnectionId;
use rota_domain::workspace::Destination;
use rota_flow::ports::Carrier;

use super::Parts;
use crate::bind::Bound;
use crate::custody::{Need, Sent};

/// A destination, with what it was made from.
#[derive(Clone)]
pub(super) struct Post {
    destination: Destination,
    secret: Secret,
    reach: Reach,
    pub(super) carrier: Arc<dyn Carrier>,
}

/// The destinations that a workspace names, by the names under which their messages wait.
pub(super) async fn posts(
    bound: &Bound,
    before: &BTreeMap<ConnectionId, Post>,
    parts: &Parts,
) -> anyhow::Result<BTreeMap<ConnectionId, Post>> {
    let (workspace, reach) = (&bound.workspace, &parts.reach(bound));
    let mut posts = BTreeMap::new();
    for destination in &workspace.destinations {
        let line = destination.line();
        let need = Need::signing(destination);
        let secret = parts.custody.secret(&workspace.tenant, &need, &Sent::new()).await?;
        let same = before
            .get(&line)
            .filter(|before| before.destination == *destination && before.secret == secret && before.reach == *reach);
        let post = match same {
            Some(post) => post.clone(),
            None => {
                let carrier = Arc::new(Webhook::new(Config {
                    destination: destination.id.clone(),
                    url: destination.url.clone(),
                    secret: secret.clone(),
                    reach: reach.clone(),
                    timeout: TIMEOUT,
                    clock: parts.clock.clone(),
                })?);
                Post { destination: destination.clone(), secret, reach: reach.clone(), carrier }
            }
        };
        posts.insert(line, post);
    }
    Ok(posts)
}
