//! `/v1/log`: the log of decisions, a piece at a time or the whole of it as a file.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse as _, Response};
use rota_domain::access::Role;
use rota_domain::decision::Decision;
use rota_domain::id::TenantId;
use rota_flow::ports::Store;
use schemars::JsonSchema;
use serde::Deserialize;

use super::api::{Asked, Caller, Page, Paging, Route};
use super::problem::Problem;
use super::{Doors, decisions, stream};
use crate::show::Export;

/// Decisions in one piece of an answer: opening and writing out more of them at once would keep
/// a thread from others for too long.
const PIECE: u32 = 100;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/log", Role::Viewer, "readLog", read)
            .says("The log of decisions in order: a piece as JSON, or everything as JSON lines or CSV")
            .query::<LogAsked>()
            .gives::<Page<Decision>>()
            .or_gives(&["application/jsonl", "text/csv"]),
    ]
}

/// Which part of the log, and as what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LogAsked {
    /// What comes after this: `next` of the piece before, or a number of the log; the
    /// beginning if left out.
    #[serde(default)]
    after: Option<String>,
    /// How many at most. As `json`: 100 if left out, and never more than 1000. As a file: all
    /// if left out.
    #[serde(default)]
    limit: Option<u32>,
    /// `json`, a piece with a cursor, if left out.
    #[serde(default)]
    format: LogFormat,
}

/// As what the log is given.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LogFormat {
    /// A piece of the list.
    #[default]
    Json,
    /// One decision a line.
    Jsonl,
    /// A table for spreadsheets.
    Csv,
}

async fn read(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asked(asked): Asked<LogAsked>,
) -> Result<Response, Problem> {
    let tenant = caller.tenant()?;
    let paging = Paging { after: asked.after, limit: asked.limit };
    let after = paging.after_number()?;
    let export = match asked.format {
        LogFormat::Json => {
            let read = doors.store.log(tenant, after, paging.limit() + 1).await;
            let read = read.map_err(|error| Problem::store(&error))?;
            return Ok(Json(decisions::page(read, &paging)).into_response());
        }
        LogFormat::Jsonl => Export::Jsonl,
        LogFormat::Csv => Export::Csv,
    };
    let (pieces, body) = stream::body();
    let left = asked.limit.unwrap_or(u32::MAX);
    tokio::spawn(write(doors.store.clone(), tenant.clone(), after, left, export, pieces));
    // A tenant's name is made of letters, digits, hyphens, dots and underscores.
    let file = format!("attachment; filename=\"{tenant}-log.{}\"", export.extension());
    let headers = [(header::CONTENT_TYPE, export.media().to_owned()), (header::CONTENT_DISPOSITION, file)];
    Ok((headers, body).into_response())
}

/// Writes the log from here on, page by page, as fast as it is taken.
async fn write(
    store: Arc<dyn Store>,
    tenant: TenantId,
    mut after: u64,
    mut left: u32,
    export: Export,
    pieces: stream::Pieces,
) {
    let head = export.head();
    if !head.is_empty() && !pieces.send(head).await {
        return;
    }
    while left > 0 {
        let page = match store.log(&tenant, after, PIECE.min(left)).await {
            Ok(page) => page,
            Err(error) => return pieces.fail(error).await,
        };
        let Some(last) = page.last() else { return };
        after = last.seq;
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        let text: String = page.iter().map(|stored| export.line(stored)).collect();
        if !pieces.send(text).await {
            return;
        }
    }
}
