//! `istio/admission` refuses at `kubectl apply` what the filter would refuse.

use serde_json::{Map, Value, json};

use crate::control_plane::Api;
use crate::kubectl::Kubectl;
use crate::mesh::Mesh;
use crate::service::TIME_TO_CHANGE;
use crate::shipped::Shipped;

const TABLE: &str = include_str!("../../configurations.json");
const DENIED: &str = "denied request: ";

/// An API server with the policy, and a namespace to try it in.
struct Guarded {
    _api: Api,
    kubectl: Kubectl,
    shipped: Shipped,
}

impl Guarded {
    async fn start(mesh: &Mesh) -> Self {
        let api = Api::start(mesh.plane.tools()).await;
        let shipped = Shipped::with_image(&mesh.registry.image());
        let kubectl = api.kubectl().clone();
        kubectl.run(&["create", "namespace", "shop"]);
        kubectl.run(&["apply", "-f", &shipped.folder("admission")]);
        let guarded = Self { _api: api, kubectl, shipped };
        let effective = async || {
            let bad = plugin("WasmPlugin", "early", "oci://x/maintenance-filter:1", r#"{"x":1}"#);
            guarded.try_apply(&bad).is_err().then_some(())
        };
        harness::wait::eventually("the policy is in force", TIME_TO_CHANGE, effective).await;
        guarded
    }

    fn try_apply(&self, manifest: &str) -> Result<String, String> {
        self.kubectl.try_feed(&["create", "--dry-run=server", "-n", "shop", "-f", "-"], manifest)
    }

    /// What the policy says of a manifest that it refuses.
    fn refusal(&self, manifest: &str) -> String {
        let error = self.try_apply(manifest).expect_err(manifest);
        let (_, message) = error.split_once(DENIED).expect(&error);
        message.trim().into()
    }
}

/// Filter and policy agree on the whole table, message by message.
pub async fn the_policy_agrees_with_the_filter_on_the_table(mesh: &Mesh) {
    let guarded = Guarded::start(mesh).await;
    let rows: Vec<Value> = serde_json::from_str(TABLE).expect("the table");
    for (kind, least) in [("WasmPlugin", 60), ("TrafficExtension", 60)] {
        let mut manifests = String::new();
        for (number, row) in
            rows.iter().enumerate().filter(|(_, row)| row["admission"].is_boolean())
        {
            let config = row["config"].as_str().expect("a configuration");
            let name = format!("row-{number}");
            manifests += &plugin(kind, &name, "oci://x/maintenance-filter:1", config);
        }
        let create = ["create", "--dry-run=server", "-n", "shop", "-f", "-"];
        let said = guarded.kubectl.feed(&create, &manifests);
        let mut wrong = Vec::new();
        let mut asked = 0;
        for (number, row) in rows.iter().enumerate() {
            let Some(accepted) = row["admission"].as_bool() else { continue };
            asked += 1;
            let answer = answer(&said, number);
            if !agrees(&answer, accepted, row) {
                wrong.push(format!("{}: {answer}", row["name"]));
            }
        }
        assert!(wrong.is_empty(), "{kind}:\n{}", wrong.join("\n"));
        assert!(asked >= least, "only {asked} rows for the policy");
    }
}

/// What `kubectl` said of a row: `created`, or why not.
fn answer(said: &str, number: usize) -> String {
    let lines = || said.lines().map(|line| line.replace(" is invalid: : ", " is invalid: "));
    let (created, refused) = (format!("/row-{number} created"), format!("\"row-{number}\" "));
    let line = lines().find(|line| line.contains(&created) || line.contains(&refused));
    let line = line.unwrap_or_else(|| panic!("nothing of row {number} in {said}"));
    match line.split_once(DENIED) {
        _ if line.contains(&created) => "created".into(),
        Some((_, message)) => message.into(),
        None => "the API server refused it".into(),
    }
}

/// Whether the answer is that of the table: the filter's message without the
/// value, and without the guess at what an unknown field was meant to be.
fn agrees(answer: &str, accepted: bool, row: &Value) -> bool {
    if accepted {
        return answer == "created";
    }
    if !row["config"].as_str().expect("a configuration").trim_start().starts_with('{') {
        return answer == "the API server refused it";
    }
    let message = row["filter"].as_str().expect("a message");
    let (place, _) = message.split_once(": ").expect("a place");
    let (_, allowed) = message.split_once(" is not allowed: ").expect("what is allowed");
    let allowed = match allowed.split_once("? Known here") {
        Some((_, known)) => format!("unknown field, known here{known}"),
        None => allowed.into(),
    };
    // The filter shortens an odd name, and of two names in two cases it means the later.
    let plain = place.is_ascii() && !place.contains("  ") && !place.starts_with('[');
    let expected = format!("pluginConfig.{place}: {allowed}");
    if plain { answer.eq_ignore_ascii_case(&expected) } else { answer.ends_with(&allowed) }
}

/// Ours is known by its label or by its module, whatever it is called.
pub async fn the_policy_knows_ours_and_leaves_others_alone(mesh: &Mesh) {
    let guarded = Guarded::start(mesh).await;
    let bad = r#"{"retryAfterSeconds": 0}"#;
    let message =
        "pluginConfig.retryAfterSeconds: must be a whole number of seconds from 1 to 604800";
    for kind in ["WasmPlugin", "TrafficExtension"] {
        for image in [
            "oci://registry.example.com/maintenance-filter:0.1.0",
            "oci://registry.example.com:5000/mirror/maintenance-filter@sha256:0123",
            "https://files.example.com/maintenance-filter.wasm",
            "maintenance-filter",
        ] {
            assert_eq!(guarded.refusal(&plugin(kind, "any", image, bad)), message, "{image}");
        }
        let renamed = plugin(kind, "any", "oci://registry.example.com/renamed:1", bad);
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
            guarded.try_apply(&plugin(kind, "any", image, bad)).expect("somebody else's");
        }
    }
    let lua = r#"{"apiVersion":"extensions.istio.io/v1alpha1","kind":"TrafficExtension",
        "metadata":{"name":"lua"},"spec":{"lua":{"inlineCode":"-- nothing"}}}"#;
    guarded.try_apply(lua).expect("somebody else's");
}

