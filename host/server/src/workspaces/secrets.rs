//! The secrets that a workspace names: whether they can be used, and how values come in. All
//! come in here, whether alone or with a workspace: judged, sealed with where they may go, and
//! noted by name. Values go to the vault and to nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use rota_crm::outbound::origin;
use rota_crm::{Secret, notify};
use rota_domain::access::Change;
use rota_domain::id::TenantId;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{KeptSecret, SecretName, SecretValue, StoreError};

use super::bundle::Found;
use super::{Bundle, Fault, Refusal, SecretNeed, Wish, Workspaces};
use crate::bind::Bound;
use crate::config::at;
use crate::custody::{Need, Sent, Unfit, Way, goals, needs};

/// The longest value: private keys have some thousand characters.
const VALUE_MAX: usize = 16_384;
/// The longest name.
const NAME_MAX: usize = 100;
/// The most addresses of a secret.
const PLACES_MAX: usize = 20;

/// Why a secret is not set.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// Its name, its value or where it is to go cannot be; the value is not repeated.
    #[error("{0}")]
    Bad(String),
    /// The tenant has as many as its plan grants.
    #[error(
        "The tenant has {0} secrets, which is what its plan grants: remove one with `rota secret remove`, or ask the operator for another plan."
    )]
    TooMany(u32),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Workspaces {
    /// Sets a secret; gives where it may be sent besides the CRM itself. If nothing is said of
    /// that, it is where the workspace sends it that holds.
    ///
    /// # Errors
    /// Why it is not set.
    pub async fn set_secret(
        &self,
        tenant: &TenantId,
        name: &str,
        value: SecretValue,
        sent_to: Option<&[String]>,
        who: &str,
    ) -> Result<BTreeSet<String>, NotSet> {
        check(name, value.expose()).map_err(NotSet::Bad)?;
        let says = self.current(tenant).await?.says;
        let signs = says.as_ref().is_some_and(|(workspace, _)| {
            needs(workspace, false).iter().any(|need| need.name == name && need.way == Way::Signing)
        });
        if signs {
            let fits = notify::can_sign(&Secret::new(value.expose()));
            fits.map_err(|why| NotSet::Bad(format!("A destination signs with {name}: {why}.")))?;
        }
        let sent_to = match sent_to {
            Some(urls) => places(urls).map_err(NotSet::Bad)?,
            None => says.map(|(workspace, _)| goals(&workspace, name)).unwrap_or_default(),
        };
        let _turn = self.tenants.turn(tenant).await;
        self.keep_secret(tenant, name, KeptSecret { value, sent_to: sent_to.clone() }, who).await?;
        Ok(sent_to)
    }

    /// The secrets that a workspace needs, and what is wrong with those that are there. What
    /// its author will send along is theirs to know.
    pub(super) async fn secrets_of(
        &self,
        bundle: &Bundle,
        bound: &Bound,
        sending: &BTreeSet<String>,
    ) -> (Vec<SecretNeed>, Vec<Fault>) {
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for need in needs(&bound.workspace, bound.trusted) {
            let unfit = self.tenants.fits(&bound.workspace.tenant, &need, &Sent::new()).await.err();
            let (name, connection) = (need.name.to_owned(), need.line.to_string());
            all.push(SecretNeed { name, connection, there: unfit.is_none() });
            match unfit {
                None | Some(Unfit::Missing { .. }) => {}
                Some(_) if sending.contains(need.name) => {}
                Some(unfit) => faults.push(fault(bundle, &bound.workspace, &need, unfit.to_string())),
            }
        }
        (all, faults)
    }

    /// Judges the secrets that a workspace needs: those that came with it, how many there would
    /// be, and those that are there. An attempt to have one sent elsewhere is noted.
    pub(super) async fn judge_secrets(&self, bundle: &Bundle, bound: &Bound, wish: &Wish) -> Result<(), Refusal> {
        let (tenant, workspace) = (&bound.workspace.tenant, &*bound.workspace);
        let mut faults = Vec::new();
        for need in needs(workspace, bound.trusted) {
            if let Some(value) = wish.secrets.get(need.name)
                && let Err(wrong) = check(need.name, value.expose())
            {
                faults.push(fault(bundle, workspace, &need, format!("{}: {wrong}", need.what)));
                continue;
            }
            let Err(unfit) = self.tenants.fits(tenant, &need, &wish.secrets).await else { continue };
            if let Unfit::Elsewhere { name, to, .. } = &unfit {
                self.note(tenant, "secret.withheld", name, Some(format!("from {to}")), &wish.who).await?;
            }
            let reason = match unfit {
                Unfit::Store(store) => return Err(store.into()),
                Unfit::Missing { what, name, .. } => {
                    let what = what.replacen("the token of", "of", 1).replacen("the secret of", "of", 1);
                    format!(
                        "the secret {name} {what} is not there: set it in the environment of `rota apply`, which sends it along"
                    )
                }
                unfit => unfit.to_string(),
            };
            faults.push(fault(bundle, workspace, &need, reason));
        }
        let there: BTreeSet<String> = self.vault.secrets(tenant).await?.into_iter().map(|there| there.name).collect();
        let new = coming(workspace, &wish.secrets).filter(|(name, _)| !there.contains(*name)).count();
        let most = self.tenants.plan(tenant).quotas().secrets;
        if new > 0 && there.len() + new > most as usize {
            let reason = NotSet::TooMany(most).to_string();
            faults.push(Fault { file: "workspace.toml".into(), line: None, reason });
        }
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }

    /// Keeps the secrets that came with a workspace, each to be sent where that says; those
    /// that it does not name are left out. What each replaces is added to `replaced`, for whoever
    /// has the tenant's turn and may have to put it back.
    pub(super) async fn keep_secrets(
        &self,
        workspace: &Workspace,
        given: &Sent,
        who: &str,
        replaced: &mut Vec<Replaced>,
    ) -> Result<(), NotSet> {
        let tenant = &workspace.tenant;
        let coming: Vec<_> = coming(workspace, given).collect();
        if coming.is_empty() {
            return Ok(());
        }
        let there = self.vault.secrets(tenant).await?;
        for (name, value) in coming {
            let before = match there.iter().find(|one| one.name == *name) {
                Some(told) => self.vault.secret(tenant, name).await?.map(|(kept, _)| (told.clone(), kept)),
                None => None,
            };
            let kept = KeptSecret { value: value.clone(), sent_to: goals(workspace, name) };
            replaced.push(Replaced { name: name.clone(), before });
            self.keep_secret(tenant, name, kept, who).await?;
        }
        Ok(())
    }

    /// Puts back what secrets replaced whose workspace does not hold, and notes it. It is the
    /// way out of an error, which is told: what fails of this is said in the log.
    pub(super) async fn put_back(&self, tenant: &TenantId, replaced: Vec<Replaced>, who: &str) {
        for Replaced { name, before } in replaced {
            let put = match before {
                Some((told, kept)) => self.vault.set_secret(tenant, &name, &kept, u32::MAX, &told.who, told.at).await,
                None => self.vault.remove_secret(tenant, &name).await,
            };
            let noted = match put {
                Ok(true) => {
                    let detail = "its workspace does not hold".to_owned();
                    self.note(tenant, "secret.put-back", &name, Some(detail), who).await
                }
                // It had not been set.
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = noted {
                tracing::error!(%tenant, name, %error, "A secret came with a workspace that does not hold, and it stays or is not noted; set it again");
            }
        }
    }

    async fn keep_secret(&self, tenant: &TenantId, name: &str, kept: KeptSecret, who: &str) -> Result<(), NotSet> {
        let most = self.tenants.plan(tenant).quotas().secrets;
        if !self.vault.set_secret(tenant, name, &kept, most, who, self.clock.now()).await? {
            return Err(NotSet::TooMany(most));
        }
        let places: Vec<String> = kept.sent_to.into_iter().collect();
        let detail = (!places.is_empty()).then(|| format!("may be sent to {}", places.join(", ")));
        Ok(self.note(tenant, "secret.set", name, detail, who).await?)
    }

    async fn note(
        &self,
        tenant: &TenantId,
        action: &str,
        name: &str,
        detail: Option<String>,
        who: &str,
    ) -> Result<(), StoreError> {
        let (at, who) = (self.clock.now(), who.to_owned());
        let change = Change { at, who, action: action.into(), thing: name.to_owned(), detail };
        self.access.changed(Some(tenant), change).await
    }
}

/// A secret that another took the place of.
pub(super) struct Replaced {
    name: String,
    /// What it was, with who had set it and when; none where it is new.
    before: Option<(SecretName, KeptSecret)>,
}

/// Those of the secrets that came with a workspace which it names.
fn coming<'g>(workspace: &Workspace, given: &'g Sent) -> impl Iterator<Item = (&'g String, &'g SecretValue)> {
    let named: BTreeSet<String> = needs(workspace, false).into_iter().map(|need| need.name.to_owned()).collect();
    given.iter().filter(move |(name, _)| named.contains(*name))
}

