//! `/v1/workspace`: what a tenant decides under is read, planned, applied and rolled back;
//! a table is replaced, and a plugin put to use.

mod refused;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use rota_domain::access::{Change as Noted, Role};
use rota_domain::id::Digest;
use rota_domain::table::FILE_MAX;
use rota_flow::ports::{Past, SecretValue};

use super::Doors;
use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use crate::workspaces::{Applied, Bundle, Planned, Refusal, Wish};
use refused::Refused;
use words::{
    PluginUse, RevisionInfo, WorkspaceApplied, WorkspaceApply, WorkspaceFiles, WorkspaceRevision, WorkspaceRollback,
};

/// The largest bundle. Larger tables come one by one.
const BUNDLE_MAX: usize = 32 << 20;

/// Components may have to be compiled, and CRMs are asked, before an answer.
const JUDGED: Duration = Duration::from_secs(110);

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    let table = usize::try_from(FILE_MAX).unwrap_or(usize::MAX);
    vec![
        Route::new(Method::GET, "/v1/workspace", Role::Viewer, "getWorkspace", get)
            .says("The revision that holds, with its files")
            .gives::<WorkspaceRevision>(),
        Route::new(Method::POST, "/v1/workspace/plan", Role::Viewer, "planWorkspace", plan)
            .says("What applying these files would change, and what of them would be refused")
            .takes::<WorkspaceFiles>()
            .gives::<Planned>()
            .body_limit(BUNDLE_MAX)
            .time_limit(JUDGED),
        Route::new(Method::POST, "/v1/workspace/apply", Role::Admin, "applyWorkspace", apply)
            .says("Decide under these files from now on: one revision, or none")
            .takes::<WorkspaceApply>()
            .gives::<WorkspaceApplied>()
            .body_limit(BUNDLE_MAX)
            .time_limit(JUDGED),
        Route::new(Method::GET, "/v1/workspace/revisions", Role::Viewer, "listRevisions", list)
            .says("The revisions, the newest first")
            .query::<Paging>()
            .gives::<Page<RevisionInfo>>(),
        Route::new(Method::GET, "/v1/workspace/revisions/{number}", Role::Viewer, "getRevision", get_one)
            .says("A revision with its files")
            .gives::<WorkspaceRevision>(),
        Route::new(Method::POST, "/v1/workspace/rollback", Role::Admin, "rollBackWorkspace", roll_back)
            .says("Decide under an earlier revision again, as a new one")
            .takes::<WorkspaceRollback>()
            .gives::<WorkspaceApplied>()
            .time_limit(JUDGED),
        Route::new(Method::PUT, "/v1/tables/{id}", Role::Admin, "replaceTable", replace_table)
            .says("Give a table other rows, as a new revision")
            .takes_bytes("text/csv")
            .gives::<WorkspaceApplied>()
            .body_limit(table)
            .time_limit(JUDGED),
        Route::new(Method::POST, "/v1/plugins/{digest}/activate", Role::Admin, "activatePlugin", use_plugin)
            .says("Let a flow decide with this plugin from now on, as a new revision")
            .takes::<PluginUse>()
            .gives::<WorkspaceApplied>()
            .time_limit(JUDGED),
    ]
}

async fn get(State(doors): State<Arc<Doors>>, caller: Caller) -> Result<Json<WorkspaceRevision>, Refused> {
    shown(&doors, &caller, None, "workspace; apply one first").await
}

async fn get_one(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(number): Path<u64>,
) -> Result<Json<WorkspaceRevision>, Refused> {
    shown(&doors, &caller, Some(number), &format!("revision {number}")).await
}