/// An enabled plugin has to say which listeners it is for.
pub async fn the_policy_keeps_it_off_outbound_listeners(mesh: &Mesh) {
    let guarded = Guarded::start(mesh).await;
    let message = "match: must list \"mode: SERVER\", or \"mode: CLIENT\" together with a selector \
                   for a gateway: otherwise what the workload itself calls gets the 503 too";
    let image = "oci://x/maintenance-filter:1";
    let on = r#"{"enabled": true}"#;
    let server = r#""match":[{"mode":"SERVER"}],"#;
    let with = |kind: &str, fields: &str, config: &str| {
        plugin(kind, "any", image, config).replace(server, fields)
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
            server,
            r#""match":[{"mode":"SERVER","ports":[{"number":80}]}],"#,
            r#""selector":{"matchLabels":{"istio":"edge"}},"match":[{"mode":"CLIENT"}],"#,
            r#""targetRefs":[{"kind":"Service","name":"shop"}],"#,
        ] {
            guarded.try_apply(&with(kind, fields, on)).expect(fields);
        }
    }
}

/// All that is shipped passes, and a patch is judged like a manifest.
pub async fn the_policy_lets_the_shipped_manifests_pass(mesh: &Mesh) {
    let guarded = Guarded::start(mesh).await;
    for folder in ["maintenance-mode", "standby", "gateway", "waypoint", "traffic-extension"] {
        guarded.kubectl.run(&["apply", "-n", "shop", "-f", &guarded.shipped.folder(folder)]);
    }
    let plugin =
        ["patch", "wasmplugin", "maintenance-standby", "-n", "shop", "--type", "merge", "-p"];
    let patch = |patch: &str| guarded.kubectl.try_run(&[&plugin[..], &[patch]].concat());
    patch(r#"{"spec":{"pluginConfig":{"enabled":true}}}"#).expect("a good patch");
    let error = patch(r#"{"spec":{"pluginConfig":{"enabled":"yes"}}}"#).expect_err("a bad patch");
    let (_, message) = error.split_once(DENIED).expect("the policy's word");
    assert_eq!(message.trim(), "pluginConfig.enabled: must be true or false");
}

/// The largest configuration that the filter takes is within what the API
/// server lets a policy cost.
pub async fn the_policy_can_afford_the_largest_configuration(mesh: &Mesh) {
    let guarded = Guarded::start(mesh).await;
    let path = "a".repeat(1000);
    let methods: Vec<String> = (0..20).map(|n| format!("METHOD-{n}")).collect();
    let exemptions: Vec<Value> = (0..64)
        .map(|n| json!({"path": format!("/{path}/{n}"), "methods": methods, "action": "Respond"}))
        .collect();
    let headers: Map<String, Value> =
        (0..32).map(|n| (format!("x-{n}-{}", "h".repeat(100)), json!("v".repeat(1000)))).collect();
    let config = json!({
        "enabled": true,
        "exemptions": exemptions,
        "response": {"body": "b".repeat(65_536), "headers": headers},
    })
    .to_string();
    assert!(maintenance_filter::policy::Policy::from_json(config.as_bytes()).is_ok());
    for kind in ["WasmPlugin", "TrafficExtension"] {
        let manifest = plugin(kind, "large", "oci://x/maintenance-filter:1", &config);
        guarded.try_apply(&manifest).expect(kind);
    }
}

fn plugin(kind: &str, name: &str, image: &str, config: &str) -> String {
    let wasm = format!(r#""url":"{image}","pluginConfig":{config}"#);
    let wasm = if kind == "WasmPlugin" { wasm } else { format!(r#""wasm":{{{wasm}}}"#) };
    format!(
        r#"{{"apiVersion":"extensions.istio.io/v1alpha1","kind":"{kind}","metadata":{{"name":"{name}"}},"spec":{{"match":[{{"mode":"SERVER"}}],{wasm}}}}}
"#
    )
}
