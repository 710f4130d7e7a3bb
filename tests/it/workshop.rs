//! The process that compiles what strangers send in: whatever happens to it, the sender gets
//! a clear word and the next one gets their turn.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rota::bundled::BUNDLED;
use rota_domain::id::{Digest, TenantId};
use rota_domain::rule::ErrorCode;
use rota_flow::ports::Plugin;
use rota_rules::{Bounds, Catalogue, Incoming, Refusal, Workshop};
use tempfile::TempDir;

use rota_tests::guest::Guest;

/// The program under test, as a workshop's child.
pub(crate) const ROTA: &str = env!("CARGO_BIN_EXE_rota-under-test");

/// Bounds that no test has to wait for.
const ENOUGH: Bounds = Bounds { wall: Duration::from_secs(60), cpu: 30, memory: 2 << 30 };

fn component() -> &'static [u8] {
    BUNDLED[0].1
}

fn catalogue(folder: &Path, workshop: Workshop) -> Catalogue {
    Catalogue::kept(&folder.join("shelf"), [7; 32].into(), Arc::new(workshop)).expect("a catalogue")
}

/// A workshop whose children run a shell script; `$0` is a folder of their own.
fn script(folder: &Path, script: &str, bounds: Bounds) -> Workshop {
    let arguments = ["-c".into(), script.into(), folder.as_os_str().to_owned()];
    Workshop::new("/bin/sh", arguments).within(bounds)
}

/// The refusal of the first upload, after which the second one of the same tenant is compiled.
fn first_fails(bad: &str, bounds: Bounds) -> Refusal {
    let folder = TempDir::new().expect("a folder");
    let script_text = format!("if /bin/mkdir \"$0/once\" 2>&-; then {bad}\nelse exec {ROTA} workshop\nfi");
    let catalogue = catalogue(folder.path(), script(folder.path(), &script_text, bounds));
    // A small one, so that a busy machine has it compiled long before any bound.
    let small = Guest::new("(func $decide (result i32) (call $pass))").component();
    let refusal = catalogue.take_in_from(&"acme".into(), &small).expect_err("the first one is refused");
    catalogue.take_in_from(&"acme".into(), &small).expect("the next one is taken in");
    assert_eq!(refusal.code, ErrorCode::Compile);
    for inside in [ROTA, "/bin/sh", ".rs", "backtrace", "/proc"] {
        assert!(!refusal.detail.contains(inside), "{refusal}");
    }
    refusal
}

#[track_caller]
fn assert_says(refusal: &Refusal, words: &str) {
    assert!(refusal.detail.contains(words), "`{words}` is not in: {refusal}");
    assert!(refusal.detail.contains("the component sha256:"), "{refusal}");
}

#[test]
fn a_component_is_compiled_in_a_child_and_decides() {
    let folder = TempDir::new().expect("a folder");
    let workshop = Arc::new(Workshop::new(ROTA, ["workshop"]));
    let catalogue =
        Catalogue::kept(&folder.path().join("shelf"), [7; 32].into(), workshop.clone()).expect("a catalogue");
    let guest = Guest::new("(func $decide (result i32) (call $pass))").component();
    let plugin = catalogue.take_in_from(&"acme".into(), &guest).expect("it is taken in");
    assert_eq!((plugin.manifest.name.as_str(), workshop.started()), ("guest", 1));
    crate::shelf::assert_decides(&catalogue, &plugin);
}

