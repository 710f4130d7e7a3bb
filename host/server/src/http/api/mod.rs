//! The API that programs call. A route says in one place its method, its path, the smallest
//! role that may call it, what it takes and what it gives; the router and the document both
//! follow from that, so that no route is without a guard and none is undocumented.

mod caller;
mod document;
mod door;
mod guard;
mod page;
mod schemas;
mod take;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::MethodFilter;
use rota_domain::access::Role;
use schemars::JsonSchema;
use schemars::generate::SchemaGenerator;

pub(super) use caller::Caller;
pub(super) use door::Template;
pub(super) use page::{Page, Paging};
pub(super) use take::{Asked, Given};

use self::door::Door;
use super::Doors;
use super::limits::Bounds;

/// The schema of a type, once a generator is there to collect what it refers to.
type SchemaOf = fn(&mut SchemaGenerator) -> schemars::Schema;

/// A body, as the document describes it.
struct Body {
    media: &'static str,
    schema: SchemaOf,
}

/// Adds a route's handler at its path.
type Added = Box<dyn FnOnce(Router<Arc<Doors>>, &'static str) -> Router<Arc<Doors>>>;

/// One route.
pub(super) struct Route {
    method: Method,
    path: &'static str,
    /// The smallest role that may call it; none for what everybody may.
    role: Option<Role>,
    /// Whether a signature lets callers in.
    signed: bool,
    /// Its name in generated clients.
    name: &'static str,
    summary: &'static str,
    query: Option<SchemaOf>,
    takes: Option<Body>,
    gives: Option<Body>,
    /// As what else its body may be, and its answer.
    or_takes: &'static [&'static str],
    or_gives: &'static [&'static str],
    status: StatusCode,
    bounds: Bounds,
    add: Added,
}

impl Route {
    /// A route for callers of at least this role.
    pub(super) fn new<H, T>(method: Method, path: &'static str, role: Role, name: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        let mut route = Self::open(method, path, name, handler);
        route.role = Some(role);
        route
    }

    /// A route for CRMs, whose signature its handler checks.
    pub(super) fn signed<H, T>(method: Method, path: &'static str, name: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        Self { signed: true, ..Self::open(method, path, name, handler) }
    }

    /// A route for everybody.
    pub(super) fn open<H, T>(method: Method, path: &'static str, name: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<Doors>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        Self {
            method,
            path,
            role: None,
            signed: false,
            name,
            summary: "",
            query: None,
            takes: None,
            gives: None,
            or_takes: &[],
            or_gives: &[],
            status: StatusCode::OK,
            bounds: Bounds::USUAL,
            add: Box::new(move |router, path| router.route(path, axum::routing::on(filter, handler))),
        }
    }

    /// One sentence about it.
    pub(super) fn says(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// It reads this from the query.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(T::json_schema);
        self
    }

    /// Its body is this, as JSON.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some(Body { media: "application/json", schema: SchemaGenerator::subschema_for::<T> });
        self
    }

    /// Its body is bytes of this kind.
    pub(super) fn takes_bytes(mut self, media: &'static str) -> Self {
        self.takes = Some(Body { media, schema: SchemaGenerator::subschema_for::<String> });
        self
    }

    /// Its answer is this, as JSON.
    pub(super) fn gives<T: JsonSchema>(mut self) -> Self {
        self.gives = Some(Body { media: "application/json", schema: SchemaGenerator::subschema_for::<T> });
        self
    }

    /// Its answer is text of this kind.
    pub(super) fn gives_text(mut self, media: &'static str) -> Self {
        self.gives = Some(Body { media, schema: SchemaGenerator::subschema_for::<String> });
        self
    }

    /// Its body may have so many bytes.
    pub(super) fn body_limit(mut self, bytes: usize) -> Self {
        self.bounds.body = bytes;
        self
    }

    /// Its answer may take so long, the time for a large body not counted.
    pub(super) fn time_limit(mut self, time: Duration) -> Self {
        self.bounds.time = Some(time);
        self
    }

    /// A call of it counts as a lead, and is refused when the tenant's leads of this minute
    /// are used.
    pub(super) fn takes_a_lead(mut self) -> Self {
        self.bounds.lead = true;
        self
    }

    /// Its body may also be text of these kinds.
    pub(super) fn or_takes(mut self, media: &'static [&'static str]) -> Self {
        self.or_takes = media;
        self
    }

    /// Its answer is text of one of these kinds, where that is asked for.
    pub(super) fn or_gives(mut self, media: &'static [&'static str]) -> Self {
        self.or_gives = media;
        self
    }

    /// It answers with this status when all is well.
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// The routes of the API, behind their guards, with the document that describes them.
pub(super) fn router(routes: Vec<Route>, doors: &Arc<Doors>) -> Router<Arc<Doors>> {
    let behind = |handler: Router<Arc<Doors>>, path, bounds: Bounds, role, signed| {
        let door = Arc::new(Door { doors: doors.clone(), path, bounds, role, signed });
        handler.layer(DefaultBodyLimit::max(bounds.body)).layer(from_fn_with_state(door, door::door))
    };
    let document = document::serve(&document::document(&routes));
    let mut router = behind(document, document::PATH, Bounds::USUAL, None, false);
    for Route { path, bounds, role, signed, add, .. } in routes {
        router = router.merge(behind(add(Router::new(), path), path, bounds, role, signed));
    }
    router
}
