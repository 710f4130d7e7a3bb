//! Whom rules may send messages to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Contradiction, Secret};
use crate::id::ConnectionId;

/// What stands before a destination's name where connections are named: no connection's id has
/// a colon.
const PREFIX: &str = "notify:";

/// A receiver of signed webhooks. Rules name it by its id, and never by a URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its name.
    pub id: String,
    /// Where it listens: https, and an address that everybody may reach.
    pub url: String,
    /// Where the secret is found that its messages are signed with: `whsec_` and base64, as
    /// Standard Webhooks has it.
    pub secret: Secret,
}

impl Destination {
    /// The name under which its messages wait, beside those of CRM accounts.
    #[must_use]
    pub fn connection(&self) -> ConnectionId {
        connection_of(&self.id)
    }

    pub(super) fn check(&self, place: usize) -> Result<(), Contradiction> {
        let rest = self.url.strip_prefix("https://").or_else(|| self.url.strip_prefix("http://"));
        if rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) {
            return Ok(());
        }
        let message = format!(
            "destination `{}` has the url `{}`; write the whole address, as in \"https://hooks.acme.example/rota\"",
            self.id, self.url
        );
        Err(Contradiction::new(format!("/destinations/{place}/url"), message))
    }
}

/// The name under which messages to this destination wait.
#[must_use]
pub fn connection_of(destination: &str) -> ConnectionId {
    format!("{PREFIX}{destination}").into()
}
