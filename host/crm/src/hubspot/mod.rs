//! HubSpot: one account behind the `Crm` port, its webhooks and their signatures.
//!
//! `client` is the transport, `limit` its pace, `errors` what its refusals mean, `wire` how
//! its JSON reads. `read`, `owners` and `deliver` are the three things that the port asks.
//! Nothing here reads a wall clock, an environment variable or chance; waiting is tokio's.

mod account;
mod api;
mod beside;
mod client;
pub mod custom_code;
mod deliver;
mod errors;
mod limit;
mod owner_write;
mod owners;
mod paces;
mod piecewise;
mod properties;
mod read;
mod settled;
mod signature;
mod trace;
mod update;
mod webhook;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use rota_domain::effect::Effect;
use rota_domain::id::{ConnectionId, EffectId};
use rota_flow::ports::{
    AccountInfo, Carrier, Crm, CrmError, Delivered, Directory, PropertyInfo, Reading, RecordRef, Wanted,
};

use crate::Secret;
use crate::outbound::Reach;
use client::Client;
use owners::Owners;
use read::Readings;

pub use account::{is_hubspots, vouches};
pub use api::ApiStyle;
pub use limit::Burst;
pub use paces::{Pace, Paces};
pub use signature::{Allow, Refusal, Signed, promises, verify};
pub use webhook::{Event, Received, Unreadable, parse};

/// Where HubSpot's API is.
pub const PUBLIC_URL: &str = "https://api.hubapi.com";

/// The longest a single HTTP call may take. Effects are claimed for 30 s; two of these leave
/// time to settle them.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(14);

/// How to reach one HubSpot account.
#[derive(Clone, Debug)]
pub struct Config {
    /// The connection's name in the workspace; it is in the ids of companies that are read.
    pub connection: ConnectionId,
    /// Where the API is, such as [`PUBLIC_URL`].
    pub base_url: String,
    /// The account's Bearer token.
    pub token: Secret,
    /// How its paths are written.
    pub api: ApiStyle,
    /// How many calls it takes.
    pub burst: Burst,
    /// For how long a call of the port begins new HTTP calls, and how long each of these may
    /// take; cut to [`LONGEST_TIMEOUT`], so that a call of the port ends within the lease.
    pub timeout: Duration,
    /// Whom it may reach.
    pub reach: Reach,
}

/// One HubSpot account. All workers of an account share one of these, since it keeps the
/// account's pace, its owners and what its readings have to remember.
pub struct HubSpot {
    client: Client,
    owners: Owners,
    readings: Readings,
    connection: ConnectionId,
}

impl HubSpot {
    /// Prepares to call at a pace of its own; nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none that may be reached, or the token cannot stand in a header;
    /// the text says which.
    pub fn new(config: Config) -> Result<Self, CrmError> {
        Self::at_pace(config, &Paces::default())
    }

    /// The same at the pace that all share who use the same token at the same address.
    ///
    /// # Errors
    /// The same.
    pub fn at_pace(config: Config, paces: &Paces) -> Result<Self, CrmError> {
        let connection = config.connection.clone();
        let client = Client::new(config, paces)?;
        Ok(Self { client, owners: Owners::default(), readings: Readings::default(), connection })
    }
}

#[async_trait]
impl Crm for HubSpot {
    async fn read(&self, records: &[RecordRef], wanted: &Wanted) -> Result<Vec<Option<Reading>>, CrmError> {
        let errand = self.client.errand();
        self.readings.all(&errand, &self.connection, records, wanted).await.map_err(|failure| failure.error)
    }

    async fn directory(&self) -> Result<Directory, CrmError> {
        let errand = self.client.errand();
        let book = self.owners.refresh(&errand).await.map_err(|failure| failure.error)?;
        Ok(book.directory())
    }

    async fn properties(&self, object: &str) -> Result<Vec<PropertyInfo>, CrmError> {
        properties::all(&self.client.errand(), object).await.map_err(|failure| failure.error)
    }

    async fn account(&self) -> Result<AccountInfo, CrmError> {
        account::info(&self.client.errand()).await.map_err(|failure| failure.error)
    }
}

#[async_trait]
impl Carrier for HubSpot {
    async fn deliver(&self, effects: &[(Effect, u32)]) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
        deliver::all(&self.client, &self.owners, &self.connection, effects).await
    }
}
