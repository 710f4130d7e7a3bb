//! Giving records their owners. Each record's owner is read right before, since somebody may
//! have taken the lead meanwhile, and HubSpot itself knows no condition on a write.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::effect::{Act, Effect};
use rota_domain::id::OwnerId;
use rota_flow::ports::{CrmError, Delivered};

use super::client::Errand;
use super::errors::Failure;
use super::owners::{Book, Owners};
use super::read::{self, OWNER};
use super::settled::Settled;
use super::update::{self, Write};

/// A record that shall get an owner, whom the directory has approved.
struct Assignment<'e> {
    effect: &'e Effect,
    owner: &'e OwnerId,
    keep: bool,
}

/// Writes these owners.
pub(super) async fn all<'e>(errand: &Errand<'_>, owners: &Owners, effects: &[&'e Effect]) -> Settled<'e> {
    let mut kinds: BTreeMap<&str, Vec<Assignment<'e>>> = BTreeMap::new();
    for effect in effects {
        if let Act::Owner { owner, keep, .. } = &effect.act {
            kinds.entry(&effect.object).or_default().push(Assignment { effect, owner, keep: *keep });
        }
    }
    let mut settled = Vec::with_capacity(effects.len());
    for (object, assignments) in kinds {
        settled.extend(of_kind(errand, owners, object, assignments).await);
    }
    settled
}

async fn of_kind<'e>(
    errand: &Errand<'_>,
    owners: &Owners,
    object: &str,
    assignments: Vec<Assignment<'e>>,
) -> Settled<'e> {
    let mut settled = Vec::with_capacity(assignments.len());
    let (present, book) = match present(errand, owners, object, &assignments).await {
        Ok(read) => read,
        Err(failure) => {
            let lost = assignments.into_iter().map(|it| (it.effect, Err(failure.error.clone())));
            return lost.collect();
        }
    };
    let mut writes = Vec::new();
    for Assignment { effect, owner, keep } in assignments {
        match present.get(effect.record.as_str()) {
            Some(Err(error)) => settled.push((effect, Err(error.clone()))),
            Some(Ok(Some(now))) if now == owner => settled.push((effect, Ok(Delivered::Done))),
            Some(Ok(Some(now))) if keep && book.active(now) => {
                settled.push((effect, Ok(Delivered::OwnedBy(now.clone()))));
            }
            _ => writes.push(Write { effect, name: OWNER, value: owner.as_str() }),
        }
    }
    let written = update::all(errand, object, writes).await;
    settled.extend(written.into_iter().map(|(effect, outcome)| (effect, outcome.map(|()| Delivered::Done))));
    settled
}

type Present<'e> = BTreeMap<&'e str, Result<Option<OwnerId>, CrmError>>;

/// Who owns each record now, and a directory that knows them all or has just been read.
async fn present<'e>(
    errand: &Errand<'_>,
    owners: &Owners,
    object: &str,
    assignments: &[Assignment<'e>],
) -> Result<(Present<'e>, std::sync::Arc<Book>), Failure> {
    let ids: BTreeSet<&str> = assignments.iter().map(|it| it.effect.record.as_str()).collect();
    let found = read::batch(errand, object, &ids, &[OWNER]).await?;
    let mut present = Present::new();
    for id in assignments.iter().map(|it| it.effect.record.as_str()) {
        let owner = match found.get(id) {
            Some(record) => Ok(read::owner(&record.properties)),
            // A batch passes over a record that was merged; by itself it can be read.
            None => read::single(errand, object, id, &[OWNER]).await.map(|record| read::owner(&record.properties)),
        };
        present.insert(id, owner.map_err(|failure| failure.error));
    }
    let book = owners.fit(errand, |book| present.values().flatten().flatten().all(|owner| book.knows(owner))).await?;
    Ok((present, book))
}
