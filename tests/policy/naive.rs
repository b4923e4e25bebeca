//! Reference implementation of the matching rules. It is slow and follows the
//! documentation literally. The property tests compare the policy with it.

use maintenance_filter::policy::Decision;

/// Exemption as an operator configures it.
#[derive(Clone, Debug)]
pub struct Exemption {
    pub is_prefix: bool,
    pub path: String,
    pub methods: Vec<String>,
    pub responds: bool,
}

/// Expected decision for a request during maintenance, and why.
pub struct Expected {
    pub decision: Decision,
    /// `true` if the path alone matches an exemption.
    pub path_matches: bool,
    /// Number of matching exemptions skipped because of their methods.
    pub skipped: usize,
}

/// Decides a request during maintenance.
pub fn decide(exemptions: &[Exemption], method: &[u8], path: &[u8]) -> Expected {
    let path = before_query(path);
    let mut candidates: Vec<&Exemption> = exemptions.iter().filter(|e| matches(e, path)).collect();
    // The sort is stable: the first listed of two equal exemptions stays first.
    candidates.sort_by_key(|e| (e.is_prefix, usize::MAX - e.path.len()));
    let chosen = candidates.iter().position(|e| e.methods.iter().any(|m| m.as_bytes() == method));
    Expected {
        decision: match chosen.map(|index| candidates[index].responds) {
            None => Decision::Reject,
            Some(true) => Decision::Respond,
            Some(false) => Decision::Forward,
        },
        path_matches: !candidates.is_empty(),
        skipped: chosen.unwrap_or(candidates.len()),
    }
}

fn matches(exemption: &Exemption, path: &[u8]) -> bool {
    let pattern = exemption.path.as_bytes();
    if exemption.is_prefix {
        path.starts_with(pattern) && (pattern == b"/" || !is_ambiguous(path))
    } else {
        path == pattern
    }
}

/// Path up to the query or the fragment.
pub fn before_query(path: &[u8]) -> &[u8] {
    let mut end = 0;
    while end < path.len() && path[end] != b'?' && path[end] != b'#' {
        end += 1;
    }
    &path[..end]
}

/// Returns whether an upstream may interpret the path as a different path.
pub fn is_ambiguous(path: &[u8]) -> bool {
    AMBIGUOUS.iter().any(|sequence| contains(path, sequence)) || has_dot_segment(path)
}

/// Sequences, in any case, that make a path ambiguous. Dot segments do too; see
/// [`has_dot_segment`].
pub const AMBIGUOUS: [&[u8]; 7] = [b"//", b"\\", b";", b"%2e", b"%2f", b"%5c", b"%25"];

/// Returns whether a path contains a lower-case sequence, ignoring case.
pub fn contains(path: &[u8], sequence: &[u8]) -> bool {
    let lower = path.to_ascii_lowercase();
    (0..lower.len()).any(|start| lower[start..].starts_with(sequence))
}

/// Returns whether a path has a segment `.` or `..`.
pub fn has_dot_segment(path: &[u8]) -> bool {
    let mut segment = Vec::new();
    for byte in path.iter().chain(b"/") {
        if *byte == b'/' {
            if segment == b"." || segment == b".." {
                return true;
            }
            segment.clear();
        } else {
            segment.push(*byte);
        }
    }
    false
}
