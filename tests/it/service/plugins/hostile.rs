//! The hostile set of uploads, over HTTP.

use rota_domain::access::Role;
use rota_tests::uploads::all;

use super::{plugin, start, upload};
use crate::service::workspace;

#[tokio::test(flavor = "multi_thread")]
async fn every_hostile_upload_is_refused_with_its_code_and_the_server_goes_on() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let here = rota_rules::Catalogue::new().expect("an engine");
    for (name, make) in all() {
        let component = make();
        let refusal = here.take_in(&component).expect_err(name);
        let answer = upload(&service, &admin, component).await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (422, Some(refusal.code.as_str())),
            "{name}: {answer:?}"
        );
        assert_eq!(answer.body["detail"], refusal.detail.replace(char::is_control, " "), "{name}");
    }
    let empty = upload(&service, &admin, Vec::new()).await;
    assert_eq!(empty.status, 422, "{empty:?}");
    assert_eq!(upload(&service, &admin, plugin("ours", "1.0.0")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settings_schema_that_no_host_could_use_is_refused_with_the_plugin() {
    let service = start(&[workspace("acme", "")]).await;
    let admin = service.token("acme", Role::Admin).await;
    let defs: serde_json::Map<String, serde_json::Value> = (0..60)
        .map(|n| {
            let next = serde_json::json!({ "$ref": format!("#/$defs/a{}", n + 1) });
            (format!("a{n}"), serde_json::json!({ "allOf": [next, next] }))
        })
        .collect();
    let schema = serde_json::json!({ "$ref": "#/$defs/a0", "$defs": defs }).to_string();
    let component = rota_tests::guest::with_custom(plugin("ours", "1.0.0"), "rota:settings-schema", schema.as_bytes());
    let refused = upload(&service, &admin, component).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (422, Some("manifest")), "{refused:?}");
    assert!(
        refused.body["detail"].as_str().unwrap().contains("settings schema of `ours` cannot be used"),
        "{refused:?}"
    );
}
