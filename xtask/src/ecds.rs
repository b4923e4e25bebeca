//! A filter whose configuration Envoy reads from a file (ECDS, the extension
//! configuration discovery service), and reads again when the file is replaced.

use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::envoy_config::{NO_OP, WASM};

const NAME: &str = "maintenance";
const FILE: &str = "filter.json";

/// The filter, as it stands in a filter chain.
pub fn filter(folder: &Path) -> Value {
    json!({ "name": NAME, "config_discovery": {
        "config_source": { "path_config_source": {
            "path": folder.join(FILE),
            "watched_directory": { "path": folder },
        } },
        "type_urls": [WASM, NO_OP],
    } })
}

/// Replaces the file by rename. Returns the moment before the rename.
pub fn publish(folder: &Path, version: u32, typed_config: &Value) -> Instant {
    let response = json!({ "version_info": version.to_string(), "resources": [{
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": NAME,
        "typed_config": typed_config,
    }] });
    let next = folder.join("next.json");
    fs::write(&next, response.to_string()).expect("the next file written");
    let moment = Instant::now();
    fs::rename(next, folder.join(FILE)).expect("the file renamed");
    moment
}
