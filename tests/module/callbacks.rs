//! The exports of the module, and how its callbacks behave towards the host.

use super::plugin::{Plugin, ROOT, shipped};

/// Largest size of the module, in bytes. Every proxy compiles all of it before
/// it serves: see docs/performance.md.
const MAX_BYTES: usize = 190_000;

const ON: &str = r#"{"enabled": true}"#;
const ORDERS: [(&str, &str); 2] = [(":path", "/orders"), (":method", "GET")];
const HEALTH: [(&str, &str); 2] = [(":path", "/load-balancer/health-check"), (":method", "GET")];
const ACTIVE: &str = "maintenance_active";
const REJECTED: &str = "maintenance_rejected_requests_total";
const EXEMPTED: &str = "maintenance_exempted_requests_total";

/// Values that `proxy_on_request_headers` returns.
const CONTINUE: Option<u32> = Some(0);
const PAUSE: Option<u32> = Some(1);

/// Statuses of host calls.
const NOT_FOUND: u32 = 1;
const BAD_ARGUMENT: u32 = 2;
const SERIALIZATION_FAILURE: u32 = 3;
const CAS_MISMATCH: u32 = 8;
const INTERNAL_FAILURE: u32 = 10;

#[test]
fn the_module_exports_only_what_the_filter_needs() {
    let mut exports = Plugin::load().exports();
    exports.sort();
    let needed = [
        "_initialize",
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
fn the_module_is_small() {
    let size = shipped().len();
    println!("{size} bytes");
    assert!(size <= MAX_BYTES, "{size} bytes, at most {MAX_BYTES}");
}

/// The format of the ABI: the number of pairs, the length of each name and
/// value, then each name and value with a zero byte behind it.
#[test]
fn the_headers_of_a_reply_are_laid_out_as_the_abi_has_it() {
    let mut plugin = Plugin::configured(r#"{"enabled": true, "retryAfterSeconds": 5}"#);
    plugin.request(ROOT, &ORDERS);
    let mut expected = vec![3, 0, 0, 0];
    for size in [11_u8, 1, 12, 16, 13, 8] {
        expected.extend([size, 0, 0, 0]);
    }
    expected.extend(b"retry-after\x005\0content-type\0application/json\0cache-control\0no-store\0");
    let reply = plugin.host().reply.take().expect("a local reply");
    assert_eq!((reply.status, reply.details.as_slice()), (503, &b"maintenance_mode"[..]));
    assert_eq!(reply.headers, expected);
}

#[test]
fn the_state_line_names_the_version_of_the_module() {
    let mut plugin = Plugin::configured(ON);
    let version = env!("CARGO_PKG_VERSION");
    let line = format!(
        "3 maintenance is on: Retry-After 60 s, exempt paths 1 (maintenance-filter {version})"
    );
    assert_eq!(plugin.host().log, [line]);
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
    assert_eq!(plugin.host().metric(ACTIVE), Some(0));
}

/// A stream that began before its root context was deleted.
#[test]
fn the_last_stream_of_a_deleted_configuration_is_answered() {
    let mut plugin = Plugin::configured(ON);
    plugin.host().set_head(&ORDERS);
    plugin.call("proxy_on_context_create", &[11, ROOT]);
    plugin.call("proxy_on_delete", &[ROOT]);
    assert_eq!(plugin.call("proxy_on_request_headers", &[11, 0, 1]), PAUSE);
    plugin.call("proxy_on_delete", &[11]);
}

/// Several streams may be created before the headers of any arrive. Each has
/// the configuration of its own root context.
#[test]
fn a_stream_keeps_to_its_own_root_context() {
    let mut plugin = Plugin::configured(ON);
    let off = plugin.root();
    assert!(plugin.configure(off, b"{}"));
    plugin.host().set_head(&ORDERS);
    for (stream, root) in [(11, ROOT), (12, off), (13, ROOT), (14, off)] {
        plugin.call("proxy_on_context_create", &[stream, root]);
    }
    plugin.call("proxy_on_delete", &[13]);
    let answers = [12, 11, 14].map(|id| plugin.call("proxy_on_request_headers", &[id, 0, 1]));
    assert_eq!(answers, [CONTINUE, PAUSE, CONTINUE]);
}

#[test]
fn a_root_context_without_a_configuration_lets_requests_pass() {
    let mut plugin = Plugin::load();
    let root = plugin.root();
    plugin.call("proxy_on_tick", &[root]);
    assert_eq!(plugin.request(root, &ORDERS).calls, [""; 0]);
    assert!(!plugin.configure(root, b"{"), "refused");
    assert_eq!(plugin.request(root, &ORDERS).calls, [""; 0]);
    plugin.call("proxy_on_delete", &[root]);
    assert_eq!(plugin.host().metrics, []);
}

#[test]
fn a_refused_configuration_leaves_the_previous_one_in_force() {
    let mut plugin = Plugin::configured(ON);
    assert!(!plugin.configure(ROOT, br#"{"enabled": "no"}"#));
    let message =
        r#"4 plugin configuration refused: enabled: "no" is not allowed: must be true or false"#;
    assert_eq!(plugin.host().log.last().map(String::as_str), Some(message));
    assert_eq!(plugin.request(ROOT, &ORDERS).calls, ["get :path", "send_local_response"]);
    assert_eq!(plugin.host().metric(ACTIVE), Some(1));
}

/// The stream is reset when Envoy does not take the reply, so that the request
/// does not reach the application.
#[test]
fn a_reply_that_cannot_be_sent_resets_the_stream() {
    for status in (1..=12).chain([99, u32::MAX]) {
        let mut plugin = Plugin::configured(ON);
        plugin.host().failures.insert("send_local_response", status);
        let cost = plugin.request(ROOT, &ORDERS);
        assert_eq!(cost.calls, ["get :path", "send_local_response", "close_stream"]);
    }
}

/// Every failure that the SDK reports instead of panicking; docs/design.md
/// lists the others, and why Envoy does not cause them.
#[test]
fn a_failing_host_call_does_not_trap() {
    for (call, status) in [
        ("get :path", NOT_FOUND),
        ("get :method", NOT_FOUND),
        ("get_property", NOT_FOUND),
        ("get_property", SERIALIZATION_FAILURE),
        ("get_property", INTERNAL_FAILURE),
        ("get_shared_data", NOT_FOUND),
        ("set_shared_data", CAS_MISMATCH),
        ("record_metric", NOT_FOUND),
        ("increment_metric", NOT_FOUND),
        ("increment_metric", BAD_ARGUMENT),
    ] {
        let mut plugin = Plugin::load();
        plugin.host().failures.insert(call, status);
        let root = plugin.root();
        assert!(plugin.configure(root, ON.as_bytes()), "{call} {status}");
        let calls = plugin.request(root, &ORDERS).calls;
        assert_eq!(calls, ["get :path", "send_local_response"], "{call} {status}");
        plugin.call("proxy_on_tick", &[root]);
        plugin.call("proxy_on_delete", &[root]);
    }
}

#[test]
fn a_configuration_that_is_not_handed_out_is_refused() {
    let mut plugin = Plugin::load();
    plugin.host().failures.insert("get_buffer_bytes", NOT_FOUND);
    let root = plugin.root();
    assert!(!plugin.configure(root, ON.as_bytes()));
    assert!(plugin.configure(root, b""), "an empty one is not asked for");
}

#[test]
fn a_panic_is_logged_before_it_traps() {
    let mut plugin = Plugin::configured(ON);
    let unknown = 99;
    assert!(plugin.try_call("proxy_on_tick", &[unknown]).is_err());
    let log = plugin.host().log.join("\n");
    assert!(log.contains("invalid context_id"), "{log}");
}

/// The memory after as many changes of configuration is that of the first few.
#[test]
fn memory_does_not_grow_with_changes_of_configuration() {
    let mut plugin = Plugin::load();
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
    assert_eq!(plugin.host().metric_ids.len(), 10, "identifiers that the host keeps");
}
