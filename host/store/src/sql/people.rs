//! Persons by number. What identifies one (an e-mail address, mostly) is looked up by a
//! digest keyed with the tenant's seed, so that nobody can try addresses against a table; and
//! what is told of one is sealed under a key of their own.
//!
//! A unit seals before the writer runs. So who is known is looked up first, and who is new
//! gets a key; the writer then makes sure that all of this still holds. If it does not, since
//! somebody was erased or met meanwhile, the unit is stale, and is made again.

use std::collections::HashMap;
use std::sync::Arc;

use ring::hmac;
use rota_domain::id::Seed;
use rota_domain::person::PersonKey;
use sha2::{Digest as _, Sha256};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::keys::{Person, TenantKeys};
use super::lookups::Lookup;
use super::many::pieces;
use super::private::{self, Kind};
use crate::sealing::Key;

/// A digest that only who knows the tenant's seed can repeat.
pub(super) type KeyDigest = Vec<u8>;

/// The digest of a text. `purpose` keeps digests of different tables apart.
pub(super) fn digest(seed: &Seed, purpose: &str, text: &str) -> KeyDigest {
    let mut hash = Sha256::new();
    hash.update(seed.0);
    hash.update(purpose);
    hash.update([0]);
    hash.update(text);
    hash.finalize().to_vec()
}

/// What only who has the seed can say of a text (HMAC, RFC 2104): its key is a digest of the seed, which
/// serves other purposes, too.
pub(super) fn vouched(seed: &Seed, text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &digest(seed, "vouched", ""));
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

/// The digest of who a person is.
pub(super) fn person_digest(seed: &Seed, person: &PersonKey) -> KeyDigest {
    person.digest(seed).to_vec()
}

/// Finds persons: their numbers and sealed keys.
pub(super) type PersonLookup = Lookup<i64, Vec<u8>>;

/// How persons are found.
pub(super) const FIND: &str = "SELECT asked.n, people.person, people.key FROM asked
    JOIN people ON people.tenant = asked.tenant AND people.key_digest = asked.digest";

/// The persons of a unit of one tenant, each once, with their keys.
pub(super) struct People {
    keys: Arc<TenantKeys>,
    members: Vec<Member>,
    places: HashMap<KeyDigest, usize>,
}

/// A person of a unit.
enum Member {
    /// Somebody whom the database had when it was asked.
    Known(Arc<Person>),
    /// Somebody new, with the key that they get.
    New { digest: KeyDigest, key: Arc<Key>, sealed: Vec<u8> },
}

impl People {
    /// Looks persons up; who is not found gets a key.
    pub(super) async fn meet(
        lookup: &PersonLookup,
        keys: Arc<TenantKeys>,
        persons: impl IntoIterator<Item = &PersonKey>,
    ) -> Result<Self, Failure> {
        let mut places = HashMap::new();
        let mut digests: Vec<KeyDigest> = Vec::new();
        for person in persons {
            let digest = person_digest(&keys.seed, person);
            places.entry(digest).or_insert_with_key(|digest| {
                digests.push(digest.clone());
                digests.len() - 1
            });
        }
        let mut known: HashMap<KeyDigest, Arc<Person>> = HashMap::with_capacity(digests.len());
        let mut asked: Vec<KeyDigest> = Vec::new();
        for digest in &digests {
            match keys.known(digest) {
                Some(person) => drop(known.insert(digest.clone(), person)),
                None => asked.push(digest.clone()),
            }
        }
        for (digest, (number, sealed)) in lookup.find(&keys.tenant, asked).await? {
            let person = keys.person(number, &digest, &sealed);
            let person = person.map_err(|why| Failure::sealed(why, format_args!("the key of person {number}")))?;
            known.insert(digest, person);
        }
        let member = |digest: KeyDigest| match known.remove(&digest) {
            Some(person) => Member::Known(person),
            None => {
                let (key, sealed) = keys.draw(&digest);
                Member::New { digest, key: Arc::new(key), sealed }
            }
        };
        let members = digests.into_iter().map(member).collect();
        Ok(Self { keys, members, places })
    }

