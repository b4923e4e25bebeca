//! Jitter of `Retry-After`: where its random numbers come from, and how they are
//! distributed.

use super::plugin::{Plugin, ROOT};

const ORDERS: [(&str, &str); 2] = [(":path", "/orders"), (":method", "GET")];
const JITTER: &str = r#"{"enabled": true, "retryAfterSeconds": 100, "retryAfterJitterSeconds": 9}"#;

/// `Retry-After` of `count` replies of a VM whose host hands out `random`.
fn replies(random: u64, count: usize) -> Vec<u32> {
    let mut plugin = Plugin::load();
    plugin.host().random = random;
    let root = plugin.root();
    assert!(plugin.configure(root, JITTER.as_bytes()));
    replies_of(&mut plugin, root, count)
}

/// `Retry-After` of `count` replies of a root context.
fn replies_of(plugin: &mut Plugin, root: u32, count: usize) -> Vec<u32> {
    let mut reply = || {
        plugin.request(root, &ORDERS);
        plugin.host().reply.take().expect("a local reply").retry_after()
    };
    (0..count).map(|_| reply()).collect()
}

/// Of ten equally likely values in 100,000 replies, each is expected 10,000 times.
/// 500 more or fewer are five standard deviations.
#[test]
fn every_number_of_seconds_is_equally_likely() {
    let replies = replies(1, 100_000);
    for seconds in 100..=109 {
        let count = replies.iter().filter(|reply| **reply == seconds).count();
        assert!((9500..=10_500).contains(&count), "{seconds} s came {count} times");
    }
    assert!(replies.iter().all(|seconds| (100..=109).contains(seconds)));
    let repeated = replies.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!((9500..=10_500).contains(&repeated), "{repeated} replies repeat the one before");
}

#[test]
fn two_vms_differ() {
    assert_ne!(replies(1, 50), replies(2, 50));
    assert_eq!(replies(1, 50), replies(1, 50), "nothing but the seed counts");
}

#[test]
fn the_host_seeds_a_vm_once_and_only_if_there_is_jitter() {
    let mut plugin = Plugin::configured(JITTER);
    let calls = ["get :path", "random_get", "send_local_response"];
    assert_eq!(plugin.request(ROOT, &ORDERS).calls, calls);
    assert_eq!(plugin.request(ROOT, &ORDERS).calls, ["get :path", "send_local_response"]);
    let root = plugin.root();
    assert!(plugin.configure(root, JITTER.as_bytes()));
    assert_eq!(plugin.request(root, &ORDERS).calls, ["get :path", "send_local_response"]);
}

/// A capability restriction can take `random_get` away.
#[test]
fn the_clock_and_the_context_seed_a_vm_without_random_numbers() {
    const NOW: u64 = 1_795_485_600;
    let seeded_by = |now, earlier_contexts: u32| {
        let mut plugin = Plugin::load();
        plugin.host().now = now;
        plugin.host().failures.insert("random_get", 58);
        for _ in 0..earlier_contexts {
            plugin.root();
        }
        let root = plugin.root();
        assert!(plugin.configure(root, JITTER.as_bytes()));
        let calls = plugin.request(root, &ORDERS).calls;
        assert!(calls.contains(&"get_current_time_nanoseconds"), "{calls:?}");
        replies_of(&mut plugin, root, 50)
    };
    assert_eq!(seeded_by(NOW, 0), seeded_by(NOW, 0), "nothing else counts");
    assert_ne!(seeded_by(NOW, 0), seeded_by(NOW + 1, 0), "the clock");
    assert_ne!(seeded_by(NOW, 0), seeded_by(NOW, 1), "the context");
}
