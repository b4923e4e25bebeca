//! The agents' pulls, counted in the registry's log.

/// Requests to the registry and the bytes of its responses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pulls {
    /// Responses with a manifest.
    pub manifests: usize,
    /// Responses with the layer that holds the module.
    pub layers: usize,
    /// All requests, including requests for the version of the registry's API.
    pub requests: usize,
    /// Bytes of all responses, without headers.
    pub bytes: usize,
}

impl Pulls {
    /// Bytes for one pull; NaN without one.
    #[expect(clippy::cast_precision_loss, reason = "some kilobytes")]
    pub fn bytes_each(&self) -> f64 {
        self.bytes as f64 / self.layers as f64
    }

    /// Counts the lines of the access log, in the Common Log Format.
    pub fn read(log: &str) -> Self {
        let mut pulls = Self::default();
        for line in log.lines() {
            let Some((method, path, status, bytes)) = parse(line) else { continue };
            pulls.requests += 1;
            pulls.bytes += bytes;
            if method == "GET" && status == 200 {
                pulls.manifests += usize::from(path.contains("/manifests/"));
                pulls.layers += usize::from(path.contains("/blobs/"));
            }
        }
        pulls
    }
}

/// Method, path, status and bytes of a line such as
/// `127.0.0.1 - - [24/Nov/2026:10:00:00 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "agent"`.
fn parse(line: &str) -> Option<(&str, &str, u16, usize)> {
    let (_, rest) = line.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut request = request.split(' ');
    let mut rest = rest.split(' ');
    Some((request.next()?, request.next()?, rest.next()?.parse().ok()?, rest.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::Pulls;

    #[test]
    fn a_pull_is_three_requests() {
        let log = "\
time=\"2026-11-24T10:00:00Z\" level=info msg=\"response completed\" http.request.method=GET
127.0.0.1 - - [24/Nov/2026:10:00:00 +0000] \"GET /v2/ HTTP/1.1\" 200 2 \"\" \"Go-http-client/1.1\"
127.0.0.1 - - [24/Nov/2026:10:00:00 +0000] \"GET /v2/x/manifests/1 HTTP/1.1\" 200 401 \"\" \"go\"
127.0.0.1 - - [24/Nov/2026:10:00:00 +0000] \"GET /v2/x/blobs/sha256:0 HTTP/1.1\" 200 68152 \"\" \"go\"
";
        let expected = Pulls { manifests: 1, layers: 1, requests: 3, bytes: 68555 };
        assert_eq!(Pulls::read(log), expected);
    }

    #[test]
    fn a_failed_pull_counts_no_layer() {
        let log = "1.1.1.1 - - [a] \"GET /v2/x/blobs/sha256:0 HTTP/1.1\" 404 17 \"\" \"go\"\n";
        assert_eq!(Pulls::read(log), Pulls { requests: 1, bytes: 17, ..Pulls::default() });
    }
}
