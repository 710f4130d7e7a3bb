//! Components and tables by digest: each once in the file, whoever of the tenants keeps it.
//!
//! One can have many MiB, so its bytes go to the writer in pieces, each a unit of its own,
//! and only if they are not there; a tenant's name is put to them once all are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use rota_domain::id::{Digest, TenantId};
use sqlx::QueryBuilder;

use super::dialect::{Connection, Pool};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{signed, unreadable};
use super::unit::Unit;

/// The bytes of a piece, some milliseconds of writing. Never to be changed: pieces that a
/// crash left are built upon.
const PIECE: usize = 1 << 20;

/// Things by digest.
pub(super) type Things = BTreeMap<Digest, Arc<[u8]>>;

/// Works out the digests of things. It takes a while for large ones.
pub(super) fn by_digest(things: Vec<Arc<[u8]>>) -> Things {
    things.into_iter().map(|thing| (Digest::of(&thing), thing)).collect()
}

/// A step towards keeping a thing.
pub(super) struct Step {
    digest: Digest,
    /// A piece of it, and the place of its first byte.
    piece: Option<(i64, Vec<u8>)>,
    /// After the last step, who keeps it, and how long it is.
    keeper: Option<(TenantId, i64)>,
}

impl Step {
    /// The one step for a thing whose bytes are there.
    pub(super) fn of_known(tenant: &TenantId, digest: Digest, thing: &[u8]) -> Self {
        Self { digest, piece: None, keeper: Some((tenant.clone(), length(thing))) }
    }

    /// The steps for a new thing, in order. Each takes its bytes when it is asked for.
    pub(super) fn of_new<'a>(
        tenant: &'a TenantId,
        digest: &'a Digest,
        thing: &'a [u8],
    ) -> impl Iterator<Item = Self> + 'a {
        let last = thing.len().div_ceil(PIECE).max(1) - 1;
        (0..=last).map(move |n| {
            let start = n * PIECE;
            let end = thing.len().min(start + PIECE);
            Self {
                digest: digest.clone(),
                piece: Some((i64::try_from(start).unwrap_or(i64::MAX), thing[start..end].to_vec())),
                keeper: (n == last).then(|| (tenant.clone(), length(thing))),
            }
        })
    }
}

fn length(thing: &[u8]) -> i64 {
    signed(u64::try_from(thing.len()).unwrap_or(u64::MAX))
}

#[async_trait]
impl Unit for Step {
    type Answer = ();

    fn weight(&self) -> usize {
        // As many rows as take that long to write: few pieces share a commit.
        2 + self.piece.as_ref().map_or(0, |(_, body)| body.len() >> 10)
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        if let Some((start, body)) = &self.piece {
            sqlx::query("INSERT INTO kept_pieces (digest, start, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(self.digest.as_str())
                .bind(start)
                .bind(body)
                .execute(&mut *connection)
                .await?;
        }
        if let Some((tenant, bytes)) = &self.keeper {
            sqlx::query("INSERT INTO kept (digest, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(self.digest.as_str())
                .bind(bytes)
                .execute(&mut *connection)
                .await?;
            sqlx::query("INSERT INTO keepers (tenant, digest) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(tenant.as_str())
                .bind(self.digest.as_str())
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

/// Which of these are in the file whole, and whether this tenant keeps them.
pub(super) async fn known(
    readers: &Pool,
    tenant: &TenantId,
    things: &Things,
) -> Result<HashMap<Digest, bool>, Failure> {
    let digests: Vec<&Digest> = things.keys().collect();
    let mut known = HashMap::with_capacity(digests.len());
    for piece in pieces(&digests) {
        let mut sql = QueryBuilder::new("SELECT digest, EXISTS (SELECT 1 FROM keepers WHERE tenant = ");
        sql.push_bind(tenant.as_str()).push(" AND keepers.digest = kept.digest) FROM kept WHERE digest IN (");
        let mut names = sql.separated(", ");
        for digest in piece {
            names.push_bind(digest.as_str());
        }
        sql.push(")");
        let rows: Vec<(String, bool)> = sql.build_query_as().fetch_all(readers).await?;
        known.extend(rows.into_iter().map(|(digest, keeps)| (Digest::from(digest), keeps)));
    }
    Ok(known)
}

/// The bytes that the tenant keeps under this digest; they are not compared with it yet.
pub(super) async fn read(readers: &Pool, tenant: &TenantId, digest: &Digest) -> Result<Option<Vec<u8>>, Failure> {
    let keeps: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM keepers WHERE tenant = $1 AND digest = $2)")
        .bind(tenant.as_str())
        .bind(digest.as_str())
        .fetch_one(readers)
        .await?;
    if !keeps {
        return Ok(None);
    }
    // One piece after the other: the thing is in memory once, and a piece twice.
    let mut thing = Vec::new();
    while let Some(piece) = piece(readers, digest, thing.len()).await? {
        thing.extend_from_slice(&piece);
    }
    Ok(Some(thing))
}

async fn piece(readers: &Pool, digest: &Digest, start: usize) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let body: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM kept_pieces WHERE digest = $1 AND start = $2 AND length(body) > 0")
            .bind(digest.as_str())
            .bind(i64::try_from(start).unwrap_or(i64::MAX))
            .fetch_optional(readers)
            .await?;
    Ok(body)
}

/// These bytes, if they are what was kept. It takes a while for large ones.
pub(super) fn checked(tenant: &TenantId, digest: &Digest, thing: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if Digest::of(&thing) == *digest {
        return Ok(thing);
    }
    let detail = "its bytes are not those that were kept; restore the file from a backup";
    Err(unreadable(format_args!("`{digest}`, which `{tenant}` keeps,"), detail).into())
}
