//! Persons by number. What identifies one (an e-mail address, mostly) is looked up by a
//! digest keyed with the tenant's seed, so that nobody can try addresses against a table.

use std::collections::HashMap;

use rota_domain::id::{Seed, TenantId};
use rota_domain::person::PersonKey;
use sha2::{Digest as _, Sha256};
use sqlx::{QueryBuilder, SqliteConnection};

use super::many::pieces;

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

/// The persons of a unit, each once.
#[derive(Default)]
pub(super) struct People {
    digests: Vec<KeyDigest>,
    places: HashMap<KeyDigest, usize>,
}

impl People {
    /// The place of a person in this unit.
    pub(super) fn place(&mut self, seed: &Seed, person: &PersonKey) -> usize {
        let digest = digest(seed, "person", person.as_str());
        *self.places.entry(digest).or_insert_with_key(|digest| {
            self.digests.push(digest.clone());
            self.digests.len() - 1
        })
    }
}

/// Everybody's number, by tenant and place; who is new gets one. No tenant comes twice.
pub(super) async fn numbers(
    connection: &mut SqliteConnection,
    all: &[(&TenantId, &People)],
) -> Result<Vec<Vec<i64>>, sqlx::Error> {
    let mut numbers: Vec<Vec<i64>> = all.iter().map(|(_, people)| vec![0; people.digests.len()]).collect();
    let tenants: HashMap<&str, usize> = all.iter().enumerate().map(|(n, (tenant, _))| (tenant.as_str(), n)).collect();
    let rows: Vec<(&TenantId, &KeyDigest)> =
        all.iter().flat_map(|(tenant, people)| people.digests.iter().map(move |digest| (*tenant, digest))).collect();
    for piece in pieces(&rows) {
        let mut sql = QueryBuilder::new("INSERT INTO people (tenant, key_digest) ");
        sql.push_values(piece, |mut row, (tenant, digest)| {
            row.push_bind(tenant.as_str()).push_bind(digest.as_slice());
        });
        // An update that changes nothing, since only touched rows are returned.
        sql.push(" ON CONFLICT (tenant, key_digest) DO UPDATE SET tenant = excluded.tenant");
        sql.push(" RETURNING person, tenant, key_digest");
        let rows: Vec<(i64, String, KeyDigest)> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for (person, tenant, digest) in rows {
            if let Some(n) = tenants.get(tenant.as_str())
                && let Some(place) = all[*n].1.places.get(&digest)
            {
                numbers[*n][*place] = person;
            }
        }
    }
    Ok(numbers)
}
