//! Replay: what was decided is asked again, from the record alone. The component is the one
//! that was kept, the settings stand in the workspace's revision, the answers in the
//! transcript; nothing of today's workspace, plugins or state is looked at.

mod agree;
mod tally;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use rota_domain::desk::Desk;
use rota_domain::id::{DecisionId, Digest, TenantId};
use rota_domain::rule::{Question, Settings as RuleSettings};
use rota_domain::transcript::{Difference, Heading, Replayed, Section, sections};
use rota_domain::workspace::Settings;
use rota_flow::ports::{Private, Recalled, Recorded, Replays as _, Rules as _, Store, StoreError, Stored};
use rota_rules::Catalogue;

use crate::bundled::BUNDLED;
use crate::log::PAGE;

pub use tally::{Differing, Remarked, Skipped, Tally};

/// What came of replaying one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its plugins were asked again.
    Replayed(Replayed),
    /// There is nothing to ask again, or it cannot be.
    Skipped(String),
}

/// Replays the decisions of one tenant.
pub struct Replayer {
    store: Arc<dyn Store>,
    tenant: TenantId,
    catalogue: Catalogue,
    /// What stands where a session has reps and pools: nobody, since the record answers.
    nobody: Arc<Desk>,
    /// Components that were looked for and are not there, or are refused.
    missing: Mutex<HashSet<Digest>>,
}

impl Replayer {
    /// A replayer that takes kept components into this catalogue.
    ///
    /// # Errors
    /// Never in a sound build.
    pub fn new(store: Arc<dyn Store>, tenant: TenantId, catalogue: Catalogue) -> anyhow::Result<Self> {
        Ok(Self { store, tenant, catalogue, nobody: nobody()?, missing: Mutex::default() })
    }

    /// Replays one decision; none if there is no such decision.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn one(&self, id: &DecisionId) -> Result<Option<Outcome>, StoreError> {
        match self.store.decision(&self.tenant, id).await {
            Ok(Some(recalled)) => self.recalled(recalled).await.map(Some),
            Ok(None) => Ok(None),
            Err(StoreError::Inconsistent { what, detail }) => Ok(Some(unreadable(&what, &detail))),
            Err(error) => Err(error),
        }
    }

    /// Replays the whole log, page by page, on so many threads.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all(self: Arc<Self>, threads: usize) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        let (mut after, mut limit) = (0, PAGE);
        let mut broken = String::new();
        loop {
            let page = match self.store.log(&self.tenant, after, limit).await {
                Err(StoreError::Inconsistent { .. }) if limit > 1 => {
                    limit = 1;
                    continue;
                }
                Err(StoreError::Inconsistent { what, detail }) => {
                    // One row cannot be read, and its number is not known: on to the next.
                    if what != broken {
                        tally.count(&DecisionId::from(what.as_str()), unreadable(&what, &detail));
                        broken = what;
                    }
                    after += 1;
                    continue;
                }
                page => page?,
            };
            let Some(last) = page.last() else { return Ok(tally) };
            (after, limit) = (last.seq, PAGE);
            let share = page.len().div_ceil(threads.max(1));
            let parts = page.chunks(share).map(|part| {
                let (this, part) = (self.clone(), part.to_vec());
                tokio::spawn(async move { this.part(part).await })
            });
            for part in parts.collect::<Vec<_>>() {
                for (id, outcome) in part.await?? {
                    tally.count(&id, outcome);
                }
            }
        }
    }

    async fn part(&self, part: Vec<Stored>) -> Result<Vec<(DecisionId, Outcome)>, StoreError> {
        let mut outcomes = Vec::with_capacity(part.len());
        for stored in part {
            let outcome = match nothing_to_ask(&stored) {
                Some(why) => Outcome::Skipped(why),
                None => match self.one(&stored.decision.id).await? {
                    Some(outcome) => outcome,
                    None => continue,
                },
            };
            outcomes.push((stored.decision.id, outcome));
        }
        Ok(outcomes)
    }

    async fn recalled(&self, recalled: Recalled) -> Result<Outcome, StoreError> {
        if let Some(why) = nothing_to_ask(&recalled.stored) {
            return Ok(Outcome::Skipped(why));
        }
        let Some(private) = &recalled.private else {
            let why = recalled.erased.as_ref().map_or_else(
                || {
                    "it is older than the tenant's plan keeps (keep_days), and what the plugin was answered is gone"
                        .into()
                },
                |by| {
                    format!(
                        "the person was erased at {} by {}, and with them what the plugin was answered",
                        by.at, by.who
                    )
                },
            );
            return Ok(Outcome::Skipped(why));
        };
        if private.transcript.is_empty() && recalled.stored.decision.fuel > 0 {
            return Ok(unreadable("its transcript", "there is none, though its plugin used fuel"));
        }
        if private.transcript.is_empty() {
            return Ok(Outcome::Skipped("its plugin was not installed when it was to be asked".into()));
        }
        let read = sections(&private.transcript);
        let mut remarks = Vec::new();
        for section in &read.whole {
            match self.section(section, private, &recalled).await? {
                Outcome::Replayed(Replayed { difference: None, remark }) => remarks.extend(remark),
                other => return Ok(other),
            }
        }
        let ends = read.whole.last().and_then(|section| agree::difference(&recalled, &read.whole, section));
        let difference = read.stray.or(ends);
        Ok(Outcome::Replayed(Replayed { difference, remark: remarks.into_iter().next() }))
    }

    async fn section(
        &self,
        section: &Section<'_>,
        private: &Private,
        recalled: &Recalled,
    ) -> Result<Outcome, StoreError> {
        let differs = |replayed: &str| {
            let (step, recorded) = (section.first, section.line.to_owned());
            let difference = section.damage().unwrap_or(Difference { step, recorded, replayed: replayed.into() });
            Outcome::Replayed(Replayed { difference: Some(difference), remark: None })
        };
        let Some(heading) = &section.heading else {
            return Ok(differs("a heading that can be read"));
        };
        let Some(terms) = &heading.terms else {
            return Ok(Outcome::Skipped("it was recorded before transcripts were whole".into()));
        };
        let Some(lead) = private.lead.clone() else {
            return Ok(Outcome::Skipped("its lead was not recorded".into()));
        };
        let Some(settings) = settings(recalled, heading) else {
            return Ok(differs("the workspace's revision has no such flow"));
        };
        if section.damage().is_some_and(|damage| damage.step == section.first) {
            // A damaged heading may name anything: another plugin, or no limits.
            return Ok(differs(""));
        }
        if !self.found(&heading.digest).await? {
            return Ok(Outcome::Skipped(format!("the component {} is not kept", heading.digest)));
        }
        let question = Question {
            plugin: heading.digest.clone(),
            limits: terms.limits,
            flow: heading.flow.clone(),
            settings,
            call: terms.call.clone(),
            lead: Arc::new(lead),
            class: recalled.stored.decision.class.as_str().into(),
            desk: self.nobody.clone(),
            place: None,
            passed_over: Arc::default(),
        };
        Ok(match self.catalogue.replay(question, section) {
            Ok(replayed) => Outcome::Replayed(replayed),
            Err(failure) => Outcome::Skipped(failure.detail),
        })
    }

    /// Takes the component in, unless that was done: as it was kept for the tenant, or as
    /// this binary carries it, byte for byte the same.
    async fn found(&self, digest: &Digest) -> Result<bool, StoreError> {
        if self.catalogue.plugin(digest).is_some() {
            return Ok(true);
        }
        if self.missing.lock().unwrap_or_else(PoisonError::into_inner).contains(digest) {
            return Ok(false);
        }
        let kept = self.store.kept(&self.tenant, digest).await?;
        let bundled = || BUNDLED.iter().map(|(_, bytes)| *bytes).find(|bytes| Digest::of(bytes) == *digest);
        let taken = match kept.as_deref().or_else(bundled) {
            Some(component) => {
                self.catalogue.take_in_from(&self.tenant, component).is_ok_and(|plugin| plugin.digest == *digest)
            }
            None => false,
        };
        if !taken {
            self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.clone());
        }
        Ok(taken)
    }
}

