//! The parts of a JSON text, each as the text it was given as.

use std::fmt;
use std::str::Chars;

use super::scan::{Fault, Scanner};

/// Why a text is not JSON, and where that shows.
pub struct Malformed {
    what: &'static str,
    line: usize,
    column: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

/// The value that `text` is, without the white space around it.
pub fn document(text: &str) -> Result<&str, Malformed> {
    Scanner::new(text).document().map_err(|fault| malformed(&fault, text.as_bytes()))?;
    Ok(text.trim_ascii())
}

/// The values of `list`, which is a JSON list.
pub fn items(list: &str) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(list);
    let mut items = Vec::new();
    while scanner.goes_on(b']') {
        items.push(scanner.text_of_value(list)?);
    }
    Some(items)
}

/// The keys and values of `object`, which is a JSON object; `None` if a key is
/// not Unicode text.
pub fn entries(object: &str) -> Option<Vec<(String, &str)>> {
    let mut scanner = Scanner::new(object);
    let mut entries = Vec::new();
    while scanner.goes_on(b'}') {
        let key = string(scanner.text_of_value(object)?)?;
        scanner.space();
        scanner.step();
        entries.push((key, scanner.text_of_value(object)?));
    }
    Some(entries)
}

/// The text of `string`, which is a JSON string; `None` if an escape stands for
/// one half of a character.
pub fn string(string: &str) -> Option<String> {
    let inner = string.get(1..string.len().checked_sub(1)?)?;
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        text.push(if c == '\\' { escaped(&mut rest)? } else { c });
    }
    Some(text)
}

fn escaped(rest: &mut Chars) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(rest),
        itself => itself,
    })
}

/// A character as one UTF-16 unit, or two with an escape between them.
fn unicode(rest: &mut Chars) -> Option<char> {
    let first = unit(rest)?;
    let second = match first {
        0xd800..=0xdbff => {
            let escape = rest.next() == Some('\\') && rest.next() == Some('u');
            Some(escape.then(|| unit(rest)).flatten()?)
        }
        _ => None,
    };
    char::decode_utf16([first].into_iter().chain(second)).next()?.ok()
}

fn unit(rest: &mut Chars) -> Option<u16> {
    let digits = rest.as_str().get(..4)?;
    *rest = rest.as_str().get(4..)?.chars();
    u16::from_str_radix(digits, 16).ok()
}

fn malformed(Fault(what, at): &Fault, text: &[u8]) -> Malformed {
    let before = text.get(..*at).unwrap_or(text);
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    Malformed { what, line, column }
}
