//! What the module exports and how it behaves towards the host beside requests.

use super::plugin::{Plugin, ROOT, shipped};

/// A proxy compiles all of it before it serves: see docs/performance.md.
const MOST_BYTES: usize = 40 * 1024;

const ON: &str = r#"{"enabled": true}"#;
const ORDERS: [(&str, &str); 2] = [(":path", "/orders"), (":method", "GET")];
const HEALTH: [(&str, &str); 2] = [(":path", "/load-balancer/health-check"), (":method", "GET")];
const REJECTED: &str = "maintenance_rejected_requests_total";
const EXEMPTED: &str = "maintenance_exempted_requests_total";

#[test]
fn it_exports_what_the_abi_needs_and_nothing_else() {
    let mut exports = Plugin::load(shipped()).exports();
    exports.sort();
    let needed = [
        "malloc",
        "memory",
        "proxy_abi_version_0_2_1",
        "proxy_on_configure",
        "proxy_on_context_create",
        "proxy_on_delete",
        "proxy_on_request_headers",
        "proxy_on_tick",
        "proxy_on_vm_start",
    ];
    assert_eq!(exports, needed, "Envoy enters the module for every callback it exports");
}

#[test]
fn it_is_small() {
    let size = shipped().len();
    println!("{size} bytes");
    assert!(size <= MOST_BYTES, "{size} bytes, at most {MOST_BYTES}");
}

#[test]
fn counters_are_at_most_a_second_late() {
    let mut plugin = Plugin::configured(ON);
    assert!((1..=1000).contains(&plugin.host().tick_milliseconds));
    for _ in 0..3 {
        plugin.request(ROOT, &ORDERS);
    }
    plugin.request(ROOT, &HEALTH);
    assert_eq!(plugin.host().metric(REJECTED), Some(0));
    plugin.call("proxy_on_tick", &[ROOT]);
    assert_eq!(plugin.host().metric(REJECTED), Some(3));
    assert_eq!(plugin.host().metric(EXEMPTED), Some(1));
    plugin.call("proxy_on_tick", &[ROOT]);
    assert_eq!(plugin.host().metric(REJECTED), Some(3), "no request is counted twice");
}

#[test]
fn counters_are_handed_over_when_a_configuration_goes() {
    let mut plugin = Plugin::configured(ON);
    plugin.request(ROOT, &ORDERS);
    plugin.call("proxy_on_delete", &[ROOT]);
    assert_eq!(plugin.host().metric(REJECTED), Some(1));
    assert_eq!(plugin.host().tick_milliseconds, 0, "a timer would outlive its root context");
    assert_eq!(plugin.host().metric("maintenance_active"), Some(0));
}

/// Streams may be created before any of their heads comes; each has the
/// configuration of its own root context.
#[test]
fn a_stream_keeps_to_its_own_root_context() {
    let mut plugin = Plugin::configured(ON);
    let off = plugin.root();
    assert!(plugin.configure(off, b"{}"));
    plugin.host().headers = ORDERS.map(|(name, value)| (name, value.into())).into();
    for (stream, root) in [(11, ROOT), (12, off), (13, ROOT), (14, off)] {
        plugin.call("proxy_on_context_create", &[stream, root]);
    }
    plugin.call("proxy_on_delete", &[13]);
    let answers = [12, 11, 14].map(|id| plugin.call("proxy_on_request_headers", &[id, 0, 1]));
    assert_eq!(answers, [Some(0), Some(1), Some(0)]);
}

#[test]
fn no_context_and_no_order_of_calls_makes_it_trap() {
    let mut plugin = Plugin::load(shipped());
    for id in [0, 1, 7, u32::MAX] {
        assert_eq!(plugin.call("proxy_on_request_headers", &[id, 0, 0]), Some(0));
        assert_eq!(plugin.call("proxy_on_configure", &[id, 2]), Some(0));
        plugin.call("proxy_on_tick", &[id]);
        plugin.call("proxy_on_delete", &[id]);
        plugin.call("proxy_on_context_create", &[id, 0]);
        plugin.call("proxy_on_context_create", &[id, 0]);
        plugin.call("proxy_on_context_create", &[id, 99]);
        assert_eq!(plugin.call("proxy_on_request_headers", &[id, 0, 0]), Some(0));
    }
}

#[test]
fn no_refusal_of_the_host_makes_it_trap() {
    for status in (1..=12).chain([99, u32::MAX]) {
        let mut plugin = Plugin::configured(ON);
        plugin.host().refusal = Some(status);
        let cost = plugin.request(ROOT, &ORDERS);
        assert_eq!(cost.calls, ["get :path", "send_local_response", "close_stream"]);
        plugin.call("proxy_on_tick", &[ROOT]);
        let other = plugin.root();
        assert!(!plugin.configure(other, ON.as_bytes()), "its configuration is not handed out");
        assert!(plugin.configure(other, b""), "none is needed");
        plugin.call("proxy_on_delete", &[ROOT]);
        plugin.call("proxy_on_delete", &[other]);
    }
}

/// The memory after as many changes of configuration is that of the first few.
#[test]
fn memory_does_not_grow_with_changes_of_configuration() {
    let mut plugin = Plugin::load(shipped());
    let body = "x".repeat(1_000);
    let large = format!(r#"{{"enabled": true, "response": {{"body": "{body}"}}}}"#);
    let mut change = |rounds| {
        for round in 0..rounds {
            let root = plugin.root();
            assert!(plugin.configure(root, if round % 2 == 0 { large.as_bytes() } else { b"{}" }));
            plugin.request(root, &ORDERS);
            plugin.call("proxy_on_delete", &[root]);
        }
        plugin.memory()
    };
    let memory = change(10);
    assert_eq!(change(100), memory);
    assert_eq!(plugin.host().metric_ids.len(), 3, "identifiers that the host keeps");
}
