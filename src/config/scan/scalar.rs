//! Words, numbers and strings.

use super::Scanner;

const CONTROL: &str = "control character (\\u0000-\\u001F) found while parsing a string";
const OPEN_STRING: &str = "EOF while parsing a string";

impl Scanner<'_> {
    pub(super) fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.ahead("expected value"),
        }
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.step();
        }
        self.at > start
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        for expected in word {
            match self.next() {
                None => return self.here("EOF while parsing a value"),
                Some(byte) if byte != *expected => return self.here("expected ident"),
                Some(_) => (),
            }
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        const INVALID: &str = "invalid number";
        if self.peek() == Some(b'-') {
            self.step();
        }
        match self.next() {
            Some(b'0') if matches!(self.peek(), Some(b'0'..=b'9')) => {
                return self.ahead(INVALID);
            }
            Some(b'0'..=b'9') => self.digits(),
            _ => return self.here(INVALID),
        };
        if self.peek() == Some(b'.') {
            self.step();
            if !self.digits() {
                return self.ahead(INVALID);
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.step();
            if let Some(b'+' | b'-') = self.peek() {
                self.step();
            }
            if !matches!(self.next(), Some(b'0'..=b'9')) {
                return self.here(INVALID);
            }
            self.digits();
        }
        Some(())
    }

    pub(super) fn string(&mut self) -> Option<()> {
        self.step();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Some(());
                }
                Some(b'\\') => {
                    self.step();
                    self.escape()?;
                }
                Some(0..=0x1f) => return self.here(CONTROL),
                Some(_) => self.step(),
                None => return self.here(OPEN_STRING),
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next() {
            Some(b'u') => self.unit(),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Some(()),
            Some(_) => self.here("invalid escape"),
            None => self.here(OPEN_STRING),
        }
    }

    fn unit(&mut self) -> Option<()> {
        let end = self.at.saturating_add(4);
        let Some(digits) = self.text.get(self.at..end) else {
            self.at = self.text.len();
            return self.here(OPEN_STRING);
        };
        self.at = end;
        if digits.iter().all(u8::is_ascii_hexdigit) {
            Some(())
        } else {
            self.here("invalid escape")
        }
    }
}
