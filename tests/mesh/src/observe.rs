//! Observation of a service: waiting for responses, filters and metrics, and
//! counting requests.

use harness::client::Answer;
use harness::wait::eventually;

use crate::service::{CHANGE_TIMEOUT, Service};

impl Service {
    /// Waits until `GET /` is answered with `status`.
    pub async fn until_status(&self, status: u16) -> Answer {
        let answered = async || {
            let answer = self.get("/").await;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("GET / is answered with {status}"), CHANGE_TIMEOUT, answered).await
    }

    /// Waits until new connections pass through the filter of the service's first
    /// plugin.
    pub async fn until_installed(&self, plugin: &str) {
        self.until_filter(plugin).await;
        // The workers switch to the new listener slightly after the configuration
        // dump shows it.
        let replaced = async || self.proxy().is_draining().await.then_some(());
        eventually("the old listener drains", CHANGE_TIMEOUT, replaced).await;
    }

    /// Waits until the listener's configuration contains the filter of a plugin.
    pub async fn until_filter(&self, plugin: &str) {
        let suffix = format!("/{}.{plugin}", self.namespace);
        let present = async || {
            let filters = self.proxy().filters(self.address().port()).await;
            filters.iter().any(|filter| filter.contains(&suffix)).then_some(())
        };
        eventually(&format!("the listener has the filter {plugin}"), CHANGE_TIMEOUT, present).await;
    }

    /// Number of failed attempts of the agent to fetch the module.
    pub fn failed_fetches(&self) -> usize {
        self.proxy().log().matches("cannot fetch Wasm module").count()
    }

    /// Waits until the merged metrics contain a line.
    pub async fn until_metrics_show(&self, line: &str) {
        let contained = async || {
            let page = self.proxy().metrics().await;
            page.lines().any(|found| found == line).then_some(())
        };
        eventually(&format!("the metrics contain {line}"), CHANGE_TIMEOUT, contained).await;
    }

    /// Value of a metric of the filter in the merged metrics; 0 if it is absent.
    pub async fn metric(&self, name: &str) -> u64 {
        let prefix = format!("{name}{{}} ");
        let page = self.proxy().metrics().await;
        let value = page.lines().find_map(|line| line.strip_prefix(&prefix)?.parse().ok());
        value.unwrap_or_default()
    }

    /// Number of `GET` requests for `path` that reached the application.
    pub fn received(&self, path: &str) -> usize {
        let line = format!("GET {path}");
        self.application.requests().iter().filter(|request| **request == line).count()
    }
}
