//! Look-ups by digest: those of all callers are joined into one query, as writes are into one
//! commit. A hundred tenants that ask about one person each cost about what one tenant costs
//! that asks about a hundred, since most of a small query is the way to SQLite's thread and back.

use std::collections::HashMap;
use std::sync::Arc;

use rota_domain::id::TenantId;
use rota_flow::ports::StoreError;
use sqlx::{FromRow, QueryBuilder};
use tokio::sync::{mpsc, oneshot};

use super::dialect::{self, DbRow, Pool};
use super::failure::{Failure, unavailable};
use super::many::pieces;
use super::people::KeyDigest;

/// Look-ups that may wait; callers beyond that wait to be let in.
const QUEUE: usize = 1_024;

/// At most this many go into one query.
const MOST: usize = 256;

/// What is found: two columns, by digest.
pub(super) type Found<A, B> = HashMap<KeyDigest, (A, B)>;

/// One kind of look-up. It ends when it is dropped.
pub(super) struct Lookup<A, B> {
    queue: mpsc::Sender<Asked<A, B>>,
    database: Arc<str>,
}

struct Asked<A, B> {
    tenant: TenantId,
    digests: Vec<KeyDigest>,
    reply: oneshot::Sender<Result<Found<A, B>, Failure>>,
}

impl<A, B> Lookup<A, B>
where
    A: Send + Unpin + 'static,
    B: Send + Unpin + 'static,
    (i64, A, B): for<'r> FromRow<'r, DbRow>,
{
    /// Looks up in this database from now on. The query gives `asked.n` and two columns of what
    /// it joins to `asked`, whose columns are `n`, `tenant` and `digest`.
    pub(super) fn start(readers: Pool, database: Arc<str>, query: &'static str) -> Self {
        let (queue, asked) = mpsc::channel(QUEUE);
        tokio::spawn(serve(readers, database.clone(), query, asked));
        Self { queue, database }
    }

    /// What there is of a tenant under these digests.
    pub(super) async fn find(&self, tenant: &TenantId, digests: Vec<KeyDigest>) -> Result<Found<A, B>, Failure> {
        if digests.is_empty() {
            return Ok(Found::new());
        }
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Unavailable {
            database: self.database.to_string(),
            detail: "its reader has stopped; restart Rota".into(),
        };
        self.queue.send(Asked { tenant: tenant.clone(), digests, reply }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone().into()))
    }
}

async fn serve<A, B>(readers: Pool, database: Arc<str>, query: &'static str, mut asked: mpsc::Receiver<Asked<A, B>>)
where
    A: Send + Unpin,
    B: Send + Unpin,
    (i64, A, B): for<'r> FromRow<'r, DbRow>,
{
    let mut all = Vec::new();
    while asked.recv_many(&mut all, MOST).await > 0 {
        let found = read(&readers, query, &all).await.map_err(|error| unavailable(&database, &error));
        let found = match found {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) => all.iter().map(|_| Err(error.clone().into())).collect::<Vec<_>>(),
        };
        for (asked, found) in all.drain(..).zip(found) {
            // Whoever does not wait any more needs no answer.
            let _ = asked.reply.send(found);
        }
    }
}

async fn read<A, B>(readers: &Pool, query: &'static str, all: &[Asked<A, B>]) -> Result<Vec<Found<A, B>>, sqlx::Error>
where
    A: Send + Unpin,
    B: Send + Unpin,
    (i64, A, B): for<'r> FromRow<'r, DbRow>,
{
    let mut wanted: Vec<(usize, &TenantId, &KeyDigest)> = Vec::new();
    for (whose, Asked { tenant, digests, .. }) in all.iter().enumerate() {
        wanted.extend(digests.iter().map(|digest| (whose, tenant, digest)));
    }
    let mut found: Vec<Found<A, B>> = all.iter().map(|_| Found::new()).collect();
    for piece in pieces(&wanted) {
        let mut sql = QueryBuilder::new("WITH asked (n, tenant, digest) AS (");
        let mut n: i64 = 0;
        dialect::values(&mut sql, piece, |row, (_, tenant, digest)| {
            row.push_bind(n).push_bind(tenant.as_str()).push_bind(digest.as_slice());
            n += 1;
        });
        sql.push(") ").push(query);
        let rows: Vec<(i64, A, B)> = sql.build_query_as().fetch_all(readers).await?;
        for (n, a, b) in rows {
            let wanted = usize::try_from(n).ok().and_then(|n| piece.get(n));
            let Some((whose, _, digest)) = wanted else { continue };
            found[*whose].insert((*digest).clone(), (a, b));
        }
    }
    Ok(found)
}
