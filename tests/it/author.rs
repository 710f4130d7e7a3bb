//! The tools of a rule's author, as a person meets them: on the command line, in a folder
//! anywhere on disk.

mod begin;
mod cases;
mod check;
mod trial;

use std::fs;
use std::path::Path;

use rota_tests::root;

/// A copy of the bundled `next-in-line`, with its component, in a folder that is no part of the
/// repository.
fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&root().join("plugins/next-in-line"), folder.path());
    // Written last, so that nothing is newer and nobody builds anything.
    let component = fs::read(root().join("plugins/prebuilt/next-in-line.wasm")).expect("the component");
    fs::write(folder.path().join("next-in-line.wasm"), component).expect("written");
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_none_or(|kind| kind != "wasm") {
            fs::write(&target, fs::read(&path).expect("a file")).expect("written");
        }
    }
}

/// Replaces a piece of a file, which has to be there.
fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(&path, text.replace(from, to)).expect("written");
}
