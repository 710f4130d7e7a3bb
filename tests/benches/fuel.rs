//! How much processor time a million of fuel takes, by what a guest does with it:
//! `cargo bench --bench fuel`. The worst of it decides what the backstop allows.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

use rota_domain::limits::{Limits, MEMORY_MAX};
use rota_domain::manifest::Language;
use rota_domain::rule::Question;
use rota_flow::ports::Rules;
use rota_rules::Catalogue;
use rota_tests::guest::{Guest, question};
use rota_tests::hostile::outcome;

/// Fuel of each measurement.
const FUEL: u64 = 20_000_000;

/// What a guest does without end, the functions and tables that it needs, and what it does
/// once before.
const WORK: [(&str, &str, &str, &str); 16] = [
    ("additions", "", "", "(local.set $x (i64.add (local.get $x) (i64.mul (local.get $x) (i64.const 3))))"),
    ("divisions", "", "", "(local.set $x (i64.add (i64.rem_u (i64.const -7) (i64.or (local.get $x) (i64.const 3))) (i64.const 5)))"),
    ("square roots", "", "", "(local.set $f (f64.sqrt (f64.add (local.get $f) (f64.const 2))))"),
    ("calls", "(func $leaf (param i64) (result i64) (local.get 0))", "", "(local.set $x (call $leaf (local.get $x)))"),
    ("calls through a table", "(type $leaf (func (param i64) (result i64))) (table $t 1 funcref) (elem (table $t) (i32.const 0) func $leaf)
      (func $leaf (type $leaf) (local.get 0))", "", "(local.set $x (call_indirect $t (type $leaf) (local.get $x) (i32.const 0)))"),
    ("loads that miss every cache", "", TOUCH, "(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.add (i64.const 1442695040888963407)
      (i64.load (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 37)))))))"),
    ("loads over 16 MiB", "", TOUCH, "(local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.add (i64.const 1442695040888963407)
      (i64.load (i32.wrap_i64 (i64.shr_u (local.get $x) (i64.const 40)))))))"),
    ("first touches of pages", "", GROW, "(i64.store (local.get $p) (i64.const 1)) (local.set $p (i32.and (i32.add (local.get $p) (i32.const 4096)) (i32.const 0x7ffffff)))"),
    ("memory.fill of 1 MiB", "", GROW, "(memory.fill (i32.const 1048576) (i32.const 1) (i32.const 1048576))"),
    ("memory.copy of 1 MiB", "", GROW, "(memory.copy (i32.const 1048576) (i32.const 4194304) (i32.const 1048576))"),
    ("memory.grow by nothing", "", "", "(drop (memory.grow (i32.const 0)))"),
    ("table.grow by nothing", "(table $t 1 funcref)", "", "(drop (table.grow $t (ref.null func) (i32.const 0)))"),
    ("table.fill of 90,000", "(table $t 90000 funcref)", "", "(table.fill $t (i32.const 0) (ref.null func) (i32.const 90000))"),
    ("table.copy of 45,000", "(table $t 90000 funcref)", "", "(table.copy $t $t (i32.const 0) (i32.const 45000) (i32.const 45000))"),
    ("host calls", "", "", "(call $lead.text (i32.const 4096) (i32.const 7) (global.get $back))"),
    ("log lines of 250,000 bytes", "", "", "(call $log.line (i32.const 1) (i32.const 65536) (i32.const 250000))"),
];

/// Makes all of the memory there.
const GROW: &str = "(drop (memory.grow (i32.const 2032)))";
/// Writes to every page of it.
const TOUCH: &str = "(drop (memory.grow (i32.const 2032))) (loop $page (i64.store (local.get $p) (i64.const 0))
  (br_if $page (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4096))) (i32.const 0x8000000))))";

fn main() {
    let catalogue = Catalogue::new().expect("an engine");
    println!("{:<30} {:>12} {:>14} {:>10}", "work", "ms a million", "million a s", "ended by");
    for (name, before, once, work) in WORK {
        let guest = Guest::new(&format!(
            "(data (i32.const 4096) \"country\") {before}
            (func $decide (result i32) (local $x i64) (local $f f64) (local $p i32)
              {once} (loop $again {work} (br $again)) (unreachable))"
        ));
        let plugin = catalogue.take_in(&guest.component()).expect("it is taken in");
        let usual = question(plugin.digest);
        let limits = Limits { fuel: FUEL, cpu_ms: 60_000, memory: MEMORY_MAX, ..Limits::of(Language::Python) };
        let answer = catalogue.ask(Question { limits, ..usual });
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let (ms, millions) = (answer.nanos as f64 / 1e6, answer.fuel as f64 / 1e6);
        println!("{name:<30} {:>12.3} {:>14.1} {:>10}", ms / millions, millions / ms * 1e3, outcome(&answer));
    }
}
