//! Waiting for what can be seen of a service, and counting it.

use harness::client::Answer;
use harness::wait::eventually;

use crate::service::{Service, TIME_TO_CHANGE};

impl Service {
    /// Waits until `GET /` is answered with `status`.
    pub async fn until(&self, status: u16) -> Answer {
        let answered = async || {
            let answer = self.get("/").await;
            (answer.status == status).then_some(answer)
        };
        eventually(&format!("GET / is answered with {status}"), TIME_TO_CHANGE, answered).await
    }

    /// Waits until new connections meet the filter of the first plugin of the service.
    pub async fn until_installed(&self, plugin: &str) {
        self.until_filter(plugin).await;
        // The workers leave the old listener a little later than its dump says.
        let replaced = async || self.proxy().drains().await.then_some(());
        eventually("the old listener drains", TIME_TO_CHANGE, replaced).await;
    }

    /// Waits until the listener's configuration has the filter of a plugin.
    pub async fn until_filter(&self, plugin: &str) {
        let named = format!("/{}.{plugin}", self.namespace);
        let there = async || {
            let filters = self.proxy().filters(self.address().port()).await;
            filters.iter().any(|filter| filter.contains(&named)).then_some(())
        };
        eventually(&format!("{plugin} is there"), TIME_TO_CHANGE, there).await;
    }

    /// How often the agent has failed to fetch the module.
    pub fn failed_fetches(&self) -> usize {
        self.proxy().log().matches("cannot fetch Wasm module").count()
    }

    /// Waits until the merged Prometheus page has a line.
    pub async fn shown(&self, line: &str) {
        let shown = async || {
            let page = self.proxy().metrics().await;
            page.lines().any(|shown| shown == line).then_some(())
        };
        eventually(&format!("the metrics say {line}"), TIME_TO_CHANGE, shown).await;
    }

    /// The value of a metric of the filter on the merged page; 0 before it is there.
    pub async fn metric(&self, name: &str) -> u64 {
        let start = format!("{name}{{}} ");
        let page = self.proxy().metrics().await;
        let value = page.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok());
        value.unwrap_or_default()
    }

    /// The requests for `path` that reached the application.
    pub fn reached(&self, path: &str) -> usize {
        let line = format!("GET {path}");
        self.application.requests().iter().filter(|request| **request == line).count()
    }
}
