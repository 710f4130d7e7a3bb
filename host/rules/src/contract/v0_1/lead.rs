//! The interface `lead`: typed reads of what the manifest declares.

use rota_domain::desk::Owner as DomainOwner;
use rota_domain::property::{self, Absence as DomainAbsence, Kind};

use super::bindings::rota::routing::lead::{Host, PastEvent};
use super::types::{self, Absence, Owner};
use crate::session::Session;

impl types::Host for Session {}

impl Host for Session {
    fn text(&mut self, name: String) -> wasmtime::Result<Result<String, Absence>> {
        self.step("lead.text", (&name,), |session| Ok(session.text_of(&name, None).map(str::to_owned).map_err(absence)))
    }

    fn number(&mut self, name: String) -> wasmtime::Result<Result<f64, Absence>> {
        self.step("lead.number", (&name,), |session| {
            Ok(session.text_of(&name, Some(Kind::Number)).and_then(property::number).map_err(absence))
        })
    }

    fn flag(&mut self, name: String) -> wasmtime::Result<Result<bool, Absence>> {
        self.step("lead.flag", (&name,), |session| {
            Ok(session.text_of(&name, Some(Kind::Flag)).and_then(property::flag).map_err(absence))
        })
    }

    fn time(&mut self, name: String) -> wasmtime::Result<Result<f64, Absence>> {
        self.step("lead.time", (&name,), |session| {
            let read = session.text_of(&name, Some(Kind::Time)).and_then(property::time);
            Ok(read.map(instant).map_err(absence))
        })
    }

    fn several(&mut self, name: String) -> wasmtime::Result<Result<Vec<String>, Absence>> {
        self.step("lead.several", (&name,), |session| {
            let read = session.text_of(&name, Some(Kind::Several)).map(property::several);
            Ok(read.map(|values| values.into_iter().map(str::to_owned).collect()).map_err(absence))
        })
    }

    fn source_class(&mut self) -> wasmtime::Result<String> {
        self.step("lead.source-class", (), |session| Ok(session.question.class.to_string()))
    }

    fn record_owner(&mut self) -> wasmtime::Result<Owner> {
        self.step("lead.record-owner", (), |session| {
            let lead = session.question.lead.clone();
            Ok(session.owner(lead.owner.as_deref(), lead.owner_left))
        })
    }

    fn company_text(&mut self, name: String) -> wasmtime::Result<Result<String, Absence>> {
        self.step("lead.company-text", (&name,), |session| {
            Ok(session.company_text_of(&name, None).map(str::to_owned).map_err(absence))
        })
    }

    fn company_number(&mut self, name: String) -> wasmtime::Result<Result<f64, Absence>> {
        self.step("lead.company-number", (&name,), |session| {
            Ok(session.company_text_of(&name, Some(Kind::Number)).and_then(property::number).map_err(absence))
        })
    }

    fn company_owner(&mut self) -> wasmtime::Result<Owner> {
        self.step("lead.company-owner", (), |session| {
            let lead = session.question.lead.clone();
            let company = lead.company.as_ref();
            Ok(session
                .owner(company.and_then(|company| company.owner.as_deref()), company.is_some_and(|c| c.owner_left)))
        })
    }

    fn history(&mut self, limit: u32) -> wasmtime::Result<Vec<PastEvent>> {
        self.step("lead.history", (limit,), |session| {
            let lead = session.question.lead.clone();
            let mut events: Vec<_> = lead.history.iter().collect();
            session.count(events.len())?;
            events.sort_by_key(|event| std::cmp::Reverse(event.at));
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let kept = events.into_iter().take(limit).map(|event| PastEvent {
                kind: event.kind.clone(),
                who: session.owner(event.rep.as_deref(), false),
                at: instant(event.at),
            });
            Ok(kept.collect())
        })
    }

    fn prior_owner(&mut self, kind: String) -> wasmtime::Result<Owner> {
        self.step("lead.prior-owner", (&kind,), |session| {
            let lead = session.question.lead.clone();
            let rep = lead.newest(&kind).and_then(|event| event.rep.as_deref());
            Ok(session.owner(rep, false))
        })
    }
}

impl Session {
    /// The text of a declared property; with `kind`, of one declared so.
    fn text_of(&mut self, name: &str, kind: Option<Kind>) -> Result<&str, DomainAbsence> {
        let declared = self.manifest.reads.get(name);
        if declared.is_none() || kind.is_some_and(|kind| declared != Some(&kind)) {
            self.undeclared_read.get_or_insert_with(|| described(name, kind, declared));
            return Err(DomainAbsence::Undeclared);
        }
        self.question.lead.property(name).ok_or(DomainAbsence::Absent)
    }

    fn company_text_of(&mut self, name: &str, kind: Option<Kind>) -> Result<&str, DomainAbsence> {
        let declared = self.manifest.company.reads.get(name);
        let always = kind.is_none() && (name == "name" || name == "domain");
        if !always && (declared.is_none() || kind.is_some_and(|kind| declared != Some(&kind))) {
            self.undeclared_read.get_or_insert_with(|| format!("the company's {}", described(name, kind, declared)));
            return Err(DomainAbsence::Undeclared);
        }
        let company = self.question.lead.company.as_ref();
        company.and_then(|company| company.property(name)).ok_or(DomainAbsence::Absent)
    }

    /// An owner as guests see it; its rep may be named in the decision from now on.
    fn owner(&mut self, written: Option<&str>, left: bool) -> Owner {
        match self.question.desk.owner(written, left) {
            DomainOwner::Nobody => Owner::Nobody,
            DomainOwner::Active(rep) => self.show(&rep).map_or(Owner::Nobody, Owner::Active),
            DomainOwner::Inactive(rep) => self.show(&rep).map_or(Owner::Nobody, Owner::Inactive),
            DomainOwner::Stranger(owner) => Owner::Stranger(owner.to_string()),
        }
    }
}

/// What was read, and why the manifest does not allow it.
fn described(name: &str, kind: Option<Kind>, declared: Option<&Kind>) -> String {
    let word = |kind: Kind| format!("{kind:?}").to_lowercase();
    let read = kind.map_or_else(|| format!("`{name}`"), |kind| format!("`{name}` as {}", word(kind)));
    match (kind, declared) {
        (Some(kind), Some(declared)) => format!(
            "{read}, which its manifest declares as {}: read it so, or declare it as {}",
            word(*declared),
            word(kind)
        ),
        _ => format!("{read}, which its manifest does not declare: add it under [reads]"),
    }
}

/// Milliseconds of an instant, as guests see it.
#[expect(clippy::cast_precision_loss, reason = "exact until the year 287396")]
pub(super) fn instant(at: jiff::Timestamp) -> f64 {
    at.as_millisecond() as f64
}

fn absence(absence: DomainAbsence) -> Absence {
    match absence {
        DomainAbsence::Absent => Absence::Absent,
        DomainAbsence::Malformed(text) => Absence::Malformed(text),
        DomainAbsence::Undeclared => Absence::Undeclared,
    }
}
