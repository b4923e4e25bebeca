//! Waiting on a condition, with a deadline.

use std::time::{Duration, Instant};

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Calls `probe` until it returns a value. Panics with the name of the
/// `condition` once `timeout` has passed.
pub async fn eventually<T>(
    condition: &str,
    timeout: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "timed out after {timeout:?} waiting for: {condition}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
