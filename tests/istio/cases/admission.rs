//! Admission policy of `istio/admission`. At `kubectl apply`, it rejects
//! configurations that the filter would reject.

use serde_json::{Map, Value, json};

use super::guarded_api::{DENIED, GATEWAY, GuardedApi, SIDECAR, plugin};
use mesh::Mesh;

const TABLE: &str = include_str!("../../configurations.json");

/// The filter and the policy refuse the same rows of the table, and name the same
/// fields. The rows are applied to a gateway, because a sidecar must not have `scope.hosts`.
pub async fn the_policy_agrees_with_the_filter_on_the_table(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let rows: Vec<Value> = serde_json::from_str(TABLE).expect("the table");
    for (kind, min_rows) in [("WasmPlugin", 500), ("TrafficExtension", 500)] {
        let mut manifests = String::new();
        for (number, row) in
            rows.iter().enumerate().filter(|(_, row)| row["admission"].is_boolean())
        {
            let config = row["config"].as_str().expect("a configuration");
            let name = format!("row-{number}");
            let manifest = plugin(kind, &name, "oci://x/maintenance-filter:1", config);
            manifests += &manifest.replace(SIDECAR, GATEWAY);
        }
        let create = ["create", "--dry-run=server", "-n", "shop", "-f", "-"];
        let output = guarded.kubectl.run_with_input(&create, &manifests);
        let mut mismatches = Vec::new();
        let mut checked = 0;
        for (number, row) in rows.iter().enumerate() {
            let Some(accepted) = row["admission"].as_bool() else { continue };
            checked += 1;
            let outcome = row_outcome(&output, number);
            if !is_expected(&outcome, accepted, row) {
                mismatches.push(format!("{}: {outcome}", row["name"]));
            }
        }
        assert!(mismatches.is_empty(), "{kind}:\n{}", mismatches.join("\n"));
        assert!(checked >= min_rows, "the table has only {checked} rows for the policy");
    }
}

/// Outcome of a row in the output of `kubectl`: `created`, or the error message.
fn row_outcome(output: &str, number: usize) -> String {
    let lines = || output.lines().map(|line| line.replace(" is invalid: : ", " is invalid: "));
    let (created, refused) = (format!("/row-{number} created"), format!("\"row-{number}\" "));
    let line = lines().find(|line| line.contains(&created) || line.contains(&refused));
    let line = line.unwrap_or_else(|| panic!("no outcome of row {number} in {output}"));
    match line.split_once(DENIED) {
        _ if line.contains(&created) => "created".into(),
        Some((_, message)) => message.into(),
        None => "rejected by the API server".into(),
    }
}

/// Returns whether the outcome of a row matches the table: a refusal must name the
/// field that the filter names, and say what is allowed.
fn is_expected(outcome: &str, accepted: bool, row: &Value) -> bool {
    if accepted {
        return outcome == "created";
    }
    if !row["config"].as_str().expect("a configuration").trim_start().starts_with('{') {
        return outcome == "rejected by the API server";
    }
    let message = row["filter"].as_str().expect("a message");
    let (field, _) = message.split_once(": ").expect("a field");
    // The filter shortens long names, and quotes unusual ones.
    let quoted = field.strip_prefix("[\"").and_then(|field| field.strip_suffix("\"]"));
    let (field, separator) = match quoted.unwrap_or(field).split_once('…') {
        Some((start, _)) => (start, ""),
        None => (quoted.unwrap_or(field), ": "),
    };
    // Of two headers that differ only in case, the filter reports the later one.
    let expected = format!("pluginConfig.{field}{separator}");
    let named = outcome.get(..expected.len()).unwrap_or_default();
    let rule = outcome.get(expected.len()..).unwrap_or_default();
    named.eq_ignore_ascii_case(&expected) && rule.contains(char::is_alphabetic)
}

