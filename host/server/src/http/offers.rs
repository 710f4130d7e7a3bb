//! `/v1/offers`: leads that reps are asked to take, and what they say.
//!
//! Who accepts is answered after the commit that gives them the lead, or that it is somebody's already:
//! of many who accept at once, one gets it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use rota_domain::access::Role;
use rota_domain::agenda::trigger::OFFER_ACCEPTED;
use rota_domain::agenda::{For, Wait};
use rota_domain::decision::{Apply, Decision, Offered, Outcome};
use rota_domain::event::OfferAnswer;
use rota_domain::id::{Digest, FlowId, LeadId, RepId, TenantId};
use rota_flow::orders::{Call, OrderError};
use rota_flow::ports::{Arrival, Keyed, Payload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::{Caller, Given, Route};
use super::problem::Problem;
use super::route::refused;
use super::told::check_lead_id;
use crate::claims::Claim;

/// How long whoever accepts waits for the commit.
const WAIT: Duration = Duration::from_secs(10);

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/v1/offers", Role::Viewer, "listOffers", list)
            .says("Leads that reps are asked to take now")
            .gives::<Offers>(),
        Route::new(Method::POST, "/v1/offers/answer", Role::Operator, "answerOffer", answer)
            .says("A rep who was asked takes a lead, or does not; of many who take it, one gets it")
            .takes::<OfferSaid>()
            .gives::<OfferOutcome>(),
    ]
}

/// Leads that reps are asked to take.
#[derive(Serialize, JsonSchema)]
struct Offers {
    /// The longest waiting first.
    items: Vec<OpenOffer>,
}

/// A lead that reps are asked to take.
#[derive(Serialize, JsonSchema)]
struct OpenOffer {
    /// The lead.
    lead: LeadId,
    /// The flow whose rule offers it.
    flow: FlowId,
    /// Since when.
    #[schemars(with = "String")]
    since: jiff::Timestamp,
    /// Who is asked now, and until when each can accept.
    asked: Vec<OpenTo>,
    /// Who is asked after them, in this order.
    rest: Vec<RepId>,
    /// Who declined, or did not answer in time.
    tried: Vec<RepId>,
    /// The queue that gets the lead when nobody accepts.
    otherwise: String,
}

/// A rep who is asked to take a lead.
#[derive(Serialize, JsonSchema)]
struct OpenTo {
    /// Who, and until when.
    #[serde(flatten)]
    offered: Offered,
    /// The page on which they say it without signing in: send it to them and to nobody else. Only
    /// operators see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

/// What a rep says of a lead that they were asked to take.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfferSaid {
    /// The lead.
    lead: String,
    /// Who says it.
    rep: RepId,
    /// Whether they take it.
    answer: OfferAnswer,
}

/// What became of it.
#[derive(Serialize, JsonSchema)]
struct OfferOutcome {
    /// What was said.
    answer: OfferAnswer,
    /// The decision that gives the lead to the rep; none where they declined.
    decision: Option<Box<Decision>>,
}

async fn list(State(doors): State<Arc<Doors>>, caller: Caller) -> Result<Json<Offers>, Problem> {
    let tenant = caller.tenant()?;
    let waits = doors.store.agenda(tenant, None).await.map_err(|error| Problem::store(&error))?;
    let mut items = Vec::new();
    for (lead, wait) in waits {
        let Wait { flow, since, tried, decision, what: For::Answer(offer), .. } = wait else { continue };
        let mut asked = Vec::with_capacity(offer.asked.len());
        for offered in offer.asked {
            let (tenant, lead, decision) = (tenant.clone(), lead.clone(), decision.clone());
            let claim = Claim { tenant, lead, decision, rep: offered.rep.clone(), until: offered.until };
            let link = match caller.grant.role >= Role::Operator {
                true => Some(doors.claims.link(&claim).await.map_err(|error| Problem::store(&error))?),
                false => None,
            };
            asked.push(OpenTo { offered, link });
        }
        items.push(OpenOffer { lead, flow, since, asked, rest: offer.rest, tried, otherwise: offer.otherwise });
    }
    Ok(Json(Offers { items }))
}

async fn answer(
    State(doors): State<Arc<Doors>>,
    caller: Caller,
    Given(said): Given<OfferSaid>,
) -> Result<Json<OfferOutcome>, Problem> {
    check_lead_id(&said.lead)?;
    let (id, lead) = (caller.tenant()?, LeadId::from(said.lead));
    let decision = match said.answer {
        OfferAnswer::Accept => Some(Box::new(accept(&doors, id, lead, said.rep).await?)),
        OfferAnswer::Decline => {
            decline(&doors, id, lead, said.rep).await?;
            None
        }
    };
    Ok(Json(OfferOutcome { answer: said.answer, decision }))
}

