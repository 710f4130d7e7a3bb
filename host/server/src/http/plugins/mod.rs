//! `/v1/plugins`: components are uploaded, looked at, fetched back and withdrawn. Which of
//! them a flow asks is the workspace's matter.

mod refused;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rota_domain::access::{Change, Role};
use rota_domain::id::{Digest, TenantId};
use rota_domain::library::{PluginName, Uploaded};
use rota_domain::workspace::Workspace;
use tokio::time::Instant;

use super::Doors;
use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use crate::bundled::BUNDLED;
use crate::uploads::{Taken, bundled_name};

use refused::Refused;
use shown::{PluginDetail, PluginView, UploadedPlugin, bundled};

/// The kind of body that a component is.
const COMPONENT: &str = "application/wasm";

/// A little more than the largest component, so that it is the intake that says what is too much.
const BODY_MAX: usize = 33 << 20;
/// How long it may take to judge and compile a component, turns of others included.
const COMPILED: Duration = Duration::from_secs(130);

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/v1/plugins", Role::Admin, "uploadPlugin", upload)
            .says("Upload a component, which is judged and compiled before this answers; 200 if it was there already")
            .takes_bytes(COMPONENT)
            .gives::<UploadedPlugin>()
            .status(StatusCode::CREATED)
            .body_limit(BODY_MAX)
            .time_limit(COMPILED),
        Route::new(Method::GET, "/v1/plugins", Role::Viewer, "listPlugins", list)
            .says("The plugins that flows may name: bundled ones, and those that were uploaded")
            .query::<Paging>()
            .gives::<Page<PluginView>>(),
        Route::new(Method::GET, "/v1/plugins/{plugin}", Role::Viewer, "inspectPlugin", inspect)
            .says("One plugin, by digest, name, or name@version, with the JSON Schema of its settings")
            .gives::<PluginDetail>(),
        Route::new(Method::GET, "/v1/plugins/{plugin}/component", Role::Viewer, "fetchPlugin", fetch)
            .says("The component itself")
            .gives_text(COMPONENT),
        Route::new(Method::POST, "/v1/plugins/{plugin}/withdraw", Role::Admin, "withdrawPlugin", withdraw)
            .says("Withdraw a plugin, by digest: no flow may name it from then on; past decisions still replay")
            .gives::<PluginView>(),
    ]
}

async fn upload(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let began = Instant::now();
    let tenant = known(&doors, &caller).await?;
    let announced = check_headers(&headers)?;
    let plan = doors.tenants.plan(&tenant);
    let arrived = doors.uploads.receive(&tenant, &plan, announced, body).await?;
    let (who, now) = (caller.who(), doors.clock.now());
    // It is here whole: whether its sender still listens makes no difference from now on.
    let taking = tokio::spawn({
        let (doors, tenant) = (doors.clone(), tenant.clone());
        async move {
            let taken = doors.uploads.take_in(&tenant, &plan, arrived, who.clone(), now).await?;
            if let Taken::New(new) = &taken {
                let detail = format!("{}@{}", new.manifest.name, new.manifest.version);
                let thing = new.digest.to_string();
                let change = Change { at: now, who, action: "plugin.uploaded".into(), thing, detail: Some(detail) };
                doors.access.changed(Some(&tenant), change).await?;
            }
            Ok::<_, crate::uploads::UploadError>(taken)
        }
    });
    let taken = taking.await.map_err(|error| Refused::defect(&error.to_string()))??;
    let workspace = workspace(&doors, &tenant);
    let (status, plugin) = match taken {
        Taken::New(new) => (StatusCode::CREATED, PluginView::of(&new, workspace.as_deref())),
        Taken::Known(known) => (StatusCode::OK, PluginView::of(&known, workspace.as_deref())),
        Taken::Bundled(name) => {
            let own = bundled().iter().find(|own| own.name == name).ok_or_else(|| Problem::missing("plugin"))?;
            (StatusCode::OK, own.view(workspace.as_deref()))
        }
    };
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok((status, Json(UploadedPlugin { plugin, took_ms })).into_response())
}

/// The length that the sender announces, if the body is what it has to be.
fn check_headers(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::encoded());
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_TYPE).is_none_or(|media| !media.trim().eq_ignore_ascii_case(COMPONENT)) {
        return Err(Problem {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            kind: "no-component",
            detail: format!("The body is not announced as {COMPONENT}."),
            mend: "Send the component's bytes with Content-Type: application/wasm, or use `rota push`.",
            retry_after: None,
        });
    }
    Ok(text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()))
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<PluginView>>, Problem> {
    let tenant = caller.tenant()?;
    let workspace = workspace(&doors, tenant);
    let uploaded = doors.library.uploaded(tenant).await.map_err(|error| Problem::store(&error))?;
    let own = bundled().iter().map(|own| own.view(workspace.as_deref()));
    let theirs = uploaded.iter().map(|one| PluginView::of(one, workspace.as_deref()));
    Ok(Json(Page::cut(own.chain(theirs).collect(), &paging, |plugin: &PluginView| plugin.digest.to_string())?))
}

