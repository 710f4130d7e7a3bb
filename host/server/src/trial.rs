//! One plugin in a workspace of its author's: one lead is decided the whole way that a live
//! lead goes, and everything that the rule did on it is kept for being looked at.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rota_domain::event::{Event, Happening};
use rota_domain::icalendar::CalendarFiles;
use rota_domain::id::{Digest, FlowId, Seed};
use rota_domain::lead::Lead;
use rota_domain::rule::{Answer, Question};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{LaneState, OutboxRow, Plugin, Recalled, Recorded, Rules, Stored};
use rota_rules::Catalogue;

use crate::bind::{Bound, bind};
use crate::config::{Directory, Files, load_workspace};
use crate::simulate::Simulation;

/// Rules that keep every question with its answer.
pub struct Watched {
    rules: Arc<Catalogue>,
    asked: Mutex<Vec<(Question, Answer)>>,
}

impl Watched {
    /// The same rules, watched.
    #[must_use]
    pub fn new(rules: Arc<Catalogue>) -> Self {
        Self { rules, asked: Mutex::default() }
    }

    /// What was asked so far, with the answers, in order; the next call begins anew.
    pub fn take(&self) -> Vec<(Question, Answer)> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rules for Watched {
    fn ask(&self, question: Question) -> Answer {
        let answer = self.rules.ask(question.clone());
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((question, answer.clone()));
        answer
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.rules.plugin(digest)
    }
}

/// A plugin in a workspace.
pub struct Trial {
    bound: Bound,
    rules: Arc<Watched>,
    flow: FlowId,
}

/// What became of one lead.
#[derive(Debug)]
pub struct Tried {
    /// The decision, with all that would commit with it.
    pub recorded: Recorded,
    /// The questions to the plugin, with its answers; none where the host decided alone.
    pub asked: Vec<(Question, Answer)>,
    /// The workspace that was seen.
    pub workspace: Arc<Workspace>,
    /// Its calendar files.
    pub calendar_files: CalendarFiles,
}

impl Trial {
    /// Puts a component into a flow of a workspace, whatever plugin that names. Without `flow`
    /// it is the flow that names this plugin, or the only one.
    ///
    /// # Errors
    /// If the workspace or the component cannot be used, or if no flow is meant.
    pub fn prepare(component: &[u8], workspace: &Path, flow: Option<&str>) -> Result<Self> {
        let catalogue = Arc::new(Catalogue::new()?);
        let plugin = catalogue.take_in(component).context("the component is refused")?;
        let files = InPlace { files: Directory::open(workspace)?, component };
        let mut loaded = load_workspace(&files)?;
        let flow = which(&loaded.workspace, &plugin, flow)?;
        loaded.components.insert(flow.clone(), component.into());
        for known in loaded.workspace.flows.iter_mut().filter(|known| known.id == flow) {
            known.plugin = format!("./{}.wasm", plugin.manifest.name);
        }
        let bound = bind(loaded, &catalogue)?;
        Ok(Self { bound, rules: Arc::new(Watched::new(catalogue)), flow })
    }

    /// Decides about one lead as the first of its tenant. The same lead at the same time gives
    /// the same decision.
    ///
    /// # Errors
    /// Never for what a rule does; if the host did not decide, which would be a mistake.
    pub fn decide(&self, lead: Lead, at: Timestamp) -> Result<Tried> {
        let rules: Arc<dyn Rules> = self.rules.clone();
        let mut simulation = Simulation::new(self.bound.clone(), rules, Seed::from_number(1), at);
        let what = Happening::Lead { lead: Box::new(lead), flow: Some(self.flow.clone()) };
        let recorded = simulation.happen(Event { at, what }).context("nothing was decided")?;
        Ok(Tried {
            recorded,
            asked: self.rules.take(),
            workspace: self.bound.workspace.clone(),
            calendar_files: self.bound.bindings.calendar_files.clone(),
        })
    }

    /// The rules that are asked here.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.rules.rules
    }
}

impl Tried {
    /// The decision as a store would give it back, for being shown.
    #[must_use]
    pub fn recalled(&self) -> Recalled {
        let Recorded { decision, private, turn, effects, stages, decide_nanos, .. } = self.recorded.clone();
        let row = |effect| OutboxRow {
            tenant: self.workspace.tenant.clone(),
            effect,
            decision: decision.id.clone(),
            lead: decision.lead.clone(),
            state: LaneState::Waiting,
            attempts: 0,
            cause: None,
            at: decision.at,
        };
        Recalled {
            effects: effects.into_iter().map(row).collect(),
            stored: Stored { seq: 1, turn: turn.map(|(turn, _)| turn), decision, stages, decide_nanos },
            private: Some(private),
            erased: None,
            workspace: (*self.workspace).clone(),
            calendar_files: self.calendar_files.clone(),
        }
    }
}

/// The flow that a trial means.
fn which(workspace: &Workspace, plugin: &Plugin, named: Option<&str>) -> Result<FlowId> {
    let flows = &workspace.flows;
    let ids = || flows.iter().map(|flow| flow.id.to_string()).collect::<Vec<_>>().join(", ");
    if let Some(named) = named {
        let found = flows.iter().find(|flow| flow.id.as_str() == named);
        let found = found.with_context(|| format!("there is no flow `{named}`: --flow is one of {}", ids()))?;
        return Ok(found.id.clone());
    }
    let name = &plugin.manifest.name;
    let means = |text: &str| {
        let text = text.rsplit('/').next().unwrap_or(text);
        let text = text.strip_suffix(".wasm").unwrap_or(text);
        text.split('@').next() == Some(name) || text == plugin.digest.as_str()
    };
    let mut naming = flows.iter().filter(|flow| means(&flow.plugin));
    match (naming.next(), naming.next(), flows.as_slice()) {
        (Some(one), None, _) | (None, None, [one]) => Ok(one.id.clone()),
        (None, _, []) => {
            bail!("the workspace has no flow: add one with `plugin = \"./{name}.wasm\"`, `settings` and `fallback`")
        }
        _ => bail!("which flow the plugin `{name}` is to decide in is not clear: say --flow with one of {}", ids()),
    }
}

/// A workspace in which the component stands for every component that is not there yet.
struct InPlace<'a> {
    files: Directory,
    component: &'a [u8],
}

impl Files for InPlace<'_> {
    fn name(&self) -> &str {
        self.files.name()
    }

    fn read(&self, relative: &str, most: u64) -> io::Result<Arc<[u8]>> {
        let read = self.files.read(relative, most);
        match &read {
            Err(error) if error.kind() == io::ErrorKind::NotFound && relative.ends_with(".wasm") => {
                Ok(self.component.into())
            }
            _ => read,
        }
    }
}
