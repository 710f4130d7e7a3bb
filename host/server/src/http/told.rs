//! `/v1/leads/closed` and `/v1/leads/responded`: somebody says that a lead is closed, or answered. That
//! waits in the inbox like all that arrives, so that it is entered in turn, by whichever host decides
//! for the tenant.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode};
use rota_domain::access::Role;
use rota_domain::id::LeadId;
use rota_domain::lead::ID_MAX;
use rota_flow::ports::{Arrival, Payload};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Doors;
use super::api::{Caller, Given, Route};
use super::problem::Problem;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/v1/leads/closed", Role::Operator, "closeLead", close)
            .says("Say that a lead is closed: whoever has it in hand has a place more")
            .takes::<NamedLead>()
            .status(StatusCode::ACCEPTED),
        Route::new(Method::POST, "/v1/leads/responded", Role::Operator, "answerLead", respond)
            .says("Say that a lead was answered: its response target is met")
            .takes::<NamedLead>()
            .status(StatusCode::ACCEPTED),
    ]
}

/// A lead, by its id.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedLead {
    /// Its id, such as `hs:contact:101`. One that nobody has in hand changes nothing.
    lead: String,
}

async fn close(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(named): Given<NamedLead>,
) -> Result<StatusCode, Problem> {
    tell(&doors, &caller, named, "closed", |lead| Payload::Closed { lead }).await
}

async fn respond(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(named): Given<NamedLead>,
) -> Result<StatusCode, Problem> {
    tell(&doors, &caller, named, "responded", |lead| Payload::Responded { lead }).await
}

async fn tell(
    doors: &Doors,
    caller: &Caller,
    NamedLead { lead }: NamedLead,
    what: &str,
    payload: impl FnOnce(LeadId) -> Payload,
) -> Result<StatusCode, Problem> {
    check_lead_id(&lead)?;
    let now = doors.clock.now();
    // Each time it is said counts: the lead may have been given to somebody again in between.
    let dedupe_key = format!("{what}/{lead}/{}", now.as_nanosecond());
    let arrival = Arrival { dedupe_key, occurred: now, payload: payload(LeadId::from(lead)) };
    doors.inbox.accept(caller.tenant()?, vec![arrival]).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether a lead can be called so.
pub(super) fn check_lead_id(id: &str) -> Result<(), Problem> {
    if !id.is_empty() && id.len() <= ID_MAX {
        return Ok(());
    }
    Err(Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        kind: "bad-lead",
        detail: format!("A lead's id has 1 to {ID_MAX} bytes."),
        mend: "Send the id that the lead was routed under.",
        retry_after: None,
    })
}
