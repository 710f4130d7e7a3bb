//! The interface `rep-pool`: who there is, and whose turn it is.

use rota_domain::agenda::Line;
use rota_domain::desk::{Ask, Availability as DomainAvailability, Desk};
use rota_domain::id::{OwnerId, PoolId, RepId};
use rota_domain::load::{LeadKind, Load};
use rota_domain::rule::ErrorCode;

use super::pools::{Availability, Host};
use super::types::Refusal;
use crate::failure::Stop;
use crate::session::Session;

impl Host for Session {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<u32, Refusal>> {
        self.step("rep-pool.open", (&name,), |session| {
            let pool = PoolId::from(name.as_str());
            if session.question.desk.workspace.pool(&pool).is_none() {
                return Ok(Err(Refusal::Unknown));
            }
            session.open_pool(pool).map(Ok)
        })
    }

    fn members(&mut self, pool: u32) -> wasmtime::Result<Vec<u32>> {
        self.step("rep-pool.members", (pool,), |session| {
            let id = session.pool(pool)?;
            let desk = session.question.desk.clone();
            let members = desk.workspace.pool(&id).map(|pool| pool.members.as_slice()).unwrap_or_default();
            session.count(members.len() / 16)?;
            let known: Vec<_> = members.iter().filter_map(|member| Some((member, desk.place(&member.rep)?))).collect();
            let (now, kinds) = (session.question.call.now, desk.kinds(&session.question.lead));
            let found = desk.availabilities(known.iter().map(|(_, place)| *place), Some(&id), &kinds, now);
            let weights = desk.measured(&id, now);
            let mut shown = Vec::with_capacity(5 * known.len());
            for ((member, place), found) in known.into_iter().zip(found) {
                let rep = session.show_at(place)?;
                let load = desk.load(place).map_or(0, Load::open);
                let capacity = desk.workspace.reps[place].capacity.unwrap_or(u32::MAX);
                let weight =
                    weights.as_ref().map_or(member.share(), |of| of.get(&member.rep).map_or(0, |of| of.weight));
                shown.extend([rep, weight, load, capacity, availability(found) as u32]);
            }
            Ok(shown)
        })
    }

    fn next(&mut self, pool: u32, among: Vec<u32>, weights: Vec<u32>) -> wasmtime::Result<Option<u32>> {
        self.step("rep-pool.next", (pool, &among, &weights), |session| {
            let id = session.pool(pool)?;
            if !weights.is_empty() && weights.len() != among.len() {
                let detail =
                    format!("it gave `next` {} weights for {} reps: one for each, or none", weights.len(), among.len());
                return Err(Stop::new(ErrorCode::BadDecision, detail).into());
            }
            let desk = session.question.desk.clone();
            let members = desk.pool(&id).map_or(0, <[_]>::len);
            session.count(members / 16 + among.len() / 16)?;
            let reps: Vec<usize> = among.iter().map(|rep| session.place(*rep)).collect::<Result<_, _>>()?;
            let capped: Vec<u32> = weights.iter().map(|weight| (*weight).min(1_000_000)).collect();
            let question = &session.question;
            let (flow, place, passed_over) = (Some(&question.flow), question.place.as_ref(), &*question.passed_over);
            let (lead, at) = (Some(&*question.lead), question.call.now);
            let kinds = desk.kinds(&question.lead);
            let ask =
                Ask { pool: &id, flow, among: &reps, weights: &capped, lead, kinds: &kinds, at, place, passed_over };
            let Some(turn) = desk.turn(&ask) else {
                let hindered = desk.hindered(&ask);
                session.note_hindered(&id, &hindered);
                session.nobody = Some(line(&desk, id, &reps, kinds));
                return Ok(None);
            };
            let rep = session.show(&turn.rep);
            // The latest turn of a rep is the one that counts; a flood of calls keeps no more.
            session.turns.retain(|known| known.rep != turn.rep);
            session.turns.push(turn);
            Ok(rep)
        })
    }

    fn find_by_email(&mut self, email: String) -> wasmtime::Result<Option<u32>> {
        self.step("rep-pool.find-by-email", (&email,), |session| {
            let desk = session.question.desk.clone();
            Ok(desk.rep_of_email(&email).and_then(|rep| session.show(&rep.id)))
        })
    }

    fn find_by_owner(&mut self, owner: String) -> wasmtime::Result<Option<u32>> {
        self.step("rep-pool.find-by-owner", (&owner,), |session| {
            let desk = session.question.desk.clone();
            let Some((connection, _, _)) = session.question.lead.id.parts() else {
                return Ok(None);
            };
            let rep = desk.rep_of_owner(&connection, &OwnerId::from(owner.as_str()));
            Ok(rep.and_then(|rep| session.show(&rep.id)))
        })
    }

    fn available(&mut self, rep: u32) -> wasmtime::Result<Availability> {
        self.step("rep-pool.available", (rep,), |session| {
            let desk = session.question.desk.clone();
            let place = session.place(rep)?;
            let kinds = desk.kinds(&session.question.lead);
            let now = session.question.call.now;
            Ok(availability(desk.availabilities(std::iter::once(place), None, &kinds, now)[0]))
        })
    }

    fn attribute(&mut self, rep: u32, name: String) -> wasmtime::Result<Option<String>> {
        self.step("rep-pool.attribute", (rep, &name), |session| {
            let zone = session.question.desk.workspace.time_zone.clone();
            let rep = session.rep(rep)?;
            Ok(match name.as_str() {
                "id" => Some(rep.id.to_string()),
                "name" => Some(rep.title().to_owned()),
                "email" => rep.email.clone(),
                "time-zone" => Some(rep.time_zone.clone().unwrap_or(zone)),
                _ => None,
            })
        })
    }

    fn tags(&mut self, rep: u32) -> wasmtime::Result<Vec<String>> {
        self.step("rep-pool.tags", (rep,), |session| Ok(session.rep(rep)?.tags.clone()))
    }

    fn has_tag(&mut self, rep: u32, tag: String) -> wasmtime::Result<bool> {
        self.step("rep-pool.has-tag", (rep, &tag), |session| Ok(session.rep(rep)?.tags.contains(&tag)))
    }
}

fn availability(availability: DomainAvailability) -> Availability {
    match availability {
        DomainAvailability::Available => Availability::Available,
        DomainAvailability::Away => Availability::Away,
        DomainAvailability::OffShift => Availability::OffShift,
        DomainAvailability::Capped => Availability::Capped,
        DomainAvailability::Inactive => Availability::Inactive,
    }
}

/// Whose turn was asked for, by name.
fn line(desk: &Desk, pool: PoolId, among: &[usize], kinds: Vec<LeadKind>) -> Line {
    let mut among: Vec<RepId> = among.iter().map(|place| desk.workspace.reps[*place].id.clone()).collect();
    among.sort_unstable();
    among.dedup();
    Line { pool, among, kinds }
}
