//! `envoy/gateway/` validated against Envoy Gateway's published schema. Envoy Gateway
//! itself does not run in this suite.

use mesh::Mesh;
use mesh::api::Api;

const EXAMPLE: &str = include_str!("../../../envoy/gateway/maintenance-mode.yaml");

/// A real API server with Envoy Gateway's schema and validation rules accepts the
/// example and rejects variants with one mistake.
pub async fn the_api_accepts_the_example(mesh: &Mesh) {
    let tools = mesh.plane.tools();
    let api = Api::start(tools).await;
    let crds = tools.path("envoy-gateway-crds.yaml").display().to_string();
    api.kubectl().run(&["apply", "--server-side", "-f", &crds]);
    api.kubectl().run(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    let apply = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    let try_apply = |manifest: &str| api.kubectl().try_run_with_input(&apply, manifest);
    try_apply(EXAMPLE).expect("the example is accepted");
    for (right, wrong, message) in [
        ("failOpen:", "failOpened:", "unknown field \"spec.wasm[0].failOpened\""),
        ("type: Image", "type: HTTP", "If type is HTTP, http field needs to be set"),
        ("kind: Gateway", "kind: Service", "kind"),
    ] {
        assert!(EXAMPLE.contains(right));
        let error = try_apply(&EXAMPLE.replace(right, wrong)).expect_err(wrong);
        assert!(error.contains(message), "{error}");
    }
}
