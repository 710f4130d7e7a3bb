//! Sealed rows opened and changed past the store, by who has the key: written from the format
//! that ARCHITECTURE.md states, so that the format is proved, too.

use std::path::Path;

use base64::Engine as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

/// Version, key's id, nonce.
const HEAD: usize = 1 + 8 + 12;

/// What bodies are packed with.
const PHRASES: &[u8] = include_bytes!("../../host/store/src/sealing/phrases.txt");

/// The record of a decision: its number, and its person's key and place.
pub struct Safe {
    tables: SqlitePool,
    seq: i64,
    key: LessSafeKey,
    place: Vec<u8>,
}

impl Safe {
    /// The record of the decision of this number, in a database with one host key beside it.
    ///
    /// # Panics
    /// When it is not there, or does not open.
    pub async fn of(database: &Path, seq: i64) -> Self {
        let tables = SqlitePool::connect_with(SqliteConnectOptions::new().filename(database)).await.expect("tables");
        let mut file = database.as_os_str().to_owned();
        file.push(".master");
        let line = std::fs::read_to_string(file).expect("the key");
        let encoded = line.split_whitespace().nth(1).expect("a key");
        let host = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
        let sql = "SELECT t.tenant, t.key, p.key_digest, p.key FROM decisions AS d
            JOIN people AS p ON p.person = d.person JOIN tenants AS t ON t.tenant = d.tenant WHERE d.seq = ?";
        let (tenant, sealed, digest, person): (String, Vec<u8>, Vec<u8>, Vec<u8>) =
            sqlx::query_as(sql).bind(seq).fetch_one(&tables).await.expect("the keys");
        let tenant_key = open(&key(&host), &about("tenant", &tenant, b""), &sealed);
        let person_key = open(&key(&tenant_key), &about("person", &tenant, &digest), &person);
        Self { tables, seq, key: key(&person_key), place: about("lead", &tenant, &seq.to_be_bytes()) }
    }

    /// The record's text.
    ///
    /// # Panics
    /// When it is not there, or does not open.
    pub async fn read(&self) -> String {
        let sql = "SELECT body FROM private WHERE kind = 'lead' AND ref = ?";
        let body: Vec<u8> = sqlx::query_scalar(sql).bind(self.seq).fetch_one(&self.tables).await.expect("a record");
        let packed = open(&self.key, &self.place, &body);
        let text = match packed.split_first().expect("how it is packed") {
            (0, rest) => rest.to_vec(),
            (1, rest) => lz4_flex::block::decompress_size_prepended_with_dict(rest, PHRASES).expect("it unpacks"),
            (other, _) => panic!("no body begins with {other}"),
        };
        String::from_utf8(text).expect("text")
    }

    /// Puts another text in its place, sealed as the host would.
    ///
    /// # Panics
    /// When there is no such record.
    pub async fn write(&self, text: &str) {
        let sql = "SELECT body FROM private WHERE kind = 'lead' AND ref = ?";
        let mut body: Vec<u8> = sqlx::query_scalar(sql).bind(self.seq).fetch_one(&self.tables).await.expect("a record");
        // The id stays; a nonce that is used twice hurts no test.
        body.truncate(HEAD);
        let nonce = Nonce::try_assume_unique_for_key(&body[9..HEAD]).expect("a nonce");
        // Not packed.
        let mut sealed = [&[0], text.as_bytes()].concat();
        self.key.seal_in_place_append_tag(nonce, Aad::from(&self.place), &mut sealed).expect("it is sealed");
        body.extend(sealed);
        let update = sqlx::query("UPDATE private SET body = ? WHERE kind = 'lead' AND ref = ?");
        let done = update.bind(body).bind(self.seq).execute(&self.tables).await.expect("it is stored");
        assert_eq!(done.rows_affected(), 1);
    }
}

fn key(bytes: &[u8]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes"))
}

fn open(key: &LessSafeKey, place: &[u8], sealed: &[u8]) -> Vec<u8> {
    let nonce = Nonce::try_assume_unique_for_key(&sealed[9..HEAD]).expect("a nonce");
    let mut text = sealed[HEAD..].to_vec();
    key.open_in_place(nonce, Aad::from(place), &mut text).expect("it opens").to_vec()
}

fn about(kind: &str, tenant: &str, reference: &[u8]) -> Vec<u8> {
    let parts = [kind.as_bytes(), tenant.as_bytes(), reference];
    parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat()).collect()
}
