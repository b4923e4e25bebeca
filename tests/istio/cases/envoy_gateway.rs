//! `gateway-api/` against the schema that Envoy Gateway publishes. Envoy Gateway itself does not run here.

use crate::control_plane::Api;
use crate::mesh::Mesh;

const EXAMPLE: &str = include_str!("../../../gateway-api/maintenance-mode.yaml");

/// A real API server with Envoy Gateway's schema and validation rules takes it, and nothing near it.
pub async fn its_api_takes_the_example(mesh: &Mesh) {
    let tools = mesh.plane.tools();
    let api = Api::start(tools).await;
    let crds = tools.path("envoy-gateway-crds.yaml").display().to_string();
    api.kubectl().run(&["apply", "--server-side", "-f", &crds]);
    api.kubectl().run(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
    let apply = ["apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    let try_apply = |manifest: &str| api.kubectl().try_feed(&apply, manifest);
    try_apply(EXAMPLE).expect("the example is taken");
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