/// The policy recognizes the plugin by its label or by its module's name, whatever
/// the resource is called. Other plugins are not validated.
pub async fn the_policy_recognizes_the_plugin_and_ignores_others(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let invalid = r#"{"retryAfterSeconds": 0}"#;
    let message = "pluginConfig.retryAfterSeconds: must be a whole number from 1 to 604800";
    for kind in ["WasmPlugin", "TrafficExtension"] {
        for image in [
            "oci://registry.example.com/maintenance-filter:0.1.0",
            "oci://registry.example.com:5000/mirror/maintenance-filter@sha256:0123",
            "https://files.example.com/maintenance-filter.wasm",
            "maintenance-filter",
        ] {
            assert_eq!(guarded.refusal(&plugin(kind, "any", image, invalid)), message, "{image}");
        }
        let renamed = plugin(kind, "any", "oci://registry.example.com/renamed:1", invalid);
        let labelled = renamed.replace(
            r#""name":"any""#,
            r#""name":"any","labels":{"app.kubernetes.io/name":"maintenance-filter"}"#,
        );
        assert_eq!(guarded.refusal(&labelled), message);
        for image in [
            "oci://x/renamed:1",
            "oci://x/maintenance-filter/other:1",
            "oci://x/a-maintenance-filter:1",
        ] {
            guarded
                .try_apply(&plugin(kind, "any", image, invalid))
                .expect("another plugin is accepted");
        }
    }
    let lua = r#"{"apiVersion":"extensions.istio.io/v1alpha1","kind":"TrafficExtension",
        "metadata":{"name":"lua"},"spec":{"lua":{"inlineCode":"-- nothing"}}}"#;
    guarded.try_apply(lua).expect("another plugin is accepted");
}

