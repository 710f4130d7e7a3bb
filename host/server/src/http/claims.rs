//! `/claims/{link}`: what a rep opens who is asked to take a lead. The link says who is asked for what,
//! until when, under a MAC; nobody signs in. Looking shows, and changes nothing: programs that read mail
//! open links, too. A button acts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rota_domain::agenda::Wait;
use rota_domain::event::OfferAnswer;
use rota_domain::id::{DecisionId, Digest, LeadId, RepId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Doors;
use super::api::Route;
use super::offers::{accept, decline};
use super::problem::Problem;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::open(Method::GET, "/claims/{link}", "showClaim", show)
            .says("A lead that a rep is asked to take, as a page; looking changes nothing")
            .or_gives(&["text/html"]),
        Route::open(Method::POST, "/claims/{link}", "claim", act)
            .says("The rep of the link takes the lead, or does not")
            .query::<Pressed>()
            .or_gives(&["text/html"]),
    ]
}

/// Who is asked to take what.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    tenant: TenantId,
    lead: LeadId,
    decision: DecisionId,
    rep: RepId,
    until: Timestamp,
}

/// What a rep's button says.
#[derive(Deserialize, JsonSchema)]
struct Pressed {
    /// Whether they take it.
    answer: OfferAnswer,
}

/// The link with which this rep takes a lead that they are asked to take, or does not.
pub(super) async fn link(
    doors: &Doors,
    tenant: &TenantId,
    (lead, wait): (&LeadId, &Wait),
    (rep, until): (&RepId, Timestamp),
) -> Result<String, Problem> {
    let (lead, decision, rep) = (lead.clone(), wait.decision.clone(), rep.clone());
    let claim = Claim { tenant: tenant.clone(), lead, decision, rep, until };
    // A struct of texts is always JSON.
    let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claim).unwrap_or_default());
    let mac = doors.store.vouch(tenant, &text).await.map_err(|error| Problem::store(&error))?;
    Ok(format!("{}/claims/{text}.{}", doors.public_url.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(mac)))
}

/// What a link says, if this host made it.
async fn read(doors: &Doors, link: &str) -> Option<Claim> {
    let (text, mac) = link.split_once('.')?;
    let claim: Claim = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    let ours = doors.store.vouch(&claim.tenant, text).await.ok()?;
    // Digests are compared, so that how long it takes says nothing of the MAC.
    (Digest::of(&mac) == Digest::of(&ours)).then_some(claim)
}

async fn show(State(doors): State<Arc<Doors>>, headers: HeaderMap, Path(link): Path<String>) -> Response {
    let Some(claim) = read(&doors, &link).await else { return refused(&headers, unknown()) };
    let waits = match doors.store.agenda(&claim.tenant, Some(&claim.lead)).await {
        Ok(waits) => waits,
        Err(error) => return refused(&headers, Problem::store(&error)),
    };
    if !waits.iter().any(|(_, wait)| wait.is_open_to(&claim.rep, doors.clock.now())) {
        return page(StatusCode::OK, "This lead is somebody's by now, or the time to answer is over.", "");
    }
    let said = format!("{}, do you take the lead {}? You can until {}.", claim.rep, claim.lead, claim.until);
    let buttons = "<form method=\"post\" action=\"?answer=accept\"><button>I take it</button></form>\
                   <form method=\"post\" action=\"?answer=decline\"><button>Not me</button></form>";
    page(StatusCode::OK, &said, buttons)
}

async fn act(
    State(doors): State<Arc<Doors>>,
    headers: HeaderMap,
    Path(link): Path<String>,
    Query(Pressed { answer }): Query<Pressed>,
) -> Response {
    let Some(Claim { tenant, lead, rep, .. }) = read(&doors, &link).await else { return refused(&headers, unknown()) };
    let said = match answer {
        OfferAnswer::Accept => {
            accept(&doors, &tenant, lead.clone(), rep).await.map(|_| format!("The lead {lead} is yours."))
        }
        OfferAnswer::Decline => decline(&doors, &tenant, lead, rep).await.map(|()| "The next one is asked.".to_owned()),
    };
    match said {
        Ok(said) => page(StatusCode::OK, &said, ""),
        Err(problem) => refused(&headers, problem),
    }
}

fn unknown() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        kind: "unknown-link",
        detail: "This link is none of ours, or is not whole.".into(),
        mend: "Open the one that you were sent.",
        retry_after: None,
    }
}

/// What did not work: a page for a browser, and for programs as all errors are.
fn refused(headers: &HeaderMap, problem: Problem) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match accepts.contains("text/html") {
        true => page(problem.status, &format!("{} {}", problem.detail, problem.mend), ""),
        false => problem.into_response(),
    }
}

/// A page with one sentence. Nothing is loaded from elsewhere, nobody frames it, and the link is told
/// to nobody.
fn page(status: StatusCode, said: &str, rest: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Rota</title><body style=\"font-family:sans-serif;margin:3em auto;max-width:32em\"><p>{}</p>{rest}</body></html>",
        escaped(said)
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(html)).into_response()
}

/// Text inside HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut html, letter| {
        match letter {
            '<' | '>' | '&' | '"' | '\'' => {
                let _ = write!(html, "&#{};", u32::from(letter));
            }
            other => html.push(other),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_leads_name_is_text_and_never_markup() {
        assert_eq!(escaped("<b title='\"'>&"), "&#60;b title=&#39;&#34;&#39;&#62;&#38;");
    }
}
