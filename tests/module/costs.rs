//! Cost of a request by kind. It stays within bounds, so that a regression is noticed.

use super::plugin::{Cost, Plugin, ROOT};

/// Callbacks of a request. Without the first the module would not know which
/// configuration applies; without the last it would not learn that a
/// configuration is gone.
const CALLBACKS: [&str; 3] =
    ["proxy_on_context_create", "proxy_on_request_headers", "proxy_on_delete"];

const ON: &str = r#"{"enabled": true, "exemptions": [
    {"path": "/load-balancer/health-check"},
    {"path": "/ready", "action": "Respond"},
    {"pathPrefix": "/static/"}
]}"#;

struct Kind {
    name: &'static str,
    configuration: &'static str,
    head: &'static [(&'static str, &'static str)],
    calls: &'static [&'static str],
    /// Measured work. The test allows a tenth more, and down to half, because compilers differ.
    /// Below half, the kind no longer measures the work that its name says.
    fuel: u64,
}

const KINDS: [Kind; 8] = [
    Kind {
        name: "disabled",
        configuration: "{}",
        head: &[(":path", "/orders"), (":method", "GET")],
        calls: &[],
        fuel: 4395,
    },
    Kind {
        name: "rejected",
        configuration: ON,
        head: &[(":path", "/orders"), (":method", "GET")],
        calls: &["get :path", "send_local_response"],
        fuel: 7781,
    },
    Kind {
        name: "rejected, with a query",
        configuration: ON,
        head: &[(":path", "/orders?since=2024-01-01&page=7"), (":method", "GET")],
        calls: &["get :path", "send_local_response"],
        fuel: 7637,
    },
    Kind {
        name: "rejected for its method",
        configuration: ON,
        head: &[(":path", "/load-balancer/health-check"), (":method", "POST")],
        calls: &["get :path", "get :method", "send_local_response"],
        fuel: 11405,
    },
    Kind {
        name: "rejected without a path",
        configuration: ON,
        head: &[(":method", "CONNECT")],
        calls: &["get :path", "send_local_response"],
        fuel: 4901,
    },
    Kind {
        name: "exempt",
        configuration: ON,
        head: &[(":path", "/load-balancer/health-check"), (":method", "GET")],
        calls: &["get :path", "get :method"],
        fuel: 11085,
    },
    Kind {
        name: "exempt by a prefix",
        configuration: ON,
        head: &[(":path", "/static/app.js"), (":method", "GET")],
        calls: &["get :path", "get :method"],
        fuel: 12631,
    },
    Kind {
        name: "exempt, answered by the proxy",
        configuration: ON,
        head: &[(":path", "/ready"), (":method", "GET")],
        calls: &["get :path", "get :method", "send_local_response"],
        fuel: 10177,
    },
];

#[test]
fn every_request_of_a_kind_costs_the_same() {
    for kind in KINDS {
        let mut plugin = Plugin::configured(kind.configuration);
        plugin.request(ROOT, kind.head);
        let (cost, memory) = (plugin.request(ROOT, kind.head), plugin.memory());
        for _ in 0..10_000 {
            assert_eq!(plugin.request(ROOT, kind.head), cost, "{}", kind.name);
        }
        assert_eq!(plugin.memory(), memory, "{}: memory grew", kind.name);
        check(&kind, &cost);
    }
}

#[track_caller]
fn check(kind: &Kind, cost: &Cost) {
    println!("{:30} {:4} units of fuel", kind.name, cost.fuel);
    assert_eq!(cost.callbacks, CALLBACKS, "{}", kind.name);
    assert_eq!(cost.calls, kind.calls, "{}", kind.name);
    let passed = |(name, value): &(_, &str)| {
        let asked = cost.calls.iter().any(|call| *call == format!("get {name}"));
        asked.then(|| u32::try_from(value.len()).expect("short"))
    };
    let values: Vec<_> = kind.head.iter().filter_map(passed).collect();
    assert_eq!(cost.blocks, values, "{}: one block for each value the host passes", kind.name);
    let allowed = kind.fuel / 2..=kind.fuel + kind.fuel / 10;
    assert!(allowed.contains(&cost.fuel), "{}: {} is not in {allowed:?}", kind.name, cost.fuel);
}

#[test]
fn the_number_of_exemptions_hardly_matters() {
    let rejected = |count: usize| {
        let exemption = |n| format!(r#"{{"path": "/exempt/path-{n:02}"}}"#);
        let list: Vec<_> = (0..count).map(exemption).collect();
        let configuration = format!(r#"{{"enabled": true, "exemptions": [{}]}}"#, list.join(","));
        let mut plugin = Plugin::configured(&configuration);
        let head = [(":path", "/exempt/path-no"), (":method", "GET")];
        plugin.request(ROOT, &head);
        plugin.request(ROOT, &head).fuel
    };
    let [one, many] = [1, 64].map(rejected);
    println!("rejected with 1 exemption {one} units of fuel, with 64 {many}");
    assert!(many < one * 3, "{one} units of fuel with 1 exemption, {many} with 64");
}
