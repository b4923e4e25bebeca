//! The grammar of JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)).
//!
//! By hand, because the crates that do it also bring numbers, errors and a data
//! model of their own, which made up more than half of the module: Envoy
//! compiles all of it in each proxy before it serves. A test holds it against
//! `serde_json`: the same texts accepted, the same words for the others.

mod scalar;

/// What is wrong, and the offset of the byte behind the one that shows it.
pub struct Fault(pub &'static str, pub usize);

/// A place in a text.
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0 }
    }

    fn peek(&self) -> Option<u8> {
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
    fn ahead(&self, what: &'static str) -> Fault {
        Fault(what, self.at.saturating_add(1).min(self.text.len()))
    }

    /// A fault that the byte just read shows.
    fn here(&self, what: &'static str) -> Fault {
        Fault(what, self.at)
    }

    /// A value with nothing but white space around it.
    pub fn document(&mut self) -> Result<(), Fault> {
        self.value()?;
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.ahead("trailing characters")),
        }
    }

    /// Goes past the bracket or comma before the next value of a list or
    /// object, or says that there is none.
    pub fn goes_on(&mut self, close: u8) -> bool {
        self.space();
        self.step();
        self.space();
        self.peek().is_some_and(|byte| byte != close)
    }

    /// The next value, of the text that this scanner was made for.
    pub fn text_of_value<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        self.space();
        let start = self.at;
        self.value().ok()?;
        text.get(start..self.at)
    }

    /// A value with all that is in it: a loop, for text from outside must not
    /// decide how deep the stack gets.
    fn value(&mut self) -> Result<(), Fault> {
        let mut open = Vec::new();
        loop {
            self.space();
            match self.peek() {
                None => return Err(self.ahead("EOF while parsing a value")),
                Some(bracket @ (b'[' | b'{')) => {
                    self.step();
                    if !self.is_empty(bracket)? {
                        open.push(bracket);
                        continue;
                    }
                }
                Some(first) => self.scalar(first)?,
            }
            while let Some(bracket) = open.last().copied() {
                if self.is_more(bracket)? {
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return Ok(());
            }
        }
    }

    /// Behind an opening bracket: whether the closing one is next. If not, goes
    /// on to the first value.
    fn is_empty(&mut self, bracket: u8) -> Result<bool, Fault> {
        self.space();
        match (bracket, self.peek()) {
            (_, None) => Err(self.end_of(bracket)),
            (b'[', Some(b']')) | (b'{', Some(b'}')) => {
                self.step();
                Ok(true)
            }
            (b'{', _) => self.key().map(|()| false),
            _ => Ok(false),
        }
    }

    /// Behind a value in brackets: whether another one follows, and goes on to it.
    fn is_more(&mut self, bracket: u8) -> Result<bool, Fault> {
        self.space();
        match (bracket, self.peek()) {
            (_, None) => Err(self.end_of(bracket)),
            (b'[', Some(b']')) | (b'{', Some(b'}')) => {
                self.step();
                Ok(false)
            }
            (b'[', Some(b',')) => {
                self.step();
                Ok(true)
            }
            (_, Some(b',')) => {
                self.step();
                self.key().map(|()| true)
            }
            (b'[', _) => Err(self.ahead("expected `,` or `]`")),
            _ => Err(self.ahead("expected `,` or `}`")),
        }
    }

    fn end_of(&self, bracket: u8) -> Fault {
        self.ahead(match bracket {
            b'[' => "EOF while parsing a list",
            _ => "EOF while parsing an object",
        })
    }

    fn key(&mut self) -> Result<(), Fault> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return Err(self.ahead("key must be a string")),
            None => return Err(self.end_of(b'{')),
        }
        self.space();
        match self.peek() {
            Some(b':') => {
                self.step();
                Ok(())
            }
            Some(_) => Err(self.ahead("expected `:`")),
            None => Err(self.end_of(b'{')),
        }
    }
}
