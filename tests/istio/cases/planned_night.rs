//! `docs/recipes/planned-night.yaml`, applied by a controller from Git.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use harness::upstream::BODY;
use harness::wait::eventually;

use super::gitops::{FORCE, controller};
use super::recipes::manifest;
use mesh::Mesh;
use mesh::service::{CHANGE_TIMEOUT, Service};

const SECONDS_UNTIL_START: u64 = 12;
const SECONDS_OF_WINDOW: u64 = 10;

/// The controller applies the file all the time, and no person changes it until the morning.
pub async fn maintenance_begins_and_is_extended_without_a_commit(mesh: &Mesh) {
    let service = Service::start(mesh).await;
    let file = manifest(&service, "planned-night");
    let apply = || controller(&service, ["-f", &file], FORCE).expect("the file is applied");
    let start = now() + SECONDS_UNTIL_START;
    let end = start + SECONDS_OF_WINDOW;
    edit(&file, "\"2030-01-20T01:00:00+01:00\"", &format!("{:?}", timestamp(start)));
    edit(&file, "\"2030-01-20T05:00:00+01:00\"", &format!("{:?}", timestamp(end)));

    apply();
    let scheduled =
        async || service.proxy().log().contains("maintenance is scheduled: from ").then_some(());
    eventually("maintenance is scheduled", CHANGE_TIMEOUT, scheduled).await;
    assert_eq!(service.get("/").await.body, BODY);
    assert!(now() < start, "the proxy was too slow for this case");
    service.until_metrics_show(&gauge("start", start)).await;
    service.until_metrics_show(&gauge("end", end)).await;

    let begun = async || {
        apply();
        let answer = service.get("/").await;
        (answer.status == 503).then_some(answer)
    };
    let answer = eventually("maintenance begins", CHANGE_TIMEOUT, begun).await;
    assert!(now() >= start, "it began early");
    let retry_after: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=SECONDS_OF_WINDOW).contains(&retry_after), "{retry_after} is no countdown");
    service.until_metrics_show("maintenance_active{} 1").await;
    let received = service.received("/");
    let extended = async || {
        apply();
        let answer = service.get("/").await;
        assert_eq!(answer.status, 503, "{answer:?}");
        (answer.header("retry-after") == "900").then_some(())
    };
    eventually("maintenance goes on after the end", CHANGE_TIMEOUT, extended).await;
    assert!(now() >= end, "it was extended early");
    assert_eq!(service.received("/"), received, "a request reached the application");

    // The commit of the morning.
    edit(&file, "enabled: true", "enabled: false");
    apply();
    assert_eq!(service.until_status(200).await.body, BODY);
}

/// Line of a gauge of the window in the metrics.
fn gauge(name: &str, seconds: u64) -> String {
    format!("maintenance_window_{name}_timestamp_seconds{{}} {seconds}")
}

/// Replaces text in the file, as a commit does.
fn edit(file: &str, before: &str, after: &str) {
    let text = fs::read_to_string(file).expect("the manifest");
    assert!(text.contains(before), "{before} is not in the manifest");
    fs::write(file, text.replace(before, after)).expect("the edited manifest");
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

/// Time of RFC 3339.
fn timestamp(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}
