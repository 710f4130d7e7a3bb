//! The signatures on HubSpot's webhooks. v3 decides where it is present; v1, which covers no
//! time and no address, counts alone only where a connection allows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Secret;

/// How far a signature's time may be from now, either way.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The twelve escapes that HubSpot undoes in an address before it signs it, and no others.
const DECODED: [(&str, char); 12] = [
    ("3A", ':'),
    ("2F", '/'),
    ("3F", '?'),
    ("40", '@'),
    ("21", '!'),
    ("24", '$'),
    ("27", '\''),
    ("28", '('),
    ("29", ')'),
    ("2A", '*'),
    ("2C", ','),
    ("3B", ';'),
];

/// A request and the signatures that it came with, each as its header has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signed<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// `X-HubSpot-Signature-v3`.
    pub v3: Option<&'a str>,
    /// `X-HubSpot-Request-Timestamp`.
    pub timestamp: Option<&'a str>,
    /// `X-HubSpot-Signature`.
    pub v1: Option<&'a str>,
    /// `X-HubSpot-Signature-Version`.
    pub version: Option<&'a str>,
}

/// Which signatures a connection accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allow {
    /// v3 only.
    #[default]
    V3,
    /// v1 too, on requests that carry no v3.
    V1,
}

/// Why a request is not taken for HubSpot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No signature that counts.
    #[error("the request carries no X-HubSpot-Signature-v3: only HubSpot may call this address")]
    Missing,
    /// v1 alone where that is not allowed, or one of another version.
    #[error("the request carries an older signature only, which this connection does not accept")]
    Older,
    /// The time is missing or no number.
    #[error("X-HubSpot-Request-Timestamp is missing or not a number of milliseconds")]
    Time,
    /// The time is too long ago.
    #[error("the request was signed more than 5 minutes ago: compare this host's clock")]
    Stale,
    /// The time is still to come.
    #[error("the request was signed more than 5 minutes in the future: compare this host's clock")]
    Early,
    /// The signature is another.
    #[error("the signature does not match: compare the app's client secret, and the public URL with its target URL")]
    Mismatch,
}

/// Checks that HubSpot signed this request.
///
/// `url` is the public address that the app is told to call, as it is configured, since
/// proxies change what arrives. Its twelve escapes may be decoded or not: HubSpot's
/// documentation and its own clients disagree.
///
/// # Errors
/// Why not.
pub fn verify(request: &Signed<'_>, url: &str, secret: &Secret, now: Timestamp, allow: Allow) -> Result<(), Refusal> {
    promises(request, now, allow)?;
    if let Some(v3) = request.v3 {
        let timestamp = request.timestamp.ok_or(Refusal::Time)?;
        let decoded = decode(url);
        let matches = |url: &str| {
            let parts = [request.method.as_bytes(), url.as_bytes(), request.body, timestamp.as_bytes()];
            sign_v3(secret, &parts).is_some_and(|expected| same(&expected, v3))
        };
        return if matches(url) || (decoded != url && matches(&decoded)) { Ok(()) } else { Err(Refusal::Mismatch) };
    }
    let v1 = request.v1.ok_or(Refusal::Missing)?;
    if same(&sign_v1(secret, request.body), v1) { Ok(()) } else { Err(Refusal::Mismatch) }
}

/// As much of [`verify`] as the headers tell, before there is a body: whether there is a
/// signature that may count at all, and whether its time is near enough.
///
/// # Errors
/// Why the request cannot be HubSpot's, whatever its body will be.
pub fn promises(request: &Signed<'_>, now: Timestamp, allow: Allow) -> Result<(), Refusal> {
    if request.v3.is_some() {
        return in_time(request.timestamp.ok_or(Refusal::Time)?, now);
    }
    if request.v1.is_none() {
        return Err(Refusal::Missing);
    }
    if allow != Allow::V1 || request.version.is_some_and(|version| version != "v1") {
        return Err(Refusal::Older);
    }
    Ok(())
}

fn in_time(timestamp: &str, now: Timestamp) -> Result<(), Refusal> {
    let digits = !timestamp.is_empty() && timestamp.bytes().all(|b| b.is_ascii_digit());
    let at = timestamp.parse().ok().filter(|_| digits).and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let age = now.duration_since(at.ok_or(Refusal::Time)?);
    if age > TOLERANCE {
        Err(Refusal::Stale)
    } else if age < -TOLERANCE {
        Err(Refusal::Early)
    } else {
        Ok(())
    }
}

