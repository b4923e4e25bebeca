//! The content security policy of a page: what it blocks, and what it allows.

use harness::upstream::Upstream;
use serde_json::json;

use crate::browser::Browser;
use crate::service::Service;

const README: &str = include_str!("../../docs/maintenance-page/README.md");
/// Host whose images the README's example of a policy allows.
const STATIC_HOST: &str = "https://static.example.com";
const TITLE: &str = "unchanged";
const CHANGE_TITLE: &str = "document.title = 'changed'";
/// Image of one pixel.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==";

fn html(body: &str) -> String {
    format!("<!doctype html><title>{TITLE}</title>{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_everything_from_another_place_are_blocked() {
    let mut service = Service::start(&json!({ "html": "x" })).await;
    let browser = Browser::start().await;
    let elsewhere = Upstream::start().await;
    let other = format!("http://{}", elsewhere.address());
    let font = format!("@font-face {{ font-family: a; src: url({other}/a) }}");
    for (body, violation) in [
        (format!("<script>{CHANGE_TITLE}</script>"), "script-src-elem inline".into()),
        (format!("<body onload=\"{CHANGE_TITLE}\">"), "script-src-attr inline".into()),
        (format!("<img src={PIXEL} onload=\"{CHANGE_TITLE}\">"), "script-src-attr inline".into()),
        (format!("<script src={other}/a></script>"), format!("script-src-elem {other}/a")),
        (format!("<img src={other}/a>"), format!("img-src {other}/a")),
        ("<img src=/logo.png>".into(), format!("img-src {}", service.url("/logo.png"))),
        (format!("<link rel=stylesheet href={other}/a>"), format!("style-src-elem {other}/a")),
        (
            format!("<style>{font}</style><p style='font-family: a'>x"),
            format!("font-src {other}/a"),
        ),
        (format!("<style>@import '{other}/a'</style>"), format!("style-src-elem {other}/a")),
        (format!("<iframe src={other}/></iframe>"), format!("frame-src {other}")),
        (format!("<base href={other}/>"), format!("base-uri {other}/")),
    ] {
        service.switch(&json!({ "html": html(&body) })).await;
        browser.open(&service.url("/")).await;
        assert_eq!(browser.eventually_violations().await, [violation]);
        assert_eq!(browser.title().await, TITLE, "{body}");
    }
    elsewhere.assert_untouched();
    service.assert_application_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_not_sent() {
    let elsewhere = Upstream::start().await;
    let action = format!("http://{}/login", elsewhere.address());
    let form = format!("<form method='post' action='{action}'><button>Log in</button></form>");
    let service = Service::start(&json!({ "html": html(&form) })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    browser.click("button").await;
    assert_eq!(browser.eventually_violations().await, [format!("form-action {action}")]);
    elsewhere.assert_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_in_an_address_does_not_run() {
    let link = format!("<a href=\"javascript:{CHANGE_TITLE}\">Try again</a>");
    let service = Service::start(&json!({ "html": html(&link) })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    browser.click("a").await;
    assert_eq!(browser.eventually_violations().await, ["script-src-elem inline"]);
    assert_eq!(browser.title().await, TITLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn inline_styles_and_images_are_shown() {
    let body = format!(
        "<style>h1 {{ color: rgb(1, 2, 3) }}</style><h1 style='margin-top: 7px'>Closed</h1>
        <img src='{PIXEL}'><svg width='9' height='9'><circle cx='4' cy='4' r='4'/></svg>"
    );
    let service = Service::start(&json!({ "html": html(&body) })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    let shown = "
        const {color, marginTop} = getComputedStyle(document.querySelector('h1'));
        const circle = document.querySelector('circle').getBoundingClientRect();
        return [color, marginTop, document.images[0].naturalWidth, circle.width];
    ";
    assert_eq!(browser.run(shown, vec![]).await, json!(["rgb(1, 2, 3)", "7px", 1, 8]));
    assert_eq!(browser.violations().await, [""; 0]);
}

/// The README's policy replaces the default one, and loosens it only for images.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_in_the_configuration_replaces_the_default_policy() {
    let elsewhere = Upstream::start().await;
    let other = format!("http://{}", elsewhere.address());
    let policy = README
        .lines()
        .find_map(|line| line.trim().strip_prefix("content-security-policy: "))
        .expect("a policy in the README");
    assert!(policy.contains(STATIC_HOST), "{policy}");
    let policy = policy.trim_matches('"').replace(STATIC_HOST, &other);
    let body = format!("<img src={other}/logo><script>{CHANGE_TITLE}</script>");
    let headers = json!({ "content-security-policy": policy });
    let service = Service::start(&json!({ "html": html(&body), "headers": headers })).await;
    let browser = Browser::start().await;
    let response = browser.open(&service.url("/")).await;
    assert_eq!(response.header("content-security-policy"), policy);
    assert_eq!(browser.violations().await, ["script-src-elem inline"]);
    assert_eq!(browser.title().await, TITLE);
    assert_eq!(elsewhere.requests(), ["GET /logo"]);
}

/// Shows that the scripts of the other tests are able to change the title.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_allows_scripts_lets_them_run() {
    let script = html(&format!("<script>{CHANGE_TITLE}</script>"));
    let headers = json!({ "content-security-policy": "script-src 'unsafe-inline'" });
    let service = Service::start(&json!({ "html": script, "headers": headers })).await;
    let browser = Browser::start().await;
    browser.open(&service.url("/")).await;
    assert_eq!(browser.title().await, "changed");
    assert_eq!(browser.violations().await, [""; 0]);
}
