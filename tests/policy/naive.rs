//! The matching rules a second time, as slowly and plainly as they are written:
//! what the property tests compare the policy with.

use maintenance_filter::policy::Decision;

/// One exemption as an operator lists it.
#[derive(Clone, Debug)]
pub struct Exemption {
    pub is_prefix: bool,
    pub path: String,
    pub methods: Vec<String>,
    pub responds: bool,
}

/// What the rules say of a request with maintenance in force.
pub struct Expected {
    pub decision: Decision,
    /// Whether the path alone matches an exemption.
    pub path_matches: bool,
    /// How many exemptions were passed over for their methods.
    pub passed_over: usize,
}

pub fn decide(exemptions: &[Exemption], method: &[u8], path: &[u8]) -> Expected {
    let path = before_query(path);
    let mut order: Vec<&Exemption> = exemptions.iter().filter(|e| matches(e, path)).collect();
    // A stable sort: of equals, the one listed first stays first.
    order.sort_by_key(|e| (e.is_prefix, usize::MAX - e.path.len()));
    let chosen = order.iter().position(|e| e.methods.iter().any(|m| m.as_bytes() == method));
    Expected {
        decision: match chosen.map(|at| order[at].responds) {
            None => Decision::Reject,
            Some(true) => Decision::Respond,
            Some(false) => Decision::Forward,
        },
        path_matches: !order.is_empty(),
        passed_over: chosen.unwrap_or(order.len()),
    }
}

fn matches(exemption: &Exemption, path: &[u8]) -> bool {
    let pattern = exemption.path.as_bytes();
    if exemption.is_prefix {
        path.starts_with(pattern) && (pattern == b"/" || !may_be_read_as_another(path))
    } else {
        path == pattern
    }
}

pub fn before_query(path: &[u8]) -> &[u8] {
    let mut end = 0;
    while end < path.len() && path[end] != b'?' && path[end] != b'#' {
        end += 1;
    }
    &path[..end]
}

pub fn may_be_read_as_another(path: &[u8]) -> bool {
    ODD.iter().any(|odd| contains(path, odd)) || has_dot_segment(path)
}

/// Sequences that no prefix but `/` matches, in any case; dot segments come on top.
pub const ODD: [&[u8]; 7] = [b"//", b"\\", b";", b"%2e", b"%2f", b"%5c", b"%25"];

pub fn contains(path: &[u8], odd: &[u8]) -> bool {
    let lower = path.to_ascii_lowercase();
    (0..lower.len()).any(|at| lower[at..].starts_with(odd))
}

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
