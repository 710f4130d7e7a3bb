//! An app's webhooks on their way in. Whoever sends one is nobody until the signature is
//! checked, and that covers the body: so the body is waited for in the lobby, and only a
//! request that HubSpot signed takes a place of the app's.

use std::collections::HashMap;
use std::time::Duration;

use axum::RequestExt as _;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::layers::{announced, for_body, run, slow_body};
use super::{Bounds, HOOKS_MAX, Limits, Whose};
use crate::http::Doors;
use crate::http::problem::Problem;
use crate::http::serve::Peer;
use crate::http::webhooks::Knock;

/// How long the body of a webhook may take; a large one has more. HubSpot gives up after five
/// seconds itself.
const BODY: Duration = Duration::from_secs(5);

/// Keeps an app's webhooks within their bounds.
pub(in crate::http) async fn hooked(
    doors: &Doors,
    bounds: Bounds,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // A path that does not read names no app.
    let path = request.extract_parts::<Path<HashMap<String, String>>>().await;
    let app = path.ok().and_then(|Path(mut path)| path.remove("app")).unwrap_or_default();
    let knock = Knock::at(doors, &app)?;
    knock.promises(request.headers())?;
    let bytes = announced(&request, bounds.body)?;
    let (head, body) = request.into_parts();
    let peer = head.extensions.get().copied();
    let body = gathered(&doors.limits, peer, body, bytes, bounds.body).await?;
    knock.check(&head.headers, &body)?;
    let leave = doors.limits.enter(Whose::App(app), HOOKS_MAX, bytes)?;
    run(&doors.limits, Request::from_parts(head, Body::from(body)), next, bounds, bytes, Some(leave)).await
}

/// The whole body of a request, for which it waits in the lobby.
async fn gathered(limits: &Limits, from: Option<Peer>, body: Body, bytes: u64, most: usize) -> Result<Bytes, Problem> {
    let visit = limits.lobby.enter(from.map(|Peer(address)| address), bytes);
    let within = limits.serving.body.min(BODY) + for_body(bytes);
    tokio::select! {
        // Whoever is done does not go.
        biased;
        whole = Limited::new(body, most).collect() => Ok(whole.map_err(|error| broken(&*error, most))?.to_bytes()),
        () = visit.sent_away() => Err(Problem::busy("The body did not come while there was room to wait for it.", 1)),
        () = tokio::time::sleep(within) => Err(slow_body()),
    }
}

fn broken(error: &(dyn std::error::Error + Send + Sync + 'static), most: usize) -> Problem {
    if error.is::<LengthLimitError>() {
        return Problem {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            kind: "body-too-large",
            detail: format!("The body has more than {most} bytes, which are the most here."),
            mend: "Send a smaller body.",
            retry_after: None,
        };
    }
    Problem {
        status: StatusCode::BAD_REQUEST,
        kind: "broken-body",
        detail: "The body ended before its end.".into(),
        mend: "Send it whole.",
        retry_after: None,
    }
}
