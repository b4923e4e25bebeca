//! Service in the mesh under load, and the steps that most cases share.

use std::time::{Duration, Instant};

use harness::wait::eventually;
use mesh::Mesh;
use mesh::proxy::Proxy;
use mesh::service::{CHANGE_TIMEOUT, Service};

use crate::clients::{Clients, PACED};
use crate::record::{MAINTENANCE, Outcome, Record, seconds};
use crate::report;

/// Exchanges of each client that show a state to last.
pub const SOME: usize = 20;
/// Exchanges of each client while a part fails: some two seconds.
pub const OUTAGE: usize = 150;

/// Time for which a replaced listener drains. At its end Envoy closes every connection
/// that is left. A worker may stall for a second on a busy machine while it loads the
/// module, so 1 s is too short for clients to get `connection: close` first.
const DRAIN_SECONDS: u32 = 3;

/// Service whose clients send requests all the time.
pub struct Stage {
    pub service: Service,
    pub clients: Clients,
    /// Requests that reached the application before the clients started.
    received_before: usize,
}

/// Moment in a switch at which a part fails.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// `kubectl` has returned. No proxy has the change yet.
    Stored,
    /// The first client has got the first 503.
    FirstReply,
}

impl Moment {
    pub const ALL: [Self; 2] = [Self::Stored, Self::FirstReply];
}

impl Stage {
    /// Starts a service that pulls the module from the mesh's registry, and its clients.
    pub async fn start(mesh: &Mesh) -> Self {
        Self::with_image(mesh, &mesh.registry.image()).await
    }

    /// Starts a service that pulls the module from `image`, and its clients.
    pub async fn with_image(mesh: &Mesh, image: &str) -> Self {
        let mut service = Service::without_proxy(&mesh.plane, image).await;
        service.drain_seconds = DRAIN_SECONDS;
        service.start_proxy(&mesh.plane).await;
        service.until_status(200).await;
        let received_before = service.received("/");
        let clients = Clients::start(service.address(), PACED);
        clients.until_all(&Outcome::Application).await;
        Self { service, clients, received_before }
    }

    /// Requests of the clients that have reached the application.
    pub fn received(&self) -> usize {
        self.service.received("/") - self.received_before
    }

    /// Edits `retryAfterSeconds` in `maintenance-mode` and applies it.
    pub async fn apply_with_retry_after(&self, before: u32, after: u32) {
        let [old, new] = [before, after].map(|number| format!("retryAfterSeconds: {number}"));
        self.service.shipped.edit("maintenance-mode", &old, &new);
        self.service.apply("maintenance-mode");
        self.assert_shut(&Outcome::Maintenance(after)).await;
    }

    /// Applies `maintenance-mode` and returns at a moment of the switch.
    pub async fn apply_until(&self, moment: Moment) {
        self.service.apply("maintenance-mode");
        if let Moment::FirstReply = moment {
            self.clients.until_any(&MAINTENANCE).await;
        }
    }

    /// Waits until every client gets `outcome`, and asserts that it stays so and that
    /// nothing reaches the application.
    pub async fn assert_shut(&self, outcome: &Outcome) {
        let _log = ShownOnPanic(self.service.proxy());
        self.clients.until_all(outcome).await;
        let (from, received) = (Instant::now(), self.received());
        self.clients.until_more(SOME).await;
        self.clients.since(from).assert_only(|other| other == outcome);
        assert_eq!(self.received(), received, "requests reached the application");
    }

    /// Waits until maintenance is in force, and asserts that nothing reaches the
    /// application and that gauge and log show it.
    pub async fn assert_in_force(&self) {
        self.assert_shut(&MAINTENANCE).await;
        self.service.until_metrics_show("maintenance_active{} 1").await;
        self.until_logged("maintenance is on: Retry-After 300 s").await;
    }

    /// Waits until every client gets the application's answer, and until gauge and log
    /// show that maintenance is off.
    pub async fn assert_off(&self) {
        self.clients.until_all(&Outcome::Application).await;
        self.until_gauge_is_down().await;
        self.until_logged("maintenance is off").await;
    }

    /// Waits until the gauge is 0 or gone.
    pub async fn until_gauge_is_down(&self) {
        let down = async || (self.service.metric("maintenance_active").await == 0).then_some(());
        eventually("the gauge is 0 or gone", CHANGE_TIMEOUT, down).await;
    }

    /// Ends maintenance with `kubectl delete`, and waits until gauge and log show it.
    pub async fn assert_delete_ends_it(&self) {
        self.service.delete("maintenance-mode");
        self.assert_off().await;
    }

    /// Ends maintenance with `kubectl delete` between two rounds of a case.
    pub async fn delete(&self) {
        self.service.delete("maintenance-mode");
        self.clients.until_all(&Outcome::Application).await;
    }

    /// Waits until agent or Envoy have printed `text`.
    pub async fn until_logged(&self, text: &str) {
        let _log = ShownOnPanic(self.service.proxy());
        let logged = async || self.service.proxy().log().contains(text).then_some(());
        eventually(&format!("the proxy logs {text:?}"), CHANGE_TIMEOUT, logged).await;
    }

    /// Stops the clients, asserts that the application received what they got answers
    /// for, and adds a line to the report.
    pub async fn finish(self, case: &str, times: &[(&str, Duration)]) -> Record {
        let record = self.clients.stop().await;
        let received = self.service.received("/") - self.received_before;
        let answered = record.application();
        assert!(
            (answered..=answered + record.cut_off()).contains(&received),
            "the application received {received}: {record}"
        );
        record.assert_only(|outcome| !matches!(outcome, Outcome::Mixed(_)));
        let times: Vec<_> =
            times.iter().map(|(what, time)| format!("; {what} {}", seconds(*time))).collect();
        report::add(format!("{case}: {record}; application received {received}{}", times.concat()));
        record
    }
}

/// Proxy whose output is printed without its access log if a case fails.
struct ShownOnPanic<'a>(&'a Proxy);

impl Drop for ShownOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.0.log();
            log.lines().filter(|line| !line.starts_with('[')).for_each(|line| eprintln!("{line}"));
        }
    }
}
