//! Which persons somebody means: by an address, or by a lead.
//!
//! A person who changed their address, or had none at first, is several persons here. So
//! whoever any lead of the one was ever decided about is meant, too.

use std::collections::BTreeSet;

use rota_domain::id::LeadId;
use rota_domain::person::PersonKey;
use rota_flow::ports::Whom;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Db};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::people::{KeyDigest, person_digest};

/// Who is meant.
#[derive(Default)]
pub(super) struct Found {
    /// Their numbers.
    pub(super) persons: BTreeSet<i64>,
    /// Leads that were decided about, or were meant.
    pub(super) leads: BTreeSet<String>,
}

/// Looks persons up. `waiting` are those of leads that wait to be decided and are meant.
pub(super) async fn find(
    connection: &mut Connection,
    keys: &TenantKeys,
    whom: &Whom,
    waiting: &[KeyDigest],
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut digests: Vec<KeyDigest> = waiting.to_vec();
    match whom {
        Whom::Email(email) => digests.push(person_digest(&keys.seed, &PersonKey::of_email(email))),
        Whom::Lead(lead) => drop(found.leads.insert(lead.to_string())),
    }
    found.persons = by_digest(connection, keys, &digests).await?;
    found.leads.extend(leads(connection, keys, &found.persons).await?);
    let mut nameless = Vec::new();
    for lead in &found.leads {
        nameless.push(person_digest(&keys.seed, &PersonKey::of_lead(&LeadId::from(lead.as_str()))));
        let persons: Vec<i64> = sqlx::query_scalar(
            "SELECT DISTINCT decisions.person FROM decisions JOIN people ON people.person = decisions.person
             WHERE decisions.tenant = $1 AND decisions.lead = $2 AND people.key IS NOT NULL",
        )
        .bind(keys.tenant.as_str())
        .bind(dialect::plain(lead))
        .fetch_all(&mut *connection)
        .await?;
        found.persons.extend(persons);
    }
    found.persons.extend(by_digest(connection, keys, &nameless).await?);
    Ok(found)
}

async fn by_digest(
    connection: &mut Connection,
    keys: &TenantKeys,
    digests: &[KeyDigest],
) -> Result<BTreeSet<i64>, Failure> {
    let mut persons = BTreeSet::new();
    for digest in digests {
        let person: Option<i64> = sqlx::query_scalar("SELECT person FROM people WHERE tenant = $1 AND key_digest = $2")
            .bind(keys.tenant.as_str())
            .bind(digest.as_slice())
            .fetch_optional(&mut *connection)
            .await?;
        persons.extend(person);
    }
    Ok(persons)
}

async fn leads(
    connection: &mut Connection,
    keys: &TenantKeys,
    persons: &BTreeSet<i64>,
) -> Result<Vec<String>, Failure> {
    if persons.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::new("SELECT DISTINCT lead FROM decisions WHERE tenant = ");
    sql.push_bind(keys.tenant.as_str()).push(" AND ");
    among(&mut sql, persons);
    Ok(sql.build_query_scalar().fetch_all(connection).await?)
}

/// Narrows a statement to these persons.
pub(super) fn among(sql: &mut QueryBuilder<Db>, persons: &BTreeSet<i64>) {
    sql.push("person IN (");
    let mut numbers = sql.separated(", ");
    for person in persons {
        numbers.push_bind(*person);
    }
    sql.push(")");
}
