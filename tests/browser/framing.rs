//! Pages of other origins cannot show the page in a frame.

use harness::upstream::Upstream;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::service::{PAGE, Service};

/// Shows an address in a frame of a page of another origin, and returns the text of the
/// frame's heading.
async fn framed_heading(browser: &Browser, address: &str) -> Value {
    let other = Upstream::start().await;
    browser.open(&format!("http://{}/", other.address())).await;
    let add_frame = "
        const frame = document.createElement('iframe');
        frame.src = arguments[0];
        const loaded = new Promise(resolve => frame.addEventListener('load', resolve));
        document.body.append(frame);
        return loaded.then(() => null);
    ";
    browser.run(add_frame, vec![json!(address)]).await;
    let heading = "return document.querySelector('h1')?.textContent ?? null";
    browser.run_in_frame(heading).await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_policy_in_the_configuration_lets_a_frame_show_the_page() {
    let mut service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    let address = service.url("/");
    assert_ne!(framed_heading(&browser, &address).await, "We will be back soon");
    let headers = json!({ "content-security-policy": "style-src 'unsafe-inline'" });
    service.switch(&json!({ "html": PAGE, "headers": headers })).await;
    assert_eq!(framed_heading(&browser, &address).await, "We will be back soon");
    service.assert_application_untouched();
}
