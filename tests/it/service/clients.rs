//! A client generated from the OpenAPI document calls every route of it.
//!
//! It takes Node.js and what `npm ci --prefix tests/clients` installs. Where that is missing
//! the test says so and is content, unless `ROTA_TESTS_NEED_CLIENTS` is set, as it is in CI.

use std::process::Stdio;

use rota_domain::access::Role;
use rota_tests::root;
use serde_json::Value;
use tokio::process::Command;

use super::{Service, workspace};

#[expect(clippy::print_stderr, reason = "who runs the tests shall know what was left out")]
#[tokio::test(flavor = "multi_thread")]
async fn a_generated_client_calls_every_route_and_its_answers_are_as_described() {
    let folder = root().join("tests/clients");
    if !folder.join("node_modules").is_dir() {
        let missing = "the generated client is not installed: run `npm ci --prefix tests/clients`";
        assert!(std::env::var_os("ROTA_TESTS_NEED_CLIENTS").is_none(), "{missing}");
        return eprintln!("not tested, since {missing}");
    }
    let service = Service::start(&[workspace("acme", "")]).await;
    let ran = Command::new("node")
        .arg("call.mjs")
        .arg(&service.url)
        .current_dir(folder)
        .env("ROTA_TOKEN", service.token("acme", Role::Admin).await)
        .env("ROTA_HOST_TOKEN", service.token("", Role::Host).await)
        .env("ROTA_APP_SECRET", "secret")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("node runs");
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let last = out.lines().last().unwrap_or_default();
    let result: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    assert!(ran.status.success(), "{result:#}\n{err}");
    assert!(result["called"].as_u64().is_some_and(|called| called >= 14), "{result:#}");
}
