//! The way out: whom this host may send something to on behalf of a tenant.
//!
//! A name is resolved once, every address that is not public is refused, and the connection
//! goes to the very address that was looked at. No redirect is followed, no proxy is taken
//! from the environment, no answer is unpacked, and none is read without end. Only the
//! operator opens a private address, as host and port.

mod address;
mod resolve;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, Response, Url, redirect};
use rota_domain::id::TenantId;

pub use address::special;
use resolve::Guarded;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A host and port that the operator opens, such as `127.0.0.1:9000`; or a host with all its
/// ports, such as `127.0.0.1:*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    host: String,
    /// None means every port.
    port: Option<u16>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no host and port; write both, as in \"127.0.0.1:9000\" or \"[::1]:9000\"");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = if port == "*" { None } else { Some(port.parse().map_err(|_| wrong())?) };
        // Read as a URL, so that it is written the same way as the host of one.
        let url = Url::parse(&format!("http://{host}:{}/", port.unwrap_or(1))).map_err(|_| wrong())?;
        let plain = url.path() == "/" && url.username().is_empty() && url.query().is_none();
        match url.host_str() {
            // A star opens ports, never hosts.
            Some(host) if plain && !host.contains('*') => Ok(Self { host: host.into(), port }),
            _ => Err(wrong()),
        }
    }
}

impl Place {
    /// Whether this address is there.
    #[must_use]
    pub fn holds(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| self.is_of(&url))
    }

    fn is_of(&self, url: &Url) -> bool {
        let same_port = self.port.is_none() || self.port == url.port_or_known_default();
        same_port && url.host_str() == Some(self.host.as_str())
    }
}

/// What of an address says who gets what is sent there: scheme, host and port, as in
/// `https://api.hubapi.com`. None where it is no http(s) address.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    Some(url.origin().ascii_serialization())
}

/// What the operator opens: to all tenants, and to some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// For everybody.
    pub all: Vec<Place>,
    /// For one tenant.
    pub tenants: BTreeMap<TenantId, Vec<Place>>,
}

impl Places {
    /// What a tenant may reach whose workspace came from somebody else than the operator.
    #[must_use]
    pub fn reach(&self, tenant: &TenantId) -> Reach {
        let own = self.tenants.get(tenant).into_iter().flatten();
        Reach { places: Some(self.all.iter().chain(own).cloned().collect()) }
    }
}

/// Whom something may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The places besides public ones; none where everything may be reached.
    places: Option<Arc<[Place]>>,
}

/// Why something is not sent there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` cannot be used: {why}")]
pub struct Refused {
    /// Scheme, host and port: receivers have secrets in their paths.
    place: String,
    why: String,
}

impl Reach {
    /// Everything: for what the operator wrote.
    #[must_use]
    pub fn anywhere() -> Self {
        Self { places: None }
    }

    /// A client for calls to this address and to no other host. Its calls take at most
    /// `timeout` each.
    ///
    /// # Errors
    /// When the address is none that may be reached: why, and what to do.
    pub fn client(&self, url: &str, timeout: Duration) -> Result<(Client, Url), Refused> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let parsed = parsed.ok_or_else(|| {
            let place = url.chars().take_while(|c| !"/?#@".contains(*c)).take(64).collect();
            Refused { place, why: "it is no http(s) address; write it whole".into() }
        })?;
        let refuse = |why: String| Refused { place: parsed.origin().ascii_serialization(), why };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(refuse("it has a user or a password in it; leave them out".into()));
        }
        let open = self.opens(&parsed);
        if !open {
            if parsed.scheme() != "https" {
                return Err(refuse(
                    "it is not https; use https, or let the operator allow it with allow_private".into(),
                ));
            }
            if let Some((address, why)) = literal(&parsed).and_then(|ip| Some((ip, special(ip)?))) {
                return Err(refuse(forbidden(&address.to_string(), why)));
            }
        }
        install_tls();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .user_agent(concat!("rota/", env!("CARGO_PKG_VERSION")));
        let client = if open { client } else { client.dns_resolver(Arc::new(Guarded)) };
        let client = client.build().map_err(|wrong| {
            refuse(format!("no HTTPS is possible here: {}; install CA certificates", Chain(&wrong)))
        })?;
        Ok((client, parsed))
    }

    /// Whether the operator opened this very host and port.
    fn opens(&self, url: &Url) -> bool {
        let Some(places) = &self.places else { return true };
        places.iter().any(|place| place.is_of(url))
    }
}

