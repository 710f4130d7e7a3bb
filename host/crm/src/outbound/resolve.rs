//! Names become addresses once, and only public ones come out: the connection that follows
//! goes to one of these, whatever the name says a moment later.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::special;

/// The system's resolver, of which nothing private is let through.
#[derive(Debug)]
pub(super) struct Guarded;

/// A name that leads nowhere one may go.
#[derive(Debug, thiserror::Error)]
enum Closed {
    #[error(
        "{name} leads to {address}, which is {why}; name a public one, or let the operator allow it with allow_private"
    )]
    Special { name: String, address: std::net::IpAddr, why: &'static str },
    #[error("{name} leads to no address")]
    Nowhere { name: String },
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(public(&name, found)?.into_iter()) as Addrs)
        })
    }
}

/// The public ones among what a name leads to. One that also leads to a private address is
/// left with its public ones.
fn public(name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Closed> {
    let first = found.first().copied();
    let public: Vec<_> = found.into_iter().filter(|address| special(address.ip()).is_none()).collect();
    match first {
        _ if !public.is_empty() => Ok(public),
        Some(address) => {
            let why = special(address.ip()).unwrap_or("special");
            Err(Closed::Special { name: name.into(), address: address.ip(), why })
        }
        None => Err(Closed::Nowhere { name: name.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 0)
    }

    #[test]
    fn of_what_a_name_leads_to_only_public_addresses_are_left() {
        let both = vec![at("10.0.0.1"), at("9.9.9.9"), at("::1")];
        assert_eq!(public("x", both).unwrap(), [at("9.9.9.9")]);
        let refused = public("x", vec![at("127.0.0.1")]).unwrap_err().to_string();
        assert!(refused.starts_with("x leads to 127.0.0.1, which is loopback"), "{refused}");
        assert!(public("x", Vec::new()).is_err());
    }

    #[tokio::test]
    async fn the_name_of_this_machine_is_refused() {
        let name: Name = "localhost".parse().unwrap();
        assert!(Guarded.resolve(name).await.is_err());
    }
}
