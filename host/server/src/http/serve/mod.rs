//! Connections: who may have one, for how long, and how all of them end. Each has to say what
//! it wants in time, and to take its answer in time; one on which nothing happens makes room
//! for a newcomer.

mod activity;
mod patient;
mod places;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::activity::Activity;
use self::patient::Patient;
use self::places::{Place, Places};
use super::Front;

pub(super) use self::activity::UnderWay;

/// Where it is asked whether the server is well.
pub(super) const HEALTH: &str = "/health";
/// Descriptors that are not for connections: the database, plugins, calls to CRMs.
const DESCRIPTORS: u64 = 512;
/// The most bytes of a request's head.
const HEAD_MAX: usize = 64 << 10;
/// How long a connection may take to end on which nothing is under way.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long to wait after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(200);

/// Who is at the other end of a request's connection: perhaps a proxy that speaks for many.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// How the server serves.
#[derive(Clone, Copy, Debug)]
pub struct Serving {
    /// Open connections.
    pub connections: usize,
    /// Open connections from one address. A proxy on this machine speaks for everybody, so
    /// that the address of the machine itself has no such bound.
    pub connections_per_address: usize,
    /// Requests under way; whether the server is well can be asked beside them.
    pub requests: u32,
    /// How long the head of a request may take, from its first byte; on a new connection, from
    /// the beginning.
    pub head: Duration,
    /// How long the body may take; large ones have more.
    pub body: Duration,
    /// How long the answer may take, unless the route says otherwise.
    pub answer: Duration,
    /// How long a reader may take none of its answer.
    pub stall: Duration,
    /// How long a connection is kept on which nothing is asked.
    pub idle: Duration,
    /// How long requests under way may take when the server is to stop.
    pub drain: Duration,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 1024,
            requests: 1024,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            stall: Duration::from_secs(15),
            idle: Duration::from_secs(75),
            drain: Duration::from_secs(25),
        }
    }
}

/// Serves until told to close; then takes no connection, and ends when every request that
/// was under way has its answer, or the time for that is over.
pub(crate) async fn serve(listener: TcpListener, front: Front, serving: Serving, mut closing: watch::Receiver<bool>) {
    let places = Arc::new(Places::new(Serving { connections: within_descriptors(&serving), ..serving }));
    let until = closing.clone();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = closing.wait_for(|close| *close) => break,
        };
        match accepted {
            Ok((stream, from)) => {
                // Without a place it is closed, which costs less than any answer.
                let activity = Activity::default();
                if let Some(place) = places.enter(from.ip(), activity.clone()) {
                    connections.spawn(connection(
                        stream,
                        from,
                        (activity, place),
                        front.clone(),
                        serving,
                        until.clone(),
                    ));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "A connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The life of one connection.
async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    (activity, _place): (Activity, Place),
    front: Front,
    serving: Serving,
    mut closing: watch::Receiver<bool>,
) {
    // Answers are written whole: there is nothing to gather them with.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patient::new(stream, activity.clone(), serving.head, serving.stall));
    let asked = activity.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(asked.begin());
        request.extensions_mut().insert(Peer(from.ip()));
        let answer = front.clone().answer(request.map(Body::new));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(serving.idle).max_buf_size(HEAD_MAX);
    let mut http = pin!(http.serve_connection(io, service));
    let ended = tokio::select! {
        ended = http.as_mut() => Some(ended),
        () = activity.ended() => Some(Ok(())),
        _ = closing.wait_for(|close| *close) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            http.as_mut().graceful_shutdown();
            let patience = if activity.is_busy() { serving.drain } else { FAREWELL };
            tokio::time::timeout(patience, http).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%from, %error, "A connection ended early");
    }
}

/// How many connections there can be, once the process may open as many files as the system
/// lets it.
fn within_descriptors(serving: &Serving) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = serving.connections as u64 + DESCRIPTORS;
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let granted = match current {
        Some(current) if current < raised => {
            let limit = Rlimit { current: Some(raised), maximum };
            setrlimit(Resource::Nofile, limit).map_or(current, |()| raised)
        }
        Some(current) => current,
        None => wanted,
    };
    let left = usize::try_from(granted.saturating_sub(DESCRIPTORS)).unwrap_or(usize::MAX);
    let most = left.clamp(1, serving.connections.max(1));
    if most < serving.connections {
        tracing::warn!(most, "The system grants few open files, and so few connections: raise `ulimit -n`");
    }
    most
}
