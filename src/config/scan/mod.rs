//! The grammar of JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)).
//!
//! By hand, because the crates that do it also bring numbers, errors and a data
//! model of their own, which made up more than half of the module: Envoy
//! compiles all of it in each proxy before it serves. A test holds it against
//! `serde_json`: the same texts accepted, the same words for the others.

mod scalar;

use alloc::vec::Vec;

const OPEN_OBJECT: &str = "EOF while parsing an object";

/// A place in a text. What fails returns `None`, and leaves the words for it,
/// and the place behind the byte that shows it, in the scanner: a `Result` of
/// both would be more code at every step.
#[derive(Clone, Default)]
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    fault: &'static str,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, fault: "" }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn fault(&self) -> &'static str {
        self.fault
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub fn step(&mut self) {
        self.at = self.at.saturating_add(1).min(self.text.len());
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek();
        self.step();
        byte
    }

    pub fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.step();
        }
    }

    /// A fault that the next byte shows.
    fn ahead<T>(&mut self, what: &'static str) -> Option<T> {
        self.step();
        self.here(what)
    }

    /// A fault that the byte just read shows.
    fn here<T>(&mut self, what: &'static str) -> Option<T> {
        self.fault = what;
        None
    }

    /// A value with nothing but white space around it.
    pub fn document(&mut self) -> Option<()> {
        self.value()?;
        self.space();
        match self.peek() {
            None => Some(()),
            Some(_) => self.ahead("trailing characters"),
        }
    }

    /// A value with all that is in it: a loop, for text from outside must not
    /// decide how deep the stack gets.
    pub fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.space();
            let mut is_first = false;
            match self.peek() {
                None => return self.ahead("EOF while parsing a value"),
                Some(bracket @ (b'[' | b'{')) => {
                    self.step();
                    open.push(bracket);
                    is_first = true;
                }
                Some(byte) => self.scalar(byte)?,
            }
            loop {
                let Some(bracket) = open.last() else {
                    return Some(());
                };
                if self.is_more(*bracket == b'[', is_first)? {
                    break;
                }
                open.pop();
                is_first = false;
            }
        }
    }

    /// In a list or an object, before the first value or behind one: whether
    /// another one follows, and goes on to it.
    fn is_more(&mut self, in_list: bool, is_first: bool) -> Option<bool> {
        self.space();
        match self.peek() {
            None if in_list => return self.ahead("EOF while parsing a list"),
            None => return self.ahead(OPEN_OBJECT),
            Some(b']') if in_list => {
                self.step();
                return Some(false);
            }
            Some(b'}') if !in_list => {
                self.step();
                return Some(false);
            }
            Some(_) if is_first => (),
            Some(b',') => self.step(),
            Some(_) if in_list => return self.ahead("expected `,` or `]`"),
            Some(_) => return self.ahead("expected `,` or `}`"),
        }
        if !in_list {
            self.key()?;
        }
        Some(true)
    }

    fn key(&mut self) -> Option<()> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return self.ahead("key must be a string"),
            None => return self.ahead(OPEN_OBJECT),
        }
        self.space();
        match self.peek() {
            Some(b':') => self.step(),
            Some(_) => return self.ahead("expected `:`"),
            None => return self.ahead(OPEN_OBJECT),
        }
        Some(())
    }
}