/// Base64 of HMAC-SHA-256 over method, address, body and time.
fn sign_v3(secret: &Secret, parts: &[&[u8]]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// Lower-case hex of SHA-256 over secret and body.
fn sign_v1(secret: &Secret, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(secret.expose()).chain_update(body).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares in a time that depends on the lengths only.
fn same(expected: &str, given: &str) -> bool {
    expected.len() == given.len() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// Undoes the twelve escapes, in one pass from the left.
fn decode(url: &str) -> String {
    let mut decoded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let code = after.get(..2).unwrap_or_default();
        match DECODED.iter().find(|(hex, _)| hex.eq_ignore_ascii_case(code)) {
            Some((_, plain)) => {
                decoded.push(*plain);
                rest = &after[2..];
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://www.example.com/webhook_uri";
    const V1_BODY: &[u8] = br#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
    const V1: &str = "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de";
    const V3_BODY: &[u8] = b"{'example_field':'example_value'}";

    fn secret() -> Secret {
        Secret::new("yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy")
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn v3<'a>(body: &'a [u8], timestamp: &'a str, signature: &'a str) -> Signed<'a> {
        Signed { method: "POST", body, v3: Some(signature), timestamp: Some(timestamp), ..Signed::default() }
    }

    fn check(request: &Signed<'_>, now_ms: i64) -> Result<(), Refusal> {
        verify(request, URL, &secret(), at(now_ms), Allow::V3)
    }

    #[test]
    fn the_known_v3_signatures_pass() {
        let json: &[u8] = br#"{"example_field":"example_value"}"#;
        for (body, time, signature) in [
            (V3_BODY, "1693657560000", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
            (V3_BODY, "1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
            (json, "1700000300000", "ZEux4lGY4urKtKJ9fqGCQDJ0FasZeSunWHlJMEoU3Bg="),
        ] {
            assert_eq!(check(&v3(body, time, signature), time.parse().unwrap()), Ok(()), "{time}");
        }
    }

    #[test]
    fn a_changed_body_url_method_or_signature_does_not_match() {
        let good = v3(V3_BODY, "1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=");
        let now = 1_700_000_300_000;
        assert_eq!(check(&Signed { body: b"{}", ..good }, now), Err(Refusal::Mismatch));
        assert_eq!(check(&Signed { method: "PUT", ..good }, now), Err(Refusal::Mismatch));
        for signature in ["", "short", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtW="] {
            assert_eq!(check(&Signed { v3: Some(signature), ..good }, now), Err(Refusal::Mismatch), "{signature}");
        }
        let elsewhere = verify(&good, "http://www.example.com/webhook_uri", &secret(), at(now), Allow::V3);
        assert_eq!(elsewhere, Err(Refusal::Mismatch));
    }

    #[test]
    fn a_signature_counts_for_five_minutes_either_way() {
        let good = v3(V3_BODY, "1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=");
        let signed = 1_700_000_300_000;
        assert_eq!(check(&good, signed + 300_000), Ok(()));
        assert_eq!(check(&good, signed + 300_001), Err(Refusal::Stale));
        assert_eq!(check(&good, signed - 300_000), Ok(()));
        assert_eq!(check(&good, signed - 300_001), Err(Refusal::Early));
    }

    #[test]
    fn a_time_that_is_no_number_is_refused() {
        for time in [None, Some(""), Some("abc"), Some("+1700000300000"), Some("1.7e12"), Some("99999999999999999999")]
        {
            let request = Signed { timestamp: time, ..v3(V3_BODY, "", "x") };
            assert_eq!(check(&request, 1_700_000_300_000), Err(Refusal::Time), "{time:?}");
        }
    }

    #[test]
    fn v1_alone_counts_only_where_it_is_allowed_and_never_saves_a_wrong_v3() {
        let request = Signed { method: "POST", body: V1_BODY, v1: Some(V1), version: Some("v1"), ..Signed::default() };
        assert_eq!(verify(&request, URL, &secret(), at(0), Allow::V1), Ok(()));
        assert_eq!(verify(&request, URL, &secret(), at(0), Allow::V3), Err(Refusal::Older));
        let v2 = Signed { version: Some("v2"), ..request };
        assert_eq!(verify(&v2, URL, &secret(), at(0), Allow::V1), Err(Refusal::Older));
        let both = Signed { v3: Some("wrong"), timestamp: Some("0"), ..request };
        assert_eq!(verify(&both, URL, &secret(), at(0), Allow::V1), Err(Refusal::Mismatch));
        assert_eq!(verify(&Signed::default(), URL, &secret(), at(0), Allow::V1), Err(Refusal::Missing));
    }

    #[test]
    fn an_escaped_url_counts_raw_and_decoded() {
        let escaped = "https://h.example/a%2Fb%3a?x=%20%26%253A";
        let decoded = "https://h.example/a/b:?x=%20%26%253A";
        assert_eq!(decode(escaped), decoded);
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%é%3"), "%é%3");
        for signed in [escaped, decoded] {
            let parts: [&[u8]; 4] = [b"POST", signed.as_bytes(), b"[]", b"0"];
            let signature = sign_v3(&secret(), &parts).unwrap();
            let outcome = verify(&v3(b"[]", "0", &signature), escaped, &secret(), at(0), Allow::V3);
            assert_eq!(outcome, Ok(()), "{signed}");
        }
    }
}
