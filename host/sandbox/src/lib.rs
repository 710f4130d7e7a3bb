//! A double of HubSpot: it keeps records, answers its API over real HTTP, sends signed webhooks,
//! and fails on demand. It is written from what is known about HubSpot and depends on nothing else
//! of this workspace, so that a mistake of the client cannot hide behind the same one here.

mod access;
mod api;
mod associations;
mod calls;
mod catalogue;
mod chance;
mod checks;
mod clock;
mod connection;
mod control;
mod double;
mod errors;
mod events;
mod faults;
mod front;
mod id;
mod kind;
mod limits;
mod lock;
mod receiver;
mod report;
mod seed;
mod signature;
mod state;
mod webhooks;
mod writes;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connection::{CuttableListener, Cutter};
use crate::double::Double;
pub use crate::id::Id;
pub use crate::receiver::{Message, Receiver, Refusal, receive};
pub use crate::seed::{
    ContactSeed, Limits, OwnerRule, OwnerRules, OwnerSeed, PropertySeed, RecordSeed, Seed, SignedUri, Subscription,
    TeamSeed, Token, WebhookSettings,
};

/// How long connections get to end when the double stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// What a double is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where webhooks go; without it they wait for [`Sandbox::set_target`].
    pub target: Option<String>,
    /// What it starts with.
    pub seed: Seed,
    /// What webhooks are signed with.
    pub client_secret: String,
}

/// A running double. Dropping it stops it too, but only [`Sandbox::stop`] waits for that.
pub struct Sandbox {
    address: SocketAddr,
    double: Arc<Double>,
    stop: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts a double.
pub async fn start(options: Options) -> anyhow::Result<Sandbox> {
    let Options { listen, target, seed, client_secret } = options;
    let (stop, stopped) = watch::channel(false);
    let double = Arc::new(Double::new(seed, client_secret, stopped.clone())?);
    if let Some(target) = target {
        double.webhooks.set_target(&target)?;
    }
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("the sandbox could not listen on {listen}; is the port in use?"))?;
    let address = listener.local_addr()?;
    tokio::spawn(Arc::clone(&double.webhooks).run());
    let routes = control::router(&double).fallback_service(api::router(&double));
    let service = routes.into_make_service_with_connect_info::<Cutter>();
    let mut signal = stopped;
    let server = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async move {
        // An error means that the sandbox was dropped, which is to stop as well.
        let _ = signal.wait_for(|stopped| *stopped).await;
    });
    let server = tokio::spawn(async move { server.await });
    Ok(Sandbox { address, double, stop, server })
}

impl Sandbox {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends webhooks, retries included, to this URL from now on.
    pub fn set_target(&self, url: &str) -> anyhow::Result<()> {
        self.double.webhooks.set_target(url)
    }

    /// Stops it: no more webhooks, no more answers. What it remembered is gone.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(STOP_WITHIN, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}
