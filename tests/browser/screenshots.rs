//! Screenshots of the page, written to `target/tmp/` and, on request, to the docs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::browser::{Appearance, Browser};
use crate::service::{PAGE, Service};

pub const LIGHT: &str = "light";
pub const DARK: &str = "dark";

/// Appearances of the page that are tested.
pub const APPEARANCES: [Appearance; 5] = [
    Appearance { name: "light", scheme: LIGHT, width: 960, height: 640 },
    Appearance { name: "dark", scheme: DARK, width: 960, height: 640 },
    Appearance { name: "phone-light", scheme: LIGHT, width: 360, height: 640 },
    Appearance { name: "phone-dark", scheme: DARK, width: 360, height: 640 },
    Appearance { name: "small-phone", scheme: LIGHT, width: 320, height: 480 },
];
/// Screenshots that the docs show side by side.
const SHOWN: [&str; 2] = ["light", "phone-dark"];
const MAX_SHOWN_BYTES: usize = 100_000;

/// `UPDATE_SCREENSHOT=1 make test-browser` writes the screenshot of the docs.
#[tokio::test(flavor = "multi_thread")]
async fn every_appearance_has_a_screenshot() {
    let service = Service::start(&json!({ "html": PAGE })).await;
    let browser = Browser::start().await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("maintenance-page");
    fs::create_dir_all(&folder).expect("a folder");
    browser.open(&service.url("/")).await;
    let mut shown = Vec::new();
    for appearance in APPEARANCES {
        browser.set_appearance(appearance).await;
        let image = browser.screenshot().await;
        fs::write(folder.join(appearance.name).with_extension("png"), &image).expect("an image");
        if SHOWN.contains(&appearance.name) {
            shown.push(image);
        }
    }
    if std::env::var_os("UPDATE_SCREENSHOT").is_some() {
        let image = side_by_side(&browser, &shown).await;
        assert!(image.len() < MAX_SHOWN_BYTES, "{} bytes", image.len());
        let file = harness::repository().join("docs/maintenance-page/screenshot.png");
        fs::write(file, image).expect("the screenshot");
    }
}

/// Lets the browser draw images beside each other, and returns that image.
async fn side_by_side(browser: &Browser, images: &[Vec<u8>]) -> Vec<u8> {
    let images: Vec<Value> = images.iter().map(|image| json!(image)).collect();
    browser.open("data:text/html,<body style='display: flex; margin: 0'>").await;
    let draw = "
        return Promise.all([...arguments].map(bytes => {
            const image = document.body.appendChild(new Image());
            image.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
            return image.decode();
        })).then(() => [document.body.scrollWidth, document.body.scrollHeight])
    ";
    let size = browser.run(draw, images).await;
    let pixels = |value: &Value| u32::try_from(value.as_u64().expect("a number")).expect("a size");
    let (width, height) = (pixels(&size[0]), pixels(&size[1]));
    browser.set_appearance(Appearance { name: "docs", scheme: LIGHT, width, height }).await;
    browser.screenshot().await
}
