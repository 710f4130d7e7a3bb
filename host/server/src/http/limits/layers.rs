//! What every request passes on its way to its handler, and its answer on the way back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use rota_domain::id::TenantId;
use tokio::task::JoinHandle;

use super::bodies::{Held, Late, Timed};
use super::{BODIES_MAX, Leave, Limits, Whose};
use crate::http::api::Caller;
use crate::http::problem::Problem;
use crate::http::serve::{HEALTH, UnderWay};
use crate::http::{BODY_MAX, Doors};

/// The slowest that a large body may come, in bytes a second.
const SLOWEST: u64 = 256 << 10;

/// What a body of so many bytes may take longer than a small one.
pub(super) fn for_body(bytes: u64) -> Duration {
    Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST)
}

/// The bounds of one route.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Bounds {
    /// The most bytes of a body.
    pub(in crate::http) body: usize,
    /// How long an answer may take, the time for a large body not counted; none means as
    /// long as the server's configuration says.
    pub(in crate::http) time: Option<Duration>,
    /// Whether a call counts as a lead.
    pub(in crate::http) lead: bool,
}

impl Bounds {
    /// Those of a route that says nothing else.
    pub(in crate::http) const USUAL: Self = Self { body: BODY_MAX, time: None, lead: false };
}

impl Limits {
    /// Lets so many requests in at once, whoever sends them. Whether the server answers at all
    /// can be asked beside them.
    ///
    /// # Errors
    /// When there are as many.
    pub(in crate::http) fn let_in(self: &Arc<Self>, request: &mut Request) -> Result<(), Problem> {
        if request.uri().path() != HEALTH {
            // What a body that does not say its length may have is its route's to bound.
            let bytes = request.body().size_hint().exact().unwrap_or(BODY_MAX as u64).min(BODIES_MAX);
            let leave = self.enter(Whose::Host, self.serving.requests, bytes)?;
            request.extensions_mut().insert(Arc::new(leave));
        }
        Ok(())
    }
}

/// Keeps a route of the API within its bounds, and its caller within the tenant's.
pub(in crate::http) async fn bounded(
    doors: &Doors,
    bounds: Bounds,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let bytes = announced(&request, bounds.body)?;
    let tenant = request.extensions().get::<Caller>().and_then(|caller| caller.tenant().ok().cloned());
    let leave = match &tenant {
        Some(tenant) => Some(admit(doors, tenant, bounds, bytes)?),
        None => None,
    };
    run(&doors.limits, request, next, bounds, bytes, leave).await
}

fn admit(doors: &Doors, tenant: &TenantId, bounds: Bounds, bytes: u64) -> Result<Leave, Problem> {
    let quotas = doors.tenants.plan(tenant).quotas();
    let leave = doors.limits.enter(Whose::Tenant(tenant.clone()), quotas.calls_at_once, bytes)?;
    if bounds.lead {
        // Whether there is fuel for it is known once it is known whether it asks a rule.
        doors.limits.lead(tenant, &quotas, doors.clock.now())?;
    }
    Ok(leave)
}

/// Bytes of the body, as the request announces them; of one that does not, the most that
/// the route takes.
pub(super) fn announced(request: &Request, most: usize) -> Result<u64, Problem> {
    let hint = request.body().size_hint();
    let bytes = hint.exact().unwrap_or(most as u64);
    if bytes <= most as u64 {
        return Ok(bytes);
    }
    Err(Problem {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        kind: "body-too-large",
        detail: format!("The body has {bytes} bytes, and {most} are the most here."),
        mend: "Send a smaller body.",
        retry_after: None,
    })
}

/// Lets the handler work in a task of its own, so that a panic of it ends nothing else. A
/// change goes on to its end when its caller is gone; a question does not.
pub(super) async fn run(
    limits: &Arc<Limits>,
    mut request: Request,
    next: Next,
    bounds: Bounds,
    bytes: u64,
    leave: Option<Leave>,
) -> Result<Response, Problem> {
    // Held until the answer has gone: it is under way for so long.
    let extensions = request.extensions_mut();
    let held = (extensions.remove::<Arc<Leave>>(), extensions.remove::<UnderWay>(), leave);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let for_body = for_body(bytes);
    let late = Late::default();
    let timed = late.clone();
    let within = limits.serving.body + for_body;
    let request = request.map(|body| Body::new(Timed::new(body, within, timed)));
    let most = bounds.time.unwrap_or(limits.serving.answer);
    let mut work = Task {
        question: [Method::GET, Method::HEAD].contains(&method),
        work: tokio::spawn(async move { next.run(request).await.map(|body| Body::new(Held { body, _held: held })) }),
    };
    match tokio::time::timeout(most + for_body, &mut work.work).await {
        Ok(Ok(_)) if late.is() => Err(slow_body()),
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => {
            tracing::error!(%method, path, %error, "A request met a defect of Rota; please report it");
            Err(Problem::defect())
        }
        Err(_) => Err(Problem::too_slow(format!("There was no answer within {} seconds.", most.as_secs()))),
    }
}

/// A handler at work.
struct Task {
    question: bool,
    work: JoinHandle<Response>,
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.question {
            self.work.abort();
        }
    }
}

pub(super) fn slow_body() -> Problem {
    Problem {
        status: StatusCode::REQUEST_TIMEOUT,
        kind: "slow-body",
        detail: "The body did not come in time.".into(),
        mend: "Send it whole, and faster.",
        retry_after: None,
    }
}
