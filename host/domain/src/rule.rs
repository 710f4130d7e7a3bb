//! What a rule is asked and what it may answer, whatever it is made of.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agenda::{Line, OfferOrder, Place};
use crate::desk::Desk;
use crate::fairness::Turn;
use crate::id::{Digest, FlowId, RepId};
use crate::lead::Lead;
use crate::limits::Limits;

/// The circumstances of one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The time of the decision.
    pub now: Timestamp,
    /// Chance, as the host gives it.
    pub seed: u32,
    /// What caused the decision.
    pub trigger: String,
    /// 1, 2, 3, … for the same cause.
    pub attempt: u32,
    /// `live`, `test`, `shadow` or `replay`.
    pub mode: Mode,
}

/// Whether a decision reaches the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It does.
    Live,
    /// It is a case or a simulation.
    Test,
}

impl Mode {
    /// The code that rules see.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// A flow's settings as its plugin gets them: JSON text, with the digest that decisions name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    text: Arc<str>,
    digest: Digest,
}

impl Settings {
    /// These settings. The digest is worked out once, since it takes longer than a rule.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self { digest: Digest::of(text.as_bytes()), text }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The digest of the text.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl From<&str> for Settings {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// One question to one plugin.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which component.
    pub plugin: Digest,
    /// How much it may use.
    pub limits: Limits,
    /// The flow that asks, whose counters the rule sees.
    pub flow: FlowId,
    /// The flow's settings.
    pub settings: Settings,
    /// The circumstances.
    pub call: Call,
    /// The lead.
    pub lead: Arc<Lead>,
    /// Its source class.
    pub class: Arc<str>,
    /// Reps, pools and rotations as the decision before left them.
    pub desk: Arc<Desk>,
    /// Its place in line, if it waited for a turn.
    pub place: Option<Place>,
    /// Reps who had it already, or were asked, and get no turn for it.
    pub passed_over: Arc<[RepId]>,
}

/// Everything that came of asking.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the rule said, as the host accepts it.
    pub verdict: Verdict,
    /// A section of the decision's transcript: heading, every call to the host with its
    /// answer, end. Empty where the plugin is not there.
    pub transcript: Vec<u8>,
    /// What the rule noted of its way.
    pub notes: Vec<Note>,
    /// What it wrote for its author.
    pub log: Vec<String>,
    /// `log-truncated`, `explain-truncated`.
    pub marks: Vec<&'static str>,
    /// The last pool that had nobody for a turn that was asked for, and among whom.
    pub nobody: Option<Line>,
    /// Fuel used.
    pub fuel: u64,
    /// Time from question to answer, in nanoseconds.
    pub nanos: u64,
}

/// A branch that a rule took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Its stable name.
    pub branch: String,
    /// What was particular this time.
    pub detail: String,
}

/// Why a decision was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// A short code for reports.
    pub code: String,
    /// One line for a person.
    pub detail: String,
}

impl Reason {
    /// A reason from its two parts.
    pub fn new(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code: code.into(), detail: detail.into() }
    }
}

/// What a rule said of a lead.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It decided.
    Decided(Box<Decided>),
    /// It has no opinion.
    Passed(Reason),
    /// It did not come to a decision that can be accepted.
    Failed(Failure),
}

/// A decision that the host accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// Where the lead goes.
    pub choice: Choice,
    /// Why.
    pub reason: Reason,
    /// The turn that it takes.
    pub turn: Option<Turn>,
    /// What else shall happen.
    pub wishes: Vec<Wish>,
    /// By when the lead shall have its first answer.
    pub response_due: Option<Timestamp>,
    /// Counters of the flow that it changed, with their new values.
    pub counters: Vec<(String, i32)>,
}

/// Where a lead goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// To a rep.
    Assign(RepId),
    /// To a queue.
    Queue(String),
    /// To a nurture programme.
    Nurture(String),
    /// To whoever of these reps accepts it.
    Offer(OfferTo),
    /// Nowhere: it is no lead.
    Reject,
}

/// Whom a rule offers a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferTo {
    /// Whom, in this order.
    pub reps: Vec<RepId>,
    /// One after the other, or all.
    pub order: OfferOrder,
    /// How long each has to answer, in seconds.
    pub within: u32,
    /// Between asking one and the next, in seconds.
    pub stagger: u32,
    /// The queue that gets the lead when nobody accepts.
    pub otherwise: String,
}

/// Something that a rule asked for besides its decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// A property of the lead.
    Property {
        /// Its name, declared under `writes`.
        name: String,
        /// Its new value.
        value: String,
    },
    /// A task for the new owner.
    Task {
        /// One line.
        subject: String,
        /// The rest.
        body: String,
        /// When it is due; absent means at once.
        due: Option<Timestamp>,
    },
    /// A note on the lead.
    Note {
        /// The text.
        body: String,
    },
    /// A message to a destination.
    Notify {
        /// Its name in the workspace.
        destination: String,
        /// The text.
        message: String,
    },
}

/// Why there is no decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The code.
    pub code: ErrorCode,
    /// What happened, for the rule's author.
    pub detail: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Why a rule's decision was not accepted, or a component not taken in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl ErrorCode {
            /// The code as people and logs see it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// It ran longer than its fuel.
    Fuel = "fuel",
    /// It ran longer than its processor time, which fuel should have prevented.
    Wall = "wall",
    /// It wanted more memory than its class grants.
    Memory = "memory",
    /// It wanted a larger table than its class grants.
    Table = "table",
    /// It called itself too deeply.
    Stack = "stack",
    /// It stopped itself: a panic, a failed bounds check, an unreachable instruction.
    Trap = "trap",
    /// It opened too many pools or tables, or used a number that it was not given.
    Handles = "handles",
    /// It asked the host too often.
    HostCalls = "host-calls",
    /// Its decision or its effects are too large.
    Output = "output",
    /// It cannot use its settings.
    Settings = "settings",
    /// It named a rep whom it was not shown, or who cannot be given leads.
    BadRep = "bad-rep",
    /// It sent text that is not UTF-8.
    BadUtf8 = "bad-utf8",
    /// It read a property that its manifest does not list.
    UndeclaredRead = "undeclared-read",
    /// It wrote a property that its manifest does not list.
    UndeclaredWrite = "undeclared-write",
    /// Its decision does not make sense, or asks for what this host cannot do yet.
    BadDecision = "bad-decision",
    /// The component is too large.
    Size = "size",
    /// The component does not compile.
    Compile = "compile",
    /// The component imports what no rule may have.
    Import = "import",
    /// The component does not export what a rule must.
    Export = "export",
    /// The component was built for another contract.
    Contract = "contract",
    /// The manifest is missing or cannot be used.
    Manifest = "manifest",
    /// The signature is missing or wrong.
    Signature = "signature",
    /// Deciding met a defect of the host, not of the rule.
    Defect = "defect",
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
