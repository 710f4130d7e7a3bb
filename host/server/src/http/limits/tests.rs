//! Handlers that panic, dawdle or are left alone, and who is let in.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{get, on};
use std::time::Duration;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use super::layers::run;
use super::*;

const BOUNDS: Bounds = Bounds { body: 1024, time: None, lead: false };

fn limits(answer: Duration) -> Arc<Limits> {
    Arc::new(Limits::new(Serving { answer, ..Serving::default() }))
}

/// The router, with `run` around all of its routes.
fn bounded(router: Router, limits: &Arc<Limits>) -> Router {
    let limits = limits.clone();
    router.layer(from_fn(move |request, next| {
        let limits = limits.clone();
        async move { run(&limits, request, next, BOUNDS, 0, None).await }
    }))
}

async fn call(router: &Router, method: Method, path: &str) -> Response {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("an answer")
}

/// A handler that says when it has begun and waits until it may end.
#[derive(Clone, Default)]
struct Dawdler(Arc<(Notify, Notify, AtomicBool)>);

impl Dawdler {
    fn router(&self, limits: &Arc<Limits>) -> Router {
        let it = self.clone();
        let handler = move || {
            let it = it.clone();
            async move {
                it.0.0.notify_one();
                it.0.1.notified().await;
                it.0.2.store(true, Ordering::SeqCst);
                it.0.0.notify_one();
            }
        };
        bounded(Router::new().route("/", on(axum::routing::MethodFilter::POST, handler)), limits)
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_and_the_next_request_is_answered() {
    async fn panics() -> StatusCode {
        panic!("on purpose")
    }
    let router = Router::new().route("/panics", get(panics)).route("/well", get(|| async { "well" }));
    let router = bounded(router, &limits(Duration::from_secs(60)));
    let answer = call(&router, Method::GET, "/panics").await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(call(&router, Method::GET, "/well").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_504_and_a_change_goes_on() {
    let (limits, dawdler) = (limits(Duration::from_millis(20)), Dawdler::default());
    let answer = call(&dawdler.router(&limits), Method::POST, "/").await;
    assert_eq!(answer.status(), StatusCode::GATEWAY_TIMEOUT);
    dawdler.0.0.notified().await;
    dawdler.0.1.notify_one();
    dawdler.0.0.notified().await;
    assert!(dawdler.0.2.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_change_whose_caller_is_gone_goes_on_to_its_end() {
    let (limits, dawdler) = (limits(Duration::from_secs(60)), Dawdler::default());
    let router = dawdler.router(&limits);
    tokio::select! {
        _ = call(&router, Method::POST, "/") => unreachable!("it waits"),
        () = dawdler.0.0.notified() => {}
    }
    dawdler.0.1.notify_one();
    dawdler.0.0.notified().await;
    assert!(dawdler.0.2.load(Ordering::SeqCst));
}

#[test]
fn bodies_under_way_are_granted_so_many_bytes_and_a_body_that_has_gone_makes_room() {
    let limits = limits(Duration::from_secs(60));
    let enter = |tenant: &str, bytes| limits.enter(Whose::Tenant(tenant.into()), 10, bytes);
    let held = enter("acme", BODIES_MAX / 2).expect("room");
    let problem = enter("acme", 1).err().expect("no room");
    assert_eq!((problem.status, problem.retry_after), (StatusCode::TOO_MANY_REQUESTS, Some(1)));
    assert!(enter("acme", 0).is_ok());
    assert!(enter("other", BODIES_MAX / 2).is_ok());
    drop(held);
    assert!(enter("acme", BODIES_MAX / 2).is_ok());
}

#[test]
fn so_many_requests_are_under_way_and_one_more_is_told_to_come_again() {
    let limits = limits(Duration::from_secs(60));
    let enter = || limits.enter(Whose::Host, 2, 0);
    let held = [enter(), enter()];
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(enter().err().expect("no room").retry_after, Some(1));
    drop(held);
    assert!(enter().is_ok());
}
