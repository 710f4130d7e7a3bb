//! `/v1/tables`: the look-up tables, their files, and what they say for a key.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse as _, Response};
use rota_domain::access::Role;
use rota_domain::id::Digest;
use rota_domain::workspace::{Match, Table};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};
use crate::bind::Bound;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/tables", Role::Viewer, "listTables", list)
            .says("The look-up tables")
            .query::<Paging>()
            .gives::<Page<TableState>>(),
        Route::new(Method::GET, "/v1/tables/{id}", Role::Viewer, "getTable", one)
            .says("One look-up table")
            .gives::<TableState>(),
        Route::new(Method::GET, "/v1/tables/{id}/file", Role::Viewer, "getTableFile", file)
            .says("A look-up table's file, byte for byte as it was given")
            .gives_text("text/csv"),
        Route::new(Method::GET, "/v1/tables/{id}/look-up", Role::Viewer, "lookUp", look_up)
            .says("What a table says for a key, as a rule would be answered")
            .query::<LookUpAsked>()
            .gives::<LookedUp>(),
    ]
}

/// A look-up table.
#[derive(Serialize, JsonSchema)]
struct TableState {
    /// Its name.
    id: String,
    /// Its file in the workspace; none where its rows are a CRM's records.
    file: Option<String>,
    /// How keys are matched.
    #[serde(rename = "match")]
    matching: Match,
    /// How many rows its file has.
    rows: usize,
    /// The digest of the file.
    digest: Option<Digest>,
}

/// What is looked up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LookUpAsked {
    /// The key.
    key: String,
}

/// What a table says for a key.
#[derive(Serialize, JsonSchema)]
struct LookedUp {
    /// The key that was asked for.
    key: String,
    /// The value; none if no row matches.
    value: Option<String>,
}

fn state(table: &Table, bound: &Bound) -> TableState {
    TableState {
        id: table.id.clone(),
        file: table.file.clone(),
        matching: table.matching,
        rows: bound.bindings.tables.get(&table.id).map_or(0, |table| table.len()),
        digest: table.digest.clone(),
    }
}

fn find<'a>(bound: &'a Bound, id: &str) -> Result<&'a Table, Problem> {
    bound.workspace.tables.iter().find(|table| table.id == id).ok_or_else(|| Problem::missing("such table"))
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<TableState>>, Problem> {
    let bound = standing::bound(&doors, caller.tenant()?).await?;
    let all = bound.workspace.tables.iter().map(|table| state(table, &bound)).collect();
    Page::cut(all, &paging, |table| table.id.clone()).map(Json)
}

async fn one(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TableState>, Problem> {
    let bound = standing::bound(&doors, caller.tenant()?).await?;
    Ok(Json(state(find(&bound, &id)?, &bound)))
}

async fn file(State(doors): State<Arc<Doors>>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let tenant = caller.tenant()?;
    let bound = standing::bound(&doors, tenant).await?;
    let table = find(&bound, &id)?;
    let kept = match &table.digest {
        Some(digest) => doors.store.kept(tenant, digest).await.map_err(|error| Problem::store(&error))?,
        None => None,
    };
    let bytes = kept.ok_or_else(|| Problem::missing("file of this table"))?;
    // A table's id is made of letters, digits, hyphens, dots and underscores.
    let name = format!("attachment; filename=\"{id}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

async fn look_up(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(LookUpAsked { key }): Asked<LookUpAsked>,
) -> Result<Json<LookedUp>, Problem> {
    let tenant = caller.tenant()?;
    find(&*standing::bound(&doors, tenant).await?, &id)?;
    let desk = standing::desk(&doors, tenant).await?;
    let value = desk.tables.get(&id).and_then(|table| table.look_up(&key)).map(str::to_owned);
    Ok(Json(LookedUp { key, value }))
}
