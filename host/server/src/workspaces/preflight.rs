//! A workspace against its CRM accounts, before it decides anything: whether the accounts are
//! whose they are said to be, have the properties that plugins and conditions name, with the
//! types that are declared and the leave to write them, and know the reps.

mod fits;
mod needs;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rota_crm::hubspot::vouches;
use rota_domain::delivery::Trouble;
use rota_domain::id::ConnectionId;
use rota_domain::workspace::{Connection, Workspace};
use rota_flow::ports::{Crm, CrmError, PropertyInfo, RecordRef, Wanted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::needs::{Need, needs};
use crate::bind::Bound;
use crate::config::nearest;

/// A record that no account has; asking for it shows whether records can be read at all.
const NOBODY: &str = "1";

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "PreflightWeight")]
pub enum Weight {
    /// The workspace would not do what it says: it is refused.
    Error,
    /// It may not do what it says: somebody should look.
    Warning,
}

/// Something that does not fit between a workspace and a CRM account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PreflightFinding")]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// The connection to the account.
    pub connection: ConnectionId,
    /// What does not fit, and what to do, in one sentence.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
        };
        write!(f, "{weight}: connection `{}`: {}", self.connection, self.what)
    }
}

/// What does not fit between a workspace and these accounts of it, the worst of each first.
/// An account that does not answer is a finding like any other.
pub async fn preflight(bound: &Bound, crms: &BTreeMap<ConnectionId, Arc<dyn Crm>>) -> Vec<Finding> {
    let mut found = Vec::new();
    for connection in &bound.workspace.connections {
        let Some(crm) = crms.get(&connection.id) else { continue };
        let mut of_this = Findings { connection: &connection.id, found: Vec::new() };
        // Where the account is another's or does not answer, there is nothing more to ask of it.
        if of_this.account(&**crm, connection).await {
            of_this.reps(&**crm, &bound.workspace).await;
            of_this.records(&**crm, bound).await;
        }
        of_this.found.sort_by_key(|finding| finding.weight);
        found.append(&mut of_this.found);
    }
    found
}

/// What is found about one connection.
struct Findings<'a> {
    connection: &'a ConnectionId,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn note(&mut self, weight: Weight, what: String) {
        self.found.push(Finding { weight, connection: self.connection.clone(), what });
    }

    /// Something could not be asked.
    fn unasked(&mut self, error: &CrmError) {
        self.note(Weight::Error, error.detail.clone());
    }

    /// Whether the token opens the account whose webhooks the workspace claims.
    async fn account(&mut self, crm: &dyn Crm, connection: &Connection) -> bool {
        if let (Some(portal), Some(url)) = (connection.portal_id, &connection.base_url)
            && !vouches(url)
        {
            let what = format!(
                "it claims the account {portal}, and `{url}` is not HubSpot's, which alone can say whose that is: leave base_url out"
            );
            self.note(Weight::Error, what);
            return false;
        }
        let account = match crm.account().await {
            Ok(account) => account,
            Err(error) => {
                self.unasked(&error);
                return false;
            }
        };
        match connection.portal_id {
            Some(portal) if portal != account.portal => {
                let what = format!(
                    "its token belongs to the account {}, and portal_id says {portal}: write the account's own number, or set the other account's token",
                    account.portal
                );
                self.note(Weight::Error, what);
                false
            }
            _ => true,
        }
    }

    /// Whether the account knows everybody who may own a lead.
    async fn reps(&mut self, crm: &dyn Crm, workspace: &Workspace) {
        let directory = match crm.directory().await {
            Ok(directory) => directory,
            Err(error) => return self.unasked(&error),
        };
        for rep in workspace.reps.iter().filter(|rep| rep.active) {
            let Some(id) = rep.crm.get(self.connection) else { continue };
            match directory.owner(id) {
                Some(owner) if owner.archived => self.note(
                    Weight::Error,
                    format!("rep `{}` is the owner `{id}`, who was deactivated: name another owner, or say active = false", rep.id),
                ),
                Some(_) => {}
                None => self.note(
                    Weight::Error,
                    format!("rep `{}` is the owner `{id}`, whom the account does not have: take an id from its list of owners", rep.id),
                ),
            }
        }
    }

    /// Whether the account has what is read, written and asked of its records.
    async fn records(&mut self, crm: &dyn Crm, bound: &Bound) {
        for (object, needs) in needs(&bound.workspace, &bound.bindings) {
            match crm.properties(&object).await {
                Ok(properties) => needs.iter().for_each(|need| self.property(&object, need, &properties)),
                Err(error) if matches!(error.trouble, Trouble::Unauthorized | Trouble::Forbidden) => {
                    let what = format!("the properties of {object} records are not checked: {}", error.detail);
                    self.note(Weight::Warning, what);
                }
                Err(error) => self.unasked(&error),
            }
            let nobody = RecordRef { object, id: NOBODY.into() };
            if let Err(error) = crm.read(&[nobody], &Wanted::default()).await {
                self.unasked(&error);
            }
        }
    }

    fn property(&mut self, object: &str, need: &Need, properties: &[PropertyInfo]) {
        let Need { who, name, .. } = need;
        let Some(info) = properties.iter().find(|info| info.name == *name) else {
            let names: Vec<&str> = properties.iter().map(|info| info.name.as_str()).collect();
            let mend = match nearest(name, &names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add it to the CRM, or correct the name".into(),
            };
            let what = format!("{who} the {object} property `{name}`, which the account does not have; {mend}");
            return self.note(Weight::Error, what);
        };
        for (weight, what) in fits::misfits(need, info) {
            self.note(weight, format!("{who} the {object} property `{name}`, {what}"));
        }
    }
}