async fn shown(
    doors: &Doors,
    caller: &Caller,
    number: Option<u64>,
    what: &str,
) -> Result<Json<WorkspaceRevision>, Refused> {
    let found = doors.workspaces.revision(caller.tenant()?, number).await.map_err(Refusal::from)?;
    let (past, bundle) = found.ok_or_else(|| Refusal::Missing(what.into()))?;
    let components = bundle.iter().flat_map(|bundle| &bundle.components);
    Ok(Json(WorkspaceRevision {
        info: info(past),
        components: components.map(|(path, digest)| (path.clone(), digest.to_string())).collect(),
        files: bundle.map(|bundle| bundle.texts()),
    }))
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<RevisionInfo>>, Refused> {
    let before = Some(paging.after_number()?).filter(|after| *after > 0);
    let past = doors.workspaces.revisions.revisions(caller.tenant()?, before, paging.limit() + 1).await;
    let items = past.map_err(Refusal::from)?.into_iter().map(info).collect();
    Ok(Json(Page::read(items, &paging, |info: &RevisionInfo| info.revision.to_string())))
}

fn info(past: Past) -> RevisionInfo {
    let (who, note) = past.origin.map_or((None, None), |origin| (Some(origin.who), origin.note));
    RevisionInfo { revision: past.number, at: past.at.to_string(), who, note }
}

async fn plan(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(given): Given<WorkspaceFiles>,
) -> Result<Json<Planned>, Refused> {
    let bundle = bundle(given.files, given.components)?;
    // Whoever names an address and a secret would otherwise be sent the one by the other.
    let sending = (caller.grant.role >= Role::Admin).then_some(&given.sending);
    let planned = doors.workspaces.plan(caller.tenant()?, &bundle, sending).await;
    Ok(Json(planned?))
}

async fn apply(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(given): Given<WorkspaceApply>,
) -> Result<Json<WorkspaceApplied>, Refused> {
    let bundle = bundle(given.files, given.components)?;
    let secrets = given.secrets.into_iter().map(|(name, value)| (name, SecretValue::new(value))).collect();
    let wish = Wish { who: caller.who(), note: given.note, base: given.base, secrets };
    let applied = doors.workspaces.apply(caller.tenant()?, &bundle, wish).await;
    noted(&doors, &caller, "workspace.applied", applied).await
}

async fn roll_back(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(given): Given<WorkspaceRollback>,
) -> Result<Json<WorkspaceApplied>, Refused> {
    let wish = Wish { who: caller.who(), note: given.note, base: given.base, ..Wish::default() };
    let applied = doors.workspaces.roll_back(caller.tenant()?, given.revision, wish).await;
    noted(&doors, &caller, "workspace.rolled-back", applied).await
}

async fn replace_table(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    csv: Bytes,
) -> Result<Json<WorkspaceApplied>, Refused> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::encoded().into());
    }
    let wish = Wish { who: caller.who(), ..Wish::default() };
    let applied = doors.workspaces.replace_table(caller.tenant()?, &id, csv.as_ref().into(), wish).await;
    noted(&doors, &caller, "table.replaced", applied).await
}

async fn use_plugin(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(digest): Path<String>,
    Given(given): Given<PluginUse>,
) -> Result<Json<WorkspaceApplied>, Refused> {
    let wish = Wish { who: caller.who(), note: given.note, ..Wish::default() };
    let plugin = Digest::from(digest);
    let applied = doors.workspaces.use_plugin(caller.tenant()?, &given.flow, &plugin, wish).await;
    noted(&doors, &caller, "plugin.activated", applied).await
}

/// Notes a change that was made. The revision itself says who made it, so that a failing
/// audit log does not deny what holds already.
async fn noted(
    doors: &Doors,
    caller: &Caller,
    action: &str,
    applied: Result<Applied, Refusal>,
) -> Result<Json<WorkspaceApplied>, Refused> {
    let Applied { revision, base, is_new, changes, warnings } = applied?;
    if is_new {
        let detail = Some(format!("{} changes against revision {base}", changes.len()));
        let thing = format!("revision {revision}");
        let change = Noted { at: doors.clock.now(), who: caller.who(), action: action.into(), thing, detail };
        if let Err(error) = doors.access.changed(Some(caller.tenant()?), change).await {
            tracing::error!(%error, revision, "A change of a workspace is not in the audit log");
        }
    }
    Ok(Json(WorkspaceApplied { revision, base, changed: is_new, changes, warnings }))
}

fn bundle(files: BTreeMap<String, String>, components: BTreeMap<String, String>) -> Result<Bundle, Refused> {
    let files = files.into_iter().map(|(path, text)| (path, text.into_bytes().into()));
    let components = components.into_iter().map(|(path, digest)| (path, Digest::from(digest))).collect();
    Bundle::new(files, components).map_err(|bad| {
        let problem = Problem {
            status: StatusCode::BAD_REQUEST,
            kind: "bad-path",
            detail: format!("{bad}."),
            mend: "Send workspace.toml and the files that it names, each by its path relative to it.",
            retry_after: None,
        };
        problem.into()
    })
}
