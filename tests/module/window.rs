//! A window: when the module reads the clock, and its report when a stage of
//! the window begins.

use super::plugin::{Plugin, ROOT};

const ORDERS: [(&str, &str); 2] = [(":path", "/orders"), (":method", "GET")];
const CLOCK: &str = "get_current_time_nanoseconds";

/// 2026-11-24T02:00:00Z.
const START: u64 = 1_795_485_600;
/// 2026-11-24T04:00:00Z.
const END: u64 = START + 7200;

fn night(window_fields: &str) -> String {
    format!(
        r#"{{"enabled": true, "window": {{"start": "2026-11-24T02:00:00Z",
            "end": "2026-11-24T04:00:00Z"{window_fields}}}}}"#
    )
}

/// Loads the module into a host whose clock says `now`.
fn configured_at(now: u64, configuration: &str) -> Plugin {
    let mut plugin = Plugin::load();
    plugin.host().now = now;
    let root = plugin.root();
    assert!(plugin.configure(root, configuration.as_bytes()));
    plugin
}

fn tick_at(plugin: &mut Plugin, now: u64) {
    plugin.host().now = now;
    plugin.call("proxy_on_tick", &[ROOT]);
}

#[track_caller]
fn assert_passes(plugin: &mut Plugin) {
    let calls = plugin.request(ROOT, &ORDERS).calls;
    assert_eq!(calls, [""; 0], "outside of its window, maintenance costs nothing");
}

#[track_caller]
fn assert_rejects(plugin: &mut Plugin, retry_after: u32, calls: &[&str]) {
    assert_eq!(plugin.request(ROOT, &ORDERS).calls, calls);
    let reply = plugin.host().reply.take().expect("a local reply");
    assert_eq!((reply.status, reply.retry_after()), (503, retry_after));
}

#[track_caller]
fn assert_gauges(plugin: &mut Plugin, active: i64, start: u64, end: u64) {
    let window = [("start", start), ("end", end)].map(|(name, seconds)| {
        let name = format!("maintenance_window_{name}_timestamp_seconds");
        (plugin.host().metric(&name), Some(seconds.cast_signed()))
    });
    assert_eq!(plugin.host().metric("maintenance_active"), Some(active));
    for (shown, expected) in window {
        assert_eq!(shown, expected);
    }
}

/// Takes the log lines since the last call, without level and version.
fn log(plugin: &mut Plugin) -> Vec<String> {
    let version = format!(" (maintenance-filter {})", env!("CARGO_PKG_VERSION"));
    let lines = std::mem::take(&mut plugin.host().log);
    lines.iter().map(|line| line["3 ".len()..].replace(&version, "")).collect()
}

#[test]
fn a_window_from_before_its_start_to_after_its_end() {
    let mut plugin = configured_at(START - 10, &night(""));
    let scheduled = "maintenance is scheduled: from 2026-11-24T02:00:00Z to 2026-11-24T04:00:00Z";
    assert_eq!(log(&mut plugin), [scheduled]);
    assert_gauges(&mut plugin, 0, START, END);
    assert_eq!(plugin.host().tick_milliseconds, 1000);
    assert_passes(&mut plugin);

    tick_at(&mut plugin, START - 1);
    assert_passes(&mut plugin);
    tick_at(&mut plugin, START);
    let on =
        "maintenance is on until 2026-11-24T04:00:00Z: Retry-After counts down, exempt paths 1";
    assert_eq!(log(&mut plugin), [on]);
    assert_gauges(&mut plugin, 1, START, END);
    let with_clock = [CLOCK, "get :path", "send_local_response"];
    assert_rejects(&mut plugin, 7200, &with_clock);
    plugin.host().now = END - 1;
    assert_rejects(&mut plugin, 1, &with_clock);

    plugin.host().now = END;
    assert_eq!(plugin.request(ROOT, &ORDERS).calls, [CLOCK], "the end is exact");
    assert_passes(&mut plugin);
    assert_eq!(log(&mut plugin), [""; 0]);
    tick_at(&mut plugin, END);
    assert_eq!(log(&mut plugin), ["maintenance is off: the window has ended"]);
    assert_gauges(&mut plugin, 0, 0, 0);
    assert_eq!(plugin.host().metric("maintenance_rejected_requests_total"), Some(2));
    assert_eq!(plugin.host().tick_milliseconds, 0, "nothing is left to do");
    assert_passes(&mut plugin);
    plugin.call("proxy_on_delete", &[ROOT]);
    assert_eq!(log(&mut plugin), [""; 0], "it was off before");
}