/// What is wrong with a secret, where the workspace names it.
fn fault(bundle: &Bundle, workspace: &Workspace, need: &Need<'_>, reason: String) -> Fault {
    let connections = workspace.connections.iter().map(|connection| connection.id.clone());
    let mut connections = connections.enumerate().map(|(n, id)| (format!("/connections/{n}/token"), id));
    let destinations = workspace.destinations.iter().map(rota_domain::workspace::Destination::connection);
    let mut destinations = destinations.enumerate().map(|(n, id)| (format!("/destinations/{n}/secret"), id));
    let place = connections.find(|(_, id)| *id == need.line).or_else(|| destinations.find(|(_, id)| *id == need.line));
    let files = Found { bundle, components: &BTreeMap::new() };
    let line = place.and_then(|(pointer, _)| at(&files, &pointer));
    Fault { file: "workspace.toml".into(), line, reason }
}

/// Names are as variables of an environment are; what is wrong with a value is said without it.
fn check(name: &str, value: &str) -> Result<(), String> {
    let proper = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = name.len() <= NAME_MAX && name.chars().all(proper) && !name.starts_with(|c: char| c.is_ascii_digit());
    if name.is_empty() || !named {
        return Err(format!("A secret's name has at most {NAME_MAX} letters, digits and _, and begins with no digit."));
    }
    if value.trim().is_empty() || value.len() > VALUE_MAX {
        return Err(format!("A secret's value has 1 to {VALUE_MAX} bytes."));
    }
    Ok(())
}

/// Scheme, host and port of each.
fn places(urls: &[String]) -> Result<BTreeSet<String>, String> {
    if urls.len() > PLACES_MAX {
        return Err(format!("A secret goes to at most {PLACES_MAX} addresses."));
    }
    let place = |url: &String| origin(url).ok_or_else(|| "Where a secret goes is an http(s) address each.".to_owned());
    urls.iter().map(place).collect()
}
