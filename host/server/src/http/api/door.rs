//! The one layer around a route's handler: who may call it, within which bounds, and that its
//! answer remembers which route it was.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use rota_domain::access::Role;

use super::guard;
use crate::http::Doors;
use crate::http::limits::{Bounds, bounded, hooked};
use crate::http::problem::Problem;

/// Which route answered, as its answer remembers it.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Template(pub(in crate::http) &'static str);

/// What a route asks of its callers.
pub(super) struct Door {
    pub(super) doors: Arc<Doors>,
    pub(super) path: &'static str,
    pub(super) bounds: Bounds,
    /// The least role; none where a signature says who it is, or nobody needs to be known.
    pub(super) role: Option<Role>,
    /// Whether CRMs call it, who sign what they send.
    pub(super) signed: bool,
}

/// Lets a request through, and its answer out.
pub(super) async fn door(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let mut answer = door.pass(request, next).await.into_response();
    answer.extensions_mut().insert(Template(door.path));
    answer
}

impl Door {
    async fn pass(&self, mut request: Request, next: Next) -> Result<Response, Problem> {
        if let Some(role) = self.role {
            guard::admit(&self.doors, role, &mut request).await?;
        }
        if self.signed {
            return hooked(&self.doors, self.bounds, request, next).await;
        }
        bounded(&self.doors, self.bounds, request, next).await
    }
}
