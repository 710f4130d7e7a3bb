//! Everything that a bundle must pass before it can hold: it is read as a server reads a
//! directory, its plugins are found and taken in, its settings judged, its connections and
//! quotas checked. What is wrong is told with its file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rota_domain::id::{Digest, TenantId};
use rota_domain::workspace::{Destination, Workspace};
use rota_flow::ports::{Kept, StoreError};

use super::bundle::{Components, Found};
use super::components::{find_plugins, told};
use super::watched::Watched;
use super::{Bundle, Fault, Pins, Refusal, Workspaces};
use crate::bind::{Bound, Shelf, UnfitSettings, bind_under, refuse_withdrawn};
use crate::config::{ConfigError, Loaded, at, load_workspace, setting};

/// A bundle that can hold; or what is wrong with it.
pub(super) type Judged = Result<Bound, Vec<Fault>>;

pub(super) const WORKSPACE: &str = "workspace.toml";

impl Workspaces {
    /// Judges a bundle when its turn comes. Nothing of it holds yet.
    ///
    /// # Errors
    /// When its turn does not come, or the store fails.
    pub(super) async fn judge(&self, tenant: &TenantId, bundle: &Bundle, pins: &Pins) -> Result<Judged, Refusal> {
        let busy = || Refusal::Busy("the host judges as many workspaces as it can".into());
        let _turn = self.turns.take(tenant).await.ok_or_else(busy)?;
        Ok(self.judged(tenant, bundle, pins).await?)
    }

    async fn judged(&self, tenant: &TenantId, bundle: &Bundle, pins: &Pins) -> Result<Judged, StoreError> {
        let files = bundle.files.values().map(|file| file.len() as u64).sum();
        let mut shelf = Shelf::new(tenant, &*self.library, &*self.store, files).await?;
        let components = match self.components_of(tenant, bundle, &mut shelf).await? {
            Ok(components) => components,
            Err(faults) => return Ok(Err(faults)),
        };
        let found = Arc::new((bundle.clone(), components));
        let read = on_a_thread(found.clone(), read_whole).await;
        let mut loaded = match read {
            Ok(loaded) => loaded,
            Err(faults) => return Ok(Err(faults)),
        };
        if loaded.workspace.tenant != *tenant {
            let reason = format!(
                "this is the workspace `{}`, and the token is of the tenant `{tenant}`; apply it with a token of its own, or correct the name",
                loaded.workspace.tenant
            );
            return Ok(Err(vec![on_line(&found, "/workspace", reason)]));
        }
        if let Err(faults) = find_plugins(&mut shelf, &mut loaded, pins, &found).await? {
            return Ok(Err(faults));
        }
        drop(shelf);
        let (catalogue, plan) = (self.catalogue.clone(), self.tenants.plan(tenant));
        let quota = plan.quotas().table_rows;
        let bound = on_a_thread(found.clone(), move |found| {
            within_quota(&loaded, quota, found)?;
            let wrong = flows_one_by_one(&loaded, |one| bind_under(one, &catalogue, &plan).err(), found);
            if !wrong.is_empty() {
                return Err(wrong);
            }
            bind_under(loaded, &catalogue, &plan).map_err(|error| vec![whole(format!("{error:#}"))])
        });
        let bound = match bound.await {
            Ok(bound) => bound,
            Err(faults) => return Ok(Err(faults)),
        };
        if let Err(error) = refuse_withdrawn(&bound.workspace, &*self.library).await {
            return Ok(Err(vec![on_line(&found, "/flows", told(error)?)]));
        }
        let unreachable = self.unreachable(&bound, &found);
        if !unreachable.is_empty() {
            return Ok(Err(unreachable));
        }
        if let Err(error) = self.tenants.check(&bound.workspace) {
            return Ok(Err(vec![on_line(&found, "/connections", format!("{error:#}"))]));
        }
        if let Some(over) = self.over_files(bundle, &bound).await? {
            return Ok(Err(vec![whole(over)]));
        }
        Ok(Ok(bound))
    }

    /// The destinations whose addresses their author may not name.
    fn unreachable(&self, bound: &Bound, found: &(Bundle, Components)) -> Vec<Fault> {
        let destinations = bound.workspace.destinations.iter().enumerate();
        let fault = |(n, destination): (usize, &Destination)| {
            let refused = self.tenants.may_reach(bound, &destination.url).err()?;
            let reason = format!("destination `{}`: {refused}", destination.id);
            Some(on_line(found, &format!("/destinations/{n}/url"), reason))
        };
        destinations.filter_map(fault).collect()
    }

    /// What is wrong where the files of all revisions and of this one are more than the plan
    /// grants: all stay, since decisions and rollbacks name them.
    async fn over_files(&self, bundle: &Bundle, bound: &Bound) -> Result<Option<String>, StoreError> {
        let tenant = &bound.workspace.tenant;
        let (bundle, kept) = (bundle.clone(), bound.kept.clone());
        let weigh = move || {
            let things = bundle.kept().1.into_iter().chain(kept);
            things.map(|thing| (Digest::of(&thing), thing.len() as u64)).collect()
        };
        let things = tokio::task::spawn_blocking(weigh).await.unwrap_or_default();
        let Kept { bytes, more } = self.revisions.bytes_with(tenant, &things).await?;
        let (most, bytes) = (self.tenants.plan(tenant).quotas().files_mib, bytes + more);
        // Who has too much already, since a plan grants less by now, can still go back.
        Ok((more > 0 && bytes > u64::from(most) << 20).then(|| {
            format!(
                "the files of all revisions would have {} MiB together, and the tenant's plan grants {most}; revisions stay, so ask the operator for another plan",
                bytes.div_ceil(1 << 20)
            )
        }))
    }
}

