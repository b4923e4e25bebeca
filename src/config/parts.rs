//! The parts of a JSON text.

use alloc::string::String;

use super::json::Field;
use super::scan::Scanner;
use crate::text::{decimal, joined};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// `bytes` as text, or why they are none.
pub fn text(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        return Err("it begins with a byte order mark".into());
    }
    str::from_utf8(bytes).map_err(|error| {
        let at = decimal(error.valid_up_to());
        match error.error_len() {
            Some(size) => {
                joined(&["invalid utf-8 sequence of ", &decimal(size), " bytes from index ", &at])
            }
            None => joined(&["incomplete utf-8 byte sequence from index ", &at]),
        }
    })
}

/// Whether `text` is JSON; if not, why, and where that shows.
pub fn check(text: &str) -> Result<(), String> {
    let mut scanner = Scanner::new(text);
    if scanner.document().is_some() {
        return Ok(());
    }
    let (mut line, mut column): (usize, usize) = (1, 0);
    for byte in text.bytes().take(scanner.at()) {
        column = column.saturating_add(1);
        if byte == b'\n' {
            (line, column) = (line.saturating_add(1), 0);
        }
    }
    let (line, column) = (decimal(line), decimal(column));
    Err(joined(&[scanner.fault(), " at line ", &line, " column ", &column]))
}

/// The values of a list, or the keys and values of an object; none by default.
#[derive(Clone, Default)]
pub struct Parts<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
}

impl<'a> Parts<'a> {
    /// Those of `field`, which is a list or an object; of anything else they
    /// mean nothing.
    #[must_use]
    pub fn of(Field(text): Field<'a>) -> Self {
        Self { text, scanner: Scanner::new(text) }
    }

    fn value(&mut self) -> Option<Field<'a>> {
        self.scanner.space();
        let start = self.scanner.at();
        self.scanner.value()?;
        self.text.get(start..self.scanner.at()).map(Field)
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        // The bracket or comma before it.
        self.scanner.space();
        self.scanner.step();
        self.scanner.space();
        if let None | Some(b']' | b'}') = self.scanner.peek() {
            return None;
        }
        let mut key = "";
        if self.text.starts_with('{') {
            key = self.value()?.0;
            // The colon.
            self.scanner.space();
            self.scanner.step();
        }
        Some(Part { key, value: self.value()? })
    }
}

/// A value of a list, or an entry of an object.
pub struct Part<'a> {
    /// The text of the key; nothing in a list.
    key: &'a str,
    /// The value.
    pub value: Field<'a>,
}

impl Part<'_> {
    /// Whether the key differs from `other` in case at most.
    #[must_use]
    pub fn has_key_like(&self, other: &str) -> bool {
        self.key().is_some_and(|key| key.eq_ignore_ascii_case(other))
    }

    /// Whether it is one of an object.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// The key; `None` if its escapes do not make up Unicode text.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        string(self.key)
    }
}

/// The text of `string`, which is a JSON string; `None` if an escape stands for
/// one half of a character.
pub fn string(string: &str) -> Option<String> {
    let mut rest = string.get(1..string.len().checked_sub(1)?)?;
    let mut text = String::new();
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        text.push_str(rest.get(..at)?);
        let (c, behind) = escaped(rest.get(at..)?.get(1..)?)?;
        text.push(c);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

/// What an escape stands for, and the text behind it.
fn escaped(escape: &str) -> Option<(char, &str)> {
    let rest = escape.get(1..)?;
    let c = match escape.bytes().next()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(rest),
        itself => char::from(itself),
    };
    Some((c, rest))
}

/// A character as one UTF-16 unit, or two with an escape between them.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(digits)?;
    let Some(high @ ..0x400) = first.checked_sub(0xd800) else {
        return Some((char::from_u32(first)?, rest));
    };
    let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
    let Some(low @ ..0x400) = second.checked_sub(0xdc00) else {
        return None;
    };
    let code = high.checked_mul(0x400)?.checked_add(low)?.checked_add(0x1_0000)?;
    Some((char::from_u32(code)?, rest))
}

fn unit(digits: &str) -> Option<(u32, &str)> {
    Some((u32::from_str_radix(digits.get(..4)?, 16).ok()?, digits.get(4..)?))
}