/// The policy rejects an enabled plugin whose `match` may include outbound
/// listeners.
pub async fn the_policy_keeps_the_plugin_off_outbound_listeners(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let message = "match: must list \"mode: SERVER\", or \"mode: CLIENT\" together with a selector \
                   for a gateway: otherwise the workload's own requests get the 503 too";
    let image = "oci://x/maintenance-filter:1";
    let on = r#"{"enabled": true}"#;
    let with = |kind: &str, fields: &str, config: &str| {
        plugin(kind, "any", image, config).replace(SIDECAR, fields)
    };
    for kind in ["WasmPlugin", "TrafficExtension"] {
        for fields in [
            "",
            r#""match":[],"#,
            r#""match":[{"ports":[{"number":80}]}],"#,
            r#""match":[{"mode":"CLIENT_AND_SERVER"}],"#,
            r#""match":[{"mode":"CLIENT"}],"#,
            r#""match":[{"mode":"SERVER"},{"mode":"CLIENT"}],"#,
            r#""selector":{},"match":[{"mode":"CLIENT"}],"#,
        ] {
            assert_eq!(guarded.refusal(&with(kind, fields, on)), message, "{fields}");
            guarded.try_apply(&with(kind, fields, r#"{"enabled": false}"#)).expect(fields);
        }
        for fields in [
            SIDECAR,
            GATEWAY,
            r#""match":[{"mode":"SERVER","ports":[{"number":80}]}],"#,
            r#""targetRefs":[{"kind":"Service","name":"shop"}],"#,
        ] {
            guarded.try_apply(&with(kind, fields, on)).expect(fields);
        }
    }
}

/// The policy rejects a scope by host where the filter runs in sidecars or in
/// waypoints: the caller chooses `Host` there. It rejects it in a disabled plugin, too.
pub async fn the_policy_keeps_a_scope_by_host_to_gateways(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let sidecar = "not allowed with \"mode: SERVER\" in match: in a sidecar the caller chooses";
    let waypoint = "not allowed with a Service, ServiceEntry or GatewayClass in targetRefs: at a \
                    waypoint the caller chooses";
    let image = "oci://x/maintenance-filter:1";
    let hosts = r#"{"enabled": true, "scope": {"hosts": ["shop.example.com"]}}"#;
    let with = |kind: &str, fields: &str, config: &str| {
        plugin(kind, "any", image, config).replace(SIDECAR, fields)
    };
    let target = |kind: &str| format!(r#""targetRefs":[{{"kind":"{kind}","name":"x"}}],"#);
    let refused = [
        (SIDECAR.to_owned(), sidecar),
        (r#""match":[{"mode":"SERVER","ports":[{"number":80}]}],"#.into(), sidecar),
        (
            r#""selector":{"matchLabels":{"app":"shop"}},"match":[{"mode":"CLIENT"},{"mode":"SERVER"}],"#.into(),
            sidecar,
        ),
        (format!("{}{SIDECAR}", target("Service")), sidecar),
        (target("Service"), waypoint),
        (target("ServiceEntry"), waypoint),
        (target("GatewayClass"), waypoint),
        (
            r#""targetRefs":[{"kind":"Gateway","name":"x"},{"group":"","kind":"Service","name":"x"}],"#.into(),
            waypoint,
        ),
    ];
    let allowed = [GATEWAY.to_owned(), target("Gateway")];
    for kind in ["WasmPlugin", "TrafficExtension"] {
        for (fields, reason) in &refused {
            let message = format!(
                "pluginConfig.scope.hosts: {reason} the Host header, so a scope by host keeps no \
                 request out"
            );
            assert_eq!(guarded.refusal(&with(kind, fields, hosts)), message, "{fields}");
            let disabled = hosts.replace("true", "false");
            assert_eq!(guarded.refusal(&with(kind, fields, &disabled)), message, "{fields}");
        }
        for fields in &allowed {
            guarded.try_apply(&with(kind, fields, hosts)).expect(fields);
        }
        let prefixes = r#"{"enabled": true, "scope": {"pathPrefixes": ["/api/"]}}"#;
        for fields in [SIDECAR, &target("Service")] {
            guarded.try_apply(&with(kind, fields, prefixes)).expect("a scope by path");
        }
        // The message about an invalid value goes before the one about `match`.
        let invalid = r#"{"scope": {"hosts": ["Shop"]}}"#;
        assert_eq!(
            guarded.refusal(&with(kind, SIDECAR, invalid)),
            "pluginConfig.scope.hosts[0]: must be a host in lower case without a port, or \"*.\" and \
             such a host"
        );
    }
}

/// The policy accepts every shipped manifest, and validates patches as well.
pub async fn the_policy_accepts_the_shipped_manifests(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    for folder in ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"] {
        guarded.kubectl.run(&["apply", "-n", "shop", "-f", &guarded.shipped.folder(folder)]);
    }
    let plugin =
        ["patch", "wasmplugin", "maintenance-standby", "-n", "shop", "--type", "merge", "-p"];
    let patch = |patch: &str| guarded.kubectl.try_run(&[&plugin[..], &[patch]].concat());
    patch(r#"{"spec":{"pluginConfig":{"enabled":true}}}"#).expect("a valid patch");
    let error =
        patch(r#"{"spec":{"pluginConfig":{"enabled":"yes"}}}"#).expect_err("an invalid patch");
    let (_, message) = error.split_once(DENIED).expect("the policy's message");
    assert_eq!(message.trim(), "pluginConfig.enabled: must be true or false");
}

/// The policy accepts every recipe.
pub async fn the_policy_accepts_the_recipes(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let recipes = guarded.shipped.recipes();
    assert!(recipes.len() >= 6, "{recipes:?}");
    for recipe in &recipes {
        let recipe = recipe.to_str().expect("a path in UTF-8");
        guarded.kubectl.run(&["apply", "-n", "shop", "-f", recipe]);
    }
}

/// Validation of the largest configuration that the filter accepts stays within
/// the API server's cost limit for policies.
pub async fn the_largest_configuration_is_within_the_cost_limit(mesh: &Mesh) {
    let guarded = GuardedApi::start(mesh).await;
    let path = "a".repeat(1018);
    let methods: Vec<String> = (0..20).map(|n| format!("METHOD-{n}")).collect();
    let exemptions: Vec<Value> = (0..64)
        .map(|n| json!({"path": format!("/{path}/{n}"), "methods": methods, "action": "Respond"}))
        .collect();
    let headers: Map<String, Value> = (0..32)
        .map(|n| (format!("x-{n:02}-{}", "h".repeat(250)), json!("v".repeat(8192))))
        .collect();
    let hosts: Vec<String> =
        (0..64).map(|n| format!("*.{n:02}.{}", vec!["h".repeat(61); 4].join("."))).collect();
    let prefixes: Vec<String> = (0..64).map(|n| format!("/{path}/{n}/")).collect();
    let digests = vec!["0123456789abcdef".repeat(4); 8];
    let origins: Vec<String> =
        (0..16).map(|n| format!("https://{n:02}{}", "o".repeat(290))).collect();
    let config = json!({
        "enabled": true,
        "dryRun": true,
        "window": {"start": "2026-11-24T02:00:00Z", "end": "2026-11-24T05:00:00+01:00", "onEnd": "Extend"},
        "retryAfterSeconds": 604_800,
        "retryAfterJitterSeconds": 86_400,
        "exemptions": exemptions,
        "scope": {"hosts": hosts, "pathPrefixes": prefixes},
        "bypass": {"header": "x".repeat(256), "sha256": digests},
        "response": {
            "contentType": "c".repeat(8192),
            "body": "b".repeat(65_536),
            "html": "h".repeat(65_536),
            "headers": headers,
            "corsOrigins": origins,
            "grpcRetryPushback": "RetryAfter",
        },
    })
    .to_string();
    assert!(maintenance_filter::policy::Policy::from_json(config.as_bytes()).is_ok());
    for kind in ["WasmPlugin", "TrafficExtension"] {
        let manifest = plugin(kind, "large", "oci://x/maintenance-filter:1", &config);
        guarded.try_apply(&manifest.replace(SIDECAR, GATEWAY)).expect(kind);
    }
}
