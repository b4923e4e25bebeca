//! Headless Chromium, driven by chromedriver.
//!
//! Of the clients that were looked at, thirtyfour adds the fewest crates: 42, where
//! fantoccini adds 55 and chromiumoxide 58.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use harness::process::Process;
use harness::wait::eventually;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::LoggingPrefsLogLevel::All;
use thirtyfour::cdp::domains::emulation::{MediaFeature, SetEmulatedMedia};
use thirtyfour::{By, ChromeCapabilities, ChromiumLikeCapabilities, WebDriver};

const START_TIMEOUT: Duration = Duration::from_secs(60);
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--hide-scrollbars",
    // Chromium exits when the pipe closes, also if chromedriver is killed.
    "--remote-debugging-pipe",
];

/// Script that records in `violations` what a content security policy blocks. Runs before
/// the page, and independently of the page's policy.
const RECORD_VIOLATIONS: &str = "
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', event =>
        violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
";

/// Running browser with one tab. Dropping it stops the browser.
pub struct Browser {
    // In this order, dropping closes the session, stops chromedriver and removes the profile.
    driver: WebDriver,
    _chromedriver: Process,
    _profile: TempDir,
}

/// Response that a browser got for a page.
pub struct Navigation {
    pub status: u64,
    headers: HashMap<String, String>,
}

impl Navigation {
    /// Value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Size of the window and colour scheme that the visitor prefers.
#[derive(Clone, Copy, Debug)]
pub struct Appearance {
    pub name: &'static str,
    pub scheme: &'static str,
    pub width: u32,
    pub height: u32,
}

impl Browser {
    /// Starts the browser.
    pub async fn start() -> Self {
        let profile = TempDir::new().expect("a temporary folder");
        let port = harness::port();
        let mut command = Command::new("chromedriver");
        command.args([&format!("--port={port}"), "--log-level=WARNING"]);
        let log = profile.path().join("chromedriver.log");
        let mut chromedriver = Process::spawn("chromedriver", &mut command, &log);
        let listening = async || {
            assert!(chromedriver.exited().is_none(), "chromedriver exited during startup");
            chromedriver.log().contains(" successfully on port ").then_some(())
        };
        eventually("chromedriver listens", START_TIMEOUT, listening).await;
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), capabilities(&profile))
            .request_timeout(START_TIMEOUT)
            .connect()
            .await
            .expect("a session");
        driver.set_page_load_timeout(PAGE_TIMEOUT).await.expect("a timeout");
        driver.set_script_timeout(PAGE_TIMEOUT).await.expect("a timeout");
        let cdp = driver.cdp();
        let script = cdp.page().add_script_to_evaluate_on_new_document(RECORD_VIOLATIONS).await;
        script.expect("a script");
        Self { driver, _chromedriver: chromedriver, _profile: profile }
    }

    /// Navigates to `url`, waits until the page has loaded, and returns the response.
    pub async fn open(&self, url: &str) -> Navigation {
        self.driver.get_log("performance").await.expect("the log before the navigation");
        self.driver.goto(url).await.expect("a page");
        let log = self.driver.get_log("performance").await.expect("the log of the navigation");
        let mut responses = log.iter().filter_map(|entry| document_response(&entry.message));
        let response = responses.next_back().expect("a response");
        assert_eq!(response["url"], url);
        Navigation {
            status: response["status"].as_u64().expect("a status"),
            headers: serde_json::from_value(response["headers"].clone()).expect("headers"),
        }
    }

    /// Title of the page.
    pub async fn title(&self) -> String {
        self.driver.title().await.expect("a title")
    }

    /// Visible text of the only element that matches a CSS selector.
    pub async fn text(&self, selector: &str) -> String {
        let elements = self.driver.find_all(By::Css(selector)).await.expect("elements");
        let [element] = &elements[..] else { panic!("{} elements: {selector}", elements.len()) };
        assert!(element.is_displayed().await.expect("a state"), "{selector} is not visible");
        element.text().await.expect("a text")
    }

    /// Clicks on the first element that matches a CSS selector.
    pub async fn click(&self, selector: &str) {
        let element = self.driver.find(By::Css(selector)).await.expect("an element");
        element.click().await.expect("a click");
    }

    /// Runs the body of a function in the page and returns its result. If that is a promise,
    /// waits for its value. The page's content security policy does not stop the function,
    /// but it applies to what the function loads.
    pub async fn run(&self, body: &str, arguments: Vec<Value>) -> Value {
        let result = self.driver.execute(body, arguments).await;
        result.expect("a script that ends").json().clone()
    }

    /// Directives and addresses that the page's content security policy has blocked.
    pub async fn violations(&self) -> Vec<String> {
        let violations = self.run("return violations", vec![]).await;
        serde_json::from_value(violations).expect("a list")
    }

    /// Waits until the page's content security policy has blocked something, and returns it.
    pub async fn eventually_violations(&self) -> Vec<String> {
        let blocked = async || Some(self.violations().await).filter(|list| !list.is_empty());
        eventually("the policy blocks something", PAGE_TIMEOUT, blocked).await
    }

    /// Sets the size of the window and the preferred colour scheme.
    pub async fn set_appearance(&self, appearance: Appearance) {
        let Appearance { scheme, width, height, .. } = appearance;
        let scheme = MediaFeature { name: "prefers-color-scheme".into(), value: scheme.into() };
        let media = SetEmulatedMedia { media: None, features: Some(vec![scheme]) };
        let cdp = self.driver.cdp();
        cdp.send(media).await.expect("a colour scheme");
        let emulation = cdp.emulation();
        emulation.set_device_metrics_override(width, height, 1.0, false).await.expect("a size");
    }

    /// Screenshot of the window, as PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.expect("a screenshot")
    }

    /// Runs the body of a function in the first frame of the page, and returns its result.
    pub async fn run_in_frame(&self, body: &str) -> Value {
        self.driver.enter_frame(0).await.expect("a frame");
        let result = self.run(body, vec![]).await;
        self.driver.enter_parent_frame().await.expect("the page");
        result
    }
}

fn capabilities(profile: &TempDir) -> ChromeCapabilities {
    let mut capabilities = ChromeCapabilities::new();
    let profile = profile.path().join("profile");
    for flag in FLAGS {
        capabilities.add_arg(flag).expect("a flag");
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.display())).expect("a flag");
    capabilities.set_logging_prefs("performance", All).expect("a log level");
    capabilities
}

/// Response in an entry of the performance log, if the entry is about the response to a
/// navigation.
fn document_response(entry: &str) -> Option<Value> {
    let mut entry: Value = serde_json::from_str(entry).expect("JSON");
    let event = &mut entry["message"];
    let is_response = event["method"] == "Network.responseReceived";
    let is_document = event["params"]["type"] == json!("Document");
    (is_response && is_document).then(|| event["params"]["response"].take())
}
