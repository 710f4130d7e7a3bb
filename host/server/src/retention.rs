//! What is kept only for a time goes: tenant by tenant, in small pieces, now and then.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rota_domain::id::TenantId;
use rota_domain::load::REMEMBERED;
use rota_domain::plan::{Plan, REPEATS_DAYS};
use rota_flow::ports::{Clock, LetGo, Retention, Store, StoreError, Swept};
use tokio::sync::watch;

use crate::tenants::Tenants;

/// For how many days a settled arrival is known where the plan says nothing: nobody reads it any
/// more, and there is one for every event that ever came.
const ARRIVALS_DAYS: u32 = 90;

/// How long after a start the first sweep comes, and how long after each the next.
const FIRST: Duration = Duration::from_secs(300);
const AGAIN: Duration = Duration::from_secs(3_600);

/// The rest between two pieces: at most a few dozen small commits a second are for this.
const REST: Duration = Duration::from_millis(50);

/// Sweeps over all tenants until the host stops.
pub async fn sweep(
    store: Arc<dyn Store>,
    retention: Arc<dyn Retention>,
    tenants: Arc<Tenants>,
    clock: Arc<dyn Clock>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut wait = FIRST;
    while !*stopped.borrow() {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.changed() => continue,
        }
        wait = AGAIN;
        let known = match store.tenants().await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!(%error, "What is past stays until the next sweep");
                continue;
            }
        };
        for tenant in known {
            if *stopped.borrow() {
                return;
            }
            let keep = Keep::of(&tenants.plan(&tenant));
            match one(&*retention, &tenant, keep, clock.now(), &stopped).await {
                Ok(gone) if gone != LetGo::default() => tracing::info!(
                    %tenant, gone.decisions, gone.effects, gone.arrivals, gone.facts, "What was kept long enough is gone"
                ),
                Ok(_) => {}
                Err(error) => tracing::warn!(%tenant, %error, "What is past stays until the next sweep"),
            }
        }
    }
}

/// For how many days a tenant's things are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The words of decisions; for ever where it is none.
    pub words: Option<u32>,
    /// Their facts, where the words go at all.
    pub facts: Option<u32>,
}

impl Keep {
    /// What this plan says: facts stay as long as words, or longer.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let words = plan.keep_days;
        Self { words, facts: words.map(|words| plan.keep_facts_days.unwrap_or(words).max(words)) }
    }
}

/// Sweeps over one tenant, to the end or until the host stops; says what went.
///
/// # Errors
/// When the database fails; what went before is gone, and the next sweep goes on.
pub async fn one(
    retention: &dyn Retention,
    tenant: &TenantId,
    keep: Keep,
    now: Timestamp,
    stopped: &watch::Receiver<bool>,
) -> Result<LetGo, StoreError> {
    let before = |days: u32| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok();
    let decisions = keep.words.and_then(before);
    let arrivals = before(keep.words.unwrap_or(ARRIVALS_DAYS).max(REPEATS_DAYS));
    let (mut sum, mut from) = (LetGo::default(), Swept::default());
    loop {
        let piece = retention.let_go(tenant, decisions, arrivals, from).await?;
        sum.decisions += piece.decisions;
        sum.effects += piece.effects;
        sum.arrivals += piece.arrivals;
        match piece.next {
            Some(next) if !*stopped.borrow() => from = next,
            _ => break,
        }
        tokio::time::sleep(REST).await;
    }
    if let Ok(before) = now.checked_sub(REMEMBERED) {
        retention.uncount(tenant, before).await?;
    }
    // Only now: a call whose key is known is answered with the decision that it names.
    let facts = keep.facts.map(|days| days.max(REPEATS_DAYS)).and_then(before);
    let mut from = facts.map(|_| Swept::default());
    while let (Some(before), Some(swept)) = (facts, from) {
        if *stopped.borrow() {
            break;
        }
        let piece = retention.forget(tenant, before, swept).await?;
        sum.facts += piece.facts;
        from = piece.next;
        tokio::time::sleep(REST).await;
    }
    Ok(sum)
}
