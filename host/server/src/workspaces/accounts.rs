//! The CRM accounts of a workspace are asked before it holds: whether they are whose they are
//! said to be, and have what plugins and conditions name.

use super::bundle::Found;
use super::preflight::{Weight, preflight};
use super::{Bundle, Fault, Workspaces};
use crate::bind::Bound;
use crate::config::at;
use crate::custody::Sent;

impl Workspaces {
    /// What does not fit between a workspace and its accounts: what refuses it, and what
    /// somebody should know. An account that does not answer refuses it too.
    pub(super) async fn ask_accounts(&self, bundle: &Bundle, bound: &Bound, sent: &Sent) -> (Vec<Fault>, Vec<String>) {
        let connections = &bound.workspace.connections;
        if connections.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let files = Found { bundle, components: &std::collections::BTreeMap::new() };
        let fault = |connection: Option<usize>, reason: String| {
            let pointer = connection.map_or("/connections".into(), |n| format!("/connections/{n}"));
            Fault { file: "workspace.toml".into(), line: at(&files, &pointer), reason }
        };
        let crms = match self.tenants.crms(bound, sent).await {
            Ok(crms) => crms,
            Err(error) => return (vec![fault(None, format!("{error:#}"))], Vec::new()),
        };
        let (mut faults, mut warnings) = (Vec::new(), Vec::new());
        for finding in preflight(bound, &crms).await {
            match finding.weight {
                Weight::Warning => warnings.push(finding.to_string()),
                Weight::Error => {
                    let place = connections.iter().position(|connection| connection.id == finding.connection);
                    faults.push(fault(place, format!("connection `{}`: {}", finding.connection, finding.what)));
                }
            }
        }
        (faults, warnings)
    }
}