/// What was recorded and cannot be read any more is not what was recorded.
fn unreadable(what: &str, detail: &str) -> Outcome {
    let (recorded, replayed) = (format!("{what}: {detail}"), "a record that can be read".into());
    Outcome::Replayed(Replayed { difference: Some(Difference { step: 0, recorded, replayed }), remark: None })
}

/// Why a decision asked no plugin.
fn nothing_to_ask(stored: &Stored) -> Option<String> {
    let decision = &stored.decision;
    decision.plugin.is_none().then(|| format!("it asked no plugin ({})", decision.outcome.as_str()))
}

/// The settings as the workspace's revision has them: the same text that the plugin got.
fn settings(recalled: &Recalled, heading: &Heading) -> Option<RuleSettings> {
    let flow = recalled.workspace.flows.iter().find(|flow| flow.id == heading.flow)?;
    match &flow.settings {
        Settings::Inline(settings) => serde_json::to_string(settings).ok().map(RuleSettings::new),
        Settings::File(_) => None,
    }
}

/// Where a decision's only plugin does not do again what it has just done; for cases, which
/// have no store.
#[must_use]
pub fn unlike(catalogue: &Catalogue, recorded: &Recorded, settings: &RuleSettings) -> Option<Difference> {
    let read = sections(&recorded.private.transcript);
    let section = read.whole.first()?;
    let heading = section.heading.as_ref()?;
    let terms = heading.terms.as_ref()?;
    let question = Question {
        plugin: heading.digest.clone(),
        limits: terms.limits,
        flow: heading.flow.clone(),
        settings: settings.clone(),
        call: terms.call.clone(),
        lead: Arc::new(recorded.private.lead.clone()?),
        class: recorded.decision.class.as_str().into(),
        desk: nobody().ok()?,
        place: None,
        passed_over: Arc::default(),
    };
    catalogue.replay(question, section).ok()?.difference
}

/// A desk where there is nobody.
fn nobody() -> serde_json::Result<Arc<Desk>> {
    let workspace = serde_json::from_value(serde_json::json!({ "workspace": "" }))?;
    Ok(Arc::new(Desk::new(0, Arc::new(workspace))))
}
