//! The keys that a store works with: the host's, each tenant's, and those of the persons met
//! last. They are read when they are needed, and read anew when something is sealed under one
//! that is not known, for another process may have changed them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rota_domain::id::{HostId, Seed, TenantId};
use rota_flow::ports::StoreError;
use zeroize::Zeroizing;

use super::dialect::{Connection, Db};
use super::failure::Failure;
use super::people::KeyDigest;
use super::rows::unreadable;
use crate::sealing::{Chance, HostKeys, KEY_BYTES, Key, KeySource, Keys, Unopened, about};

/// So many persons' keys are remembered, and as many of those before: some MiB.
const REMEMBERED: usize = 4_096;

/// The text under the host's key by which a database knows it.
const CHECK: &[u8] = b"rota";

/// All keys of one database.
pub(super) struct Keyring {
    source: Arc<dyn KeySource>,
    host: RwLock<Host>,
    tenants: Mutex<HashMap<TenantId, Arc<TenantKeys>>>,
    shared: Arc<Shared>,
}

/// The host's keys, and the row by which the database knows the current one.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) keys: HostKeys,
    pub(super) check: Vec<u8>,
}

/// What the keys of all tenants have in common.
struct Shared {
    chance: Chance,
    persons: Mutex<Persons>,
}

impl Keyring {
    /// The keys of a database, which are checked against it. A database without any gets the
    /// source's first.
    pub(super) async fn open(connection: &mut Connection, keys: Keys, database: &str) -> Result<Arc<Self>, StoreError> {
        let Keys { source, chance } = keys;
        let failed = |failure: Failure| failure.of(database);
        let refused = |detail: String| StoreError::Unavailable { database: database.into(), detail };
        let found = check(&mut *connection).await.map_err(failed)?;
        let keys = match &found {
            None => source.first().map_err(refused)?,
            Some(_) => source.read().map_err(refused)?.ok_or_else(|| {
                refused("it is sealed, and its key is not there: put the key back, or name it with `key` in rota.toml; nothing was changed".into())
            })?,
        };
        if found.is_none() {
            let sealed = seal(&chance, keys.current(), &about("host", "", b""), CHECK);
            sqlx::query("INSERT INTO host_key (one, sealed) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
                .bind(sealed)
                .execute(&mut *connection)
                .await
                .map_err(|error| failed(error.into()))?;
        }
        // Of two that open a new database at once, one was first.
        let check = check(connection).await.map_err(failed)?.unwrap_or_default();
        let host = Host { keys, check };
        host.prove().map_err(refused)?;
        let shared = Arc::new(Shared { chance, persons: Mutex::default() });
        Ok(Arc::new(Self { source, host: RwLock::new(host), tenants: Mutex::default(), shared }))
    }

    /// The host's keys as they were read last.
    pub(super) fn host(&self) -> Host {
        self.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the host's keys anew.
    pub(super) async fn reload(&self, reader: impl sqlx::Executor<'_, Database = Db>) -> Result<Host, Failure> {
        let unavailable = |detail: String| StoreError::Unavailable { database: "with the changed key".into(), detail };
        let check = check(reader).await?.unwrap_or_default();
        let keys = self.source.read().map_err(unavailable)?;
        let keys = keys.ok_or_else(|| unavailable("its key is not there any more: put it back".into()))?;
        let host = Host { keys, check };
        host.prove().map_err(unavailable)?;
        *self.host.write().unwrap_or_else(PoisonError::into_inner) = host.clone();
        Ok(host)
    }

    /// A tenant's keys, if they were read before.
    pub(super) fn known(&self, tenant: &TenantId) -> Option<Arc<TenantKeys>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    /// Forgets a tenant's keys and all persons', so that they are read anew.
    pub(super) fn forget(&self, tenant: &TenantId) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
        *self.shared.persons.lock().unwrap_or_else(PoisonError::into_inner) = Persons::default();
    }

    /// Forgets all tenants' keys.
    pub(super) fn forget_all(&self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Opens a tenant's keys from its row: the key under the host's, the seed under the key.
    pub(super) fn unlock(
        &self,
        host: &Host,
        tenant: &TenantId,
        sealed: Vec<u8>,
        seed: &[u8],
    ) -> Result<Arc<TenantKeys>, Failure> {
        let row = format_args!("the key of tenant `{tenant}`").to_string();
        let opened = host.keys.open(&about("tenant", tenant.as_str(), b""), &sealed);
        let key = opened.and_then(|bytes| Key::read(&bytes)).map_err(|why| Failure::sealed(why, &row))?;
        let seed = key.open(&about("seed", tenant.as_str(), b""), seed).map_err(|why| Failure::sealed(why, &row))?;
        let seed = seed.as_slice().try_into().map_err(|_| unreadable(&row, "the seed has not 32 bytes"))?;
        let keys =
            Arc::new(TenantKeys { tenant: tenant.clone(), seed: Seed(seed), key, sealed, shared: self.shared.clone() });
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), keys.clone());
        Ok(keys)
    }

    /// A key and a seed for a tenant's row: the key under the host's current one.
    pub(super) fn draw(&self, host: &Host, tenant: &TenantId, seed: &Seed) -> (Vec<u8>, Vec<u8>) {
        let bytes = self.bytes();
        let key = Key::new(&bytes);
        (self.seal_tenant(host.keys.current(), tenant, &*bytes), self.seal_seed(&key, tenant, seed))
    }

    /// A tenant's key, under one of the host's.
    pub(super) fn seal_tenant(&self, host: &Key, tenant: &TenantId, key: &[u8]) -> Vec<u8> {
        seal(&self.shared.chance, host, &about("tenant", tenant.as_str(), b""), key)
    }

