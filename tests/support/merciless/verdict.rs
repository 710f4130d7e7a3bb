//! What is not as it should be at the end of a run: the double's state and what the run knows to
//! be true, held against the log, line by line, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::crowd::{owner, plain};
use super::truth::{Contact, Truth};
use super::world::{OLD_LEADS, POOLS, Pool};

/// What is held against each other.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What is true.
    pub truth: &'a Truth,
    /// The log's decisions, oldest first.
    pub log: &'a [Value],
    /// The state of the CRM's double.
    pub state: &'a Value,
    /// Whether the run began with an older database.
    pub older: bool,
}

impl Evidence<'_> {
    /// Everything that is wrong.
    #[must_use]
    pub fn wrongs(&self) -> Vec<String> {
        let mut wrongs = self.truth.wrongs.clone();
        let mut by_lead: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for decision in self.log {
            by_lead.entry(text(decision, "lead")).or_default().push(decision);
            if !ids.insert(text(decision, "decision")) {
                wrongs.push(format!("the log has the decision {} twice", text(decision, "decision")));
            }
        }
        self.contacts(&mut by_lead, &mut wrongs);
        self.calls(&mut by_lead, &mut wrongs);
        for (lead, decisions) in by_lead {
            wrongs.push(format!("{lead}: nobody sent it, and the log tells of it: {decisions:?}"));
        }
        self.tasks(&mut wrongs);
        self.turns(&mut wrongs);
        wrongs
    }

    /// Each contact is decided once when it was made and once for each stage; its owner is whom the
    /// last decision names, or whom a person named.
    fn contacts(&self, by_lead: &mut BTreeMap<&str, Vec<&Value>>, wrongs: &mut Vec<String>) {
        let held: BTreeMap<String, &Value> =
            items(self.state, "contacts").iter().map(|contact| (plain(&contact["id"]), contact)).collect();
        for contact in &self.truth.contacts {
            let lead = format!("hs:contact:{}", contact.id);
            let decisions = by_lead.remove(lead.as_str()).unwrap_or_default();
            let count = |trigger: &str| decisions.iter().filter(|it| text(it, "trigger") == trigger).count();
            let (created, changed) = (count("created"), count("changed"));
            if (created, changed, decisions.len()) != (1, contact.edits, 1 + contact.edits) {
                wrongs.push(format!(
                    "{lead}: appeared once and was moved on {} times, and decided {created} and {changed} times, {} in all: {decisions:?}",
                    contact.edits,
                    decisions.len()
                ));
            }
            let turns = decisions.iter().filter(|it| text(it, "outcome") == "assign").count();
            if turns > 1 {
                wrongs.push(format!("{lead}: was assigned {turns} times: {decisions:?}"));
            }
            match held.get(&contact.id) {
                None => wrongs.push(format!("{lead}: is gone from the CRM")),
                Some(held) => owned(&lead, contact, &decisions, &owner(held), wrongs),
            }
        }
    }

    /// Each call that was accepted is decided once, as was answered; so is what waited in an older
    /// database.
    fn calls(&self, by_lead: &mut BTreeMap<&str, Vec<&Value>>, wrongs: &mut Vec<String>) {
        for (n, called) in self.truth.calls.iter().enumerate() {
            let lead = format!("web:call-{n}");
            let decisions = by_lead.remove(lead.as_str()).unwrap_or_default();
            let answered = called.answer.as_ref().map_or("none", |answer| text(answer, "decision"));
            match decisions[..] {
                [only] if text(only, "decision") == answered => {}
                _ => wrongs.push(format!(
                    "{lead}: the decision {answered} was answered, and the log has {}: {decisions:?}",
                    decisions.len()
                )),
            }
        }
        for n in 0..if self.older { OLD_LEADS } else { 0 } {
            let lead = format!("web:old-{n}");
            let decisions = by_lead.remove(lead.as_str()).unwrap_or_default();
            if decisions.len() != 1 {
                wrongs.push(format!("{lead}: waited in the older database, and was decided {} times", decisions.len()));
            }
        }
    }

    /// Each decision's task is there at most once, and exactly once where its owner was written.
    fn tasks(&self, wrongs: &mut Vec<String>) {
        let mut marks: BTreeMap<String, usize> = BTreeMap::new();
        for made in items(self.state, "tasks").iter().chain(items(self.state, "notes")) {
            let properties = &made["properties"];
            let body = properties["hs_task_body"].as_str().or_else(|| properties["hs_note_body"].as_str());
            let mark = body.unwrap_or_default().rsplit("Rota ").next().unwrap_or_default().trim().to_owned();
            *marks.entry(mark).or_default() += 1;
        }
        for (mark, count) in marks.iter().filter(|(_, count)| **count > 1) {
            wrongs.push(format!("the task or note of the effect {mark} was made {count} times"));
        }
        let taken: BTreeSet<String> =
            self.truth.contacts.iter().filter(|contact| contact.taken.is_some()).map(lead_of).collect();
        for decision in self.log {
            let (id, lead) = (text(decision, "decision"), text(decision, "lead"));
            let wanted = items(decision, "effects").iter().filter(|effect| effect["kind"] == "task").count();
            let made = marks.keys().filter(|mark| mark.starts_with(id)).count();
            if made > wanted || (made < wanted && lead.starts_with("hs:") && !taken.contains(lead)) {
                wrongs.push(format!("{lead}: the decision {id} has {wanted} tasks, and the CRM has {made}"));
            }
        }
    }

    /// No rep of a pool is ever further from their due than the bound of a pool that never changes.
    fn turns(&self, wrongs: &mut Vec<String>) {
        for pool in &POOLS {
            let (Some(bound), name) = (pool.bound(), pool.name) else { continue };
            for Lag { decision, turn, owner, leads } in self.lags(pool) {
                if leads.abs() > bound + 1e-9 {
                    wrongs.push(format!("{name}: after {decision}, its turn {turn}, rep{owner} is {leads:.3} from their due; the bound is {bound:.3}"));
                }
            }
        }
    }

    /// How far a rep ever was from their due, in leads.
    #[must_use]
    pub fn worst_lag(&self) -> f64 {
        let lags = POOLS.iter().filter(|pool| pool.bound().is_some()).flat_map(|pool| self.lags(pool));
        lags.map(|lag| lag.leads.abs()).fold(0.0, f64::max)
    }

    /// How far each member of a pool was from their due after each of its turns.
    fn lags(&self, pool: &Pool) -> Vec<Lag<'_>> {
        let total: u64 = pool.due().map(|(_, part)| part).sum();
        let mut got: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut turn, mut lags) = (0_u64, Vec::new());
        for decision in self.log.iter().filter(|it| text(it, "outcome") == "assign" && text(it, "pool") == pool.name) {
            turn += 1;
            *got.entry(text(decision, "rep")).or_default() += 1;
            for (owner, part) in pool.due() {
                let due = turn as f64 * part as f64 / total as f64;
                let leads = due - got.get(&*format!("rep{owner}")).copied().unwrap_or_default() as f64;
                lags.push(Lag { decision: text(decision, "decision"), turn, owner, leads });
            }
        }
        lags
    }
}

/// How far a rep was from their due after a decision.
struct Lag<'a> {
    decision: &'a str,
    turn: u64,
    owner: u64,
    leads: f64,
}

/// Whose a contact is. A person who came after Rota had looked and before it wrote may lose; one
/// whose write stood for longer than any request may not.
fn owned(lead: &str, contact: &Contact, decisions: &[&Value], held: &Option<String>, wrongs: &mut Vec<String>) {
    let decided = decisions.last().and_then(|last| last["owner"].as_str()).map(str::to_owned);
    let taken = contact.taken.map(|owner| owner.to_string());
    let right = match (&taken, contact.stays) {
        (None, _) => *held == decided,
        (Some(_), true) => *held == taken,
        // Of several decisions, each may have been the last when the owner was written.
        (Some(_), false) => *held == taken || decisions.iter().any(|it| it["owner"].as_str() == held.as_deref()),
    };
    if !right {
        let stays = if contact.stays { ", which stood for long" } else { "" };
        wrongs.push(format!(
            "{lead}: the CRM has the owner {held:?}; decided was {decided:?}, and a person named {taken:?}{stays}: {decisions:?}"
        ));
    }
}

fn lead_of(contact: &Contact) -> String {
    format!("hs:contact:{}", contact.id)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}
