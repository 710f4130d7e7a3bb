//! `POST /v1/route`: a lead is decided about while its caller waits.
//!
//! The answer comes after the commit. A call with an idempotency key can be repeated at will;
//! one that is not answered was recorded whole, or not at all.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use rota_domain::access::Role;
use rota_domain::decision::{Apply, Decision};
use rota_domain::id::{ConnectionId, Digest, FlowId, LeadId};
use rota_domain::lead::Lead;
use rota_domain::rate::whole_seconds;
use rota_domain::workspace::Workspace;
use rota_flow::journal::arrived;
use rota_flow::orders::{Answered, Call, OrderError};
use rota_flow::ports::{Keyed, Payload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Caller, Given, Route};
use super::problem::Problem;
use super::traced::Asking;
use crate::show::ToApply;

/// How long a caller waits who does not say it, in milliseconds.
const TIMEOUT_MS: u32 = 10_000;
/// How long a caller may wait, in milliseconds.
const TIMEOUT_MS_MAX: u32 = 30_000;
/// The most bytes of an idempotency key.
const KEY_MAX: usize = 256;
/// The header that may hold the key.
const KEY: &str = "idempotency-key";

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::POST, "/v1/route", Role::Operator, "routeLead", route)
            .says("Decide who gets a lead, and answer once that is durable")
            .takes::<RouteCall>()
            .gives::<RouteAnswer>()
            .takes_a_lead()
            .time_limit(Duration::from_millis(u64::from(TIMEOUT_MS_MAX) + 5_000)),
    ]
}

/// A lead to be decided about: the lead itself, or the record that it is read from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RouteCall {
    /// Ask this flow only; without it, the flows that enrol such a lead are asked.
    #[serde(default)]
    flow: Option<FlowId>,
    /// The lead, with everything that rules may see of it.
    #[serde(default)]
    lead: Option<Lead>,
    /// A record of a connected CRM, which is read first.
    #[serde(default, rename = "ref")]
    record: Option<RecordName>,
    /// Who carries the effects out.
    #[serde(default)]
    apply: Apply,
    /// What makes a second call a repeat of this one: it is answered with the same decision.
    /// The header `Idempotency-Key` may hold it instead.
    #[serde(default)]
    idempotency_key: Option<String>,
    /// How long to wait, in milliseconds: 10,000 unless said, at most 30,000.
    #[serde(default)]
    timeout_ms: Option<u32>,
}

/// A record of a CRM.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RecordName {
    /// The workspace's connection.
    connection: ConnectionId,
    /// The kind of record, such as `contact`.
    object: String,
    /// Its id in the CRM.
    id: String,
}

/// A decision, with what is left to the caller.
#[derive(Serialize, JsonSchema)]
struct RouteAnswer {
    /// The decision.
    #[serde(flatten)]
    decision: Decision,
    /// With `apply: caller`, what the caller is to do, in this order. A repeat gives it again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_apply: Vec<ToApply>,
}

async fn route(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Asking(parent): Asking,
    headers: HeaderMap,
    Given(asked): Given<RouteCall>,
) -> Result<Json<RouteAnswer>, Problem> {
    let received = doors.clock.now();
    let id = caller.tenant()?;
    let found = doors.tenants.find(id, &*doors.tenancy).await;
    let tenant = found.ok_or_else(|| Problem::missing(&format!("workspace of the tenant `{id}`")))?;
    let wait = wait(asked.timeout_ms)?;
    let key = key(&headers, &asked)?.map(|key| Keyed { key, asked: asked.digest(), received });
    let RouteCall { flow, lead, record, apply, .. } = asked;
    let payload = payload(lead, record, &tenant.bound().workspace)?;
    if let Some(flow) = &flow {
        check_flow(flow, &tenant.bound().workspace)?;
    }
    arrived(id, &payload, "call");
    let call = Call { key, payload, flow, apply, received, parent };
    match tokio::time::timeout(wait, tenant.orders.route(call)).await {
        Ok(Ok(answered)) => Ok(Json(answer(answered))),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(late(wait)),
    }
}

impl RouteCall {
    /// What is asked, without how.
    fn digest(&self) -> Digest {
        // These are values that came as JSON, and so can be written as such.
        let asked = serde_json::to_vec(&(&self.flow, &self.lead, &self.record, &self.apply)).unwrap_or_default();
        Digest::of(&asked)
    }
}

fn answer(Answered { decision, acts }: Answered) -> RouteAnswer {
    let to_apply = ToApply::all(&decision.id, acts);
    RouteAnswer { decision, to_apply }
}

fn wait(asked: Option<u32>) -> Result<Duration, Problem> {
    match asked.unwrap_or(TIMEOUT_MS) {
        ms @ 1..=TIMEOUT_MS_MAX => Ok(Duration::from_millis(ms.into())),
        ms => Err(wrong(format!("`timeout_ms` is {ms}."), "Wait between 1 and 30000 milliseconds, or leave it out.")),
    }
}