#[test]
fn a_refusal_of_the_child_is_the_same_as_one_made_here() {
    let folder = TempDir::new().expect("a folder");
    let catalogue = catalogue(folder.path(), Workshop::new(ROTA, ["workshop"]));
    let here = Catalogue::new().expect("an engine");
    let foreign = wat::parse_str(r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#).expect("wat");
    let bare = Guest::new("(func $decide (result i32) (call $pass))").bare();
    for component in [b"nothing".to_vec(), foreign, bare] {
        let there = catalogue.take_in_from(&"acme".into(), &component).expect_err("it is refused");
        assert_eq!(there, here.take_in(&component).expect_err("it is refused"));
    }
}

#[test]
fn a_child_that_is_killed_is_a_clear_error() {
    assert_says(&first_fails("kill -9 $$", ENOUGH), "ended by signal 9 (SIGKILL");
}

#[test]
fn a_child_that_panics_is_a_defect_of_rota_and_says_nothing_of_its_inside() {
    assert_says(&first_fails(&format!("exec {ROTA} panic"), ENOUGH), "the compiler panicked, a defect of Rota");
}

#[test]
fn a_child_that_floods_its_output_is_ended() {
    assert_says(&first_fails("exec /usr/bin/yes", ENOUGH), "wrote more than an answer may have");
}

#[test]
fn a_child_that_floods_the_log_is_ended() {
    assert_says(&first_fails("exec /usr/bin/yes >&2", ENOUGH), "wrote more than an answer may have");
}

#[test]
fn a_child_that_sleeps_for_ever_is_ended() {
    let bounds = Bounds { wall: Duration::from_secs(5), ..ENOUGH };
    assert_says(&first_fails("exec /bin/sleep 1000", bounds), "it took longer than 5 s");
}

#[test]
fn a_child_that_closed_its_output_and_sleeps_is_ended() {
    let bounds = Bounds { wall: Duration::from_secs(5), ..ENOUGH };
    assert_says(&first_fails("exec /bin/sleep 1000 <&- >&- 2>&-", bounds), "it took longer");
}

#[test]
fn what_a_child_started_ends_with_it() {
    assert_says(&first_fails("/bin/sleep 1000 & kill -9 $$", ENOUGH), "ended by signal 9");
}

#[test]
fn a_child_that_computes_for_ever_is_ended() {
    let bounds = Bounds { cpu: 1, ..ENOUGH };
    assert_says(&first_fails("while :; do :; done", bounds), "more processor time than its language class grants");
}

#[test]
fn a_component_that_takes_too_much_memory_to_compile_is_a_clear_error() {
    let folder = TempDir::new().expect("a folder");
    let bounds = Bounds { memory: 160 << 20, ..ENOUGH };
    let catalogue = catalogue(folder.path(), Workshop::new(ROTA, ["workshop"]).within(bounds));
    // One function as large as is let in, since functions are compiled one by one.
    let sums: String = (0..56_000).map(|n| format!("(local.set 0 (i32.add (local.get 0) (i32.const {n})))")).collect();
    let huge = format!(
        "(func (export \"x\") (param i32) (result i32) {sums} (local.get 0)) (func $decide (result i32) (call $pass))"
    );
    let refusal = catalogue.take_in_from(&"acme".into(), &Guest::new(&huge).component()).expect_err("it is refused");
    assert_says(&refusal, "more memory than its language class grants");
    let small = Guest::new("(func $decide (result i32) (call $pass))").component();
    catalogue.take_in_from(&"acme".into(), &small).expect("the next one is taken in");
}

#[test]
fn a_child_that_writes_a_file_is_ended() {
    assert_says(&first_fails("echo much > \"$0/file\"; exit 0", ENOUGH), "the compiler");
}

#[test]
fn a_child_that_answers_nothing_or_nonsense_is_not_believed() {
    for answer in ["exit 0", "echo; exit 0", "echo '{}'", r#"echo '{"refused":{}}'"#, "/bin/cat"] {
        assert_says(&first_fails(answer, ENOUGH), "the compiler's answer makes no sense");
    }
}

#[test]
fn code_for_another_engine_is_not_believed() {
    let made = r#"{"made":{"mark":"0123456789abcdef","intake":{"settings_schema":null,"imports":[],"manifest":{"name":"guest","version":"1","contract":"0.1"}}}}"#;
    assert_says(&first_fails(&format!("echo '{made}'; echo code"), ENOUGH), "the compiler's answer makes no sense");
}

#[test]
fn a_program_that_is_not_there_is_a_clear_error() {
    let folder = TempDir::new().expect("a folder");
    let catalogue = catalogue(folder.path(), Workshop::new("/nowhere/rota", ["workshop"]));
    let refusal = catalogue.take_in_from(&"acme".into(), component()).expect_err("it is refused");
    assert_says(&refusal, "could not be started: send it again later");
    assert!(!refusal.detail.contains("nowhere"), "{refusal}");
}

/// What a probe finds of the host, as its exit status: 5 for nothing.
const PROBE: &str = r#"
[ "$(/usr/bin/wc -c < /proc/$$/environ)" = 0 ] || exit 20
/bin/ls -l /proc/$$/fd | /bin/grep -q inherited && exit 21
[ "$(ulimit -n) $(ulimit -c) $(ulimit -f) $(ulimit -t) $(ulimit -v)" = "16 0 0 30 2097152" ] || exit 22
[ "$(pwd)" = / ] || exit 23
exit 5"#;

#[test]
fn a_child_has_no_environment_no_descriptors_and_its_limits() {
    let folder = TempDir::new().expect("a folder");
    let file = std::fs::File::create(folder.path().join("inherited")).expect("a file");
    // As the descriptors are that a make hands to what it runs.
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).expect("a descriptor");
    let catalogue = catalogue(folder.path(), script(folder.path(), PROBE, ENOUGH));
    let refusal = catalogue.take_in_from(&"acme".into(), component()).expect_err("it is refused");
    assert_says(&refusal, "the compiler ended with status 5:");
    let unconfined = |clear: bool| {
        let mut command = std::process::Command::new("/bin/sh");
        if clear {
            command.env_clear();
        }
        command.args(["-c", PROBE]).status().expect("a shell").code()
    };
    assert_eq!((unconfined(false), unconfined(true)), (Some(20), Some(21)), "the probe finds what is there");
    drop(file);
}