/// Reads a bundle as a workspace; what of it the workspace does not name is refused, since it
/// would be kept for ever for nothing.
fn read_whole(found: &Found<'_>) -> Result<Loaded, Vec<Fault>> {
    let watched = Watched::new(found);
    let loaded = load_workspace(&watched).map_err(faults)?;
    let read = watched.read();
    let named: BTreeSet<&str> = read.keys().map(|path| path.strip_prefix("./").unwrap_or(path)).collect();
    let files = found.bundle.files.keys().filter(|path| !named.contains(path.as_str()));
    let components = found.bundle.components.keys().filter(|path| !read.contains_key(*path));
    let reason = "workspace.toml names no such file; leave it out of what is sent";
    let unnamed = files.chain(components).map(|path| Fault { file: path.clone(), line: None, reason: reason.into() });
    let unnamed: Vec<Fault> = unnamed.collect();
    if unnamed.is_empty() { Ok(loaded) } else { Err(unnamed) }
}

/// The same workspace with this flow alone.
fn only(loaded: &Loaded, n: usize) -> Loaded {
    let flow = &loaded.workspace.flows[n];
    let components = loaded.components.get(&flow.id).map(|bytes| (flow.id.clone(), bytes.clone()));
    Loaded {
        workspace: Workspace { flows: vec![flow.clone()], ..loaded.workspace.clone() },
        settings: loaded.settings.clone(),
        components: components.into_iter().collect(),
        tables: BTreeMap::new(),
        calendar_files: BTreeMap::new(),
        trusted: loaded.trusted,
    }
}

/// Reading, compiling and judging keep a thread busy, so they have one that nobody waits for.
async fn on_a_thread<T: Send + 'static>(
    found: Arc<(Bundle, Components)>,
    work: impl FnOnce(&Found<'_>) -> Result<T, Vec<Fault>> + Send + 'static,
) -> Result<T, Vec<Fault>> {
    let worked = tokio::task::spawn_blocking(move || work(&files(&found)));
    worked.await.unwrap_or_else(|error| {
        tracing::error!(%error, "Judging a workspace ended in a defect of Rota; please report it");
        Err(vec![whole("judging it ended in a defect of Rota; the operator finds it in the log".into())])
    })
}

fn files(found: &(Bundle, Components)) -> Found<'_> {
    Found { bundle: &found.0, components: &found.1 }
}

pub(super) fn whole(reason: String) -> Fault {
    Fault { file: WORKSPACE.into(), line: None, reason }
}

pub(super) fn on_line(found: &(Bundle, Components), pointer: &str, reason: String) -> Fault {
    Fault { file: WORKSPACE.into(), line: at(&files(found), pointer), reason }
}

/// What a file is said to be wrong with; of a table, row by row.
fn faults(error: ConfigError) -> Vec<Fault> {
    let ConfigError { file, line, what, more } = error;
    let rest = more.into_iter().map(|told| {
        let told = told.strip_prefix(&format!("{file}:")).unwrap_or(&told).to_owned();
        let (line, reason) = match told.split_once(": ") {
            Some((line, reason)) if line.parse::<usize>().is_ok() => (line.parse().ok(), reason.to_owned()),
            _ => (None, told.trim_start().to_owned()),
        };
        Fault { file: file.clone(), line, reason }
    });
    let rest: Vec<Fault> = rest.collect();
    let file = if file == "." { WORKSPACE.into() } else { file };
    [Fault { file, line, reason: what }].into_iter().chain(rest).collect()
}

fn within_quota(loaded: &Loaded, most: u32, found: &Found<'_>) -> Result<(), Vec<Fault>> {
    let rows: usize = loaded.tables.values().map(|file| file.table.len()).sum();
    if rows <= most as usize {
        return Ok(());
    }
    let reason = format!(
        "the tables have {rows} rows together, and the tenant's plan grants {most}: leave rows out, or ask the operator for another plan"
    );
    Err(vec![Fault { file: WORKSPACE.into(), line: at(found, "/tables"), reason }])
}

/// What is wrong with each flow, so that an author is told everything at once.
fn flows_one_by_one(loaded: &Loaded, wrong: impl Fn(Loaded) -> Option<anyhow::Error>, found: &Found<'_>) -> Vec<Fault> {
    let mut all = Vec::new();
    for (n, flow) in loaded.workspace.flows.iter().enumerate() {
        let Some(error) = wrong(only(loaded, n)) else { continue };
        let Some(unfit) = error.downcast_ref::<UnfitSettings>() else {
            let line = at(found, &format!("/flows/{n}/plugin"));
            all.push(Fault { file: WORKSPACE.into(), line, reason: format!("{error:#}") });
            continue;
        };
        for misfit in &unfit.misfits {
            let (file, line) = setting(found, n, &misfit.path);
            let reason =
                format!("{misfit}: the settings of flow `{}` do not fit its plugin `{}`", flow.id, flow.plugin);
            all.push(Fault { file, line, reason });
        }
    }
    all
}
