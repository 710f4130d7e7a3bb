//! Subjects that take turns, and the ratios between them.

use std::time::{Duration, Instant};

/// Rounds in which every subject has its turn, and decisions in a turn.
const ROUNDS: usize = 15;
const TURN: u32 = 1_000;

/// Something that is measured.
pub(crate) struct Subject<'a> {
    name: &'static str,
    once: Box<dyn FnMut() + 'a>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(name: &'static str, once: impl FnMut() + 'a) -> Self {
        Self { name, once: Box::new(once) }
    }

    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    fn turn(&mut self) -> Duration {
        let began = Instant::now();
        for _ in 0..TURN {
            (self.once)();
        }
        began.elapsed() / TURN
    }
}

/// Measures all subjects; the first is what the others are compared with. Prints the median
/// time of each, and the median of its ratios to the first within a round.
pub(crate) fn compare(mut subjects: Vec<Subject<'_>>) {
    // Cargo adds a flag of its own.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    subjects.retain(|subject| wanted.as_ref().is_none_or(|wanted| subject.name.contains(wanted.as_str())));
    for subject in &mut subjects {
        subject.turn();
    }
    let rounds: Vec<Vec<f64>> =
        (0..ROUNDS).map(|_| subjects.iter_mut().map(|subject| subject.turn().as_secs_f64() * 1e6).collect()).collect();
    for (n, subject) in subjects.iter().enumerate() {
        let time = median(rounds.iter().map(|round| round[n]));
        let ratio = median(rounds.iter().map(|round| round[n] / round[0]));
        println!("  {:<26} {time:>9.2} µs   × {ratio:.2}", subject.name);
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
