//! Compiled plugins on disk: used again by the next start, and never believed when changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rota::bundled::BUNDLED;
use rota::keeping::Keeping;
use rota_domain::rule::Verdict;
use rota_flow::ports::{Plugin, Rules as _};
use rota_rules::{Catalogue, Workshop};
use tempfile::TempDir;

use crate::workshop::ROTA;
use rota_tests::guest::{Guest, question, with_section};

/// A host's shelf, and the children that its starts have needed.
struct Host {
    folder: TempDir,
    workshop: Arc<Workshop>,
    key: [u8; 32],
}

impl Host {
    fn new() -> Self {
        let workshop = Arc::new(Workshop::new(ROTA, ["workshop"]));
        Self { folder: TempDir::new().expect("a folder"), workshop, key: [7; 32] }
    }

    fn shelf(&self) -> PathBuf {
        self.folder.path().join("shelf")
    }

    /// A start: another catalogue, as in another process.
    fn start(&self) -> Catalogue {
        Catalogue::kept(&self.shelf(), self.key.into(), self.workshop.clone()).expect("a catalogue")
    }

    /// The one file with this end.
    fn file(&self, end: &str) -> PathBuf {
        let entries = fs::read_dir(self.shelf()).expect("the shelf").map(|entry| entry.expect("an entry").path());
        let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == end)).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

fn guest() -> Vec<u8> {
    Guest::new("(func $decide (result i32) (call $pass))").component()
}

/// The plugin is asked, and passes as it is to.
#[track_caller]
pub(crate) fn assert_decides(catalogue: &Catalogue, plugin: &Plugin) {
    let answer = catalogue.ask(question(plugin.digest.clone()));
    assert!(matches!(answer.verdict, Verdict::Passed(_)), "{:?}", answer.verdict);
}

/// Changes one byte of a file, as somebody else would.
fn change(path: &Path, place: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[place] ^= 1;
    fs::write(path, bytes).expect("written");
}

#[test]
fn the_second_start_compiles_nothing_and_needs_no_component() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let next = host.start();
    assert_eq!(next.plugin(&plugin.digest).expect("it is known").manifest, plugin.manifest);
    assert_decides(&next, &plugin);
    next.take_in_from(&"other".into(), &guest()).expect("it is taken in again");
    assert_eq!(host.workshop.started(), 1);
}

#[test]
fn a_changed_byte_anywhere_in_the_code_is_seen_and_the_plugin_decides_all_the_same() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let code = host.file("code");
    let length = fs::metadata(&code).expect("the code").len();
    let sound = fs::read(&code).expect("the code");
    for (n, place) in [0, length / 3, length / 2, length - 1].into_iter().enumerate() {
        change(&code, usize::try_from(place).expect("a place"));
        assert_decides(&host.start(), &plugin);
        assert_eq!(host.workshop.started(), n as u64 + 2, "it was compiled again after a change at {place}");
        assert_eq!(fs::read(&code).expect("the code"), sound, "and kept");
    }
}

#[test]
fn a_changed_byte_anywhere_in_the_record_is_seen() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let record = host.file("intake");
    let length = fs::read(&record).expect("the record").len();
    // Its seal is in the first 32 bytes; what it seals comes after.
    for (n, place) in [0, 31, 32, length / 2, length - 1].into_iter().enumerate() {
        change(&record, place);
        let next = host.start();
        assert_eq!(next.plugin(&plugin.digest).expect("it is known").manifest, plugin.manifest);
        assert_decides(&next, &plugin);
        assert_eq!(host.workshop.started(), n as u64 + 2, "it was compiled again after a change at {place}");
    }
}

#[test]
fn code_that_was_cut_short_or_is_gone_is_made_again() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let code = host.file("code");
    fs::File::options().write(true).open(&code).expect("the code").set_len(4096).expect("cut");
    assert_decides(&host.start(), &plugin);
    fs::remove_file(&code).expect("removed");
    assert_decides(&host.start(), &plugin);
    assert_eq!(host.workshop.started(), 3);
}

#[test]
fn those_who_ask_at_once_wait_for_one_child() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    change(&host.file("code"), 4096);
    let next = host.start();
    assert!(next.plugin(&plugin.digest).is_some());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_decides(&next, &plugin));
        }
    });
    assert_eq!(host.workshop.started(), 2);
}

#[test]
fn code_of_another_key_is_not_used() {
    let mut host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    host.key = [8; 32];
    assert_decides(&host.start(), &plugin);
    assert_eq!(host.workshop.started(), 2);
}

#[test]
fn a_record_of_one_plugin_is_none_of_another() {
    let host = Host::new();
    let one = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let (record, code) = (host.file("intake"), host.file("code"));
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let other = host.start().take_in_from(&"acme".into(), &with_section(guest(), 0, b"\x01x")).expect("taken in");
    let hex = |plugin: &Plugin| plugin.digest.as_str().trim_start_matches("sha256:").to_owned();
    for path in [&record, &code] {
        let target = host.shelf().join(name(path).replace(&hex(&one), &hex(&other)));
        assert!(target.exists(), "the other's own file");
        fs::copy(path, target).expect("copied");
    }
    assert_decides(&host.start(), &other);
    assert_eq!(host.workshop.started(), 3);
}

