//! How one plugin is asked about one lead: a fresh store, a fresh instance, one call.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::rule::{Answer, ErrorCode, Failure, Question, Verdict};
use rota_flow::ports::{Plugin, Rules};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::catalogue::Catalogue;
use crate::contract::v0_1;
use crate::cpu_time;
use crate::entry::Loaded;
use crate::failure::{self, Stop};
use crate::session::Session;

impl Rules for Catalogue {
    fn ask(&self, question: Question) -> Answer {
        let began = cpu_time::nanos();
        let loaded = match self.ready(&question.plugin) {
            Ok(loaded) => loaded,
            Err(failure) => return failed(failure::readable(&failure)),
        };
        let limits = question.limits;
        if question.settings.len() > limits.settings {
            let detail =
                format!("the settings have {} bytes; {} are granted", question.settings.len(), limits.settings);
            return failed(Failure { code: ErrorCode::Settings, detail });
        }
        let _pass = self.gate.enter();
        let session = Session::new(question, loaded.plugin.manifest.clone());
        let mut answer = match store(&self.compiling.engine, session) {
            Ok(mut store) => {
                let verdict = match catch_unwind(AssertUnwindSafe(|| decide(&loaded, &mut store))) {
                    Ok(Verdict::Failed(failure)) => Verdict::Failed(failure::readable(&failure)),
                    Ok(verdict) => verdict,
                    // The lead shall not wait for ever for a host that fails at it every time.
                    Err(_) => Verdict::Failed(failure::of_host()),
                };
                let left = store.get_fuel().unwrap_or(0);
                answer(store.into_data(), verdict, limits.fuel.saturating_sub(left))
            }
            Err(error) => failed(failure::of(&error)),
        };
        answer.nanos = cpu_time::nanos().saturating_sub(began);
        answer
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.entry(digest).map(|entry| entry.plugin.clone())
    }
}

fn store(engine: &Engine, session: Session) -> wasmtime::Result<Store<Session>> {
    let Limits { fuel, cpu_ms, call_bytes, .. } = session.limits;
    let mut store = Store::new(engine, session);
    store.limiter(|session| &mut session.growth);
    store.set_fuel(fuel)?;
    store.set_hostcall_fuel(call_bytes);
    store.set_max_component_handles(64);
    let began = cpu_time::nanos();
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if cpu_time::nanos().saturating_sub(began) > cpu_ms * 1_000_000 {
            let detail = format!("it used more than {cpu_ms} ms of processor time");
            return Err(Stop::new(ErrorCode::Wall, detail).into());
        }
        Ok(UpdateDeadline::Continue(1))
    });
    Ok(store)
}

fn decide(loaded: &Loaded, store: &mut Store<Session>) -> Verdict {
    let question = &store.data().question;
    let settings = question.settings.clone();
    let call = v0_1::call(&question.call);
    let returned = loaded
        .router
        .instantiate(&mut *store)
        .and_then(|router| router.rota_routing_rule().call_decide(&mut *store, &call, &settings));
    match returned {
        Ok(returned) => v0_1::accept(store.data_mut(), returned),
        Err(error) => Verdict::Failed(failure::of(&error)),
    }
}

fn answer(session: Session, verdict: Verdict, fuel: u64) -> Answer {
    let mut marks = Vec::new();
    if session.log_truncated {
        marks.push("log-truncated");
    }
    if session.explain_truncated {
        marks.push("explain-truncated");
    }
    Answer {
        verdict,
        transcript: session.transcript.into_bytes(),
        notes: session.notes,
        log: session.log,
        marks,
        fuel,
        nanos: 0,
    }
}

fn failed(failure: Failure) -> Answer {
    Answer {
        verdict: Verdict::Failed(failure),
        transcript: Vec::new(),
        notes: Vec::new(),
        log: Vec::new(),
        marks: Vec::new(),
        fuel: 0,
        nanos: 0,
    }
}
