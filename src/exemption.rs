//! Which requests maintenance leaves alone.
//!
//! 1. A request's path counts up to the first `?` or `#`, byte for byte: no
//!    decoding, no case folding, no trailing-slash kindness.
//! 2. An exact path goes before a prefix, a longer prefix before a shorter
//!    one, and of two exemptions for the same path the one listed first.
//! 3. An exemption whose methods do not name the request's is passed over.
//! 4. A prefix never matches a path that an upstream may read as another one
//!    ([RFC 3986, section 6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)):
//!    with a dot segment, `//`, a backslash, `;`, `%2e`, `%2f` or `%5c`.

use crate::error::Allowed;
use crate::token::is_token;

/// The longest path or prefix of an exemption, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

/// What becomes of an exempt request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// It goes on to the application.
    Forward,
    /// The proxy itself answers 200, for an application that is down.
    Respond,
}

impl TryFrom<&str> for Action {
    type Error = Allowed;

    fn try_from(name: &str) -> Result<Self, Allowed> {
        match name {
            "Forward" => Ok(Self::Forward),
            "Respond" => Ok(Self::Respond),
            _ => Err(Allowed("must be \"Forward\" or \"Respond\"")),
        }
    }
}

/// The paths of one exemption.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PathPattern {
    /// This path alone.
    Exact(Vec<u8>),
    /// Every path that begins with these bytes, the last of which is `/`.
    Prefix(Vec<u8>),
}

impl PathPattern {
    /// # Errors
    /// `path` is not one a request's path can equal, or too long.
    pub fn exact(path: &str) -> Result<Self, Allowed> {
        if is_path(path) {
            Ok(Self::Exact(path.into()))
        } else {
            Err(Allowed(
                "must begin with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }

    /// # Errors
    /// As [`PathPattern::exact`], or `prefix` does not end with `/`.
    pub fn prefix(prefix: &str) -> Result<Self, Allowed> {
        if is_path(prefix) && prefix.ends_with('/') {
            Ok(Self::Prefix(prefix.into()))
        } else {
            Err(Allowed(
                "must begin and end with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |b: u8| b.is_ascii() && !b.is_ascii_control() && b != b'?' && b != b'#';
    path.starts_with('/') && path.len() <= MAX_PATH_BYTES && path.bytes().all(allowed)
}

/// A request method, compared byte for byte.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Method(Vec<u8>);

impl Method {
    /// The method of an exemption that names none.
    #[must_use]
    pub fn get() -> Self {
        Self(b"GET".to_vec())
    }
}

impl TryFrom<&str> for Method {
    type Error = Allowed;

    /// # Errors
    /// `name` is not a token ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2))
    /// in capitals: methods are case-sensitive, and a `get` would never match. One
    /// without a letter is none either: the registry of methods reserves `*`.
    fn try_from(name: &str) -> Result<Self, Allowed> {
        let any = |of: fn(&u8) -> bool| name.bytes().any(|byte| of(&byte));
        if is_token(name) && any(u8::is_ascii_uppercase) && !any(u8::is_ascii_lowercase) {
            Ok(Self(name.into()))
        } else {
            Err(Allowed("must be an HTTP method in upper case, as \"GET\""))
        }
    }
}

#[derive(Debug)]
struct Rule {
    methods: Vec<Method>,
    action: Action,
}

/// All rules of one path or prefix, in the order listed.
#[derive(Debug)]
struct Entry {
    path: Vec<u8>,
    rules: Vec<Rule>,
}

/// The exemptions of a configuration, sorted so that the time a request takes
/// grows with the logarithm of their number.
#[derive(Debug, Default)]
pub struct Exemptions {
    exact: Vec<Entry>,
    prefixes: Vec<Entry>,
    longest_prefix: usize,
}

impl Exemptions {
    /// Adds an exemption behind those that are there.
    pub fn add(&mut self, pattern: PathPattern, methods: Vec<Method>, action: Action) {
        let rule = Rule { methods, action };
        match pattern {
            PathPattern::Exact(path) => insert(&mut self.exact, path, rule),
            PathPattern::Prefix(path) => {
                self.longest_prefix = self.longest_prefix.max(path.len());
                insert(&mut self.prefixes, path, rule);
            }
        }
    }

    /// How many distinct paths and prefixes are exempt.
    #[must_use]
    pub fn distinct_paths(&self) -> usize {
        self.exact.len().saturating_add(self.prefixes.len())
    }

    /// What the exemptions say of a request, `None` for one that is not exempt.
    /// `method` is called at most once, and only if the path matches.
    pub fn find(&self, path: &[u8], method: impl FnOnce() -> Option<Vec<u8>>) -> Option<Action> {
        let path = without_query(path);
        let mut matching = lookup(&self.exact, path)
            .into_iter()
            .chain(self.matching_prefixes(path))
            .flat_map(|entry| &entry.rules)
            .peekable();
        matching.peek()?;
        let method = method()?;
        let names = |rule: &&Rule| rule.methods.iter().any(|Method(name)| *name == method);
        matching.find(names).map(|rule| rule.action)
    }

    /// The prefixes of `path`, the longest first. All end with a slash, so
    /// only as many look-ups are due as `path` has slashes.
    fn matching_prefixes<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a Entry> {
        let reach = path.get(..self.longest_prefix).unwrap_or(path);
        let slashes = reach.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
        let mut matching =
            slashes.filter_map(|(at, _)| lookup(&self.prefixes, path.get(..=at)?)).peekable();
        let plain = matching.peek().is_none() || !is_ambiguous(path);
        matching.filter(move |_| plain)
    }
}

fn insert(entries: &mut Vec<Entry>, path: Vec<u8>, rule: Rule) {
    match entries.binary_search_by(|entry| entry.path.cmp(&path)) {
        Ok(at) => {
            if let Some(entry) = entries.get_mut(at) {
                entry.rules.push(rule);
            }
        }
        Err(at) => entries.insert(at, Entry { path, rules: vec![rule] }),
    }
}

fn lookup<'a>(entries: &'a [Entry], path: &[u8]) -> Option<&'a Entry> {
    let at = entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
    entries.get(at)
}

fn without_query(path: &[u8]) -> &[u8] {
    path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or(path)
}

/// Whether an upstream may take `path` for another one.
fn is_ambiguous(path: &[u8]) -> bool {
    let encoded = |text: &[u8]| {
        matches!(text, [b'%', b'2', b'e' | b'E' | b'f' | b'F'] | [b'%', b'5', b'c' | b'C'])
    };
    path.iter().any(|byte| matches!(byte, b'\\' | b';'))
        || path.windows(2).any(|pair| pair == b"//")
        || path.windows(3).any(encoded)
        || path.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b"..")
}
