//! A workspace is changed: applied, rolled back, given another table or plugin. Each is one
//! revision, entered whole in one commit or not at all.

use std::sync::Arc;

use rota_domain::id::{Digest, TenantId};
use rota_flow::orders::OrderError;
use rota_flow::ports::{Origin, StoreError};

use super::{Bundle, Change, Fault, NotSet, Pins, Refusal, Workspaces, difference, edit};
use crate::bind::Bound;
use crate::custody::{Sent, Unfit};
use crate::tenants::moved;

/// Who wants a change, and on which terms.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Who, as the audit log names them.
    pub who: String,
    /// Why, in their words.
    pub note: Option<String>,
    /// The revision that it was made for; none for whichever holds.
    pub base: Option<u64>,
    /// Secrets that the workspace names, by name.
    pub secrets: Sent,
}

/// A change that holds from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The revision that holds.
    pub revision: u64,
    /// The one before; 0 if there was none.
    pub base: u64,
    /// Whether it is a new one: false where nothing was different.
    pub is_new: bool,
    /// What is different.
    pub changes: Vec<Change>,
    /// What the author should know, a sentence each.
    pub warnings: Vec<String>,
}

impl Workspaces {
    /// Lets a tenant decide under this bundle from now on. Leads that are being decided end
    /// under the revision before.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn apply(&self, tenant: &TenantId, bundle: &Bundle, wish: Wish) -> Result<Applied, Refusal> {
        self.enter(tenant, bundle, wish, &Pins::new()).await
    }

    /// Lets a tenant decide under an earlier revision again, with the very components that it
    /// had, as a new revision.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn roll_back(&self, tenant: &TenantId, number: u64, mut wish: Wish) -> Result<Applied, Refusal> {
        let missing = || Refusal::Missing(format!("revision {number}"));
        let (_, workspace) = self.revisions.revision(tenant, number).await?.ok_or_else(missing)?;
        let bundle = self.bundle_of(tenant, number).await?.ok_or(Refusal::NoSource(number))?;
        let pins = workspace.flows.into_iter().filter_map(|flow| Some((flow.id, flow.digest?))).collect();
        wish.note = wish.note.or_else(|| Some(format!("back to revision {number}")));
        self.enter(tenant, &bundle, wish, &pins).await
    }

    /// Gives a table other rows, as a new revision with that file replaced.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn replace_table(
        &self,
        tenant: &TenantId,
        table: &str,
        csv: Arc<[u8]>,
        mut wish: Wish,
    ) -> Result<Applied, Refusal> {
        let (base, bundle) = self.held(tenant).await?;
        let missing = || Refusal::Missing(format!("table `{table}`"));
        let says = self.current(tenant).await?.says.ok_or_else(missing)?;
        let known = says.0.tables.iter().find(|known| known.id == table).ok_or_else(missing)?;
        let file = known.file.clone().ok_or_else(|| Refusal::Missing(format!("file of table `{table}`")))?;
        wish.base = wish.base.or(Some(base));
        wish.note = wish.note.or_else(|| Some(format!("table {table}")));
        self.apply(tenant, &edit::with_file(bundle, &file, csv), wish).await
    }

    /// Gives a flow another plugin, as a new revision whose `workspace.toml` is otherwise as
    /// it was, comments and all.
    ///
    /// # Errors
    /// Why the revision before stays.
    pub async fn use_plugin(
        &self,
        tenant: &TenantId,
        flow: &str,
        plugin: &Digest,
        mut wish: Wish,
    ) -> Result<Applied, Refusal> {
        let (base, bundle) = self.held(tenant).await?;
        wish.base = wish.base.or(Some(base));
        wish.note = wish.note.or_else(|| Some(format!("plugin of flow {flow}")));
        self.apply(tenant, &edit::with_plugin(bundle, flow, plugin)?, wish).await
    }

    /// The revision that holds, with its files.
    async fn held(&self, tenant: &TenantId) -> Result<(u64, Bundle), Refusal> {
        self.not_from_files(tenant)?;
        let revision = self.current(tenant).await?.revision;
        if revision == 0 {
            return Err(Refusal::Missing(format!("workspace of `{tenant}`; apply one first")));
        }
        let bundle = self.bundle_of(tenant, revision).await?.ok_or(Refusal::NoSource(revision))?;
        Ok((revision, bundle))
    }

    fn not_from_files(&self, tenant: &TenantId) -> Result<(), Refusal> {
        if self.tenants.is_from_files(tenant) {
            return Err(Refusal::ServedFromFiles(tenant.clone()));
        }
        Ok(())
    }

    async fn enter(&self, tenant: &TenantId, bundle: &Bundle, wish: Wish, pins: &Pins) -> Result<Applied, Refusal> {
        self.not_from_files(tenant)?;
        let current = self.current(tenant).await?;
        let base = current.revision;
        if let Some(wanted) = wish.base.filter(|wanted| *wanted != base) {
            return Err(Refusal::Moved { now: base, base: wanted });
        }
        let bound = self.judge(tenant, bundle, pins).await?.map_err(Refusal::Invalid)?;
        let changes = difference::difference(current.says.as_ref(), (&bound.workspace, &bound.bindings.tables));
        self.judge_secrets(bundle, &bound, &wish).await?;
        let (faults, warnings) = self.ask_accounts(bundle, &bound, &wish.secrets).await;
        if !faults.is_empty() {
            return Err(Refusal::Invalid(faults));
        }
        let (source, kept) = bundle.kept();
        let before = self.revision(tenant, Some(base)).await?.and_then(|(past, _)| past.origin);
        let is_same = changes.is_empty() && before.is_some_and(|origin| origin.source == source);
        let bound = Bound { kept: bound.kept.into_iter().chain(kept).collect(), ..bound };
        let Wish { who, note, secrets, .. } = wish;
        // Its secrets may be others, and a tenant that could not start may start now.
        let origin = (!is_same).then(|| Origin { who: who.clone(), note, source });
        let revision = self.enter_with(bound, base, origin, &secrets, &who).await?;
        Ok(Applied { revision, base, is_new: revision != base, changes, warnings })
    }

    /// Enters what was judged, with its secrets, or leaves all as it was.
    async fn enter_with(
        &self,
        bound: Bound,
        base: u64,
        origin: Option<Origin>,
        secrets: &Sent,
        who: &str,
    ) -> Result<u64, Refusal> {
        let workspace = bound.workspace.clone();
        let turn = self.tenants.turn(&workspace.tenant).await;
        // Another one that came first is known before anything of this one is kept.
        let now = self.tenants.get(&workspace.tenant).map(|alive| alive.revision());
        if let Some(now) = now.filter(|now| *now != base) {
            return Err(Refusal::Moved { now, base });
        }
        // They are not of the revision's commit: before it, a crash leaves a workspace that has
        // its tokens.
        let mut replaced = Vec::new();
        let entered = match self.keep_secrets(&workspace, secrets, who, &mut replaced).await {
            Ok(()) => {
                let entered = self.tenants.apply_in(&turn, bound, Some(base), origin).await;
                entered.map_err(|error| refused(&error, base))
            }
            Err(NotSet::Store(store)) => Err(Refusal::Store(store)),
            Err(other) => Err(Refusal::Busy(other.to_string())),
        };
        if entered.is_err() {
            self.put_back(&workspace.tenant, replaced, who).await;
        }
        entered
    }
}

/// Why a revision was not entered.
fn refused(error: &anyhow::Error, base: u64) -> Refusal {
    if let Some(now) = moved(error) {
        return Refusal::Moved { now, base };
    }
    if let Some(Unfit::Store(store)) = error.downcast_ref() {
        return Refusal::Busy(store.to_string());
    }
    if let Some(store) = error.downcast_ref::<StoreError>() {
        return Refusal::Busy(store.to_string());
    }
    match error.downcast_ref::<OrderError>() {
        Some(order) => Refusal::Busy(order.to_string()),
        None => {
            Refusal::Invalid(vec![Fault { file: "workspace.toml".into(), line: None, reason: format!("{error:#}") }])
        }
    }
}