/// A rep takes a lead that they were asked to take; gives the decision, once it is durable.
pub(super) async fn accept(doors: &Doors, id: &TenantId, lead: LeadId, rep: RepId) -> Result<Decision, Problem> {
    let found = doors.tenants.find(id, &*doors.tenancy).await;
    let tenant = found.ok_or_else(|| Problem::missing(&format!("workspace of the tenant `{id}`")))?;
    let Some(wait) = wait(doors, id, &lead).await? else { return earlier(doors, id, &lead, &rep).await };
    let received = doors.clock.now();
    // Said twice, it is answered the same.
    let key = format!("offer/{}/{rep}", wait.decision);
    let key = Keyed { asked: Digest::of(key.as_bytes()), key, received };
    let payload = Payload::Accepted { lead: lead.clone(), rep: rep.clone(), decision: wait.decision };
    let call = Call { key: Some(key), payload, flow: None, apply: Apply::Host, received, parent: None };
    match tokio::time::timeout(WAIT, tenant.orders.route(call)).await {
        Ok(Ok(answered)) => Ok(answered.decision),
        Ok(Err(OrderError::Late)) => Err(too_late(doors, id, &lead, &rep).await),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Problem::busy("The lead could not be given in time.", 1)),
    }
}

/// The decision by which this rep took the lead before.
async fn earlier(doors: &Doors, id: &TenantId, lead: &LeadId, rep: &RepId) -> Result<Decision, Problem> {
    let theirs = |decision: &Decision| decision.trigger == OFFER_ACCEPTED && decision.rep.as_ref() == Some(rep);
    match newest(doors, id, lead).await?.filter(theirs) {
        Some(decision) => Ok(Decision { repeated: true, ..decision }),
        None => Err(too_late(doors, id, lead, rep).await),
    }
}

/// A rep does not take a lead that they were asked to take. Said twice, it is said once.
pub(super) async fn decline(doors: &Doors, id: &TenantId, lead: LeadId, rep: RepId) -> Result<(), Problem> {
    let now = doors.clock.now();
    let wait = wait(doors, id, &lead).await?;
    if !wait.is_some_and(|wait| wait.is_open_to(&rep, now)) {
        let said = newest(doors, id, &lead).await?.is_some_and(|decision| decision.passed_over.contains(&rep));
        return if said { Ok(()) } else { Err(too_late(doors, id, &lead, &rep).await) };
    }
    let dedupe_key = format!("declined/{lead}/{rep}/{}", now.as_nanosecond());
    let arrival = Arrival { dedupe_key, occurred: now, payload: Payload::Declined { lead, rep } };
    doors.inbox.accept(id, vec![arrival]).await.map_err(|error| Problem::store(&error))?;
    Ok(())
}

/// What the lead waits for.
async fn wait(doors: &Doors, id: &TenantId, lead: &LeadId) -> Result<Option<Wait>, Problem> {
    let waits = doors.store.agenda(id, Some(lead)).await.map_err(|error| Problem::store(&error))?;
    Ok(waits.into_iter().next().map(|(_, wait)| wait))
}

/// The newest decision about a lead.
async fn newest(doors: &Doors, id: &TenantId, lead: &LeadId) -> Result<Option<Decision>, Problem> {
    let decisions = doors.store.decisions_of(id, lead).await.map_err(|error| Problem::store(&error))?;
    let Some(newest) = decisions.first() else { return Ok(None) };
    let recalled = doors.store.decision(id, newest).await.map_err(|error| Problem::store(&error))?;
    Ok(recalled.map(|recalled| recalled.stored.decision))
}

/// Why this rep cannot say anything of the lead any more: who has it, or that it was never theirs to say.
pub(super) async fn too_late(doors: &Doors, id: &TenantId, lead: &LeadId, rep: &RepId) -> Problem {
    let decision = match newest(doors, id, lead).await {
        Ok(Some(decision)) => decision,
        Ok(None) => return Problem::missing(&format!("decision about the lead `{lead}`")),
        Err(problem) => return problem,
    };
    let asked = decision.offered.iter().any(|asked| asked.rep == *rep) || decision.passed_over.contains(rep);
    let late = refused(&OrderError::Late);
    let (detail, mend) = match (&decision.rep, &decision.queue) {
        (Some(owner), _) if decision.outcome != Outcome::Offer => {
            (format!("The lead `{lead}` is {owner}'s by now."), late.mend)
        }
        (_, Some(queue)) => (format!("The lead `{lead}` is in the queue `{queue}` by now."), late.mend),
        _ if asked => (format!("The time of `{rep}` to take the lead `{lead}` is over, or they declined."), late.mend),
        _ => {
            let mend = "Nothing has changed. GET /v1/offers lists who is asked to take what.";
            (format!("Nobody asks `{rep}` to take the lead `{lead}`."), mend)
        }
    };
    Problem { detail, mend, ..late }
}
