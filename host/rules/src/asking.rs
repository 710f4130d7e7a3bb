//! How one plugin is asked about one lead: a fresh store, a fresh instance, one call.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rota_domain::id::Digest;
use rota_domain::limits::Limits;
use rota_domain::rule::{Answer, ErrorCode, Failure, Question, Verdict};
use rota_domain::transcript::Opening;
use rota_flow::ports::{Plugin, Rules};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::catalogue::Catalogue;
use crate::contract::v0_1;
use crate::entry::Loaded;
use crate::failure::{self, Stop};
use crate::session::Session;
use crate::stopwatch;
use crate::transcript::{ENGINE, Transcript};

/// How a guest ended, before the host judges what it gave back.
pub(crate) enum Ending {
    /// It gave something back.
    Returned(Result<v0_1::rule::Decision, v0_1::rule::SettingsProblem>),
    /// It did not.
    Failed {
        /// Why.
        failure: Failure,
        /// Whether that was the machine's doing, so that it need not come again.
        machine: bool,
    },
}

/// One call of a guest from instance to end.
pub(crate) struct Run {
    pub(crate) session: Session,
    pub(crate) ending: Ending,
    pub(crate) fuel: u64,
}

impl Rules for Catalogue {
    fn ask(&self, question: Question) -> Answer {
        let began = stopwatch::passing_nanos();
        let loaded = match self.ready(&question.plugin) {
            Ok(loaded) => loaded,
            Err(failure) => return absent(failure::readable(&failure)),
        };
        let (plugin, limits) = (&loaded.plugin, self.written.text(&question.limits));
        let transcript = Transcript::new(&Opening {
            plugin: (&question.flow, &plugin.manifest.name, &plugin.manifest.version, &plugin.digest),
            engine: ENGINE,
            call: &question.call,
            settings: question.settings.digest(),
            limits: &limits,
        });
        let session = Session::new(question, loaded.plugin.manifest.clone(), transcript);
        let Run { mut session, ending, fuel } = self.run(&loaded, session);
        let transcript = std::mem::take(&mut session.transcript).close(&ending, fuel);
        let verdict = judge(&mut session, ending);
        let mut answer = answer(session, verdict, transcript, fuel);
        answer.nanos = stopwatch::passing_nanos().saturating_sub(began);
        answer
    }

    fn plugin(&self, digest: &Digest) -> Option<Plugin> {
        self.entry(digest).map(|entry| entry.plugin.clone())
    }
}

impl Catalogue {
    /// Asks a guest, once there is a place for it.
    pub(crate) fn run(&self, loaded: &Loaded, session: Session) -> Run {
        let Limits { settings, fuel, .. } = session.limits;
        let length = session.question.settings.text().len();
        if length > settings {
            let detail = format!("the settings have {length} bytes; {settings} are granted");
            let failure = Failure { code: ErrorCode::Settings, detail };
            return Run { session, ending: Ending::Failed { failure, machine: false }, fuel: 0 };
        }
        let _pass = self.gate.enter();
        let mut store = store(&self.compiling.engine, session);
        let ending = catch_unwind(AssertUnwindSafe(|| call(loaded, &mut store)));
        // The lead shall not wait for ever for a host that fails at it every time.
        let ending = ending.unwrap_or_else(|_| Ending::Failed { failure: failure::of_host(), machine: true });
        let left = store.get_fuel().unwrap_or(0);
        Run { session: store.into_data(), ending, fuel: fuel.saturating_sub(left) }
    }
}

pub(crate) fn store(engine: &Engine, session: Session) -> Store<Session> {
    let Limits { cpu_ms, call_bytes, .. } = session.limits;
    let mut store = Store::new(engine, session);
    store.limiter(|session| &mut session.growth);
    store.set_hostcall_fuel(call_bytes);
    store.set_max_component_handles(64);
    // Few guests live to see a tick; those that do have their time counted from the first on.
    let mut began = None;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        let now = stopwatch::cpu_nanos();
        if now.saturating_sub(*began.get_or_insert(now)) > cpu_ms.saturating_mul(1_000_000) {
            let detail = format!("it used more than {cpu_ms} ms of processor time");
            return Err(Stop::new(ErrorCode::Wall, detail).into());
        }
        Ok(UpdateDeadline::Continue(1))
    });
    store
}

fn call(loaded: &Loaded, store: &mut Store<Session>) -> Ending {
    let Session { question, limits, .. } = store.data();
    let (settings, fuel) = (question.settings.text().clone(), limits.fuel);
    let call = v0_1::call(&question.call);
    let returned = store
        .set_fuel(fuel)
        .and_then(|()| loaded.router.instantiate(&mut *store))
        .and_then(|router| router.rota_routing_rule().call_decide(&mut *store, &call, &settings));
    match returned {
        Ok(returned) => Ending::Returned(returned),
        Err(error) => {
            let failure = failure::readable(&failure::of(&error, store.data()));
            let machine = failure.code == ErrorCode::Wall;
            Ending::Failed { failure, machine }
        }
    }
}

/// What the host makes of a guest's end.
fn judge(session: &mut Session, ending: Ending) -> Verdict {
    let returned = match ending {
        Ending::Returned(returned) => returned,
        Ending::Failed { failure, .. } => {
            return Verdict::Failed(failure::readable(&failure::first(session, failure)));
        }
    };
    match catch_unwind(AssertUnwindSafe(|| v0_1::accept(session, returned))) {
        Ok(Verdict::Failed(failure)) => Verdict::Failed(failure::readable(&failure)),
        Ok(verdict) => verdict,
        Err(_) => Verdict::Failed(failure::of_host()),
    }
}

fn answer(session: Session, verdict: Verdict, transcript: Vec<u8>, fuel: u64) -> Answer {
    let mut marks = Vec::new();
    if session.log_truncated {
        marks.push("log-truncated");
    }
    if session.explain_truncated {
        marks.push("explain-truncated");
    }
    let Session { notes, log, nobody, .. } = session;
    Answer { verdict, transcript, notes, log, marks, nobody, fuel, nanos: 0 }
}

fn absent(failure: Failure) -> Answer {
    Answer {
        verdict: Verdict::Failed(failure),
        transcript: Vec::new(),
        notes: Vec::new(),
        log: Vec::new(),
        marks: Vec::new(),
        nobody: None,
        fuel: 0,
        nanos: 0,
    }
}