/// What becomes of uploads of these tenants, sent in at once.
fn together(tenants: &[&str], text: &str, bounds: Bounds) -> Vec<String> {
    let folder = TempDir::new().expect("a folder");
    let catalogue = &catalogue(folder.path(), script(folder.path(), text, bounds));
    std::thread::scope(|scope| {
        let uploads: Vec<_> = tenants
            .iter()
            .map(|tenant| {
                let tenant = TenantId::from(*tenant);
                scope.spawn(move || catalogue.take_in_from(&tenant, component()).expect_err("it is refused").detail)
            })
            .collect();
        uploads.into_iter().map(|upload| upload.join().expect("it ends")).collect()
    })
}

/// Ends with status 3 when so many children have begun.
fn meet(count: usize) -> String {
    format!(
        "/bin/mkdir \"$0/$$\"; while [ $(/bin/ls \"$0\" | /bin/grep -vc shelf) -lt {count} ]; do /bin/sleep 0.02; done; exit 3"
    )
}

/// What becomes of a component that lies in a file, with a child that runs this script.
fn from_file(script_text: &str) -> Result<Plugin, Refusal> {
    let folder = TempDir::new().expect("a folder");
    let catalogue = catalogue(folder.path(), script(folder.path(), script_text, ENOUGH));
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(component()).expect("written");
    let digest = Digest::of(component());
    let incoming = Incoming::File { file: &file, digest: &digest, bytes: component().len() as u64 };
    catalogue.take_in_from_if(&"acme".into(), incoming, |_| Ok(()))
}

#[test]
fn a_child_reads_a_component_that_lies_in_a_file_from_that_file_and_cannot_write_there() {
    let probe = r#"
[ -f /proc/$$/fd/0 ] || exit 30
[ "$(/usr/bin/wc -c < /proc/$$/fd/0)" -gt 1000 ] || exit 31
{ echo x >&0; } 2>&- && exit 32
exit 5"#;
    assert_says(&from_file(probe).expect_err("it is refused"), "the compiler ended with status 5:");
    let plugin = from_file(&format!("exec {ROTA} workshop")).expect("it is taken in");
    assert_eq!(plugin.digest, Digest::of(component()));
}

#[test]
fn a_component_that_its_child_changed_is_refused() {
    // A child that is not what it should be is the same user, and may open the file anew.
    let change = format!("exec 3<>/proc/$$/fd/0; {ROTA} workshop; : >/proc/$$/fd/0; exit 0");
    let refusal = from_file(&change).expect_err("it is refused");
    assert_eq!(refusal.detail, "the component was changed where it was put aside: send it again");
}

#[test]
fn two_tenants_compile_at_once() {
    let ends = together(&["acme", "other"], &meet(2), ENOUGH);
    assert!(ends.iter().all(|end| end.contains("status 3")), "{ends:?}");
}

#[test]
fn one_tenant_compiles_one_at_a_time() {
    let alone = "/bin/mkdir \"$0/busy\" || exit 4; /bin/sleep 0.3; /bin/rmdir \"$0/busy\"; exit 3";
    let ends = together(&["acme", "acme", "acme"], alone, ENOUGH);
    assert!(ends.iter().all(|end| end.contains("status 3")), "{ends:?}");
}

#[test]
fn no_more_than_two_compile_at_once_whoever_they_are_for() {
    let bounds = Bounds { wall: Duration::from_secs(1), ..ENOUGH };
    let ends = together(&["a", "b", "c"], &meet(3), bounds);
    // The first two wait for the third, which comes only when one of them is out of time.
    assert!(ends.iter().any(|end| end.contains("it took longer")), "{ends:?}");
}
