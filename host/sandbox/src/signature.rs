//! The signatures on webhooks, v1 and v3, as the CRM documents them. The double signs; nothing
//! here verifies.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::seed::SignedUri;

/// v1: lowercase hex of SHA-256 over secret and body. A plain hash, no HMAC.
pub(crate) fn v1(secret: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(secret).chain_update(body).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// v3: base64 of HMAC-SHA-256 under the secret, over method, URI, body and timestamp.
pub(crate) fn v3(secret: &str, method: &str, uri: &str, body: &[u8], timestamp_ms: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(method.as_bytes());
    mac.update(uri.as_bytes());
    mac.update(body);
    mac.update(timestamp_ms.to_string().as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The URI in the form that v3 covers.
pub(crate) fn signed_uri(uri: &str, form: SignedUri) -> String {
    const DECODED: [(&str, &str); 12] = [
        ("3A", ":"),
        ("2F", "/"),
        ("3F", "?"),
        ("40", "@"),
        ("21", "!"),
        ("24", "$"),
        ("27", "'"),
        ("28", "("),
        ("29", ")"),
        ("2A", "*"),
        ("2C", ","),
        ("3B", ";"),
    ];
    if form == SignedUri::Verbatim {
        return uri.to_owned();
    }
    // One pass from the left, so that what one escape yields is never read as another.
    let mut parts = uri.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hit = part.get(..2).and_then(|code| DECODED.iter().find(|(hex, _)| hex.eq_ignore_ascii_case(code)));
        match hit {
            Some((_, plain)) => {
                decoded.push_str(plain);
                decoded.push_str(&part[2..]);
            }
            None => {
                decoded.push('%');
                decoded.push_str(part);
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
    const URI: &str = "https://www.example.com/webhook_uri";

    #[test]
    fn v1_matches_the_published_example() {
        let body = br#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
        assert_eq!(v1(SECRET, body), "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de");
    }

    #[test]
    fn v3_matches_the_published_examples() {
        let body = b"{'example_field':'example_value'}";
        for (at, expected) in [
            (1_693_657_560_000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
            (1_700_000_300_000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        ] {
            assert_eq!(v3(SECRET, "POST", URI, body, at), expected);
        }
    }

    #[test]
    fn v3_covers_a_json_body_byte_for_byte() {
        let body = br#"{"example_field":"example_value"}"#;
        let expected = "ZEux4lGY4urKtKJ9fqGCQDJ0FasZeSunWHlJMEoU3Bg=";
        assert_eq!(v3(SECRET, "POST", URI, body, 1_700_000_300_000), expected);
    }

    #[test]
    fn twelve_escapes_are_decoded_and_no_others() {
        let escaped = "https://h/p%3a%2F%3F%40%21%24%27%28%29%2A%2C%3b?a=%20%26%3D%2B%253A&b=%";
        assert_eq!(signed_uri(escaped, SignedUri::Decoded), "https://h/p:/?@!$'()*,;?a=%20%26%3D%2B%253A&b=%");
        assert_eq!(signed_uri(escaped, SignedUri::Verbatim), escaped);
    }
}
