//! Turns as log entries hold them. Who could have got a lead is the same long list in decision
//! after decision, so a large one stands among the shared texts.

use std::collections::{BTreeSet, HashMap};

use rota_domain::fairness::{Besides, Candidate, Credit, Policy, Turn};
use rota_domain::id::{Digest, PoolId, RepId, TenantId};
use rota_domain::transcript::shared::LARGE;
use rota_flow::ports::StoreError;
use serde::{Deserialize, Serialize};

use super::dialect::Connection;
use super::rows::{json, parse, unreadable};
use super::shared::{self, Texts};

/// A turn in the body of a log entry.
#[derive(Serialize, Deserialize)]
pub(super) struct TurnBody {
    pool: PoolId,
    candidates: Candidates,
    rep: RepId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    capped: Vec<RepId>,
    #[serde(default, skip_serializing_if = "Policy::is_quota")]
    policy: Policy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owed: Option<Vec<Credit>>,
    #[serde(default, skip_serializing_if = "Besides::is_plain")]
    besides: Besides,
}

/// Who could have got the lead: themselves, or the digest of their text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Candidates {
    Here(Vec<Candidate>),
    Shared(Digest),
}

/// The candidates of the turn before, as they were written: one turn after the other is among
/// the same.
#[derive(Default)]
pub(super) struct Before(Option<(Vec<Candidate>, Candidates)>);

impl TurnBody {
    /// A turn whose candidates go to the shared texts if they are many.
    pub(super) fn new(turn: Turn, before: &mut Before, texts: &mut Texts, row: &str) -> Result<Self, StoreError> {
        let Turn { pool, candidates, rep, capped, policy, owed, besides } = turn;
        if let Some((_, same)) = before.0.as_ref().filter(|(known, _)| *known == candidates) {
            return Ok(Self { pool, candidates: same.clone(), rep, capped, policy, owed, besides });
        }
        let text = json(&candidates, row)?;
        let written = if text.len() < LARGE {
            Candidates::Here(candidates.clone())
        } else {
            let digest = Digest::of(text.as_bytes());
            texts.insert(digest.clone(), text);
            Candidates::Shared(digest)
        };
        before.0 = Some((candidates, written.clone()));
        Ok(Self { pool, candidates: written, rep, capped, policy, owed, besides })
    }

    /// The digest that stands for the candidates.
    pub(super) fn named(&self) -> Option<&Digest> {
        match &self.candidates {
            Candidates::Here(_) => None,
            Candidates::Shared(digest) => Some(digest),
        }
    }

    /// The turn, with its candidates from these lists.
    pub(super) fn whole(self, lists: &Lists, row: &str) -> Result<Turn, StoreError> {
        let candidates = match self.candidates {
            Candidates::Here(candidates) => candidates,
            Candidates::Shared(digest) => {
                let missing = || unreadable(row, format_args!("the shared list of candidates {digest} is missing"));
                lists.get(&digest).ok_or_else(missing)?.clone()
            }
        };
        Ok(Turn {
            pool: self.pool,
            candidates,
            rep: self.rep,
            capped: self.capped,
            policy: self.policy,
            owed: self.owed,
            besides: self.besides,
        })
    }
}

/// Lists of candidates by digest.
pub(super) type Lists = HashMap<Digest, Vec<Candidate>>;

/// The lists under these digests, each read once.
pub(super) async fn lists(
    connection: &mut Connection,
    tenant: &TenantId,
    digests: BTreeSet<Digest>,
) -> Result<Lists, super::failure::Failure> {
    let mut lists = Lists::new();
    for (digest, text) in shared::read(connection, tenant, digests).await? {
        let row = format_args!("the shared list of candidates {digest} of `{tenant}`").to_string();
        if Digest::of(text.as_bytes()) != digest {
            return Err(unreadable(row, "it does not match its digest").into());
        }
        lists.insert(digest, parse(&text, &row)?);
    }
    Ok(lists)
}
