//! Tokens by their digests, and the log of changes.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::access::{Change, Grant};
use rota_domain::id::{TenantId, TokenId};
use rota_flow::ports::{Access, StoreError};
use sqlx::{FromRow, QueryBuilder, Row as _};

use super::dialect::{self, Connection, DbRow};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{micros, signed, time, unreadable, unsigned};
use super::store::SqlStore;
use super::unit::Unit;

/// A token as its row has it.
struct TokenRow {
    id: String,
    tenant: Option<String>,
    role: String,
    name: String,
    made: i64,
    made_by: String,
    expires: Option<i64>,
    used: Option<i64>,
    revoked: Option<i64>,
}

impl FromRow<'_, DbRow> for TokenRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            role: row.try_get("role")?,
            name: row.try_get("name")?,
            made: row.try_get("made")?,
            made_by: row.try_get("made_by")?,
            expires: row.try_get("expires")?,
            used: row.try_get("used")?,
            revoked: row.try_get("revoked")?,
        })
    }
}

impl TokenRow {
    fn grant(self) -> Result<Grant, StoreError> {
        let row = format!("token `{}`", self.id);
        let some = |micros: Option<i64>| micros.map(|micros| time(micros, &row)).transpose();
        Ok(Grant {
            tenant: self.tenant.map(TenantId::from),
            role: self.role.parse().map_err(|error: String| unreadable(&row, error))?,
            name: self.name,
            made: time(self.made, &row)?,
            made_by: self.made_by,
            expires: some(self.expires)?,
            used: some(self.used)?,
            revoked: some(self.revoked)?,
            id: self.id.into(),
        })
    }
}

/// A token to be kept.
struct NewToken {
    grant: Grant,
    digest: [u8; 32],
}

#[async_trait]
impl Unit for NewToken {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Grant { id, tenant, role, name, made, made_by, expires, .. } = &self.grant;
        sqlx::query("INSERT INTO tokens (id, tenant, role, name, digest, made, made_by, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(id.as_str())
            .bind(tenant.as_ref().map(TenantId::as_str))
            .bind(role.as_str())
            .bind(name)
            .bind(self.digest.as_slice())
            .bind(micros(*made))
            .bind(made_by)
            .bind(expires.map(micros))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// A token to be ended.
struct Revoked {
    tenant: Option<TenantId>,
    token: TokenId,
    now: Timestamp,
}

#[async_trait]
impl Unit for Revoked {
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let done = sqlx::query(
            "UPDATE tokens SET revoked = $1 WHERE id = $2 AND tenant IS NOT DISTINCT FROM $3 AND revoked IS NULL",
        )
        .bind(micros(self.now))
        .bind(self.token.as_str())
        .bind(self.tenant.as_ref().map(TenantId::as_str))
        .execute(connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

/// When tokens were used last.
struct Uses(Vec<(TokenId, Timestamp)>);

#[async_trait]
impl Unit for Uses {
    type Answer = ();

    fn weight(&self) -> usize {
        self.0.len()
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        for piece in pieces(&self.0) {
            let mut sql = QueryBuilder::new("WITH uses (id, at) AS (");
            dialect::values(&mut sql, piece, |values, (id, at)| {
                values.push_bind(id.as_str()).push_bind(micros(*at));
            });
            sql.push(") UPDATE tokens SET used = max(coalesce(used, 0), uses.at) FROM uses WHERE tokens.id = uses.id");
            sql.build().execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// A change to be remembered.
struct Changed {
    tenant: Option<TenantId>,
    change: Change,
}

#[async_trait]
impl Unit for Changed {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        let Change { at, who, action, thing, detail } = &self.change;
        sqlx::query("INSERT INTO audit (tenant, at, who, action, thing, detail) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(self.tenant.as_ref().map(TenantId::as_str))
            .bind(micros(*at))
            .bind(who)
            .bind(action)
            .bind(thing)
            .bind(detail)
            .execute(connection)
            .await?;
        Ok(())
    }
}

const COLUMNS: &str = "SELECT id, tenant, role, name, made, made_by, expires, used, revoked FROM tokens";

type ChangeColumns = (i64, i64, String, String, String, Option<String>);

#[async_trait]
impl Access for SqlStore {
    async fn grant(&self, grant: Grant, digest: [u8; 32]) -> Result<(), StoreError> {
        self.writer.write(NewToken { grant, digest }).await
    }

    async fn granted(&self, digest: [u8; 32]) -> Result<Option<Grant>, StoreError> {
        let mut sql = QueryBuilder::new(COLUMNS);
        sql.push(" WHERE digest = ").push_bind(digest.to_vec());
        let row: Option<TokenRow> =
            self.read(sql.build_query_as().fetch_optional(&self.readers).await.map_err(Failure::from))?;
        row.map(TokenRow::grant).transpose()
    }

    async fn grants(&self, tenant: Option<&TenantId>) -> Result<Vec<Grant>, StoreError> {
        let mut sql = QueryBuilder::new(COLUMNS);
        sql.push(" WHERE tenant IS NOT DISTINCT FROM ")
            .push_bind(tenant.map(TenantId::as_str))
            .push(" ORDER BY made, id");
        let rows: Vec<TokenRow> =
            self.read(sql.build_query_as().fetch_all(&self.readers).await.map_err(Failure::from))?;
        rows.into_iter().map(TokenRow::grant).collect()
    }

    async fn revoke(&self, tenant: Option<&TenantId>, token: &TokenId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.write(Revoked { tenant: tenant.cloned(), token: token.clone(), now }).await
    }

    async fn used(&self, uses: Vec<(TokenId, Timestamp)>) -> Result<(), StoreError> {
        self.writer.write(Uses(uses)).await
    }

    async fn changed(&self, tenant: Option<&TenantId>, change: Change) -> Result<(), StoreError> {
        self.writer.write(Changed { tenant: tenant.cloned(), change }).await
    }

    async fn changes(
        &self,
        tenant: Option<&TenantId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT id, at, who, action, thing, detail FROM audit WHERE tenant IS NOT DISTINCT FROM $1 AND id > $2 ORDER BY id LIMIT $3",
        )
        .bind(tenant.map(TenantId::as_str))
        .bind(signed(after))
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await;
        let rows: Vec<ChangeColumns> = self.read(rows.map_err(Failure::from))?;
        let change = |(id, at, who, action, thing, detail): ChangeColumns| {
            let at = time(at, format_args!("change {id} of the audit log"))?;
            Ok((unsigned(id), Change { at, who, action, thing, detail }))
        };
        rows.into_iter().map(change).collect()
    }
}
