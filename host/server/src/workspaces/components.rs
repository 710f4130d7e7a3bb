//! The components that a bundle does not bring along: those that its flows name are found, by
//! path, digest or name, and no others are fetched.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::id::TenantId;
use rota_flow::ports::StoreError;

use super::bundle::Components;
use super::judge::{WORKSPACE, on_line, whole};
use super::{Bundle, Fault, Pins, Workspaces};
use crate::bind::Shelf;
use crate::config::{Loaded, plugins};

/// The most bytes of `workspace.toml`; a larger one is refused when it is read.
const WORKSPACE_MOST: usize = 1 << 20;

impl Workspaces {
    /// The components that came before the bundle, by the path that a flow of it names them
    /// with: those that were uploaded, or that a revision had. One that was withdrawn is used
    /// by no revision from then on.
    pub(super) async fn components_of(
        &self,
        tenant: &TenantId,
        bundle: &Bundle,
        shelf: &mut Shelf<'_>,
    ) -> Result<Result<Components, Vec<Fault>>, StoreError> {
        let named = named(bundle).await;
        // What no flow names is refused by its name later, and is not fetched for that.
        let wanted = bundle.components.iter().filter(|(path, _)| named.contains(*path));
        let (mut known, mut components) = (BTreeMap::new(), Components::new());
        for (path, digest) in wanted {
            let is_known = match known.get(digest) {
                Some(is_known) => *is_known,
                None => match shelf.uploaded().iter().find(|one| one.digest == *digest) {
                    Some(one) => one.withdrawn.is_none(),
                    None => self.revisions.had_component(tenant, digest).await?,
                },
            };
            known.insert(digest, is_known);
            if !is_known {
                continue;
            }
            match shelf.component(digest).await {
                Ok(component) => components.extend(component.map(|bytes| (path.clone(), bytes))),
                Err(error) => return told(error).map(|reason| Err(vec![whole(reason)])),
            }
        }
        Ok(Ok(components))
    }
}

/// What the flows of a bundle name; nothing where it is no workspace, which is told later.
async fn named(bundle: &Bundle) -> BTreeSet<String> {
    let text = bundle.files.get(WORKSPACE).filter(|text| text.len() <= WORKSPACE_MOST).cloned();
    let read = move || text.map(|text| plugins(&String::from_utf8_lossy(&text)));
    tokio::task::spawn_blocking(read).await.ok().flatten().unwrap_or_default()
}

/// Finds the plugins that flows name by digest or by the name of an uploaded one; those of an
/// earlier revision are the very components that it had.
pub(super) async fn find_plugins(
    shelf: &mut Shelf<'_>,
    loaded: &mut Loaded,
    pins: &Pins,
    found: &(Bundle, Components),
) -> Result<Result<(), Vec<Fault>>, StoreError> {
    let mut wrong = Vec::new();
    for (n, flow) in loaded.workspace.flows.iter().enumerate() {
        let pinned = match pins.get(&flow.id) {
            Some(digest) => shelf.component(digest).await,
            None => Ok(None),
        };
        let component = match pinned {
            Ok(None) if !loaded.components.contains_key(&flow.id) => shelf.of_flow(flow).await,
            pinned => pinned,
        };
        match component {
            Ok(component) => loaded.components.extend(component.map(|bytes| (flow.id.clone(), bytes))),
            Err(error) => wrong.push(on_line(found, &format!("/flows/{n}/plugin"), told(error)?)),
        }
    }
    Ok(if wrong.is_empty() { Ok(()) } else { Err(wrong) })
}

/// What an author is told of an error; a failure of the store is none of theirs.
pub(super) fn told(error: anyhow::Error) -> Result<String, StoreError> {
    error.downcast::<StoreError>().map_or_else(|error| Ok(format!("{error:#}")), Err)
}
