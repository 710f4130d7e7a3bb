//! `/v1/people`: a person given out, or erased. The answer to both may hold personal data, and
//! the audit log never does: it says that somebody was asked for, and by whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use rota_domain::access::{Change, Role};
use rota_flow::ports::Whom;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Doors;
use super::api::{Caller, Given, Route};
use super::problem::Problem;
use crate::person::{ErasedPerson, PersonExport};

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/v1/people/export", Role::Admin, "exportPerson", export)
            .says("Everything that is kept about a person")
            .takes::<PersonAsked>()
            .gives::<PersonExport>(),
        Route::new(Method::POST, "/v1/people/erase", Role::Admin, "erasePerson", erase)
            .says("Erase a person: what is kept of them, and what waits; facts of decisions stay")
            .takes::<PersonAsked>()
            .gives::<ErasedPerson>(),
    ]
}

/// Which person: by one of the two.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PersonAsked {
    /// Their e-mail address.
    #[serde(default)]
    email: Option<String>,
    /// The id of a lead of theirs, such as `hs:contact:101`.
    #[serde(default)]
    lead: Option<String>,
}

impl PersonAsked {
    fn whom(self) -> Result<Whom, Problem> {
        match (self.email, self.lead) {
            (Some(email), None) if email.contains('@') => Ok(Whom::Email(email)),
            (None, Some(lead)) if !lead.is_empty() => Ok(Whom::Lead(lead.into())),
            _ => Err(Problem {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                kind: "bad-person",
                detail: "A person is named by `email`, with an address, or by `lead`, and not by both.".into(),
                mend: "Send one of the two.",
                retry_after: None,
            }),
        }
    }
}

async fn export(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(asked): Given<PersonAsked>,
) -> Result<Json<PersonExport>, Problem> {
    let whom = asked.whom()?;
    let tenant = caller.tenant()?;
    let dossier = doors.people.export(tenant, &whom).await.map_err(|error| Problem::store(&error))?;
    let export = PersonExport::of(dossier);
    let detail = format!("{} decisions", export.decisions.len());
    note(&doors, &caller, "person.exported", detail).await?;
    Ok(Json(export))
}

async fn erase(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(asked): Given<PersonAsked>,
) -> Result<Json<ErasedPerson>, Problem> {
    let whom = asked.whom()?;
    let (tenant, now) = (caller.tenant()?, doors.clock.now());
    let erased = doors.people.erase(tenant, &whom, &caller.who(), now, None).await;
    let erased = ErasedPerson::of(erased.map_err(|error| Problem::store(&error))?);
    note(&doors, &caller, "person.erased", erased.to_string()).await?;
    Ok(Json(erased))
}

async fn note(doors: &Doors, caller: &Caller, action: &str, detail: String) -> Result<(), Problem> {
    let change = Change {
        at: doors.clock.now(),
        who: caller.who(),
        action: action.into(),
        thing: "a person".into(),
        detail: Some(detail),
    };
    doors.access.changed(Some(caller.tenant()?), change).await.map_err(|error| Problem::store(&error))
}
