//! A guest that makes the calls which its settings spell out: any import with any
//! arguments, any bytes in its own memory, any answer. One component is thereby a million
//! hostile guests, at a few microseconds each.

use std::fmt::Write as _;

use crate::guest::Guest;
use crate::imports::{IMPORTS, Parameter};

/// One step of a program: what to do, and with which numbers.
#[derive(Clone, Debug)]
pub struct Step {
    /// An import by its place, or one of the two that follow.
    pub what: usize,
    /// Arguments, as many as any import has. Floating-point numbers by their bits.
    pub arguments: [u64; ARGUMENTS],
}

/// Arguments of a step.
pub const ARGUMENTS: usize = 8;

/// The step that writes its second argument at the place of its first.
#[must_use]
pub fn write() -> usize {
    IMPORTS.len()
}

/// The step that ends the program with an answer at the place of its first argument.
#[must_use]
pub fn end() -> usize {
    IMPORTS.len() + 1
}

/// A program, as settings.
#[must_use]
pub fn settings(program: &[Step]) -> String {
    let mut text = String::new();
    for step in program {
        let _ = write!(text, "{:02x}", step.what);
        for argument in step.arguments {
            let _ = write!(text, "{argument:016x}");
        }
    }
    text
}

/// The guest that runs programs; without steps it passes.
#[must_use]
pub fn runner() -> Guest {
    let mut arms = String::new();
    let mut labels = String::new();
    for (place, import) in IMPORTS.iter().enumerate().rev() {
        let mut arguments = String::new();
        for (n, parameter) in import.parameters.iter().enumerate() {
            let word = format!("(call $word (i32.add (local.get $at) (i32.const {})))", 2 + 16 * n);
            let turn = if *parameter == Parameter::Float { "f64.reinterpret_i64" } else { "i32.wrap_i64" };
            let _ = write!(arguments, "({turn} {word})");
        }
        let call = format!("(call {} {arguments})", import.call);
        let call = if import.returns { format!("(drop {call})") } else { call };
        arms.insert_str(0, &format!(")\n{call} (br $next)"));
        let _ = write!(labels, " (block $b{place}");
    }
    let table: String = (0..IMPORTS.len() + 2).fold(String::new(), |mut text, n| {
        let _ = write!(text, " $b{n}");
        text
    });
    let first = "(i32.wrap_i64 (call $word (i32.add (local.get $at) (i32.const 2))))";
    let second = "(call $word (i32.add (local.get $at) (i32.const 18)))";
    let (write, end, size) = (write(), end(), 2 + 16 * ARGUMENTS);
    Guest::new(&format!(
        "(func $digit (param $at i32) (result i32)
          (local $c i32)
          (local.set $c (i32.load8_u (local.get $at)))
          (select (i32.sub (local.get $c) (i32.const 87)) (i32.sub (local.get $c) (i32.const 48))
            (i32.gt_u (local.get $c) (i32.const 57))))
        (func $word (param $at i32) (result i64)
          (local $end i32) (local $word i64)
          (local.set $end (i32.add (local.get $at) (i32.const 16)))
          (loop $more
            (local.set $word (i64.or (i64.shl (local.get $word) (i64.const 4))
              (i64.extend_i32_u (call $digit (local.get $at)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
          (local.get $word))
        (func $decide (result i32)
          (local $at i32) (local $end i32)
          (local.set $at (global.get $settings))
          (local.set $end (i32.add (global.get $settings) (global.get $settings-len)))
          (loop $again
            (block $next
              (br_if $next (i32.gt_u (i32.add (local.get $at) (i32.const {size})) (local.get $end)))
              (block $b{end} (block $b{write} {labels}
              (br_table {table}
                (i32.add (i32.shl (call $digit (local.get $at)) (i32.const 4))
                  (call $digit (i32.add (local.get $at) (i32.const 1)))))
              {arms})
              (i64.store {first} {second}) (br $next))
              (return {first}))
            (local.set $at (i32.add (local.get $at) (i32.const {size})))
            (br_if $again (i32.lt_u (local.get $at) (local.get $end))))
          (call $pass))"
    ))
}
