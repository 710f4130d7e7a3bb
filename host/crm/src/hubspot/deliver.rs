//! Delivering effects: what cannot be right is refused before any call, the rest goes out by
//! kind, all kinds at the same time.

use rota_domain::delivery::Trouble;
use rota_domain::effect::{Act, Effect};
use rota_domain::id::{ConnectionId, EffectId, OwnerId};
use rota_flow::ports::{CrmError, Delivered};

use super::beside::{self, Kind};
use super::client::{Client, Errand};
use super::errors::Failure;
use super::owner_write;
use super::owners::Owners;
use super::read::{self, OWNER};
use super::settled::Settled;
use super::update::{self, Write};

/// Delivers effects, each with the number of its attempt.
pub(super) async fn all(
    client: &Client,
    owners: &Owners,
    connection: &ConnectionId,
    effects: &[(Effect, u32)],
) -> Vec<(EffectId, Result<Delivered, CrmError>)> {
    let errand = client.errand();
    let mut settled: Settled<'_> = Vec::with_capacity(effects.len());
    let mut sound: Vec<(&Effect, u32)> = Vec::with_capacity(effects.len());
    for (effect, attempt) in effects {
        match fits(connection, effect) {
            Ok(()) => sound.push((effect, *attempt)),
            Err(error) => settled.push((effect, Err(error))),
        }
    }
    let refused = refused(&errand, owners, &sound).await;
    sound.retain(|(effect, _)| !refused.iter().any(|(other, _)| std::ptr::eq(*other, *effect)));
    settled.extend(refused);

    let of = |kind: &str| sound.iter().filter(|(effect, _)| effect.act.kind() == kind).copied().collect::<Vec<_>>();
    let assignments: Vec<&Effect> = of("owner").into_iter().map(|(effect, _)| effect).collect();
    let (values, tasks, notes) = (of("property"), of("task"), of("note"));
    let (a, b, c, d) = tokio::join!(
        owner_write::all(&errand, owners, &assignments),
        properties(&errand, &values),
        beside::all(&errand, Kind::Task, &tasks),
        beside::all(&errand, Kind::Note, &notes),
    );
    let all = settled.into_iter().chain(a).chain(b).chain(c).chain(d);
    all.map(|(effect, outcome)| (effect.id.clone(), outcome)).collect()
}

/// Refuses what would reach another account, or no record at all.
fn fits(connection: &ConnectionId, effect: &Effect) -> Result<(), CrmError> {
    let refuse = |detail: String| Err(CrmError { trouble: Trouble::Rejected, detail });
    if effect.connection != *connection {
        let other = &effect.connection;
        return refuse(format!(
            "effect `{}` is for connection `{other}`, not for `{connection}`; nothing was sent",
            effect.id
        ));
    }
    if effect.act.kind() == "notify" {
        return refuse(format!("effect `{}` is a message to a destination, and none for HubSpot", effect.id));
    }
    if !read::is_id(&effect.record) {
        let Effect { object, record, .. } = effect;
        return refuse(format!("`{record}` is no id of a HubSpot {object}, which is a number; nothing was sent"));
    }
    Ok(())
}

/// The effects whose owner is none, with the reason.
async fn refused<'e>(errand: &Errand<'_>, owners: &Owners, effects: &[(&'e Effect, u32)]) -> Settled<'e> {
    let named: Vec<(&'e Effect, OwnerId, String)> =
        effects.iter().filter_map(|(effect, _)| named(effect).map(|(owner, whose)| (*effect, owner, whose))).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let book = owners.fit(errand, |book| named.iter().all(|(_, owner, _)| book.active(owner))).await;
    let check = |owner: &OwnerId, whose: &str| match &book {
        Ok(book) => book.check(owner, whose),
        Err(failure) => Err(failure.clone()),
    };
    let refusal = |(effect, owner, whose): &(&'e Effect, OwnerId, String)| {
        check(owner, whose).err().map(|failure: Failure| (*effect, Err(failure.error)))
    };
    named.iter().filter_map(refusal).collect()
}

/// The owner that an effect would write, and where that is said.
fn named(effect: &Effect) -> Option<(OwnerId, String)> {
    let Effect { object, record, .. } = effect;
    match &effect.act {
        Act::Owner { rep, owner, .. } => Some((owner.clone(), format!("rep `{rep}`, as owner of {object} {record}"))),
        Act::Task { owner, .. } => Some((owner.clone()?, format!("the task for {object} {record}"))),
        Act::Property { name, value } if name == OWNER && !value.is_empty() => {
            Some((OwnerId::from(value.as_str()), format!("property {OWNER} of {object} {record}")))
        }
        Act::Property { .. } | Act::Note { .. } | Act::Notify { .. } => None,
    }
}

/// Writes properties, kind of record by kind of record.
async fn properties<'e>(errand: &Errand<'_>, effects: &[(&'e Effect, u32)]) -> Settled<'e> {
    let mut kinds: std::collections::BTreeMap<&str, Vec<Write<'e>>> = std::collections::BTreeMap::new();
    for (effect, _) in effects {
        if let Act::Property { name, value } = &effect.act {
            kinds.entry(&effect.object).or_default().push(Write { effect, name, value });
        }
    }
    let mut settled = Vec::with_capacity(effects.len());
    for (object, writes) in kinds {
        let written = update::all(errand, object, writes).await;
        settled.extend(written.into_iter().map(|(effect, outcome)| (effect, outcome.map(|()| Delivered::Done))));
    }
    settled
}