async fn inspect(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(plugin): Path<String>,
) -> Result<Json<PluginDetail>, Problem> {
    let tenant = caller.tenant()?;
    let workspace = workspace(&doors, tenant);
    if let Some(found) = find(&doors, tenant, &plugin).await? {
        let schema = doors.library.settings_schema(tenant, &found.digest).await;
        let schema = schema.map_err(|error| Problem::store(&error))?;
        return Ok(Json(PluginDetail::of(PluginView::of(&found, workspace.as_deref()), schema.as_deref())));
    }
    let name = PluginName::read(&plugin);
    let own =
        bundled().iter().find(|own| own.is_meant(&name)).ok_or_else(|| Problem::missing("plugin of this name"))?;
    Ok(Json(PluginDetail::of(own.view(workspace.as_deref()), own.settings_schema.as_deref())))
}

async fn fetch(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(plugin): Path<String>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant()?;
    let missing = || Problem::missing("plugin of this name");
    let component: Vec<u8> = match find(&doors, tenant, &plugin).await? {
        Some(found) => {
            let kept = doors.store.kept(tenant, &found.digest).await.map_err(|error| Problem::store(&error))?;
            kept.ok_or_else(missing)?
        }
        None => {
            let name = PluginName::read(&plugin);
            let own = bundled().iter().find(|own| own.is_meant(&name)).ok_or_else(missing)?;
            BUNDLED.iter().find(|(name, _)| *name == own.name).map(|(_, bytes)| bytes.to_vec()).ok_or_else(missing)?
        }
    };
    Ok(([(header::CONTENT_TYPE, COMPONENT)], component).into_response())
}

async fn withdraw(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(digest): Path<String>,
) -> Result<Json<PluginView>, Problem> {
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let digest = Digest::from(digest);
    if bundled_name(&digest).is_some() {
        return Err(conflict(format!("{digest} is a bundled plugin, which every tenant has.")));
    }
    let failed = |error| Problem::store(&error);
    // First withdrawn, then looked at: whoever binds it meanwhile is seen, or sees that.
    let done = doors.library.withdraw(tenant, &digest, now).await.map_err(failed)?;
    if !done {
        return Err(Problem::missing("plugin of this digest that is not withdrawn"));
    }
    let workspace = workspace(&doors, tenant);
    let found = find(&doors, tenant, digest.as_str()).await?.ok_or_else(|| Problem::missing("plugin"))?;
    let view = PluginView::of(&found, workspace.as_deref());
    if !view.flows.is_empty() {
        let schema = doors.library.settings_schema(tenant, &digest).await.map_err(failed)?;
        doors.library.add(tenant, found, schema).await.map_err(failed)?;
        let flows: Vec<String> = view.flows.iter().map(|flow| format!("`{flow}`")).collect();
        return Err(conflict(format!("{digest} is in use by the flows {}.", flows.join(", "))));
    }
    let detail = Some(format!("{}@{}", view.name, view.version));
    let change =
        Change { at: now, who: caller.who(), action: "plugin.withdrawn".into(), thing: digest.to_string(), detail };
    doors.access.changed(Some(tenant), change).await.map_err(failed)?;
    Ok(Json(view))
}

fn conflict(detail: String) -> Problem {
    Problem {
        status: StatusCode::CONFLICT,
        kind: "in-use",
        detail,
        mend: "Apply a workspace that does not name it first, then withdraw it.",
        retry_after: None,
    }
}

async fn find(doors: &Doors, tenant: &TenantId, plugin: &str) -> Result<Option<Uploaded>, Problem> {
    let found = doors.library.find(tenant, &PluginName::read(plugin)).await;
    found.map_err(|error| Problem::store(&error))
}

/// The caller's tenant, if there is one of that name: the host's operator may have misspelt it.
async fn known(doors: &Doors, caller: &Caller) -> Result<TenantId, Problem> {
    let tenant = caller.tenant()?;
    let tenants = doors.store.tenants().await.map_err(|error| Problem::store(&error))?;
    tenants.contains(tenant).then(|| tenant.clone()).ok_or_else(|| Problem::missing("tenant of this name"))
}

/// What the tenant decides under now.
fn workspace(doors: &Doors, tenant: &TenantId) -> Option<Arc<Workspace>> {
    doors.tenants.get(tenant).map(|tenant| tenant.bound().workspace.clone())
}
