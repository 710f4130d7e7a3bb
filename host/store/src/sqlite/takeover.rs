//! A database that was written before anything was sealed: its tenants and persons get keys,
//! and what stands there in the clear is moved under them, batch by batch, before anybody is
//! served. Whatever is interrupted goes on when the file is opened again.

use rota_domain::id::{Seed, TenantId};
use sqlx::SqliteConnection;

use super::failure::Failure;
use super::keys::{Keyring, TenantKeys};
use super::many::pieces;
use super::private::{self, Kind, PersonColumns, PrivateRow};
use super::rows::unreadable;
use crate::sealing::KEY_BYTES;

/// What an older database told of persons.
const KINDS: [Kind; 5] = [Kind::Why, Kind::Lead, Kind::Effect, Kind::Cause, Kind::Arrival];

/// Rows that are moved in one commit.
const BATCH: i64 = 512;

/// Seals what an older Rota wrote. What stood there is overwritten.
pub(super) async fn seal(connection: &mut SqliteConnection, keys: &Keyring) -> Result<(), Failure> {
    let plain: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'private_plain'")
        .fetch_one(&mut *connection)
        .await?;
    if plain == 0 {
        return Ok(());
    }
    sqlx::raw_sql("PRAGMA secure_delete = ON").execute(&mut *connection).await?;
    tenants(connection, keys).await?;
    while people(connection, keys).await? {}
    let mut moved = 0;
    loop {
        let batch = bodies(connection, keys).await?;
        moved += batch;
        if batch == 0 {
            break;
        }
    }
    if moved > 0 {
        tracing::info!(moved, "Personal data of an older database is sealed now");
    }
    // Another process may have been first.
    let end = "DROP TABLE IF EXISTS private_plain; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA secure_delete = FAST";
    sqlx::raw_sql(end).execute(connection).await?;
    Ok(())
}

/// Gives every tenant a key, and seals its seed.
async fn tenants(connection: &mut SqliteConnection, keys: &Keyring) -> Result<(), Failure> {
    let bare: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT tenant, seed FROM tenants WHERE key IS NULL").fetch_all(&mut *connection).await?;
    let host = keys.host();
    for (tenant, seed) in bare {
        let tenant = TenantId::from(tenant);
        let seed: [u8; KEY_BYTES] =
            seed.try_into().map_err(|_| unreadable(format_args!("tenant `{tenant}`"), "its seed has not 32 bytes"))?;
        let (key, seed) = keys.draw(&host, &tenant, &Seed(seed));
        sqlx::query("UPDATE tenants SET key = ?, seed = ? WHERE tenant = ? AND key IS NULL")
            .bind(key)
            .bind(seed)
            .bind(tenant.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Gives some persons keys; false when all have one.
async fn people(connection: &mut SqliteConnection, keys: &Keyring) -> Result<bool, Failure> {
    let bare: Vec<(i64, String, Vec<u8>)> =
        sqlx::query_as("SELECT person, tenant, key_digest FROM people WHERE key IS NULL AND erased IS NULL LIMIT ?")
            .bind(BATCH)
            .fetch_all(&mut *connection)
            .await?;
    let any = !bare.is_empty();
    begin(connection).await?;
    for (person, tenant, digest) in bare {
        let tenant = unlocked(connection, keys, tenant).await?;
        let (_, sealed) = tenant.draw(&digest);
        sqlx::query("UPDATE people SET key = ? WHERE person = ? AND key IS NULL")
            .bind(sealed)
            .bind(person)
            .execute(&mut *connection)
            .await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(any)
}

/// A row of the old table: its place there, tenant, kind, `ref`, what it is about by name,
/// body, and its person's columns.
type Plain = (i64, String, String, i64, Option<Vec<u8>>, String, i64, Vec<u8>, Vec<u8>);

/// Moves some bodies; says how many.
async fn bodies(connection: &mut SqliteConnection, keys: &Keyring) -> Result<usize, Failure> {
    begin(connection).await?;
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'private_plain'")
        .fetch_one(&mut *connection)
        .await?;
    let rows: Vec<Plain> = if there == 0 {
        Vec::new()
    } else {
        sqlx::query_as(
            "SELECT plain.rowid, people.tenant, plain.kind, plain.ref,
                 CASE plain.kind
                     WHEN 'arrival' THEN (SELECT dedupe_key FROM inbox WHERE id = plain.ref)
                     WHEN 'effect' THEN (SELECT CAST(effect AS BLOB) FROM outbox WHERE id = plain.ref)
                     WHEN 'cause' THEN (SELECT CAST(effect AS BLOB) FROM outbox WHERE id = plain.ref)
                 END,
                 plain.body, people.person, people.key_digest, people.key
             FROM private_plain AS plain JOIN people ON people.person = plain.person
             WHERE people.key IS NOT NULL LIMIT ?",
        )
        .bind(BATCH)
        .fetch_all(&mut *connection)
        .await?
    };
    let mut sealed: Vec<(i64, Kind, i64, Vec<u8>)> = Vec::with_capacity(rows.len());
    for (_, tenant, kind, reference, named, body, number, digest, key) in &rows {
        let row = format_args!("the private row of person {number} about {kind} {reference}").to_string();
        let known = KINDS.into_iter().find(|known| known.as_str() == kind);
        let kind = known.ok_or_else(|| unreadable(&row, "its kind is unknown"))?;
        let tenant = unlocked(connection, keys, tenant.clone()).await?;
        let columns: PersonColumns = (*number, digest.clone(), key.clone());
        let person = private::person(&tenant, &columns, &row)?;
        let named = named.clone().unwrap_or_else(|| reference.to_be_bytes().to_vec());
        sealed.push((*number, kind, *reference, private::seal(&tenant, &person.key, kind, &named, body)));
    }
    let written: Vec<PrivateRow<'_>> = sealed
        .iter()
        .map(|(person, kind, reference, body)| PrivateRow { person: *person, kind: *kind, reference: *reference, body })
        .collect();
    private::write(connection, &written).await?;
    for piece in pieces(&rows) {
        let mut sql = sqlx::QueryBuilder::new("DELETE FROM private_plain WHERE rowid IN (");
        let mut ids = sql.separated(", ");
        for row in piece {
            ids.push_bind(row.0);
        }
        sql.push(")").build().execute(&mut *connection).await?;
    }
    sqlx::query("COMMIT").execute(&mut *connection).await?;
    Ok(rows.len())
}

async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(connection).await.map(|_| ())
}

/// A tenant's keys, once it has some.
async fn unlocked(
    connection: &mut SqliteConnection,
    keys: &Keyring,
    tenant: String,
) -> Result<std::sync::Arc<TenantKeys>, Failure> {
    let tenant = TenantId::from(tenant);
    if let Some(known) = keys.known(&tenant) {
        return Ok(known);
    }
    let (key, seed): (Vec<u8>, Vec<u8>) = sqlx::query_as("SELECT key, seed FROM tenants WHERE tenant = ?")
        .bind(tenant.as_str())
        .fetch_one(connection)
        .await?;
    keys.unlock(&keys.host(), &tenant, key, &seed)
}
