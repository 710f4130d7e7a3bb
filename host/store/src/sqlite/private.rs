//! The one table with personal text. Whoever writes such a text writes it through here.

use sqlx::{QueryBuilder, SqliteConnection};

use super::many::pieces;

/// What a private row is about, and so what its `ref` counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The person's key and the words of a decision's reason.
    Why,
    /// The lead, transcript, notes and log of a decision.
    Lead,
    /// A whole effect.
    Effect,
    /// What a CRM said of an effect.
    Cause,
    /// A lead that waits in the inbox.
    Arrival,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Why => "why",
            Self::Lead => "lead",
            Self::Effect => "effect",
            Self::Cause => "cause",
            Self::Arrival => "arrival",
        }
    }
}

/// One private row.
pub(super) struct PrivateRow {
    pub(super) person: i64,
    pub(super) kind: Kind,
    pub(super) reference: i64,
    pub(super) body: String,
}

/// Writes private rows; one that is there already is replaced.
pub(super) async fn write(connection: &mut SqliteConnection, rows: &[PrivateRow]) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("INSERT INTO private (person, kind, ref, body) ");
        sql.push_values(piece, |mut values, row| {
            values
                .push_bind(row.person)
                .push_bind(row.kind.as_str())
                .push_bind(row.reference)
                .push_bind(row.body.as_str());
        });
        sql.push(" ON CONFLICT (person, kind, ref) DO UPDATE SET body = excluded.body");
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Removes private rows of one kind, given by person and `ref`.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    kind: Kind,
    rows: &[(i64, i64)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("DELETE FROM private WHERE (person, kind, ref) IN (");
        sql.push_values(piece, |mut values, (person, reference)| {
            values.push_bind(*person).push_bind(kind.as_str()).push_bind(*reference);
        });
        sql.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}
