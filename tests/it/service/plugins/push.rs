//! `rota push` and `rota plugins`.

use rota_domain::access::Role;
use rota_domain::id::Digest;

use super::{plugin, start};
use crate::command::rota;
use crate::service::workspace;

#[tokio::test(flavor = "multi_thread")]
async fn push_sends_a_component_and_plugins_lists_it() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let component = plugin("ours", "1.0.0");
    std::fs::write(service.folder.path().join("ours.wasm"), &component).expect("written");
    let (url, folder) = (service.url.clone(), service.folder.path().to_owned());
    let digest = Digest::of(&component);
    let run = move |arguments: &[&str]| {
        let more = ["--server", &url, "--token", &admin];
        rota(&folder, &[arguments, &more].concat())
    };
    let (first, again, list) = tokio::task::spawn_blocking(move || {
        (run(&["push", "ours.wasm"]), run(&["push", "ours.wasm", "--json"]), run(&["plugins"]))
    })
    .await
    .expect("they run");
    assert_eq!((first.code, first.out.trim()), (0, format!("ours@1.0.0 {digest}").as_str()), "{}", first.err);
    assert_eq!(again.json()["digest"], digest.as_str());
    assert!(list.out.contains("ours@1.0.0") && list.out.contains("next-in-line@"), "{}", list.out);
}

#[test]
fn push_says_that_no_server_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ours.wasm"), plugin("ours", "1.0.0")).expect("written");
    let ran = rota(folder.path(), &["push", "ours.wasm", "--server", "http://127.0.0.1:9"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("cannot be reached"), "{}", ran.err);
}
