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

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;

use crate::error::Allowed;
use crate::text::{all, joined};
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
    pub fn exact(path: String) -> Result<Self, Allowed> {
        if is_path(&path) {
            Ok(Self::Exact(path.into_bytes()))
        } else {
            Err(Allowed(
                "must begin with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }

    /// # Errors
    /// As [`PathPattern::exact`], or `prefix` does not end with `/`.
    pub fn prefix(prefix: String) -> Result<Self, Allowed> {
        if is_path(&prefix) && prefix.ends_with('/') {
            Ok(Self::Prefix(prefix.into_bytes()))
        } else {
            Err(Allowed(
                "must begin and end with \"/\" and be at most 1024 bytes of ASCII without \"?\", \"#\" or control characters",
            ))
        }
    }
}

fn is_path(path: &str) -> bool {
    let allowed = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'?' | b'#');
    path.starts_with('/') && path.len() <= MAX_PATH_BYTES && all(path, allowed)
}

/// Request methods, compared byte for byte; a space between two of them, which
/// no method has in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Methods(Vec<u8>);

impl Methods {
    /// The methods of an exemption that names none.
    #[must_use]
    pub fn get() -> Self {
        Self(joined(&["GET"]).into_bytes())
    }

    /// # Errors
    /// `name` is not a token ([RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2))
    /// in capitals: methods are case-sensitive, and a `get` would never match. One
    /// without a letter is none either: the registry of methods reserves `*`.
    pub fn add(&mut self, name: &str) -> Result<(), Allowed> {
        let no_capital = all(name, |byte| !byte.is_ascii_uppercase());
        if !is_token(name) || no_capital || !all(name, |byte| !byte.is_ascii_lowercase()) {
            return Err(Allowed("must be an HTTP method in upper case, as \"GET\""));
        }
        if !self.0.is_empty() {
            self.0.push(b' ');
        }
        self.0.extend_from_slice(name.as_bytes());
        Ok(())
    }

    fn contain(&self, method: &[u8]) -> bool {
        self.0.split(|byte| *byte == b' ').any(|name| name == method)
    }
}

/// One exemption.
#[derive(Debug)]
struct Rule {
    path: Vec<u8>,
    methods: Methods,
    action: Action,
}

/// The exemptions of a configuration, sorted so that the time a request takes
/// grows with the logarithm of their number.
#[derive(Debug, Default)]
pub struct Exemptions {
    exact: Vec<Rule>,
    prefixes: Vec<Rule>,
    longest_prefix: usize,
    distinct_paths: usize,
}

impl Exemptions {
    /// Adds an exemption behind those that are there.
    pub fn add(&mut self, pattern: PathPattern, methods: Methods, action: Action) {
        let (rules, path) = match pattern {
            PathPattern::Exact(path) => (&mut self.exact, path),
            PathPattern::Prefix(path) => {
                self.longest_prefix = self.longest_prefix.max(path.len());
                (&mut self.prefixes, path)
            }
        };
        if rules_of(rules, &path).is_empty() {
            self.distinct_paths = self.distinct_paths.saturating_add(1);
        }
        let at = rules.partition_point(|rule| order(&rule.path, &path).is_le());
        let mut carried = Rule { path, methods, action };
        for rule in rules.iter_mut().skip(at) {
            mem::swap(rule, &mut carried);
        }
        rules.push(carried);
    }

    /// How many distinct paths and prefixes are exempt.
    #[must_use]
    pub fn distinct_paths(&self) -> usize {
        self.distinct_paths
    }

    /// What the exemptions say of a request, `None` for one that is not exempt.
    /// `method` is called at most once, and only if the path matches.
    pub fn find(&self, path: &[u8], method: impl FnOnce() -> Option<Vec<u8>>) -> Option<Action> {
        let path = without_query(path);
        let exact = rules_of(&self.exact, path);
        let mut prefix = self
            .longest_prefix(path.get(..self.longest_prefix).unwrap_or(path))
            .filter(|_| !is_ambiguous(path));
        if exact.is_empty() && prefix.is_none() {
            return None;
        }
        let method = method()?;
        let mut action = action_for(exact, &method);
        while let (None, Some((shorter, rules))) = (action, prefix) {
            action = action_for(rules, &method);
            prefix = self.longest_prefix(shorter);
        }
        action
    }

    /// The rules of the longest prefix of `path`, and where to look for the
    /// next one. All end with a slash, so only as many look-ups are due as
    /// `path` has slashes.
    fn longest_prefix<'p>(&self, mut path: &'p [u8]) -> Option<(&'p [u8], &[Rule])> {
        while let Some((last, shorter)) = path.split_last() {
            if *last == b'/' {
                let rules = rules_of(&self.prefixes, path);
                if !rules.is_empty() {
                    return Some((shorter, rules));
                }
            }
            path = shorter;
        }
        None
    }
}

/// Of the paths of one length, most differ: to compare the lengths first saves
/// most comparisons of bytes.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The rules of exactly this path, in the order listed.
fn rules_of<'a>(rules: &'a [Rule], path: &[u8]) -> &'a [Rule] {
    let start = rules.partition_point(|rule| order(&rule.path, path).is_lt());
    let rules = rules.get(start..).unwrap_or_default();
    let count = rules.iter().take_while(|rule| rule.path == path).count();
    rules.get(..count).unwrap_or_default()
}

/// What the first rule for `method` says.
fn action_for(rules: &[Rule], method: &[u8]) -> Option<Action> {
    rules.iter().find(|rule| rule.methods.contain(method)).map(|rule| rule.action)
}

fn without_query(path: &[u8]) -> &[u8] {
    let end = path.iter().position(|byte| matches!(byte, b'?' | b'#'));
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// Whether an upstream may take `path`, which begins with a slash, for another one.
fn is_ambiguous(mut path: &[u8]) -> bool {
    loop {
        match path {
            [] => return false,
            [b'\\' | b';', ..]
            | [b'/', b'/', ..]
            | [b'/', b'.']
            | [b'/', b'.', b'/', ..]
            | [b'/', b'.', b'.']
            | [b'/', b'.', b'.', b'/', ..]
            | [b'%', b'2', b'e' | b'E' | b'f' | b'F', ..]
            | [b'%', b'5', b'c' | b'C', ..] => return true,
            [_, rest @ ..] => path = rest,
        }
    }
}
