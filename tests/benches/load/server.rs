//! The server that is called: with so many tenants, with the plugin or with a native rule.

use std::sync::Arc;

use rota_tests::server::{Server, workspace};

use crate::native::Native;

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A server at work.
pub(crate) async fn start(tenants: usize, native: bool) -> Server {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let workspaces: Vec<String> = (0..tenants).map(|n| workspace(n, NOWHERE)).collect();
    Server::start(folder, &workspaces, &[], |plan| plan.rules = native.then(|| Arc::new(Native) as _)).await
}