#[test]
fn a_clock_that_is_set_back_does_not_start_a_window_again() {
    let mut plugin = configured_at(END - 1, &night(""));
    plugin.host().now = END;
    plugin.request(ROOT, &ORDERS);
    plugin.host().now = START;
    assert_passes(&mut plugin);
    tick_at(&mut plugin, START);
    assert_passes(&mut plugin);
    assert_gauges(&mut plugin, 0, 0, 0);
    let root = plugin.root();
    assert!(plugin.configure(root, night("").as_bytes()));
    let calls = plugin.request(root, &ORDERS).calls;
    assert_eq!(calls.last(), Some(&"send_local_response"), "another configuration does");
}

#[test]
fn a_window_that_extends_stays_in_force_without_reading_the_clock() {
    let mut plugin = configured_at(END - 1, &night(r#", "onEnd": "Extend""#));
    log(&mut plugin);
    plugin.host().now = END;
    let calls = ["get :path", "send_local_response"];
    assert_rejects(&mut plugin, 60, &[CLOCK, calls[0], calls[1]]);
    assert_rejects(&mut plugin, 60, &calls);
    tick_at(&mut plugin, END);
    let extended = "maintenance is past the end of its window: Retry-After 60 s, exempt paths 1";
    assert_eq!(log(&mut plugin), [extended]);
    assert_gauges(&mut plugin, 1, START, END);
    assert_eq!(plugin.host().tick_milliseconds, 1000);
    plugin.host().now = START;
    assert_rejects(&mut plugin, 60, &calls);
    plugin.call("proxy_on_delete", &[ROOT]);
    assert_eq!(plugin.host().log.len(), 1, "the plugin is gone");
    assert_gauges(&mut plugin, 0, 0, 0);
}

#[test]
fn a_window_that_is_over_is_valid_and_off() {
    let mut plugin = configured_at(END, &night(""));
    assert_eq!(plugin.host().tick_milliseconds, 0);
    assert_passes(&mut plugin);
    assert_gauges(&mut plugin, 0, 0, 0);
    assert_eq!(log(&mut plugin), ["maintenance is off: the window has ended"]);
    let mut extended = configured_at(END, &night(r#", "onEnd": "Extend""#));
    assert_rejects(&mut extended, 60, &["get :path", "send_local_response"]);
}

#[test]
fn a_window_that_is_not_enabled_is_off() {
    let off = night("").replace("true", "false");
    let mut plugin = configured_at(START, &off);
    assert_eq!(plugin.host().tick_milliseconds, 0);
    assert_passes(&mut plugin);
    assert_gauges(&mut plugin, 0, 0, 0);
}

#[test]
fn the_window_of_a_replaced_configuration_reports_nothing() {
    let mut plugin = configured_at(START - 10, &night(""));
    let root = plugin.root();
    assert!(plugin.configure(root, b"{}"));
    log(&mut plugin);
    tick_at(&mut plugin, START);
    assert_eq!(log(&mut plugin), [""; 0]);
    assert_gauges(&mut plugin, 0, 0, 0);
}

#[test]
fn a_scheduled_window_does_not_clear_the_gauge_of_another_vm() {
    let mut plugin = configured_at(START - 10, &night(""));
    let metrics = &mut plugin.host().metrics;
    let active = metrics.iter_mut().find(|(name, _)| name == "maintenance_active");
    active.expect("the gauge").1 = 1;
    tick_at(&mut plugin, START - 5);
    assert_gauges(&mut plugin, 1, START, END);
}
