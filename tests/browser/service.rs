//! Service in maintenance.

use harness::envoy::{Bootstrap, Envoy};
use harness::upstream::Upstream;
use serde_json::{Value, json};

/// Page that ships as an example.
pub const PAGE: &str = include_str!("../../docs/maintenance-page/maintenance.html");

/// Envoy that runs the plugin in front of an application.
pub struct Service {
    envoy: Envoy,
    application: Upstream,
}

impl Service {
    /// Starts a service in maintenance, with `response` in its plugin configuration.
    pub async fn start(response: &Value) -> Self {
        let application = Upstream::start().await;
        let configuration = configuration(response);
        let envoy = Envoy::start(&Bootstrap::watched(application.address(), &configuration)).await;
        Self { envoy, application }
    }

    /// Replaces `response` in the plugin configuration.
    pub async fn switch(&mut self, response: &Value) {
        self.envoy.switch(&configuration(response)).await;
    }

    /// Address of a path of the service.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.envoy.address())
    }

    /// Asserts that no request has reached the application.
    #[track_caller]
    pub fn assert_application_untouched(&self) {
        self.application.assert_untouched();
    }

    /// Stops the service and returns Envoy's log.
    pub fn stop(self) -> String {
        self.envoy.stop()
    }
}

fn configuration(response: &Value) -> String {
    json!({ "enabled": true, "response": response }).to_string()
}