/// The call's key, from its body or its header.
fn key(headers: &HeaderMap, asked: &RouteCall) -> Result<Option<String>, Problem> {
    let unreadable = || wrong("The header Idempotency-Key is no plain text.".into(), "Send visible ASCII characters.");
    let header = headers.get(KEY).map(|key| key.to_str().map_err(|_| unreadable())).transpose()?;
    let key = match (header, asked.idempotency_key.as_deref()) {
        (Some(header), Some(body)) if header != body => {
            let detail = "The header Idempotency-Key and `idempotency_key` differ.".into();
            return Err(wrong(detail, "Send one of them, or the same in both."));
        }
        (header, body) => header.or(body),
    };
    match key {
        Some(key) if key.is_empty() || key.len() > KEY_MAX => {
            let detail = format!("The idempotency key has {} bytes.", key.len());
            Err(wrong(detail, "Use 1 to 256 bytes, such as a UUID, or leave it out."))
        }
        key => Ok(key.map(str::to_owned)),
    }
}

fn payload(lead: Option<Lead>, record: Option<RecordName>, workspace: &Workspace) -> Result<Payload, Problem> {
    const MEND: &str = "Correct the lead; `rota schema lead` prints what it may hold.";
    match (lead, record) {
        (Some(lead), None) => {
            lead.check().map_err(|detail| wrong(format!("{}.", capital(&detail)), MEND))?;
            // Whose flow is named is in the call; a lead names none.
            Ok(Payload::Lead { lead: Box::new(lead), flow: None })
        }
        (None, Some(RecordName { connection, object, id })) => {
            let known = workspace.connections.iter().map(|known| known.id.as_str());
            if workspace.connection(&connection).is_none() {
                return Err(unknown("connection", connection.as_str(), known));
            }
            let name = LeadId::of_record(&connection, &object, &id);
            name.check().map_err(|detail| wrong(format!("{}.", capital(&detail)), "Correct `object` and `id`."))?;
            Ok(Payload::Record { connection, object, id, trigger: "manual".into(), attempt: 1 })
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(wrong("A call names one lead.".into(), "Send either `lead` or `ref`."))
        }
    }
}

fn check_flow(flow: &FlowId, workspace: &Workspace) -> Result<(), Problem> {
    let mut known = workspace.flows.iter().map(|known| known.id.as_str());
    if known.clone().any(|known| known == flow.as_str()) {
        return Ok(());
    }
    Err(unknown("flow", flow.as_str(), &mut known))
}

/// The workspace has no such thing; the nearest name is said.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let nearest = known.map(|known| (strsim::osa_distance(known, name), known)).min();
    let hint = nearest.map_or_else(|| "it has none".to_owned(), |(_, known)| format!("the nearest is `{known}`"));
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "not-found",
        detail: format!("The workspace has no {what} `{name}`; {hint}."),
        mend: "Correct the name, or leave it out.",
        retry_after: None,
    }
}

fn wrong(detail: String, mend: &'static str) -> Problem {
    Problem { status: StatusCode::BAD_REQUEST, kind: "bad-call", detail, mend, retry_after: None }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The time passed.
fn late(wait: Duration) -> Problem {
    Problem {
        status: StatusCode::GATEWAY_TIMEOUT,
        kind: "timeout",
        detail: format!(
            "There was no decision within {} ms. It is recorded whole, or not at all; a call that still waited its turn is withdrawn, unless another host decides for the tenant, and was left to do so.",
            wait.as_millis()
        ),
        mend: "Ask again with the same idempotency key: a decision that was recorded is answered, and else one is taken.",
        retry_after: None,
    }
}

pub(super) fn refused(error: &OrderError) -> Problem {
    let problem = |status, kind, mend, retry_after| Problem {
        status,
        kind,
        detail: format!("{}.", capital(&error.to_string())),
        mend,
        retry_after,
    };
    match error {
        OrderError::Full { .. } => Problem::busy(format!("{}.", capital(&error.to_string())), 1),
        OrderError::Spent { wait } => Problem::busy(format!("{}.", capital(&error.to_string())), whole_seconds(*wait)),
        OrderError::OtherQuestion => {
            let mend = "Use a new key for another call; a repeat has the same flow, lead and apply.";
            problem(StatusCode::CONFLICT, "other-question", mend, None)
        }
        OrderError::Late => {
            let mend = "Nothing has changed. Look who has the lead, and take the next one sooner.";
            problem(StatusCode::CONFLICT, "too-late", mend, None)
        }
        OrderError::Erased => {
            let mend = "Nothing was decided. Use a new key for another call.";
            problem(StatusCode::CONFLICT, "person-erased", mend, None)
        }
        OrderError::Unreadable(_) => {
            let mend = "Nothing was recorded. Try again later, or send the whole `lead`.";
            problem(StatusCode::SERVICE_UNAVAILABLE, "unreadable-record", mend, Some(5))
        }
        OrderError::Stopped | OrderError::Moved { .. } => {
            let mend = "Try again with the same idempotency key.";
            problem(StatusCode::SERVICE_UNAVAILABLE, "stopping", mend, Some(1))
        }
        OrderError::Defect => Problem::defect(),
        OrderError::Store(error) => Problem { retry_after: Some(5), ..Problem::store(error) },
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_full_queue_is_429_and_says_when_to_come_again() {
        let response = refused(&OrderError::Full { waiting: 256 }).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
