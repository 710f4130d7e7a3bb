//! Who calls.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rota_domain::access::Grant;
use rota_domain::id::TenantId;

use crate::http::problem::Problem;

/// A caller whom the guard let in.
#[derive(Clone, Debug)]
pub(in crate::http) struct Caller {
    /// What their token grants.
    pub(in crate::http) grant: Arc<Grant>,
    /// Whose data they asked for: the token's tenant, or the one that the host's operator
    /// named.
    tenant: Option<TenantId>,
}

impl Caller {
    pub(super) fn new(grant: Arc<Grant>, named: Option<TenantId>) -> Self {
        let tenant = grant.tenant.clone().or(named);
        Self { grant, tenant }
    }

    /// Whose data they ask for.
    ///
    /// # Errors
    /// When the host's operator did not say it.
    pub(in crate::http) fn tenant(&self) -> Result<&TenantId, Problem> {
        self.tenant.as_ref().ok_or_else(Problem::no_tenant)
    }

    /// The caller, as the audit log names them.
    pub(in crate::http) fn who(&self) -> String {
        format!("{} ({})", self.grant.name, self.grant.id)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only where a route for everybody asks for its caller, which none should.
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::no_token)
    }
}