/// The address that stands in a URL in place of a name.
fn literal(url: &Url) -> Option<std::net::IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn forbidden(address: &str, why: &str) -> String {
    format!("the address {address} is {why}; name a public one, or let the operator allow it with allow_private")
}

/// Why an answer was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It has more bytes than this.
    TooLong(usize),
    /// The connection broke.
    Broken(reqwest::Error),
}

/// Reads the whole of an answer, if it has no more than `most` bytes. It is taken as it comes,
/// since this client unpacks nothing.
pub(crate) async fn body(mut response: Response, most: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > most {
            return Err(Unread::TooLong(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Takes ring for TLS, which no client can be made without, once in the process; one that is installed already is as good.
pub fn install_tls() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// An error with its causes on one line; addresses in it carry no secret, those being headers.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut next = Some(self.0);
        let mut between = "";
        while let Some(error) = next {
            write!(f, "{between}{error}")?;
            between = ": ";
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reach: &Reach, url: &str) -> String {
        reach.client(url, CONNECT_TIMEOUT).expect_err(url).to_string()
    }

    #[test]
    fn however_an_address_is_spelt_a_private_one_is_refused() {
        let reach = Places::default().reach(&"acme".into());
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[0:0:0:0:0:ffff:7f00:1]/",
            "https://0/",
            "https://169.254.169.254/latest",
            "https://１２７.0.0.1/",
        ] {
            assert!(refused(&reach, url).contains("allow_private"), "{url}: {}", refused(&reach, url));
        }
        assert!(refused(&reach, "http://hooks.example/").contains("not https"));
        assert!(refused(&reach, "https://ada:x@hooks.example/").contains("a password"));
        assert!(refused(&reach, "ftp://hooks.example/").contains("no http(s) address"));
        assert!(reach.client("https://hooks.example/rota", CONNECT_TIMEOUT).is_ok());
    }

    #[test]
    fn the_operator_opens_one_host_and_port_to_one_tenant_or_to_all() {
        let place = |text: &str| text.parse::<Place>().expect(text);
        let tenants = BTreeMap::from([("acme".into(), vec![place("10.0.0.7:9000")])]);
        let places = Places { all: vec![place("[::1]:80"), place("crm.internal:8443")], tenants };
        let (acme, other) = (places.reach(&"acme".into()), places.reach(&"other".into()));
        for url in ["http://10.0.0.7:9000/x", "http://[::1]/", "https://CRM.internal:8443/", "https://[0::1]:80/"] {
            assert!(acme.client(url, CONNECT_TIMEOUT).is_ok(), "{url}");
        }
        assert!(other.client("http://[::1]/", CONNECT_TIMEOUT).is_ok());
        for url in ["http://10.0.0.7:9000/x", "http://10.0.0.7:9001/x", "http://[::1]:81/"] {
            assert!(other.client(url, CONNECT_TIMEOUT).is_err(), "{url}");
        }
        assert!(Reach::anywhere().client("http://127.0.0.1:1/", CONNECT_TIMEOUT).is_ok());
    }

    #[test]
    fn a_star_opens_all_ports_of_one_host() {
        let places = Places { all: vec!["127.0.0.1:*".parse().expect("a place")], ..Places::default() };
        let reach = places.reach(&"acme".into());
        for (url, open) in [
            ("http://127.0.0.1/", true),
            ("http://127.0.0.1:9000/", true),
            ("http://127.0.0.2:9000/", false),
            ("http://localhost:9000/", false),
        ] {
            assert_eq!(reach.client(url, CONNECT_TIMEOUT).is_ok(), open, "{url}");
        }
    }

    #[test]
    fn a_place_is_a_host_and_a_port_and_nothing_else() {
        for wrong in [
            "127.0.0.1",
            "localhost:",
            ":80",
            "a b:80",
            "h:80/x",
            "http://h:80",
            "u@h:80",
            "h:99999",
            "::1:80x",
            "*:80",
            "::1:*",
        ] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
