//! The page that ships as an example, as a visitor sees it.

use serde_json::json;

use crate::browser::Browser;
use crate::screenshots::{APPEARANCES, DARK, LIGHT};
use crate::service::{PAGE, Service};

const MAX_BYTES: usize = 4096;
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_to_any_path_shows_the_page() {
    let service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    for path in ["/", "/cart?item=1", "/images/logo.png"] {
        let response = browser.open(&service.url(path)).await;
        assert_eq!(response.status, 503);
        for (name, value) in [
            ("retry-after", "60"),
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("vary", "accept"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", CONTENT_SECURITY_POLICY),
        ] {
            assert_eq!(response.header(name), value, "{name}");
        }
        assert_eq!(browser.title().await, "We will be back soon");
        assert_eq!(browser.text("h1").await, "We will be back soon");
        assert!(browser.text("p").await.starts_with("We are working on this service"));
        assert_eq!(browser.violations().await, [""; 0], "the policy blocks a part of the page");
    }
    service.assert_application_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_the_page_reloads_its_address() {
    let mut service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    let address = service.url("/cart?item=1");
    browser.open(&address).await;
    service.switch(&json!({ "html": "<title>Later</title>" })).await;
    browser.click("a").await;
    assert_eq!(browser.title().await, "Later");
    assert_eq!(browser.run("return location.href", vec![]).await, address);
}

/// Text that is wider than the window makes a visitor scroll sideways.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_fits_every_window_and_follows_the_colour_scheme() {
    let service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    let mut backgrounds = Vec::new();
    for appearance in APPEARANCES {
        browser.set_appearance(appearance).await;
        let sizes = "const page = document.documentElement;
            return [page.clientWidth, page.scrollWidth, page.scrollHeight]";
        let width = appearance.width;
        let height = appearance.height;
        assert_eq!(browser.run(sizes, vec![]).await, json!([width, width, height]));
        let background = "return getComputedStyle(document.body).backgroundColor";
        backgrounds.push((appearance.scheme, browser.run(background, vec![]).await));
    }
    let of = |scheme| {
        let mut found = backgrounds.iter().filter(move |(other, _)| *other == scheme);
        let (_, first) = found.next().expect("an appearance").clone();
        assert!(found.all(|(_, other)| *other == first), "{backgrounds:?}");
        first
    };
    assert_ne!(of(LIGHT), of(DARK));
}

#[test]
fn the_page_is_small() {
    assert!(PAGE.len() < MAX_BYTES, "{} bytes", PAGE.len());
}
