//! Tokens are made here, and their making is noted.

use jiff::Timestamp;
use rota_domain::access::{Change, Grant, Role, Token};
use rota_domain::id::TenantId;
use rota_flow::ports::{Access, StoreError};

/// What a new token is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose; none for the host's operator.
    pub tenant: Option<TenantId>,
    /// What its holder may do.
    pub role: Role,
    /// What people call it.
    pub name: String,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

/// Makes a token, keeps its digest, and notes who made it. The token itself is here and
/// nowhere else: it can be shown now, and never again.
///
/// # Errors
/// When the store fails; then there is no such token.
pub async fn issue(
    access: &dyn Access,
    wanted: Wanted,
    who: &str,
    now: Timestamp,
) -> Result<(Token, Grant), StoreError> {
    let token = Token::from_random(rand::random());
    let Wanted { tenant, role, name, expires } = wanted;
    let id = format!("tok_{:016x}", rand::random::<u64>()).into();
    let made_by = who.to_owned();
    let grant = Grant { id, tenant, role, name, made: now, made_by, expires, used: None, revoked: None };
    access.grant(grant.clone(), token.digest()).await?;
    let change = Change {
        at: now,
        who: who.to_owned(),
        action: "token.made".into(),
        thing: grant.id.to_string(),
        detail: Some(format!("{role}, {}", grant.name)),
    };
    access.changed(grant.tenant.as_ref(), change).await?;
    Ok((token, grant))
}
