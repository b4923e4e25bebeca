//! Text of expressions in CEL, the Common Expression Language of Kubernetes.

/// Returns a string literal. Kubernetes folds a long expression at its spaces, so
/// the literal must not span lines.
pub fn string(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let escaped: String = text
        .chars()
        .map(|c| if c == '\\' || c == quote { format!("\\{c}") } else { c.to_string() })
        .collect();
    format!("{quote}{escaped}{quote}")
}

/// Returns a literal of a list of strings.
pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(string).collect();
    format!("[{}]", texts.join(", "))
}

/// Returns a literal of a pattern. JSON Schema writes a character as `\u001f`, RE2
/// as `\x1f`.
pub fn pattern(pattern: &str) -> String {
    string(&fold_case(&pattern.replace("\\u00", "\\x")))
}

/// Writes a pattern that has every letter in both cases, as `[Hh][Oo][Ss][Tt]`, in
/// the shorter form `(?i)host`.
fn fold_case(pattern: &str) -> String {
    let (mut folded, mut rest) = (String::new(), pattern);
    while let Some(first) = rest.chars().next() {
        if let Some(letter) = letter_in_both_cases(rest) {
            folded.push(letter);
            rest = &rest[4..];
        } else if first.is_ascii_alphabetic() {
            return pattern.into();
        } else {
            folded.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if folded.len() == pattern.len() { folded } else { format!("(?i){folded}") }
}

/// Returns the letter of a pattern that begins with `[Xx]`.
fn letter_in_both_cases(pattern: &str) -> Option<char> {
    match pattern.as_bytes() {
        [b'[', upper, lower, b']', ..]
            if upper.is_ascii_uppercase() && *lower == upper.to_ascii_lowercase() =>
        {
            Some(char::from(*lower))
        }
        _ => None,
    }
}

/// Text that is made when the policy is evaluated, from literal parts and
/// expressions.
#[derive(Clone)]
pub struct Text(Vec<Part>);

#[derive(Clone)]
enum Part {
    Literal(String),
    Expression(String),
}

impl Text {
    pub fn new(literal: &str) -> Self {
        Self(vec![Part::Literal(literal.into())])
    }

    /// Appends a literal.
    pub fn and(&self, literal: &str) -> Self {
        let mut parts = self.0.clone();
        match parts.last_mut() {
            Some(Part::Literal(last)) => last.push_str(literal),
            _ => parts.push(Part::Literal(literal.into())),
        }
        Self(parts)
    }

    /// Appends the value of an expression.
    pub fn and_value_of(&self, expression: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(Part::Expression(expression.into()));
        Self(parts)
    }

    /// The expressions whose sum is the text.
    pub fn expressions(&self) -> Vec<String> {
        let part = |part: &Part| match part {
            Part::Literal(text) => string(text),
            Part::Expression(expression) => expression.clone(),
        };
        self.0.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Text, list, pattern, string};

    #[test]
    fn a_literal_is_in_quotes_that_it_does_not_have() {
        assert_eq!(string("a"), "'a'");
        assert_eq!(string("a \"b\""), "'a \"b\"'");
        assert_eq!(string("it's"), "\"it's\"");
        assert_eq!(string("it's \"b\""), "\"it's \\\"b\\\"\"");
        assert_eq!(string("\\d"), "'\\\\d'");
        assert_eq!(list(["a", "b"]), "['a', 'b']");
    }

    #[test]
    fn a_pattern_is_one_of_re2() {
        assert_eq!(pattern("^[^\\u0000-\\u001f\\u007f]$"), "'^[^\\\\x00-\\\\x1f\\\\x7f]$'");
        assert_eq!(pattern("^[0-9A-Fa-f]{64}$"), "'^[0-9A-Fa-f]{64}$'");
    }

    #[test]
    fn a_pattern_in_both_cases_is_short() {
        assert_eq!(pattern("^([Tt][Ee]|[Xx]-[Aa])$"), "'(?i)^(te|x-a)$'");
        for kept in ["^[Tt]e$", "^[Ta]$", "^[Tt]*x$", "^/[ -~]*$"] {
            assert_eq!(pattern(kept), format!("'{kept}'"));
        }
    }

    #[test]
    fn a_text_is_a_sum_of_literals_and_expressions() {
        let text = Text::new("list[").and_value_of("string(i)").and("]").and(": wrong");
        assert_eq!(text.expressions(), ["'list['", "string(i)", "']: wrong'"]);
    }
}
