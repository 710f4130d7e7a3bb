//! What every request meets first and every answer last, whatever the route: it is counted,
//! let in or told to come again, and leaves in the one form that errors have.
//!
//! These are calls and no layers of the router: a layer costs every request a copy of all that
//! is inside it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;

use super::traced::Traced;
use super::{BODY_MAX, Doors, api, metrics, problem, routes};

/// Everything that is answered. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Front {
    doors: Arc<Doors>,
    router: Router,
}

impl Front {
    /// All routes, behind these doors.
    pub(crate) fn new(doors: Arc<Doors>) -> Self {
        let router = Router::new()
            .merge(api::router(routes(), &doors))
            .fallback(problem::not_found)
            .method_not_allowed_fallback(problem::method_not_allowed)
            .layer(DefaultBodyLimit::max(BODY_MAX))
            .with_state(doors.clone());
        Self { doors, router }
    }

    /// Answers a request.
    pub(crate) async fn answer(self, mut request: Request) -> Response {
        let call = metrics::Call::begins(&request);
        let traced = Traced::begins(&mut request, &*self.doors.clock);
        let answer = match self.doors.limits.let_in(&mut request) {
            Ok(()) => match self.router.oneshot(request).await {
                Ok(answer) => problem::formed(answer),
                Err(never) => match never {},
            },
            Err(problem) => problem.into_response(),
        };
        call.ended(&answer, &self.doors.meter);
        if let Some(traced) = traced {
            traced.ended(&answer, &*self.doors.clock);
        }
        answer
    }
}
