//! Whose token this is. The call takes no scope, so every token that holds can make it.

use std::net::IpAddr;

use reqwest::{Method, Url};
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

/// Whether what answers at this address can say whose account it is: HubSpot itself, or a
/// double at a private address, which only the operator of the host opens. Anybody else could
/// say that any account is theirs, and be given its webhooks.
#[must_use]
pub fn vouches(base_url: &str) -> bool {
    let Ok(url) = Url::parse(base_url) else { return false };
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => host == "localhost" || is_hubspots(base_url),
    }
}

/// Whether this address is HubSpot's own, whom every token of its accounts comes from.
#[must_use]
pub fn is_hubspots(base_url: &str) -> bool {
    let Ok(url) = Url::parse(base_url) else { return false };
    let host = url.host_str().unwrap_or_default();
    url.scheme() == "https" && (host == "hubapi.com" || host.ends_with(".hubapi.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hubspot_and_private_doubles_can_say_whose_an_account_is() {
        for sound in ["https://api.hubapi.com", "https://api-eu1.hubapi.com/", "http://127.0.0.1:9", "http://[::1]:9"] {
            assert!(vouches(sound), "{sound}");
        }
        let strange = [
            "http://api.hubapi.com",
            "https://api.hubapi.com.evil.example",
            "https://evilhubapi.com",
            "http://8.8.8.8",
            "",
        ];
        for strange in strange {
            assert!(!vouches(strange), "{strange}");
        }
    }
}
