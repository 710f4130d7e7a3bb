//! What a decision costs: ours against bare wasmtime that makes the same host calls in a fresh
//! instance, and against the same rule as a native function. All subjects take turns within
//! one run, and what counts is the ratio within a round: the machine may be busy.
//!
//! `cargo bench -p rota-rules --bench decision`; with a word of a subject's name behind `--`,
//! such as `rota`, only that subject runs, for a profiler.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod bare;
mod native;
mod rounds;
mod scene;

use rota_flow::ports::Rules as _;
use rota_rules::Catalogue;

use bare::{Bare, Meter};
use rounds::{Subject, compare};
use scene::{PLUGINS, Scene};

fn main() {
    let catalogue = Catalogue::new().expect("an engine");
    let (metered, free) = (Bare::new(Meter::On), Bare::new(Meter::Off));
    for members in [5, 20, 200] {
        for (name, component) in PLUGINS {
            let plugin = catalogue.take_in(component).expect("a bundled plugin");
            let scene = Scene::new(name, &plugin, members);
            let (metered, free) = (metered.load(component), free.load(component));
            let answer = catalogue.ask(scene.question());
            println!("\n{name}, pool of {members}: {}", scene::summary(&answer));
            let mut subjects = vec![
                Subject::new("bare wasmtime", || metered.decide(&scene)),
                Subject::new("bare, no fuel, no epochs", || free.decide(&scene)),
                Subject::new("rota, with transcript", || drop(catalogue.ask(scene.question()))),
            ];
            if let Some(decide) = native::rule(name) {
                let scene = &scene;
                subjects.push(Subject::new("native function", move || decide(scene)));
            }
            compare(subjects);
        }
    }
}
