//! Links with which a rep who is asked takes a lead, or does not, without signing in.
//!
//! A link says who is asked for what, until when, under a MAC of the tenant's key: nobody makes or
//! changes one, and the same is made each time.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rota_crm::notify::Links;
use rota_domain::decision::Offered;
use rota_domain::id::{DecisionId, Digest, LeadId, RepId, TenantId};
use rota_flow::ports::{Store, StoreError};
use serde::{Deserialize, Serialize};

/// Who is asked to take what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Whose lead it is.
    pub tenant: TenantId,
    /// The lead.
    pub lead: LeadId,
    /// The decision that offers it.
    pub decision: DecisionId,
    /// Who is asked.
    pub rep: RepId,
    /// They can accept before then.
    pub until: Timestamp,
}

/// Makes links, and reads them.
#[derive(Clone)]
pub struct Claims {
    store: Arc<dyn Store>,
    public_url: String,
}

impl Claims {
    /// Links that lead to this address.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, public_url: &str) -> Self {
        Self { store, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// The link for this.
    ///
    /// # Errors
    /// The tenant's key cannot be read now.
    pub async fn link(&self, claim: &Claim) -> Result<String, StoreError> {
        // A struct of texts is always JSON.
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claim).unwrap_or_default());
        let mac = self.store.vouch(&claim.tenant, &text).await?;
        Ok(format!("{}/claims/{text}.{}", self.public_url, URL_SAFE_NO_PAD.encode(mac)))
    }

    /// What the last part of a link says, if a host of this database made it.
    pub async fn read(&self, link: &str) -> Option<Claim> {
        let (text, mac) = link.split_once('.')?;
        let claim: Claim = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let ours = self.store.vouch(&claim.tenant, text).await.ok()?;
        // Digests are compared, so that how long it takes says nothing of the MAC.
        (Digest::of(&mac) == Digest::of(&ours)).then_some(claim)
    }

    /// The links of one tenant's offers.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> TenantClaims {
        TenantClaims { claims: self.clone(), tenant: tenant.clone() }
    }
}

/// Makes the links of one tenant.
pub struct TenantClaims {
    claims: Claims,
    tenant: TenantId,
}

#[async_trait]
impl Links for TenantClaims {
    async fn link(&self, decision: &DecisionId, lead: &LeadId, asked: &Offered) -> Result<String, String> {
        let (tenant, decision, lead) = (self.tenant.clone(), decision.clone(), lead.clone());
        let Offered { rep, until } = asked.clone();
        let claim = Claim { tenant, lead, decision, rep, until };
        self.claims.link(&claim).await.map_err(|error| error.to_string())
    }
}
