//! `istio/admission-warn`: the policy warns, and lets every plugin through.

use std::fs;

use harness::wait::eventually;
use tempfile::TempDir;

use super::guarded_api::{message, plugin};
use mesh::Mesh;
use mesh::api::Api;
use mesh::service::CHANGE_TIMEOUT;
use mesh::shipped::Shipped;

const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
  resources: [{group: extensions.istio.io}]
";
const PROBLEM: &str = "pluginConfig.retryAfterSeconds: must be a whole number from 1 to 604800";

pub async fn an_invalid_plugin_is_accepted_with_a_warning(mesh: &Mesh) {
    let folder = TempDir::new().expect("a temporary folder");
    let (policy, log) = (folder.path().join("audit.yaml"), folder.path().join("audit.log"));
    fs::write(&policy, AUDIT_POLICY).expect("the audit policy");
    let audit = [
        &format!("--audit-policy-file={}", policy.display()),
        &format!("--audit-log-path={}", log.display()),
    ];
    let api = Api::start_with(mesh.plane.tools(), &audit.map(String::as_str)).await;
    let (kubectl, shipped) = (api.kubectl(), Shipped::with_image(&mesh.registry.image()));
    kubectl.run(&["create", "namespace", "shop"]);
    kubectl.run(&["apply", "-k", &shipped.folder("admission-warn")]);

    let invalid = |name: &str| {
        plugin("WasmPlugin", name, "oci://x/maintenance-filter:1", r#"{"retryAfterSeconds": 0}"#)
    };
    let warned = async || {
        let create = ["create", "--dry-run=server", "-n", "shop", "-f", "-"];
        let output = kubectl.run_with_input(&create, &invalid("early"));
        output.contains("Warning: ").then_some(())
    };
    eventually("the policy warns", CHANGE_TIMEOUT, warned).await;
    let output = kubectl.run_with_input(&["create", "-n", "shop", "-f", "-"], &invalid("late"));
    assert!(output.contains("wasmplugin.extensions.istio.io/late created"), "{output}");
    let warning = format!(
        "Warning: Validation failed for ValidatingAdmissionPolicy 'maintenance-filter' with binding \
         'maintenance-filter': {PROBLEM}"
    );
    assert!(output.contains(&warning), "{output}");
    let recorded = async || {
        let text = fs::read_to_string(&log).ok()?;
        let has = |line: &str| {
            line.contains("\"name\":\"late\"")
                && line.contains("validation.policy.admission.k8s.io/validation_failure")
                && line.contains(PROBLEM)
        };
        text.lines().any(has).then_some(())
    };
    eventually("the audit log has the failure", CHANGE_TIMEOUT, recorded).await;

    let valid = plugin("WasmPlugin", "valid", "oci://x/maintenance-filter:1", "{}");
    let output = kubectl.run_with_input(&["create", "-n", "shop", "-f", "-"], &valid);
    assert!(output.contains("created") && !output.contains("Warning"), "{output}");

    // The other folder refuses from then on.
    kubectl.run(&["apply", "-k", &shipped.folder("admission")]);
    let refused = async || {
        let create = ["create", "--dry-run=server", "-n", "shop", "-f", "-"];
        kubectl.try_run_with_input(&create, &invalid("early")).err()
    };
    let error = eventually("the policy refuses", CHANGE_TIMEOUT, refused).await;
    assert_eq!(message(&error), PROBLEM);
}
