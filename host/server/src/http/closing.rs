//! `/v1/leads/closed`: somebody says that a lead is closed. That waits in the inbox like all that
//! arrives, so that it is entered in turn, by whichever host decides for the tenant.

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
            .takes::<ClosedLead>()
            .status(StatusCode::ACCEPTED),
    ]
}

/// A lead that is closed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ClosedLead {
    /// Its id, such as `hs:contact:101`. One that nobody has in hand changes nothing.
    lead: String,
}

async fn close(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(closed): Given<ClosedLead>,
) -> Result<StatusCode, Problem> {
    if closed.lead.is_empty() || closed.lead.len() > ID_MAX {
        return Err(Problem {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            kind: "bad-lead",
            detail: format!("A lead's id has 1 to {ID_MAX} bytes."),
            mend: "Send the id that the lead was routed under.",
            retry_after: None,
        });
    }
    let now = doors.clock.now();
    // Each time it is said counts: the lead may have been given to somebody again in between.
    let dedupe_key = format!("closed/{}/{}", closed.lead, now.as_nanosecond());
    let arrival = Arrival { dedupe_key, occurred: now, payload: Payload::Closed { lead: LeadId::from(closed.lead) } };
    doors.inbox.accept(caller.tenant()?, vec![arrival]).await.map_err(|error| Problem::store(&error))?;
    Ok(StatusCode::ACCEPTED)
}
