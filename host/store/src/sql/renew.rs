//! New keys in the place of old ones. The host's key seals the tenants' alone, so that a new
//! one costs a row a tenant, and a server that runs meanwhile goes on. A tenant's new key
//! costs a row a person and a secret, in one commit.

use std::sync::Arc;

use async_trait::async_trait;
use rota_domain::id::TenantId;
use rota_flow::ports::{Store as _, StoreError};

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::keys::{Host, Keyring};
use super::store::SqlStore;
use super::unit::Unit;
use super::vault::SECRET;
use crate::Renewed;
use crate::sealing::{Key, about};

/// Persons whose keys are read at once.
const PAGE: i64 = 512;

impl SqlStore {
    /// Seals the tenants' keys under the host's current key, as its source has it now. With
    /// `below`, tenants get new keys, too, and their persons' keys and secrets are sealed
    /// under those.
    ///
    /// # Errors
    /// When the database fails, or a key is missing; then what is sealed under which stays.
    pub async fn renew(&self, below: bool) -> Result<Renewed, StoreError> {
        let host = self.read(self.keys.reload(&self.readers).await)?;
        let tenants = self.writer.write(HostKey { keys: self.keys.clone(), host }).await?;
        self.read(self.keys.reload(&self.readers).await)?;
        self.keys.forget_all();
        let mut renewed = Renewed { tenants, below: 0 };
        if below {
            for tenant in self.tenants().await? {
                let keys = self.keys.clone();
                renewed.below += self.writer.write(TenantKey { keys, tenant: tenant.clone() }).await?;
                self.keys.forget(&tenant);
            }
        }
        Ok(renewed)
    }
}

/// All tenants' keys are to be sealed under the host's current key.
struct HostKey {
    keys: Arc<Keyring>,
    host: Host,
}

#[async_trait]
impl Unit for HostKey {
    type Answer = u64;

    fn weight(&self) -> usize {
        // A commit of its own, or nearly so.
        1 << 20
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        let Self { keys, host } = self;
        let current = host.keys.current();
        let done = sqlx::query("UPDATE host_key SET sealed = $1 WHERE sealed = $2")
            .bind(keys.seal_check(current))
            .bind(host.check.as_slice())
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() == 0 {
            return Err(Failure::Stale);
        }
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT tenant, key FROM tenants").fetch_all(&mut *connection).await?;
        let mut tenants = 0;
        for (tenant, sealed) in rows {
            let tenant = TenantId::from(tenant);
            let opened = host.keys.open(&about("tenant", tenant.as_str(), b""), &sealed);
            let key = opened.map_err(|why| Failure::sealed(why, format_args!("the key of tenant `{tenant}`")))?;
            sqlx::query("UPDATE tenants SET key = $1 WHERE tenant = $2")
                .bind(keys.seal_tenant(current, &tenant, &key))
                .bind(tenant.as_str())
                .execute(&mut *connection)
                .await?;
            tenants += 1;
        }
        Ok(tenants)
    }
}

/// A tenant is to get a new key.
struct TenantKey {
    keys: Arc<Keyring>,
    tenant: TenantId,
}

#[async_trait]
impl Unit for TenantKey {
    type Answer = u64;

    fn weight(&self) -> usize {
        // A commit of its own, or nearly so.
        1 << 20
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        let Self { keys, tenant } = self;
        dialect::alone(connection, tenant.as_str()).await?;
        let host = keys.host();
        let (sealed, seed): (Vec<u8>, Vec<u8>) = sqlx::query_as("SELECT key, seed FROM tenants WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_one(&mut *connection)
            .await?;
        let before = keys.unlock(&host, tenant, sealed, &seed)?;
        let bytes = keys.bytes();
        let new = Key::new(&bytes);
        sqlx::query("UPDATE tenants SET key = $1, seed = $2 WHERE tenant = $3")
            .bind(keys.seal_tenant(host.keys.current(), tenant, &*bytes))
            .bind(keys.seal_seed(&new, tenant, &before.seed))
            .bind(tenant.as_str())
            .execute(&mut *connection)
            .await?;
        let again = |kind: &str, reference: &[u8], sealed: &[u8]| {
            let place = about(kind, tenant.as_str(), reference);
            let opened = before.key().open_key(&place, sealed);
            let opened = opened.map_err(|why| Failure::sealed(why, format_args!("a {kind} of `{tenant}`")))?;
            Ok::<_, Failure>(keys.seal(&new, &place, &opened))
        };
        let (mut after, mut below) = (0, 0);
        loop {
            let persons: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
                "SELECT person, key_digest, key FROM people
                 WHERE tenant = $1 AND person > $2 AND key IS NOT NULL ORDER BY person LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut *connection)
            .await?;
            let Some((last, ..)) = persons.last() else { break };
            after = *last;
            for (person, digest, sealed) in persons {
                sqlx::query("UPDATE people SET key = $1 WHERE person = $2")
                    .bind(again("person", &digest, &sealed)?)
                    .bind(person)
                    .execute(&mut *connection)
                    .await?;
                below += 1;
            }
        }
        let secrets: Vec<(String, Vec<u8>)> = sqlx::query_as("SELECT name, sealed FROM secrets WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_all(&mut *connection)
            .await?;
        for (name, sealed) in secrets {
            sqlx::query("UPDATE secrets SET sealed = $1 WHERE tenant = $2 AND name = $3")
                .bind(again(SECRET, name.as_bytes(), &sealed)?)
                .bind(tenant.as_str())
                .bind(name)
                .execute(&mut *connection)
                .await?;
            below += 1;
        }
        Ok(below)
    }
}
