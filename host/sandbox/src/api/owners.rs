//! Owners: the list with its opaque cursor, and a single one by id or by user id. Read only.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Pairs, id, limit_of, value_of};
use crate::clock::rfc3339;
use crate::double::Double;
use crate::errors::ApiError;
use crate::id::Id;
use crate::seed::OwnerSeed;

const PAGE: usize = 100;
/// Seen in clients only; the CRM's own limit is not confirmed.
const MAX_PAGE: usize = 500;

#[derive(Deserialize)]
pub(super) struct OwnerPath {
    id: String,
}

pub(super) async fn list(
    State(double): State<Arc<Double>>,
    Query(query): Query<Pairs>,
) -> Result<Json<Value>, ApiError> {
    let limit = limit_of(&query, PAGE, MAX_PAGE)?;
    let after = value_of(&query, "after").map(read_cursor).transpose()?;
    let (archived, email) = (wants_archived(&query), value_of(&query, "email"));
    let state = double.state();
    let mut rest = state
        .owners
        .values()
        .filter(|owner| owner.archived == archived)
        .filter(|owner| {
            email.is_none_or(|email| owner.email.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(email)))
        })
        .filter(|owner| after.is_none_or(|after| owner.id > after))
        .peekable();
    let page: Vec<&OwnerSeed> = rest.by_ref().take(limit).collect();
    let results: Vec<Value> = page.iter().map(|owner| to_json(owner, state.owners_since)).collect();
    let mut answer = json!({"results": results});
    if let Some(last) = page.last().filter(|_| rest.peek().is_some()) {
        let after = STANDARD.encode(last.id.to_string());
        answer["paging"] = json!({"next": {"after": after}});
    }
    Ok(Json(answer))
}

pub(super) async fn read(
    State(double): State<Arc<Double>>,
    Path(path): Path<OwnerPath>,
    Query(query): Query<Pairs>,
) -> Result<Json<Value>, ApiError> {
    let wanted = id(&path.id)?;
    let state = double.state();
    let owner = match value_of(&query, "idProperty").unwrap_or("id") {
        "id" => state.owners.get(&wanted),
        "userId" => state.owners.values().find(|owner| owner.user_id == wanted.0),
        other => {
            return Err(ApiError::validation(format!("idProperty is {other}; it must be id or userId")));
        }
    };
    let owner = owner.filter(|owner| owner.archived == wants_archived(&query)).ok_or_else(ApiError::no_such_record)?;
    Ok(Json(to_json(owner, state.owners_since)))
}

fn wants_archived(query: &Pairs) -> bool {
    value_of(query, "archived") == Some("true")
}

fn read_cursor(cursor: &str) -> Result<Id, ApiError> {
    let bytes = STANDARD.decode(cursor).ok();
    let id = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(Id::parse);
    id.ok_or_else(|| ApiError::validation(format!("after is no cursor of this list: {cursor}")))
}

/// An archived owner keeps its id and loses its user id.
fn to_json(owner: &OwnerSeed, since: Timestamp) -> Value {
    let user_id = (!owner.archived).then_some(owner.user_id);
    let mut json = json!({
        "id": owner.id, "email": owner.email, "type": "PERSON", "firstName": owner.first_name, "lastName": owner.last_name,
        "userId": user_id, "userIdIncludingInactive": owner.user_id,
        "createdAt": rfc3339(since), "updatedAt": rfc3339(since), "archived": owner.archived,
    });
    if !owner.teams.is_empty() {
        let teams = owner.teams.iter().map(|team| json!({"id": team.id, "name": team.name, "primary": team.primary}));
        json["teams"] = teams.collect();
    }
    json
}
