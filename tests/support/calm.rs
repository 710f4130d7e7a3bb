//! The neighbour: another tenant's sound rule, whose every answer beside a hostile guest
//! has to equal that of a quiet run byte for byte.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rota_domain::id::Digest;
use rota_domain::rule::{Answer, Question};
use rota_flow::ports::Rules;
use rota_rules::Catalogue;

use crate::guest::{CATALOGUE, Guest, question};

/// Reads, looks at a pool, speaks, wishes, and assigns the lead to whose turn it is.
pub const RULE: &str = r#"
    (data (i32.const 4096) "countryemployees")
    (func $decide (result i32)
      (call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))
      (call $lead.number (i32.const 4103) (i32.const 9) (global.get $back))
      (call $pool.open (i32.const 1024) (i32.const 2) (global.get $back))
      (call $pool.members (i32.const 0) (global.get $back))
      (call $explain.note (i32.const 1024) (i32.const 2) (i32.const 1026) (i32.const 2))
      (call $log.line (i32.const 2) (i32.const 1024) (i32.const 2))
      (call $effects.note (i32.const 1024) (i32.const 2) (global.get $back))
      (call $assign (call $next (i32.const 1024) (i32.const 2))))"#;

/// Decisions of the neighbour that a hostile guest must not disturb.
const DECISIONS: usize = 100;

static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| Guest::new(RULE).component());

/// The answer on an engine that nobody else uses.
static QUIET: LazyLock<Answer> = LazyLock::new(|| {
    let catalogue = Catalogue::new().expect("an engine");
    Neighbour::on(&catalogue).answer(&catalogue)
});

/// The other tenant's rule, taken in by a catalogue.
#[derive(Clone, Debug)]
pub struct Neighbour(Digest);

impl Neighbour {
    /// Takes the rule in.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn on(catalogue: &Catalogue) -> Self {
        Self(catalogue.take_in(&COMPONENT).expect("a sound rule is taken in").digest)
    }

    /// Asks it once and compares the answer with that of a quiet run.
    ///
    /// # Panics
    /// If anything but the time that it took differs.
    pub fn decide(&self, catalogue: &Catalogue) {
        let (answer, quiet) = (self.answer(catalogue), &*QUIET);
        assert_eq!(answer.verdict, quiet.verdict);
        assert_eq!(answer.transcript, quiet.transcript);
        assert_eq!(answer.fuel, quiet.fuel);
        assert_eq!((&answer.notes, &answer.log, &answer.marks), (&quiet.notes, &quiet.log, &quiet.marks));
    }

    fn answer(&self, catalogue: &Catalogue) -> Answer {
        let usual = question(self.0.clone());
        let mut desk = (*usual.desk).clone();
        desk.workspace = Arc::new({
            let mut workspace = (*desk.workspace).clone();
            workspace.tenant = "neighbour".into();
            workspace
        });
        catalogue.ask(Question { desk: Arc::new(desk), ..usual })
    }
}

/// Does something hostile again and again on a thread of its own, while the neighbour on the
/// same engine decides a hundred times and at least for as long as one hostile act takes.
/// Gives what the first act came to.
///
/// # Panics
/// If one answer of the neighbour differs from the quiet one, or one act from the first.
pub fn beside<T: PartialEq + std::fmt::Debug + Send>(act: impl Fn(&Catalogue) -> T + Sync) -> T {
    let catalogue = &*CATALOGUE;
    let neighbour = Neighbour::on(catalogue);
    let (acts, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let hostile = scope.spawn(|| {
            let first = act(catalogue);
            acts.fetch_add(1, Ordering::Relaxed);
            while !done.load(Ordering::Relaxed) {
                assert_eq!(act(catalogue), first);
                acts.fetch_add(1, Ordering::Relaxed);
            }
            first
        });
        let mut decisions = 0;
        while !hostile.is_finished() && (decisions < DECISIONS || acts.load(Ordering::Relaxed) == 0) {
            neighbour.decide(catalogue);
            decisions += 1;
        }
        done.store(true, Ordering::Relaxed);
        hostile.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
