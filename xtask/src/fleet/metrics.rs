//! Metrics of istiod and of the agents, as Prometheus scrapes them. Only sums of a few
//! series are needed, for which a parser of the whole format is too much.

use std::net::SocketAddr;

use harness::client;

/// Totals of istiod since it started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Istiod {
    /// Messages to proxies.
    pub pushes: f64,
    /// Time that istiod took to generate and send them, in milliseconds.
    pub push_ms: f64,
    /// Size of the resources in them, in bytes.
    pub bytes: f64,
    /// Proxies that were brought up to date.
    pub converged: f64,
    /// Sum over these proxies of the time from the change to the last message, in
    /// milliseconds.
    pub convergence_ms: f64,
}

impl Istiod {
    pub async fn now(address: SocketAddr) -> Self {
        let page = page(address, "/metrics").await;
        let sum = |series| sum(&page, series);
        Self {
            pushes: sum("pilot_xds_push_time_count"),
            push_ms: sum("pilot_xds_push_time_sum") * 1000.0,
            bytes: sum("pilot_xds_config_size_bytes_sum"),
            converged: sum("pilot_proxy_convergence_time_count"),
            convergence_ms: sum("pilot_proxy_convergence_time_sum") * 1000.0,
        }
    }

    /// What has been added since an earlier reading.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            pushes: self.pushes - earlier.pushes,
            push_ms: self.push_ms - earlier.push_ms,
            bytes: self.bytes - earlier.bytes,
            converged: self.converged - earlier.converged,
            convergence_ms: self.convergence_ms - earlier.convergence_ms,
        }
    }
}

/// Milliseconds that an agent has spent so far on pulling modules and on rewriting
/// configuration to the local copy.
pub async fn conversion_ms(agent: SocketAddr) -> f64 {
    let page = page(agent, "/stats/prometheus").await;
    sum(&page, "istio_agent_wasm_config_conversion_duration_sum")
}

async fn page(address: SocketAddr, path: &str) -> String {
    let answer = client::get(address, path).await;
    String::from_utf8(answer.body.to_vec()).expect("text")
}

/// Sum of a series over all its labels.
fn sum(page: &str, series: &str) -> f64 {
    let value = |line: &str| {
        let rest = line.strip_prefix(series)?;
        rest.starts_with([' ', '{']).then(|| rest.rsplit_once(' ')?.1.parse::<f64>().ok())?
    };
    page.lines().filter_map(value).sum()
}

#[cfg(test)]
mod tests {
    use super::sum;

    const PAGE: &str = "\
# TYPE pushes counter
pushes{type=\"lds\"} 2
pushes{type=\"cds\"} 3.5
pushes_total 100
plain 7
";

    #[test]
    #[expect(clippy::float_cmp, reason = "exact in binary")]
    fn a_series_is_summed_over_its_labels() {
        assert_eq!(sum(PAGE, "pushes"), 5.5);
        assert_eq!(sum(PAGE, "plain"), 7.0);
        assert_eq!(sum(PAGE, "absent"), 0.0);
    }
}
