//! What every request to the CRM's API passes: the record of calls, faults, the token, the limits,
//! and the correlation id on the way out.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::access;
use crate::api::Edition;
use crate::connection::Cutter;
use crate::double::Double;
use crate::errors::{ApiError, no_such_page};
use crate::faults::{LimitBody, Outcome};

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-hubspot-correlation-id");

/// The outermost layer: records the call, lets faults strike, finishes error answers.
pub(crate) async fn receive(State(double): State<Arc<Double>>, request: Request, next: Next) -> Response {
    let number = double.calls.begin(double.clock.now(), request.method(), request.uri(), request.headers());
    let cutter = request.extensions().get::<ConnectInfo<Cutter>>().map(|ConnectInfo(cutter)| cutter.clone());
    let strike = double.faults.request(request.method(), request.uri().path());
    if strike.latency_ms > 0 && !pause(&double, strike.latency_ms).await {
        return cut(cutter);
    }
    let response = match strike.outcome {
        None => next.run(request).await,
        Some(Outcome::DropAfter) => {
            next.run(request).await;
            return cut(cutter);
        }
        Some(Outcome::DropBefore) => return cut(cutter),
        Some(Outcome::Hang) => {
            // A receiver that is gone means that the double is going too.
            let _ = double.stop.clone().wait_for(|stopped| *stopped).await;
            return cut(cutter);
        }
        Some(Outcome::Partial) => ApiError::of_status(StatusCode::BAD_REQUEST, double.clock.now()).into_response(),
        Some(Outcome::Status { status, retry_after_s }) => {
            waiting(ApiError::of_status(status, double.clock.now()), retry_after_s)
        }
        Some(Outcome::RateLimit { body: LimitBody::Policy, retry_after_s }) => {
            waiting(ApiError::over_policy("TEN_SECONDLY_ROLLING"), retry_after_s)
        }
        Some(Outcome::RateLimit { body: LimitBody::Category, retry_after_s }) => {
            waiting(ApiError::over_secondly(), retry_after_s)
        }
    };
    let response = finished(&double, response);
    double.calls.answered(number, response.status());
    response
}

/// The layer around known routes: version, token, limits.
pub(crate) async fn admit(State(double): State<Arc<Double>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let Some(edition) = Edition::of_path(path) else {
        return no_such_page();
    };
    let now = double.clock.now();
    if let Err(refused) = access::check(&double.seed.tokens, request.headers(), request.method(), path, now) {
        return refused.into_response();
    }
    request.extensions_mut().insert(edition);
    let (verdict, limits) = double.limiter.admit(now.as_millisecond());
    let mut response = match verdict {
        Ok(()) => next.run(request).await,
        Err(over) => ApiError::over_policy(over.0).into_response(),
    };
    response.headers_mut().extend(limits);
    response
}

/// Waits; false where the double stopped meanwhile.
async fn pause(double: &Double, ms: u64) -> bool {
    let mut stop = double.stop.clone();
    tokio::select! {
        () = double.clock.sleep(Duration::from_millis(ms)) => true,
        _ = stop.wait_for(|stopped| *stopped) => false,
    }
}

/// Breaks the connection; what is returned is never written.
fn cut(cutter: Option<Cutter>) -> Response {
    if let Some(cutter) = cutter {
        cutter.cut();
    }
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn waiting(error: ApiError, retry_after_s: Option<u32>) -> Response {
    let mut response = error.into_response();
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Gives an answer its correlation id, and an error its body with the same id.
fn finished(double: &Double, mut response: Response) -> Response {
    let correlation_id = double.chance.uuid();
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let mut body = error.body(&correlation_id);
        if let Some(request_id) = body.get_mut("requestId") {
            *request_id = double.chance.uuid().into();
        }
        let headers = std::mem::take(response.headers_mut());
        response = (error.status, Json(body)).into_response();
        response.headers_mut().extend(headers);
    }
    if let Ok(value) = HeaderValue::from_str(&correlation_id) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}
