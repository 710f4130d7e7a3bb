//! Persons given out, and erased.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{DecisionId, LeadId, TenantId};
use rota_domain::person::PersonKey;
use rota_flow::ports::{AboutDecision, Dossier, Erased, Payload, People, Recalled, StoreError, Waiting, Whom};
use sqlx::QueryBuilder;

use super::departed::Forget;
use super::erase::Erase;
use super::failure::Failure;
use super::keys::TenantKeys;
use super::people::{KeyDigest, person_digest};
use super::rows::micros;
use super::store::SqlStore;
use super::whom::{self, Found, among};
use super::{dialect, inbox, read};

/// Arrivals that are looked through at once.
const PAGE: u32 = 256;

impl SqlStore {
    /// What waits of this person.
    async fn waiting_of(&self, keys: &TenantKeys, whom: &Whom, sure: bool) -> Result<Vec<Waiting>, Failure> {
        let mut of_them = Vec::new();
        let mut after = 0;
        loop {
            let page = inbox::waiting(&self.readers, keys, after, PAGE, sure).await?;
            let Some(last) = page.waiting.last() else { return Ok(of_them) };
            after = last.id;
            of_them.extend(page.waiting.into_iter().filter(|waiting| is_meant(&waiting.payload, whom)));
        }
    }

    async fn dossier(&self, keys: &TenantKeys, whom: &Whom, sure: bool) -> Result<Dossier, Failure> {
        let waiting = self.waiting_of(keys, whom, sure).await?;
        let digests: Vec<KeyDigest> = waiting.iter().filter_map(|waiting| digest_of(keys, &waiting.payload)).collect();
        let mut connection = self.readers.acquire().await?;
        let Found { persons, leads } = whom::find(&mut connection, keys, whom, &digests).await?;
        drop(connection);
        if persons.is_empty() {
            return Ok(Dossier { waiting, ..Dossier::default() });
        }
        let mut sql = QueryBuilder::new("SELECT id FROM decisions WHERE ");
        among(&mut sql, &persons);
        let ids: Vec<String> = sql.push(" ORDER BY seq").build_query_scalar().fetch_all(&self.readers).await?;
        let mut decisions = Vec::with_capacity(ids.len());
        for id in ids {
            let recalled = read::decision(&self.readers, keys, &DecisionId::from(id)).await?;
            if let Some(Recalled { stored, private: Some(private), effects, .. }) = recalled {
                decisions.push(AboutDecision { stored, private, effects });
            }
        }
        Ok(Dossier { leads: leads.into_iter().map(LeadId::from).collect(), decisions, waiting })
    }
}

#[async_trait]
impl People for SqlStore {
    async fn export(&self, tenant: &TenantId, whom: &Whom) -> Result<Dossier, StoreError> {
        self.keyed(tenant, |keys: Arc<TenantKeys>, sure| async move { self.dossier(&keys, whom, sure).await }).await
    }

    async fn erase(
        &self,
        tenant: &TenantId,
        whom: &Whom,
        who: &str,
        now: Timestamp,
        settles: Option<i64>,
    ) -> Result<Erased, StoreError> {
        let erase = |keys: Arc<TenantKeys>, sure| async move {
            let waiting = self.waiting_of(&keys, whom, sure).await?;
            let waiting = waiting.iter().filter_map(|waiting| digest_of(&keys, &waiting.payload)).collect();
            let (whom, who) = (whom.clone(), who.to_owned());
            self.writer.attempt(Erase { keys, whom, waiting, who, now: micros(now), settles }).await
        };
        let erased = self.keyed(tenant, erase).await?;
        self.keys.forget(tenant);
        if let Err(error) = dialect::overwrite(&self.own).await {
            tracing::warn!(%tenant, %error, "The database's log was not emptied after an erasure; the next checkpoint does it");
        }
        Ok(erased)
    }

    async fn forget_departed(&self, tenant: &TenantId, before: Timestamp) -> Result<(), StoreError> {
        self.writer.write(Forget { tenant: tenant.clone(), before }).await
    }
}

/// Whether what waits is about them.
fn is_meant(payload: &Payload, whom: &Whom) -> bool {
    match (payload.subject(), whom) {
        (Payload::Lead { lead, .. }, Whom::Lead(id)) => lead.id == *id,
        (Payload::Lead { lead, .. }, Whom::Email(email)) => PersonKey::of(lead) == PersonKey::of_email(email),
        (Payload::Record { connection, object, id, .. }, Whom::Lead(lead)) => {
            LeadId::of_record(connection, object, id) == *lead
        }
        _ => false,
    }
}

fn digest_of(keys: &TenantKeys, payload: &Payload) -> Option<KeyDigest> {
    match payload.subject() {
        Payload::Lead { lead, .. } => Some(person_digest(&keys.seed, &PersonKey::of(lead))),
        _ => None,
    }
}
