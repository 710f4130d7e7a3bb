//! Wild pointers and lengths in every argument of every import: one program for each
//! argument and each way to be wrong, made from the WIT.

use crate::calls::{ARGUMENTS, Step};
use crate::imports::{IMPORTS, Import, Parameter};

/// The memory of the guest that runs the programs.
const MEMORY: u64 = 1 << 20;

/// All programs, each under a name that says what is wild in it.
#[must_use]
pub fn programs() -> Vec<(String, Vec<Step>)> {
    let mut programs = Vec::new();
    for (what, import) in IMPORTS.iter().enumerate() {
        for place in 0..import.parameters.len() {
            for (how, change) in wild(import, place) {
                let mut arguments = usual(import);
                for (place, value) in change {
                    arguments[place] = value;
                }
                let mut program = introduction();
                program.push(Step { what, arguments });
                programs.push((format!("{}, argument {place}, {how}", import.name), program));
            }
        }
    }
    programs
}

/// Opens the pool `na` and looks at its members, so that some numbers mean something.
///
/// # Panics
/// If the contract has no such functions.
#[must_use]
pub fn introduction() -> Vec<Step> {
    let step = |name: &str, given: &[u64]| {
        let what = IMPORTS.iter().position(|import| import.name == name).expect("an import");
        let mut arguments = [0; ARGUMENTS];
        arguments[..given.len()].copy_from_slice(given);
        Step { what, arguments }
    };
    vec![step("rep-pool.open", &[1024, 2, 2048]), step("rep-pool.members", &[0, 2048])]
}

/// Arguments that nothing is wrong with.
fn usual(import: &Import) -> [u64; ARGUMENTS] {
    let mut arguments = [0; ARGUMENTS];
    for (n, parameter) in import.parameters.iter().enumerate() {
        arguments[n] = match parameter {
            Parameter::Pointer(_) => 1024,
            Parameter::Length if import.parameters[n - 1] == Parameter::Pointer(1) => 2,
            Parameter::Length | Parameter::Number | Parameter::Float => 0,
            Parameter::Case(_) => 1,
            Parameter::Answer(..) => 2048,
        };
    }
    arguments
}

/// The ways in which one argument can be wrong: which arguments change, and to what.
fn wild(import: &Import, place: usize) -> Vec<(&'static str, Vec<(usize, u64)>)> {
    match import.parameters[place] {
        Parameter::Pointer(size) => {
            let length = (place + 1, 2);
            let mut ways = vec![
                ("outside", vec![(place, 0xffff_ffc0), length]),
                ("across the end", vec![(place, MEMORY - size as u64), length]),
                ("at the sign", vec![(place, 0x8000_0000), length]),
                ("around", vec![(place, 0xffff_fffc), (place + 1, 0xffff_ffff)]),
                ("outside and empty", vec![(place, 0xffff_fffc), (place + 1, 0)]),
            ];
            if size > 1 {
                ways.push(("unaligned", vec![(place, 1025), length]));
            }
            ways
        }
        Parameter::Length => vec![
            ("all ones", vec![(place, 0xffff_ffff)]),
            ("at the sign", vec![(place, 0x7fff_ffff)]),
            ("one beyond", vec![(place, MEMORY - 1023)]),
            ("overflowing to four bytes", vec![(place, 0x4000_0001)]),
        ],
        Parameter::Case(cases) => {
            vec![("no case", vec![(place, cases as u64)]), ("all ones", vec![(place, 0xffff_ffff)])]
        }
        Parameter::Answer(size, align) => {
            let (size, align) = (size as u64, align as u64);
            let mut ways = vec![
                ("outside", vec![(place, 0xffff_fff8)]),
                ("across the end", vec![(place, MEMORY - size + align)]),
                ("at the sign", vec![(place, 0x8000_0000)]),
            ];
            if align > 1 {
                ways.push(("unaligned", vec![(place, 2049)]));
            }
            ways
        }
        Parameter::Number | Parameter::Float => Vec::new(),
    }
}
