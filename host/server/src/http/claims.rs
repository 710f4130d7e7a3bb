//! `/claims/{link}`: what a rep opens who is asked to take a lead. The link says who is asked for what,
//! until when, under a MAC; nobody signs in. Looking shows, and changes nothing: programs that read mail
//! open links, too. A button acts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use rota_domain::event::OfferAnswer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Doors;
use super::api::Route;
use super::offers::{accept, decline, too_late};
use super::problem::Problem;
use crate::claims::Claim;
use crate::show;

/// The routes of this file.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::open(Method::GET, "/claims/{link}", "showClaim", look)
            .says("A lead that a rep is asked to take, as a page; looking changes nothing")
            .or_gives(&["text/html"]),
        Route::open(Method::POST, "/claims/{link}", "claim", act)
            .says("The rep of the link takes the lead, or does not")
            .query::<Pressed>()
            .or_gives(&["text/html"]),
    ]
}

/// What a rep's button says.
#[derive(Deserialize, JsonSchema)]
struct Pressed {
    /// Whether they take it.
    answer: OfferAnswer,
}

async fn look(State(doors): State<Arc<Doors>>, headers: HeaderMap, Path(link): Path<String>) -> Response {
    let Some(claim) = doors.claims.read(&link).await else { return refused(&headers, unknown()) };
    let waits = match doors.store.agenda(&claim.tenant, Some(&claim.lead)).await {
        Ok(waits) => waits,
        Err(error) => return refused(&headers, Problem::store(&error)),
    };
    if !waits.iter().any(|(_, wait)| wait.is_open_to(&claim.rep, doors.clock.now())) {
        let said = too_late(&doors, &claim.tenant, &claim.lead, &claim.rep).await;
        return page(StatusCode::OK, &[said.detail], "");
    }
    let recalled = match doors.store.decision(&claim.tenant, &claim.decision).await {
        Ok(recalled) => recalled,
        Err(error) => return refused(&headers, Problem::store(&error)),
    };
    let buttons = "<form method=\"post\" action=\"?answer=accept\"><button>I take it</button></form>\
                   <form method=\"post\" action=\"?answer=decline\"><button>Not me</button></form>";
    page(StatusCode::OK, &show::claim(&claim, recalled.as_ref()), buttons)
}

async fn act(
    State(doors): State<Arc<Doors>>,
    headers: HeaderMap,
    Path(link): Path<String>,
    Query(Pressed { answer }): Query<Pressed>,
) -> Response {
    let Some(Claim { tenant, lead, rep, .. }) = doors.claims.read(&link).await else {
        return refused(&headers, unknown());
    };
    let said = match answer {
        OfferAnswer::Accept => {
            accept(&doors, &tenant, lead.clone(), rep).await.map(|_| format!("The lead {lead} is yours."))
        }
        OfferAnswer::Decline => decline(&doors, &tenant, lead, rep).await.map(|()| "The next one is asked.".to_owned()),
    };
    match said {
        Ok(said) => page(StatusCode::OK, &[said], ""),
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
        true => page(problem.status, &[problem.detail, problem.mend.to_owned()], ""),
        false => problem.into_response(),
    }
}

/// A page with these sentences, a paragraph each. Nothing is loaded from elsewhere, nobody frames it, and
/// the link is told to nobody.
fn page(status: StatusCode, said: &[String], rest: &str) -> Response {
    let said: String = said.iter().map(|said| format!("<p>{}</p>", escaped(said))).collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Rota</title><body style=\"font-family:sans-serif;margin:3em auto;max-width:32em\">{said}{rest}</body></html>"
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
