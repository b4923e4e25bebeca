//! Barriers to people with disabilities, as axe-core finds them.

use std::{env, fs};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::screenshots::APPEARANCES;
use crate::service::{PAGE, Service};

/// Runs axe-core on the page that the browser shows, and returns its report.
async fn report(browser: &Browser) -> Value {
    let file = env::var("AXE").expect("AXE is not set: run this through make");
    let axe = fs::read_to_string(file).expect("the script of axe-core");
    browser.run(&format!("{axe}; return axe.run()"), vec![]).await
}

/// Rules in a list of the report.
fn rules(report: &Value, list: &str) -> Vec<String> {
    let rules = report[list].as_array().expect("a list").iter();
    rules.map(|rule| rule["id"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_has_no_barrier() {
    let service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    for appearance in APPEARANCES {
        browser.set_appearance(appearance).await;
        let report = report(&browser).await;
        for list in ["violations", "incomplete"] {
            assert_eq!(rules(&report, list), [""; 0], "{appearance:?}: {}", report[list]);
        }
        let passed = rules(&report, "passes");
        for rule in ["color-contrast", "html-has-lang", "document-title", "page-has-heading-one"] {
            assert!(passed.iter().any(|other| other == rule), "{rule} was not checked");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn barriers_are_found() {
    let mut service = Service::start(&json!({ "html": "x" })).await;
    let browser = Browser::start().await;
    for (rule, before, after) in [
        ("color-contrast", "--text: #44505f", "--text: #9aa5b1"),
        ("html-has-lang", " lang=\"en\"", ""),
        ("document-title", "<title>We will be back soon</title>", ""),
        ("meta-viewport", "initial-scale=1", "initial-scale=1, user-scalable=no"),
    ] {
        assert!(PAGE.contains(before), "{before}");
        service.switch(&json!({ "html": PAGE.replace(before, after) })).await;
        browser.open(&service.url("/")).await;
        assert_eq!(rules(&report(&browser).await, "violations"), [rule]);
    }
}