    /// A tenant's seed, under its key.
    pub(super) fn seal_seed(&self, key: &Key, tenant: &TenantId, seed: &Seed) -> Vec<u8> {
        seal(&self.shared.chance, key, &about("seed", tenant.as_str(), b""), &seed.0)
    }

    /// The check of the host's current key.
    pub(super) fn seal_check(&self, host: &Key) -> Vec<u8> {
        seal(&self.shared.chance, host, &about("host", "", b""), CHECK)
    }

    /// A name for this process that no other has.
    pub(super) fn draw_host(&self) -> HostId {
        let mut bytes = [0; 8];
        (self.shared.chance)(&mut bytes);
        format!("{:016x}", u64::from_be_bytes(bytes)).into()
    }

    /// Bytes for a new key.
    pub(super) fn bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.shared.bytes()
    }

    /// Seals a text for a place.
    pub(super) fn seal(&self, key: &Key, place: &[u8], text: &[u8]) -> Vec<u8> {
        seal(&self.shared.chance, key, place, text)
    }
}

impl Host {
    /// Whether the database is sealed under one of these keys.
    pub(super) fn prove(&self) -> Result<(), String> {
        let opened = self.keys.open(&about("host", "", b""), &self.check);
        match opened {
            Ok(text) if text.as_slice() == CHECK => Ok(()),
            Err(Unopened::OtherKey) => Err(format!(
                "it is sealed under the key {}, and only {:?} is there: put the right key back, or name it with `key` in rota.toml; nothing was changed",
                self.keys.of(&self.check).err().unwrap_or_default(),
                self.keys
            )),
            _ => Err("the check of its key is damaged: restore it from a backup".into()),
        }
    }
}

impl Shared {
    fn bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        (self.chance)(&mut *bytes);
        bytes
    }
}

/// What only the key opens that the database is sealed under, if it is sealed.
pub(super) async fn check(reader: impl sqlx::Executor<'_, Database = Db>) -> Result<Option<Vec<u8>>, Failure> {
    Ok(sqlx::query_scalar("SELECT sealed FROM host_key WHERE one = 1").fetch_optional(reader).await?)
}

fn seal(chance: &Chance, key: &Key, place: &[u8], text: &[u8]) -> Vec<u8> {
    let mut nonce = [0; 12];
    chance(&mut nonce);
    key.seal(place, nonce, text)
}

/// A tenant's key, its seed, and the way to its persons' keys.
pub(super) struct TenantKeys {
    pub(super) tenant: TenantId,
    pub(super) seed: Seed,
    key: Key,
    /// The key as the tenant's row has it: whoever writes under it makes sure that it is still
    /// there.
    pub(super) sealed: Vec<u8>,
    shared: Arc<Shared>,
}

/// A person whose key is known.
pub(super) struct Person {
    /// Their number in the database.
    pub(super) number: i64,
    /// The key as their row has it.
    pub(super) sealed: Vec<u8>,
    pub(super) key: Arc<Key>,
}

impl TenantKeys {
    /// The tenant's own key.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Seals a text under the tenant's key or a person's.
    pub(super) fn seal(&self, key: &Key, kind: &str, reference: &[u8], text: &[u8]) -> Vec<u8> {
        seal(&self.shared.chance, key, &about(kind, self.tenant.as_str(), reference), text)
    }

    /// Opens what was sealed under the tenant's key or a person's.
    pub(super) fn open(&self, key: &Key, kind: &str, reference: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        key.open(&about(kind, self.tenant.as_str(), reference), sealed)
    }

    /// A key for a new person: itself, and as their row has it.
    pub(super) fn draw(&self, digest: &[u8]) -> (Key, Vec<u8>) {
        let bytes = self.shared.bytes();
        (Key::new(&bytes), self.seal(&self.key, "person", digest, &*bytes))
    }

    /// The person whose row this is.
    pub(super) fn person(&self, number: i64, digest: &[u8], sealed: &[u8]) -> Result<Arc<Person>, Unopened> {
        if let Some(known) = self.known(digest).filter(|known| known.number == number && known.sealed == sealed) {
            return Ok(known);
        }
        let opened = self.key.open_key(&about("person", self.tenant.as_str(), digest), sealed)?;
        let key = Key::read(&opened)?;
        let person = Arc::new(Person { number, sealed: sealed.to_vec(), key: Arc::new(key) });
        self.remember(digest, person.clone());
        Ok(person)
    }

    /// The person of this digest, if they were met lately. Whoever writes about them makes
    /// sure that they are still there under the same key.
    pub(super) fn known(&self, digest: &[u8]) -> Option<Arc<Person>> {
        let who = (self.tenant.clone(), digest.to_vec());
        self.shared.persons.lock().unwrap_or_else(PoisonError::into_inner).get(&who)
    }

    /// Remembers a person.
    pub(super) fn remember(&self, digest: &[u8], person: Arc<Person>) {
        self.shared
            .persons
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put((self.tenant.clone(), digest.to_vec()), person);
    }
}

/// Whose person, and who.
type Who = (TenantId, KeyDigest);

/// Persons met lately, in two generations: when the younger is full, the older is forgotten.
#[derive(Default)]
struct Persons {
    young: HashMap<Who, Arc<Person>>,
    old: HashMap<Who, Arc<Person>>,
}

impl Persons {
    fn get(&mut self, who: &Who) -> Option<Arc<Person>> {
        if let Some(known) = self.young.get(who) {
            return Some(known.clone());
        }
        let (who, known) = self.old.remove_entry(who)?;
        self.put(who, known.clone());
        Some(known)
    }

    fn put(&mut self, who: Who, person: Arc<Person>) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(who, person);
    }
}
