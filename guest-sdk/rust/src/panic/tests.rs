//! The line that a panic leaves, natively: the hook belongs to the whole process, so all that
//! panics here does it in one test.

use std::panic;
use std::sync::Mutex;

use super::line;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[test]
fn a_panic_leaves_one_bounded_line_with_its_place_and_message() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(|info| LINES.lock().unwrap().push(line(info))));
    let nobody: Vec<u32> = Vec::new();
    let _ = panic::catch_unwind(|| panic!("no pool in {}", "settings"));
    let _ = panic::catch_unwind(|| nobody.first().copied().expect("a rep"));
    let _ = panic::catch_unwind(|| panic!("{}", "ü".repeat(5_000)));
    let _ = panic::catch_unwind(|| panic::panic_any(7));
    panic::set_hook(before);

    let lines = LINES.lock().unwrap();
    assert!(lines.iter().all(|line| line.starts_with("panicked at ") && line.contains("tests.rs:")), "{lines:?}");
    assert!(lines[0].ends_with(": no pool in settings"));
    assert!(lines[1].ends_with(": a rep"));
    assert!(lines[2].ends_with('ü') && lines[2].len() < 1_200);
    assert!(lines[3].ends_with(": without a message"));
}
