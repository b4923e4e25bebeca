//! Generators of exemptions and of requests that match or nearly match them.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::naive::Exemption;

/// Segments of patterns. They are few and similar, so that patterns repeat and
/// contain each other.
const SEGMENTS: &[&str] = &["a", "b", "ab", "A", "a.b", "..."];
/// Segments of ambiguous or unusual patterns. An ambiguous path is only exempt by
/// an exact path or by the prefix `/`.
const AMBIGUOUS_SEGMENTS: &[&str] =
    &["..", ".", "", "a;b", "%2e", "%2F", "%5C", "%25", "\\", "a b", "%20"];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "M-SEARCH"];
const OTHER_METHODS: &[&[u8]] = &[b"get", b"", b"GET ", b"G\xffT"];

/// Bytes that a change inserts into a path.
const PIECES: &[&[u8]] = &[
    b"..",
    b".",
    b"/",
    b"//",
    b"/../",
    b"/./",
    b"/..",
    b"/.",
    b"%2e",
    b"%2E",
    b"%2f",
    b"%2F",
    b"%5c",
    b"%5C",
    b"%25",
    b"%252e",
    b"%2g",
    b"%",
    b"%20",
    b";",
    b";a=b",
    b"\\",
    b"?",
    b"#",
    b"?a=/../b",
    b"#//",
    b"a",
    b"\xff",
    b"\xc3\xa9",
    b"\0",
];

fn pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![12 => select(SEGMENTS), 1 => select(AMBIGUOUS_SEGMENTS)];
    prop::collection::vec(segment, 0..4).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn exemption() -> impl Strategy<Value = Exemption> {
    let methods = prop_oneof![Just(vec!["GET"]), prop::collection::vec(select(METHODS), 1..3),];
    (any::<bool>(), pattern(), methods, any::<bool>()).prop_map(
        |(is_prefix, mut path, methods, responds)| {
            if is_prefix && !path.ends_with('/') {
                path.push('/');
            }
            let methods = methods.into_iter().map(String::from).collect();
            Exemption { is_prefix, path, methods, responds }
        },
    )
}

pub fn exemptions() -> impl Strategy<Value = Vec<Exemption>> {
    prop::collection::vec(exemption(), 0..8)
}

/// Configuration with a list of exemptions. Fields with default values are
/// omitted.
pub fn configuration(exemptions: &[Exemption]) -> String {
    let entries: Vec<_> = exemptions.iter().map(entry).collect();
    json!({"enabled": true, "exemptions": entries}).to_string()
}

fn entry(exemption: &Exemption) -> Value {
    let field = if exemption.is_prefix { "pathPrefix" } else { "path" };
    let mut entry = json!({field: exemption.path});
    if exemption.methods != ["GET"] {
        entry["methods"] = json!(exemption.methods);
    }
    if exemption.responds {
        entry["action"] = json!("Respond");
    }
    entry
}

/// Change to a path.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, &'static [u8]),
    Append(&'static [u8]),
    Remove(Index),
    SwapCase(Index),
    AppendSegment(&'static str),
    RemoveLastSegment,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (any::<Index>(), select(PIECES)).prop_map(|(at, piece)| Change::Insert(at, piece)),
        2 => select(PIECES).prop_map(Change::Append),
        1 => any::<Index>().prop_map(Change::Remove),
        1 => any::<Index>().prop_map(Change::SwapCase),
        3 => select(SEGMENTS).prop_map(Change::AppendSegment),
        1 => Just(Change::RemoveLastSegment),
    ]
}

fn apply(path: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Insert(at, piece) => {
            let at = at.index(path.len() + 1);
            path.splice(at..at, piece.iter().copied());
        }
        Change::Append(piece) => path.extend(*piece),
        Change::Remove(at) if !path.is_empty() => {
            path.remove(at.index(path.len()));
        }
        Change::SwapCase(at) if !path.is_empty() => {
            let at = at.index(path.len());
            path[at] ^= if path[at].is_ascii_alphabetic() { 0x20 } else { 0 };
        }
        Change::AppendSegment(segment) => {
            if path.last() != Some(&b'/') {
                path.push(b'/');
            }
            path.extend(segment.bytes());
        }
        Change::RemoveLastSegment => {
            let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            path.truncate(end);
        }
        Change::Remove(_) | Change::SwapCase(_) => {}
    }
}

/// Request that is generated before the exemptions it targets are known.
#[derive(Clone, Debug)]
pub struct Draft {
    target: Index,
    other_path: String,
    changes: Vec<Change>,
    method: Index,
    other_method: Option<Vec<u8>>,
}

pub fn draft() -> impl Strategy<Value = Draft> {
    let changes = prop_oneof![
        1 => Just(Vec::new()),
        3 => prop::collection::vec(change(), 1..4),
    ];
    let other_method = prop_oneof![
        4 => Just(None),
        2 => select(METHODS).prop_map(|name| Some(name.as_bytes().to_vec())),
        1 => select(OTHER_METHODS).prop_map(|name| Some(name.to_vec())),
    ];
    (any::<Index>(), pattern(), changes, any::<Index>(), other_method).prop_map(
        |(target, other_path, changes, method, other_method)| Draft {
            target,
            other_path,
            changes,
            method,
            other_method,
        },
    )
}

impl Draft {
    /// Method and path of the request. Most are a slightly changed copy of an
    /// exemption's.
    pub fn request(&self, exemptions: &[Exemption]) -> (Vec<u8>, Vec<u8>) {
        let target = exemptions.get(self.target.index(exemptions.len() + 1));
        let mut path = target.map_or(&self.other_path, |e| &e.path).clone().into_bytes();
        for change in &self.changes {
            apply(&mut path, change);
        }
        let method = match (&self.other_method, target) {
            (Some(method), _) => method.clone(),
            (None, Some(e)) => self.method.get(&e.methods).clone().into_bytes(),
            (None, None) => b"GET".to_vec(),
        };
        (method, path)
    }
}