    /// The place of a person in this unit. Whoever was not met has none.
    pub(super) fn place(&self, person: &PersonKey) -> Option<usize> {
        self.places.get(&person_digest(&self.keys.seed, person)).copied()
    }

    /// The keys of the unit's tenant.
    pub(super) fn keys(&self) -> &Arc<TenantKeys> {
        &self.keys
    }

    /// Seals a text about the person in this place.
    pub(super) fn seal(&self, place: usize, kind: Kind, reference: &[u8], text: &str) -> Vec<u8> {
        let key = match &self.members[place] {
            Member::Known(person) => &person.key,
            Member::New { key, .. } => key,
        };
        private::seal(&self.keys, key, kind, reference, text)
    }
}

/// Everybody's number, by unit and place; who is new gets one. No tenant comes twice. A unit
/// whose persons are not what they were is stale.
pub(super) async fn numbers(connection: &mut Connection, all: &[&People]) -> Result<Vec<Vec<i64>>, Failure> {
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for (n, people) in all.iter().enumerate() {
        for (place, member) in people.members.iter().enumerate() {
            match member {
                Member::Known(person) => known.push(&**person),
                Member::New { digest, key, sealed } => new.push(((n, place), &people.keys, digest, key, sealed)),
            }
        }
    }
    unchanged(connection, &known).await?;
    let mut numbers: Vec<Vec<i64>> = all.iter().map(|people| numbers_known(people)).collect();
    for piece in pieces(&new) {
        let mut sql = QueryBuilder::new("WITH new (place, tenant, under, key_digest, key) AS (");
        let mut nth: i64 = 0;
        dialect::values(&mut sql, piece, |row, (_, keys, digest, _, sealed)| {
            row.push_bind(nth).push_bind(keys.tenant.as_str()).push_bind(keys.sealed.as_slice());
            row.push_bind(digest.as_slice()).push_bind(sealed.as_slice());
            nth += 1;
        });
        // Under the tenant's key of today: another process may have changed it.
        sql.push(
            ") INSERT INTO people (tenant, key_digest, key)
             SELECT new.tenant, new.key_digest, new.key FROM new
             JOIN tenants ON tenants.tenant = new.tenant AND tenants.key = new.under
             WHERE true ORDER BY new.place ON CONFLICT (tenant, key_digest) DO NOTHING",
        );
        let written = dialect::insert(connection, sql, "person", piece.len()).await?;
        if written.len() != piece.len() {
            return Err(Failure::Stale);
        }
        for (number, ((n, place), keys, digest, key, sealed)) in written.into_iter().zip(piece) {
            numbers[*n][*place] = number;
            // Should this not be committed, the next unit that builds on it is found stale.
            let person = Person { number, sealed: sealed.to_vec(), key: Arc::clone(key) };
            keys.remember(digest, Arc::new(person));
        }
    }
    Ok(numbers)
}

fn numbers_known(people: &People) -> Vec<i64> {
    let number = |member: &Member| match member {
        Member::Known(person) => person.number,
        Member::New { .. } => 0,
    };
    people.members.iter().map(number).collect()
}

/// Makes sure that these persons are still there under the same keys.
async fn unchanged(connection: &mut Connection, known: &[&Person]) -> Result<(), Failure> {
    for piece in pieces(known) {
        let mut sql = QueryBuilder::new("WITH known (person, key) AS (");
        dialect::values(&mut sql, piece, |row, person| {
            row.push_bind(person.number).push_bind(person.sealed.as_slice());
        });
        sql.push(") SELECT count(*) FROM known JOIN people ON people.person = known.person AND people.key = known.key");
        let there: i64 = sql.build_query_scalar().fetch_one(&mut *connection).await?;
        if usize::try_from(there) != Ok(piece.len()) {
            return Err(Failure::Stale);
        }
    }
    Ok(())
}
