//! Large texts that tell only about a tenant's workspace, stored once by digest: a decision
//! names them. Personal text must never come here, since nothing here is erased.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use rota_domain::id::{Digest, TenantId};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::many::pieces;

/// Texts by digest.
pub(super) type Texts = BTreeMap<Digest, String>;

/// So many texts are remembered as written; then the memory begins anew, and some are sent
/// once more.
const REMEMBERED: usize = 8_192;

/// Texts that are known to be written: nearly every decision names the same few, and the
/// writer need not look for them again. That holds because nothing removes any.
#[derive(Default)]
pub(super) struct Written(Mutex<HashSet<(TenantId, Digest)>>);

impl Written {
    /// Leaves only texts that may be new.
    pub(super) fn reduce(&self, tenant: &TenantId, texts: &mut Texts) {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        texts.retain(|digest, _| !written.contains(&(tenant.clone(), digest.clone())));
    }

    /// These are committed.
    pub(super) fn add(&self, tenant: &TenantId, digests: Vec<Digest>) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() + digests.len() > REMEMBERED {
            written.clear();
        }
        written.extend(digests.into_iter().map(|digest| (tenant.clone(), digest)));
    }
}

/// Writes texts that are new.
pub(super) async fn write(
    connection: &mut Connection,
    texts: &[(&TenantId, &Digest, &String)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(texts) {
        let mut sql = QueryBuilder::new("INSERT INTO shared (tenant, digest, body) ");
        dialect::values(&mut sql, piece, |values, (tenant, digest, text)| {
            values.push_bind(tenant.as_str()).push_bind(digest.as_str()).push_bind(text.as_bytes());
        });
        sql.push(" ON CONFLICT (tenant, digest) DO NOTHING").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What is stored under these digests. Whether it is what was meant, their digest tells.
pub(super) async fn read(
    connection: &mut Connection,
    tenant: &TenantId,
    digests: BTreeSet<Digest>,
) -> Result<HashMap<Digest, String>, sqlx::Error> {
    let digests: Vec<Digest> = digests.into_iter().collect();
    let mut texts = HashMap::with_capacity(digests.len());
    for piece in pieces(&digests) {
        let mut sql = QueryBuilder::new("SELECT digest, body FROM shared WHERE tenant = ");
        sql.push_bind(tenant.as_str()).push(" AND digest IN (");
        let mut names = sql.separated(", ");
        for digest in piece {
            names.push_bind(digest.as_str());
        }
        sql.push(")");
        let rows: Vec<(String, Vec<u8>)> = sql.build_query_as().fetch_all(&mut *connection).await?;
        let text = |body: Vec<u8>| String::from_utf8_lossy(&body).into_owned();
        texts.extend(rows.into_iter().map(|(digest, body)| (Digest::from(digest), text(body))));
    }
    Ok(texts)
}
