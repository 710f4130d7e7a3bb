//! Where secrets are looked up: in the tenant's vault, then in the host's environment, but
//! there only under names that the operator gave to this tenant. Else any tenant could name
//! a variable of the host's, and have it sent as a token to an address of theirs.
//!
//! A token goes to the CRM itself, and besides to where whoever set its value said: else
//! whoever may write a workspace could have it sent to an address of theirs, and read there
//! what nobody gives out.

mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rota_crm::outbound::{Place, origin};
use rota_crm::{Secret, notify};
use rota_domain::id::TenantId;
use rota_flow::ports::{SecretValue, StoreError, Vault};

use crate::compose::Secrets;
use crate::config::Loaded;
use crate::keys::Master;

pub use way::{Need, Way, goals, needs};

/// Values that come along with a workspace, by name. They are kept once it holds.
pub type Sent = BTreeMap<String, SecretValue>;

/// What the operator says of keys and secrets.
#[derive(Clone, Debug, Default)]
pub struct Keeper {
    /// Where the host's key is; none means beside the database.
    pub master: Option<Master>,
    /// What tenants may look up in the host's environment, besides what a workspace names that
    /// the operator serves from a directory.
    pub env: BTreeMap<TenantId, Lent>,
}

/// What of the host's environment a tenant may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lent {
    /// The names of variables.
    pub names: BTreeSet<String>,
    /// Where they may be sent to, besides the CRM itself.
    pub places: Vec<Place>,
}

/// A secret that can be used.
#[derive(Debug)]
pub struct Usable {
    /// Its value.
    pub value: Secret,
    /// When it was set in the vault; none where it is the environment's, or was sent along.
    pub set: Option<Timestamp>,
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// There is none.
    #[error("{what} is not there: set it with `rota secret set {name}`, {operator}")]
    Missing {
        /// What it is for.
        what: String,
        /// Its name.
        name: String,
        /// What the operator can do.
        operator: String,
    },
    /// There is one, which goes elsewhere.
    #[error("{what} does not go to `{to}`: {name} {may}. {mend}")]
    Elsewhere {
        /// What it is for.
        what: String,
        /// Its name.
        name: String,
        /// Scheme, host and port of where it was wanted.
        to: String,
        /// Whom it may be sent to.
        may: String,
        /// What to do.
        mend: String,
    },
    /// There is one that nothing can be signed with.
    #[error("{what} cannot be used: {why}")]
    Malformed {
        /// What it is for.
        what: String,
        /// What it has to look like.
        why: String,
    },
    /// The vault does not say.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds tenants' secrets.
pub struct Custody {
    vault: Arc<dyn Vault>,
    environment: Secrets,
    lent: BTreeMap<TenantId, Lent>,
}

impl Custody {
    /// A custody for the tenants of these directories, and for others that have a vault.
    #[must_use]
    pub fn new<'d>(
        vault: Arc<dyn Vault>,
        environment: Secrets,
        keeper: &Keeper,
        served: impl IntoIterator<Item = &'d Loaded>,
    ) -> Self {
        let mut lent = keeper.env.clone();
        for Loaded { workspace, .. } in served {
            let named = workspace.secrets().map(|(secret, _)| secret.env.clone());
            lent.entry(workspace.tenant.clone()).or_default().names.extend(named);
        }
        Self { vault, environment, lent }
    }

    /// The secret that is needed: the one that was sent along, or else the one that is there.
    ///
    /// # Errors
    /// Why it cannot be used, and what to do.
    pub async fn secret(&self, tenant: &TenantId, need: &Need<'_>, sent: &Sent) -> Result<Usable, Unfit> {
        let found = match sent.get(need.name) {
            // Whoever sends a value with a workspace sends it where that says.
            Some(value) => Usable { value: Secret::new(value.expose()), set: None },
            None => self.kept(tenant, need).await?,
        };
        if need.way == Way::Signing {
            notify::can_sign(&found.value).map_err(|why| Unfit::Malformed { what: need.what.clone(), why })?;
        }
        Ok(found)
    }

    async fn kept(&self, tenant: &TenantId, need: &Need<'_>) -> Result<Usable, Unfit> {
        let Need { name, what, .. } = need;
        if let Some((kept, at)) = self.vault.secret(tenant, name).await? {
            return match need.leaves_for() {
                Some(to) if !origin(to).is_some_and(|to| kept.sent_to.contains(&to)) => {
                    Err(elsewhere(need, to, set_for(&kept.sent_to), "Whoever knows it can set it again to allow that"))
                }
                _ => Ok(Usable { value: Secret::new(kept.value.expose()), set: Some(at) }),
            };
        }
        let lent = self.lent.get(tenant).filter(|lent| lent.names.contains(*name));
        let text = lent.and_then(|_| (self.environment)(name)).filter(|text| !text.trim().is_empty());
        let Some((text, lent)) = text.zip(lent) else {
            let operator = match lent {
                Some(_) => format!("or set the environment variable {name} of the server"),
                None => format!("or let the operator add `{name}` to env of [tenants.{tenant}] in rota.toml"),
            };
            return Err(Unfit::Missing { what: what.clone(), name: (*name).to_owned(), operator });
        };
        match need.leaves_for() {
            Some(to) if !lent.places.iter().any(|place| place.holds(to)) => {
                let may = "is a variable of the server's, and goes to the CRM itself alone".to_owned();
                let mend = format!(
                    "Leave base_url out, let the operator add the host and port to env_hosts of [tenants.{tenant}] in rota.toml, or set a secret of that name"
                );
                Err(elsewhere(need, to, may, &mend))
            }
            _ => Ok(Usable { value: Secret::new(&text), set: None }),
        }
    }
}

fn elsewhere(need: &Need<'_>, to: &str, may: String, mend: &str) -> Unfit {
    let (name, to) = (need.name.to_owned(), origin(to).unwrap_or_else(|| to.to_owned()));
    let mend = format!("{mend}: `rota secret set {name} --for {to}`, or send it along with `rota apply`");
    Unfit::Elsewhere { what: need.what.clone(), name, to, may, mend }
}

fn set_for(places: &BTreeSet<String>) -> String {
    let places: String = places.iter().map(|place| format!(" and `{place}`")).collect();
    format!("was set for the CRM itself{}", if places.is_empty() { " alone".into() } else { places })
}
