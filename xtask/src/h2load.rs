//! Load from `h2load`, over HTTP/1.1 and HTTP/2.

use std::process::Command;

use harness::client::Http;

/// The core of the client. Envoy has core 0 to itself.
const CORE: &str = "1";

/// Sends `requests` requests with `headers`, each as `name: value`, over `connections`
/// connections and waits for all responses. An HTTP/2 connection has 8 streams open at
/// a time.
pub fn send(http: Http, connections: u32, requests: u32, url: &str, headers: &[&str]) {
    let mut command = Command::new("taskset");
    command.args(["-c", CORE, "h2load", "-t1"]);
    match http {
        Http::One => command.args(["--h1", "-m1"]),
        Http::Two => command.arg("-m8"),
    };
    command.args(headers.iter().flat_map(|header| ["-H", header]));
    command.args([format!("-c{connections}"), format!("-n{requests}"), url.to_owned()]);
    let output = command.output().expect("taskset runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        responses(&text) == Some(requests),
        "{command:?} (Debian: nghttp2-client) did not get {requests} responses:\n{text}{errors}"
    );
}

/// Number of responses in h2load's output, of any status; `None` if there is no
/// such number. h2load has no output for machines. The line is:
///
///     requests: 9 total, 9 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout
fn responses(output: &str) -> Option<u32> {
    let line = output.lines().find_map(|line| line.strip_prefix("requests: "))?;
    let number = |name: &str| -> Option<u32> {
        line.split(", ").find_map(|part| part.strip_suffix(name)?.trim().parse().ok())
    };
    // "done" includes requests that ended in an error.
    number("done")?.checked_sub(number("errored")?)?.checked_sub(number("timeout")?)
}

#[cfg(test)]
mod tests {
    use super::responses;

    fn output(requests: &str) -> String {
        format!(
            "starting benchmark...\nprogress: 100% done\n\n\
             finished in 1.31s, 15215.92 req/s, 2.42MB/s\nrequests: {requests}\n\
             status codes: 0 2xx, 0 3xx, 0 4xx, 20000 5xx\n"
        )
    }

    #[test]
    fn all_requests_got_a_response() {
        // h2load counts a 503 as failed.
        let text = "20000 total, 20000 started, 20000 done, 0 succeeded, 20000 failed, 0 errored, 0 timeout";
        assert_eq!(responses(&output(text)), Some(20000));
    }

    #[test]
    fn errors_and_timeouts_are_no_responses() {
        let text =
            "100 total, 100 started, 100 done, 88 succeeded, 12 failed, 10 errored, 2 timeout";
        assert_eq!(responses(&output(text)), Some(88));
    }

    #[test]
    fn unknown_output_is_not_taken_for_a_number() {
        assert_eq!(responses(""), None);
        assert_eq!(responses("could not connect to host\n"), None);
        assert_eq!(responses(&output("20000 total, 20000 started")), None);
    }
}