#[test]
fn a_component_on_the_shelf_that_was_changed_is_not_compiled() {
    let host = Host::new();
    let plugin = host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let next = host.start();
    assert!(next.plugin(&plugin.digest).is_some());
    change(&host.file("wasm"), 100);
    change(&host.file("code"), 100);
    let Verdict::Failed(failure) = next.ask(question(plugin.digest.clone())).verdict else {
        panic!("a failure");
    };
    assert_eq!((failure.code.as_str(), host.workshop.started()), ("compile", 1));
    assert!(failure.detail.contains("`guest`") && failure.detail.contains("install it again"), "{failure:?}");
    next.take_in_from(&"acme".into(), &guest()).expect("it is installed again");
    assert_decides(&next, &plugin);
}

#[test]
fn code_of_another_build_is_swept_away_and_nobody_elses_file_is() {
    let host = Host::new();
    host.start().take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    let (record, code) = (host.file("intake"), host.file("code"));
    for path in [&record, &code] {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mark = name.split('.').nth(1).expect("a mark").to_owned();
        fs::rename(path, host.shelf().join(name.replace(&mark, "0123456789abcdef"))).expect("renamed");
    }
    let half = format!("{}.1-1.new", "ab".repeat(32));
    for name in [half.as_str(), "notes.new", "machine.code"] {
        fs::write(host.shelf().join(name), "half").expect("written");
    }
    drop(host.start());
    let left = fs::read_dir(host.shelf()).expect("the shelf").count();
    assert_eq!(left, 3, "the component and what a shelf does not write are left");
}

#[test]
fn a_shelf_that_cannot_be_written_costs_no_decision() {
    let host = Host::new();
    let catalogue = host.start();
    // Nobody can write into what is no folder any more, not even root.
    fs::remove_dir(host.shelf()).expect("removed");
    fs::write(host.shelf(), "").expect("written");
    let plugin = catalogue.take_in_from(&"acme".into(), &guest()).expect("it is taken in");
    assert_decides(&catalogue, &plugin);
}

#[test]
fn more_plugins_than_are_mapped_at_once_all_decide() {
    let host = Host::new();
    let catalogue = host.start();
    let take_in = |n: u16| catalogue.take_in(&with_section(guest(), 0, &[&b"\x01n"[..], &n.to_le_bytes()].concat()));
    let plugins: Vec<_> = (0..300).map(|n| take_in(n).expect("it is taken in")).collect();
    plugins.iter().chain(&plugins).for_each(|plugin| assert_decides(&catalogue, plugin));
    let mapped = fs::read_to_string("/proc/self/maps").expect("maps");
    let shelf = host.shelf().display().to_string();
    let files: std::collections::BTreeSet<_> = mapped
        .lines()
        .filter_map(|line| line.split_whitespace().last().filter(|path| path.starts_with(&shelf)))
        .collect();
    assert!((1..=256).contains(&files.len()), "{} are mapped", files.len());
}

#[test]
fn a_server_keeps_plugins_beside_its_database_for_nobody_elses_eyes() {
    let folder = TempDir::new().expect("a folder");
    let database = folder.path().join("rota.db");
    let mut keeping = Keeping::beside(&database).expect("a program");
    keeping.program = (ROTA.into(), vec!["workshop".into()]);
    let plugin = keeping.open().expect("a catalogue").take_in(BUNDLED[0].1).expect("it is taken in");
    let mode = |name: &str| fs::metadata(folder.path().join(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode("rota.db.compiled"), mode("rota.db.key")), (0o700, 0o600));
    let key = fs::read(folder.path().join("rota.db.key")).expect("the key");
    assert!(key.len() == 32 && key != [0; 32]);
    let again = keeping.open().expect("a catalogue");
    assert_eq!(again.plugin(&plugin.digest).expect("it is known").manifest.name, BUNDLED[0].0);
    assert_eq!(fs::read(folder.path().join("rota.db.key")).expect("the key"), key);
    fs::set_permissions(folder.path().join("rota.db.key"), fs::Permissions::from_mode(0o644)).expect("open to all");
    let error = format!("{:#}", keeping.open().expect_err("others may read the key"));
    assert!(error.contains("open to others") && error.contains("chmod 600"), "{error}");
    fs::set_permissions(folder.path().join("rota.db.key"), fs::Permissions::from_mode(0o600)).expect("closed again");
    fs::write(folder.path().join("rota.db.key"), "short").expect("written");
    let error = format!("{:#}", keeping.open().expect_err("the key is none"));
    assert!(error.contains("has 5 bytes instead of 32: remove it"), "{error}");
    keeping.key = keeping.folder.join("key");
    let error = format!("{:#}", keeping.open().expect_err("the key lies in the wrong place"));
    assert!(error.contains("`compiled_key`"), "{error}");
}
