//! Nobody gets past without a token that holds, reaches far enough, and is of the right
//! tenant: a tenant's token opens this tenant and nothing else, whatever the request says.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use rota_domain::access::{Role, Token};
use rota_domain::id::TenantId;

use super::Caller;
use crate::http::Doors;
use crate::http::problem::Problem;

/// With which header the host's operator names a tenant.
const TENANT: &str = "x-rota-tenant";

/// Lets callers of at least this role in.
pub(super) async fn admit(doors: &Doors, role: Role, request: &mut Request) -> Result<(), Problem> {
    let refused = |reason, problem| {
        doors.meter.refused(reason);
        Err(problem)
    };
    let Some(token) = presented(request.headers()) else { return refused("absent", Problem::no_token()) };
    let grant = doors.gate.grant(&token, doors.clock.now()).await.map_err(|error| Problem::store(&error))?;
    let Some(grant) = grant else { return refused("unknown", Problem::no_token()) };
    if grant.role < role {
        return refused("small-role", Problem::small_role(grant.role, role));
    }
    let named = request.headers().get(TENANT).and_then(|name| name.to_str().ok()).map(TenantId::from);
    if let (Some(own), Some(named)) = (&grant.tenant, &named)
        && own != named
    {
        return refused("other-tenant", Problem::other_tenant());
    }
    // The host's operator may go on: it is they who suspended the tenant.
    if let Some(own) = &grant.tenant
        && !request.method().is_safe()
        && doors.tenants.standings().suspended(own)
    {
        return refused("suspended", Problem::suspended(own));
    }
    request.extensions_mut().insert(Caller::new(grant, named));
    Ok(())
}

fn presented(headers: &HeaderMap) -> Option<Token> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::read(token.trim())).flatten()
}
