//! The server that is called: with so many tenants, with the plugin or with a native rule.

use std::fmt::Write as _;
use std::sync::Arc;

use rota_tests::server::Server;

use crate::native::Native;

/// The CRM account of the first tenant; the others' follow.
pub(crate) const PORTAL: usize = 4_000;
/// Reps in the pool.
const REPS: usize = 20;

/// A server at work.
pub(crate) async fn start(tenants: usize, native: bool) -> Server {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let workspaces: Vec<String> = (0..tenants).map(workspace).collect();
    Server::start(folder, &workspaces, &[], |plan| plan.rules = native.then(|| Arc::new(Native) as _)).await
}

fn workspace(n: usize) -> String {
    let mut text = format!("workspace = \"t{n:02}\"\n");
    for rep in 0..REPS {
        writeln!(text, "[[reps]]\nid = \"rep{rep:02}\"\ncrm = {{ hs = \"{rep}\" }}")
            .expect("a String takes everything");
    }
    let members: Vec<String> =
        (0..REPS).map(|rep| format!("{{ rep = \"rep{rep:02}\", weight = {} }}", 1 + rep % 3)).collect();
    let members = members.join(", ");
    write!(
        text,
        "[[pools]]\nid = \"na\"\nmembers = [{members}]\n\
         [[connections]]\nid = \"hs\"\nkind = \"hubspot\"\napp = \"main\"\nportal_id = {}\n\
         token = {{ env = \"TOKEN\" }}\nbase_url = \"http://127.0.0.1:9\"\n\
         [[flows]]\nid = \"inbound\"\nplugin = \"territory\"\nfallback = {{ queue = \"triage\" }}\n\
         settings = {{ enterprise = {{ employees = 1000, pool = \"na\" }}, \
         territories = [{{ countries = [\"US\", \"CA\"], pool = \"na\" }}] }}\n",
        PORTAL + n
    )
    .expect("a String takes everything");
    text
}
