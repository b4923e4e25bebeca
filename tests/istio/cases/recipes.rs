//! Recipes of `docs/recipes/` in a sidecar.

use std::fs;
use std::path::Path;

use harness::client::{Client, Http, request};
use harness::upstream::BODY;
use harness::wait::eventually;
use sha2::{Digest, Sha256};

use super::switching::assert_maintenance;
use super::verify::verify;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service};

const TOKEN_HEADER: &str = "x-maintenance-token";

/// Path of the manifest of a recipe.
pub fn manifest(service: &Service, recipe: &str) -> String {
    let file = service.shipped.root().join("docs/recipes").join(recipe);
    file.with_extension("yaml").display().to_string()
}

/// Runs `kubectl VERB` with the manifest of a recipe.
pub fn kubectl(service: &Service, verb: &str, recipe: &str) {
    service.kubectl.run(&[verb, "-n", &service.namespace, "-f", &manifest(service, recipe)]);
}

/// Digest of a token, as in a configuration.
fn digest(token: &str) -> String {
    let mut text = [0; 64];
    hex::encode_to_slice(Sha256::digest(token), &mut text).expect("64 digits");
    String::from_utf8_lossy(&text).into_owned()
}

/// The patch in `docs/recipes/bypass.md`, with these digests.
fn patch_from_page(digests: &[&str]) -> String {
    let page = harness::repository().join("docs/recipes/bypass.md");
    let page = fs::read_to_string(page).expect("the page");
    let (_, rest) = page.split_once("--type merge \\\n  -p '").expect("the patch");
    let (patch, _) = rest.split_once('\'').expect("the end of the patch");
    let list: Vec<String> = digests.iter().map(|digest| format!("{digest:?}")).collect();
    assert!(patch.contains(r#"["OLD","NEW"]"#), "{patch}");
    patch.replace(r#"["OLD","NEW"]"#, &format!("[{}]", list.join(",")))
}

/// Tokens are rotated by patches, without a gap on a connection that stays open.
pub async fn a_bypass_token_is_rotated_by_patches(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let (old, new) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
    let digests = [digest(&old), digest(&new)];
    let [old_digest, new_digest] = digests.each_ref().map(String::as_str);
    service.apply("standby");
    service.until_installed("maintenance-standby").await;
    let patch = |digests: &[&str]| service.patch("maintenance-standby", &patch_from_page(digests));
    patch(&[old_digest]);
    service.patch_standby(r#"{"enabled":true}"#);
    assert_maintenance(&service.until_status(503).await, "300");

    let mut client = Client::connect(service.address(), Http::One).await.expect("a connection");
    let mut status_with = async |token: &str| {
        let mut request = request("POST", "/orders");
        request.headers_mut().insert(TOKEN_HEADER, token.parse().expect("a header value"));
        client.send(request).await.expect("the connection stays open").status
    };
    assert_eq!((status_with(&old).await, status_with(&new).await), (200, 503));
    assert_eq!(status_with(old_digest).await, 503, "the digest is no token");

    patch(&[old_digest, new_digest]);
    until(async || status_with(&new).await == 200, "the new token is valid").await;
    assert_eq!(status_with(&old).await, 200);
    until(async || service.proxy().log().contains("bypass tokens 2"), "the log says so").await;

    patch(&[new_digest]);
    until(async || status_with(&old).await == 503, "the old token is no longer valid").await;
    assert_eq!(status_with(&new).await, 200);

    assert!(!service.application.has_received_header(TOKEN_HEADER), "it saw a token");
    let bypassed = service.application.requests().iter().filter(|r| *r == "POST /orders").count();
    service
        .until_metrics_show(&format!("maintenance_bypassed_requests_total{{}} {bypassed}"))
        .await;
    let log = service.proxy().log();
    for secret in [&old, &new, old_digest, new_digest] {
        assert!(!log.contains(secret), "a token or a digest is in the log");
    }
}

/// The recipe's own manifest, and the commands on its page.
pub async fn operators_pass_with_a_token(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let token = "0123456789abcdef".repeat(4);
    let file = manifest(&service, "bypass");
    let text = fs::read_to_string(&file).expect("the manifest");
    assert!(text.contains(&"0".repeat(64)));
    fs::write(Path::new(&file), text.replace(&"0".repeat(64), &digest(&token))).expect("edited");
    kubectl(&service, "apply", "bypass");
    assert_maintenance(&service.until_status(503).await, "300");
    service.until_installed("maintenance-mode").await;
    assert_eq!(verify("bypass", service.address(), &[("TOKEN", &token)]), 2);
    kubectl(&service, "delete", "bypass");
    assert_eq!(service.until_status(200).await.body, BODY);
}

pub async fn reads_pass_in_read_only_mode(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    kubectl(&service, "apply", "read-only");
    let write = async || {
        let mut client = Client::connect(service.address(), Http::One).await.ok()?;
        let answer = client.send(request("POST", "/orders")).await.ok()?;
        (answer.status == 503).then_some(answer)
    };
    let answer = eventually("a write is rejected", CHANGE_TIMEOUT, write).await;
    assert!(answer.body.starts_with(br#"{"error":"read_only""#), "{answer:?}");
    service.until_installed("maintenance-mode").await;
    let writes = service.application.requests().iter().filter(|r| r.starts_with("POST")).count();
    for path in ["/", "/orders/1?full=1", "/a/../b//c%2Fd"] {
        assert_eq!(service.get(path).await.body, BODY, "{path}");
    }
    assert_eq!(verify("read-only", service.address(), &[]), 2);
    let after = service.application.requests().iter().filter(|r| r.starts_with("POST")).count();
    assert_eq!(after, writes, "a write reached the application");
    service.until_metrics_show("maintenance_exempted_requests_total{} 4").await;
    kubectl(&service, "delete", "read-only");
    let written = async || write().await.is_none().then_some(());
    eventually("writes pass again", CHANGE_TIMEOUT, written).await;
}

/// Waits until a condition is true.
async fn until(mut condition: impl AsyncFnMut() -> bool, name: &str) {
    eventually(name, CHANGE_TIMEOUT, async || condition().await.then_some(())).await;
}
