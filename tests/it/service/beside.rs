//! What others that work on its database do to a server: nothing.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Service, workspace};

/// The locks of this process on a file, as the system has them: POSIX drops them all as soon as the process
/// closes the file anywhere.
fn locks(file: &Path) -> usize {
    let inode = format!(":{}", std::fs::metadata(file).expect("a file").ino());
    let mine = std::process::id().to_string();
    let all = std::fs::read_to_string("/proc/locks").expect("the system's locks");
    let of_file = |line: &&str| {
        let mut words = line.split_whitespace();
        words.clone().any(|word| word.ends_with(&inode)) && words.any(|word| word == mine)
    };
    all.lines().filter(of_file).count()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_opens_its_database_again_keeps_its_locks_on_it() {
    let service = Service::start(&[workspace("acme", "")]).await;
    let file = service.folder.path().join("rota.db");
    let before = locks(&file);
    assert!(before > 0, "whoever has a database open says so to others");
    drop(service.database().await);
    assert_eq!(locks(&file), before, "else whoever else closes it deletes its journal");
    service.stop().await;
}
