//! Whose token this is. The call takes no scope, so every token that holds can make it.

use reqwest::Method;
use rota_flow::ports::AccountInfo;
use serde::Deserialize;

use super::client::{Call, Errand};
use super::errors::{Failure, Intent};

#[derive(Debug, Deserialize)]
struct Details {
    #[serde(rename = "portalId")]
    portal: u64,
}

/// The account that the token belongs to.
pub(super) async fn info(errand: &Errand<'_>) -> Result<AccountInfo, Failure> {
    let about = "asking which account the token belongs to";
    let url = errand.account();
    let call = Call { method: Method::GET, url, body: None, intent: Intent::Read, about };
    let Details { portal } = errand.call(call).await?;
    Ok(AccountInfo { portal })
}
