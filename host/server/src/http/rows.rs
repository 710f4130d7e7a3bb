//! `/v1/tables/{id}/rows`: rows of dated tables beside those of their files. What comes waits in the inbox
//! like all that arrives, so that it is entered in turn, by whichever host decides for the tenant.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use rota_domain::access::Role;
use rota_domain::id::TenantId;
use rota_domain::lead::ID_MAX;
use rota_domain::table::{DatedRow, RowChange};
use rota_domain::workspace::Match;
use rota_flow::ports::{Arrival, Payload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::api::{Asked, Caller, Given, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, standing};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/tables/{id}/rows", Role::Viewer, "listRows", list)
            .says("The rows of a dated table that were sent, or that a CRM's records are")
            .query::<Paging>()
            .gives::<Page<AddedRow>>(),
        Route::new(Method::PUT, "/v1/tables/{id}/rows/{row}", Role::Operator, "putRow", put)
            .says("Send a row of a dated table, in place of the one of this name; the next decisions see it")
            .takes::<NewRow>()
            .status(StatusCode::ACCEPTED),
        Route::new(Method::DELETE, "/v1/tables/{id}/rows/{row}", Role::Operator, "takeRowBack", take_back)
            .says("Take a row of a dated table back")
            .status(StatusCode::ACCEPTED),
    ]
}

/// A row that stands beside a table's file.
#[derive(Serialize, JsonSchema)]
struct AddedRow {
    /// What it is called: a CRM's record as its lead would be, such as `hs:deal:7`.
    row: String,
    #[serde(flatten)]
    says: DatedRow,
}

/// A row of a dated table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRow {
    /// Whose number it is: a rep's id, or `<connection>:<owner id>`.
    key: String,
    /// When: a time, or a day, which begins at midnight of the workspace's zone.
    at: String,
    /// The number, with up to four digits after its point.
    value: Number,
}

async fn list(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path(table): Path<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<AddedRow>>, Problem> {
    let tenant = caller.tenant()?;
    check_table(&doors, tenant, &table).await?;
    let desk = standing::desk(&doors, tenant).await?;
    let rows = desk.added().of(&table).map(|(row, says)| AddedRow { row: row.clone(), says: says.clone() });
    Page::cut(rows.collect(), &paging, |row| row.row.clone()).map(Json)
}

async fn put(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path((table, row)): Path<(String, String)>,
    Given(NewRow { key, at, value }): Given<NewRow>,
) -> Result<StatusCode, Problem> {
    let says = DatedRow { key, at, value: value.to_string() };
    says.check().map_err(|what| unfit(format!("The row cannot be meant: {what}."), "Mend it and send it again."))?;
    change(&doors, &caller, RowChange { table, id: row, row: Some(says) }).await
}

async fn take_back(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Path((table, row)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    change(&doors, &caller, RowChange { table, id: row, row: None }).await
}

async fn change(doors: &Doors, caller: &Caller, change: RowChange) -> Result<StatusCode, Problem> {
    let tenant = caller.tenant()?;
    check_table(doors, tenant, &change.table).await?;
    if change.id.len() > ID_MAX {
        return Err(unfit(format!("A row's name has 1 to {ID_MAX} bytes."), "Give it a shorter one."));
    }
    let now = doors.clock.now();
    // Each time it is said counts: the row may have been another in between.
    let dedupe_key = format!("row/{}/{}/{}", change.table, change.id, now.as_nanosecond());
    let arrival = Arrival { dedupe_key, occurred: now, payload: Payload::Row(change) };
    doors.inbox.accept(tenant, vec![arrival]).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether the tenant has a dated table of this name.
async fn check_table(doors: &Doors, tenant: &TenantId, table: &str) -> Result<(), Problem> {
    let bound = standing::bound(doors, tenant).await?;
    match bound.workspace.tables.iter().find(|known| known.id == table) {
        Some(known) if known.matching == Match::Dated => Ok(()),
        Some(_) => Err(unfit(
            format!("The table `{table}` has no dates."),
            "Send its whole file to PUT /v1/tables/{id}, or name a table with match = \"dated\".",
        )),
        None => Err(Problem::missing("such table")),
    }
}

fn unfit(detail: String, mend: &'static str) -> Problem {
    Problem { status: StatusCode::UNPROCESSABLE_ENTITY, kind: "bad-row", detail, mend, retry_after: None }
}
