//! What a run knows to be true: which leads were sent and accepted, what was answered about them,
//! and which contacts a person gave to somebody.

use serde_json::Value;

/// The stages of a contact's life, in which it only moves forward.
pub const STAGES: [&str; 6] =
    ["subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"];

/// A contact that was made in the CRM.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Its id there.
    pub id: String,
    /// How often a person moved it to the next stage: each time the CRM tells the hosts.
    pub edits: usize,
    /// The owner whom a person gave it to last.
    pub taken: Option<u64>,
    /// Whether that owner was still there some time later: then nobody may write another.
    pub stays: bool,
}

impl Contact {
    /// A person gives it to this owner.
    pub fn is_taken(&mut self, owner: u64) {
        (self.taken, self.stays) = (Some(owner), false);
    }
}

/// A lead that was asked about by a call.
#[derive(Clone, Debug, Default)]
pub struct Called {
    /// What was answered first, without `repeated`.
    pub answer: Option<Value>,
    /// How often it was answered.
    pub answers: usize,
    /// How often another host answered than the time before.
    pub elsewhere: usize,
    /// The host that answered last.
    pub host: Option<usize>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Truth {
    /// The contacts, in the order in which they were made.
    pub contacts: Vec<Contact>,
    /// The calls, by their number.
    pub calls: Vec<Called>,
    /// What was seen on the way that must not be.
    pub wrongs: Vec<String>,
}

impl Truth {
    /// A call was answered by this host. A repeat must say what was said first.
    pub fn answered(&mut self, n: usize, host: usize, mut answer: Value) {
        if let Some(decision) = answer.as_object_mut() {
            decision.remove("repeated");
        }
        let called = &mut self.calls[n];
        called.answers += 1;
        called.elsewhere += usize::from(called.host.replace(host).is_some_and(|before| before != host));
        match &called.answer {
            Some(first) if *first != answer => {
                self.wrongs.push(format!("web:call-{n}: answered was first {first}, then {answer}"));
            }
            Some(_) => {}
            None => called.answer = Some(answer),
        }
    }
}
