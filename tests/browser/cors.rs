//! Scripts of other origins read the 503.

use harness::upstream::Upstream;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::service::{PAGE, Service};

const BODY: &str = r#"{"error":"maintenance","message":"The service is down for maintenance. Please retry later."}"#;

/// Page of another origin.
struct OtherPage {
    browser: Browser,
    origin: String,
    _server: Upstream,
}

impl OtherPage {
    async fn open() -> Self {
        let server = Upstream::start().await;
        let origin = format!("http://{}", server.address());
        let browser = Browser::start().await;
        browser.open(&format!("{origin}/")).await;
        Self { browser, origin, _server: server }
    }

    /// Result of `fetch(address, options)` in a script of the page.
    async fn fetch(&self, address: &str, options: &Value) -> Value {
        let fetch = "
            return fetch(...arguments).then(
                async response => ({
                    status: response.status,
                    retryAfter: response.headers.get('retry-after'),
                    contentType: response.headers.get('content-type'),
                    body: await response.text(),
                }),
                error => error.name,
            );
        ";
        self.browser.run(fetch, vec![json!(address), options.clone()]).await
    }
}

/// Requests that a browser sends at once.
fn simple() -> Value {
    json!({})
}

/// Request that a browser sends only after a preflight.
fn preflighted() -> Value {
    json!({
        "method": "PUT",
        "headers": { "content-type": "application/json", "x-custom": "1" },
        "body": "{}",
    })
}

/// Either request with cookies.
fn with_credentials(mut options: Value) -> Value {
    options["credentials"] = json!("include");
    options
}

/// The 503 as a script reads it.
fn readable() -> Value {
    json!({ "status": 503, "retryAfter": "60", "contentType": "application/json", "body": BODY })
}

/// Error of `fetch` for a response that the script may not read.
fn unreadable() -> Value {
    json!("TypeError")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_origin_reads_the_503() {
    let page = OtherPage::open().await;
    let origins = json!(["https://app.example.com", page.origin]);
    let service = Service::start(&json!({ "corsOrigins": origins, "html": PAGE })).await;
    let address = service.url("/orders");
    for request in [simple(), preflighted()] {
        assert_eq!(page.fetch(&address, &request).await, readable());
        assert_eq!(page.fetch(&address, &with_credentials(request)).await, readable());
    }
    service.assert_application_untouched();
    let log = service.stop();
    assert_eq!(log.matches("access 204 maintenance_preflight").count(), 2, "{log}");
    assert_eq!(log.matches("access 503 maintenance_mode 60").count(), 4, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_origin_reads_the_503_of_a_request_without_credentials() {
    let page = OtherPage::open().await;
    let service = Service::start(&json!({ "corsOrigins": ["*"] })).await;
    let address = service.url("/orders");
    for request in [simple(), preflighted()] {
        assert_eq!(page.fetch(&address, &request).await, readable());
        assert_eq!(page.fetch(&address, &with_credentials(request)).await, unreadable());
    }
    service.assert_application_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_origin_reads_the_503() {
    let page = OtherPage::open().await;
    let mut service = Service::start(&json!({})).await;
    let address = service.url("/orders");
    // The same host with another scheme or port is another origin.
    let similar = [page.origin.replace("http:", "https:"), format!("{}0", page.origin)];
    for origins in [None, Some(similar)] {
        if let Some(origins) = origins {
            service.switch(&json!({ "corsOrigins": origins })).await;
        }
        for request in [simple(), preflighted()] {
            assert_eq!(page.fetch(&address, &request).await, unreadable());
        }
    }
    service.assert_application_untouched();
    assert!(!service.stop().contains("maintenance_preflight"));
}
