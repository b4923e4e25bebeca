//! Expressions in CEL that find the first problem of a value: a chain of `?` and
//! `:`, over several lines.

use super::cel::Text;

/// Longest line before it is broken up.
const WIDTH: usize = 110;

/// Conditions that must hold, in order, and the message for the first that does not.
pub struct Chain {
    links: Vec<Vec<String>>,
    /// Expression for the case that every condition holds.
    last: Vec<String>,
}

impl Chain {
    /// A chain without conditions. No problem is an empty text.
    pub fn new() -> Self {
        Self { links: Vec::new(), last: vec!["''".into()] }
    }

    /// Demands `conditions`. `message` is the problem if one of them is false.
    pub fn demand(&mut self, conditions: &[String], message: &Text) {
        let condition = negation(conditions);
        let message = broken_up(message.expressions(), " + ");
        self.links.push(joined(condition, "? ", message));
    }

    /// Stops here without a problem if `condition` is true.
    pub fn accept(&mut self, condition: &str) {
        self.links.push(vec![format!("{condition} ? ''")]);
    }

    /// Appends the conditions of `next`.
    pub fn append(&mut self, next: Self) {
        self.links.extend(next.links);
        self.last = next.last;
    }

    /// Goes on with the expression `last`.
    pub fn end_with(&mut self, last: Vec<String>) {
        self.last = last;
    }

    /// The lines of the expression.
    pub fn lines(self) -> Vec<String> {
        let mut lines = Vec::new();
        for link in self.links.into_iter().chain([self.last]) {
            let mark = if lines.is_empty() { "" } else { ": " };
            let marks = [mark].into_iter().chain(std::iter::repeat("  "));
            lines.extend(marks.zip(link).map(|(mark, line)| format!("{mark}{line}")));
        }
        lines
    }
}

/// Takes the first text that is not empty of a list in front of it.
const FIRST: &str = ".filter(problem, problem != '') + [''])[0]";

/// Lines of an expression for the first problem in the expression `list`.
pub fn first_of(list: Vec<String>) -> Vec<String> {
    enclosed("(", list, FIRST)
}

/// Lines of an expression for the first problem that `chain` finds for an element of
/// `values`. `name` stands for the element in `chain`. Its messages begin after
/// `path`.
pub fn first_in(values: &str, name: &str, path: &Text, chain: Chain) -> Vec<String> {
    let path = path.expressions().join(" + ");
    let map = vec![format!("{values}.map({name}, [")];
    let end = vec![
        format!("].map(problem, problem == '' ? '' : {path} + problem)[0])"),
        format!("  {FIRST}"),
    ];
    enclosed("(", [map, indented(chain.lines()), end].concat(), "")
}

/// Puts `opening` in front of `lines`, and `closing` behind.
pub fn enclosed(opening: &str, mut lines: Vec<String>, closing: &str) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, opening);
    }
    if let Some(last) = lines.last_mut() {
        last.push_str(closing);
    }
    lines
}

pub fn indented(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("  {line}")).collect()
}

/// Lines of an expression that is true unless all `conditions` are.
fn negation(conditions: &[String]) -> Vec<String> {
    match conditions {
        [condition] if !condition.contains(' ') => vec![format!("!{condition}")],
        _ => enclosed("!(", broken_up(conditions.to_vec(), " && "), ")"),
    }
}

/// Joins `parts` by `operator`: on one line if it is short, else each on its own.
pub fn broken_up(parts: Vec<String>, operator: &str) -> Vec<String> {
    let line = parts.join(operator);
    if line.len() <= WIDTH {
        return vec![line];
    }
    let mut lines = Vec::new();
    for part in parts {
        let mark = if lines.is_empty() { String::new() } else { format!("  {} ", operator.trim()) };
        lines.push(format!("{mark}{part}"));
    }
    lines
}

/// Joins two expressions: on one line if it is short.
fn joined(left: Vec<String>, operator: &str, right: Vec<String>) -> Vec<String> {
    if let ([left], [right]) = (&left[..], &right[..])
        && left.len() + right.len() < WIDTH
    {
        return vec![format!("{left} {operator}{right}")];
    }
    [left, enclosed(operator, right, "")].concat()
}

#[cfg(test)]
mod tests {
    use super::{Chain, first_of};
    use crate::admission::cel::Text;

    #[test]
    fn an_empty_chain_has_no_problem() {
        assert_eq!(Chain::new().lines(), ["''"]);
    }

    #[test]
    fn conditions_are_checked_in_order() {
        let mut chain = Chain::new();
        chain.accept("!has(v)");
        chain.demand(&["has(v.a)".into()], &Text::new("no a"));
        let mut next = Chain::new();
        next.demand(&["v.a >= 1".into(), "v.a <= 9".into()], &Text::new("wrong a"));
        next.end_with(first_of(vec!["v.b".into()]));
        chain.append(next);
        let expected = [
            "!has(v) ? ''",
            ": !has(v.a) ? 'no a'",
            ": !(v.a >= 1 && v.a <= 9) ? 'wrong a'",
            ": (v.b.filter(problem, problem != '') + [''])[0]",
        ];
        assert_eq!(chain.lines(), expected);
    }

    #[test]
    fn long_conditions_take_several_lines() {
        let (a, b) = ("a".repeat(80), "b".repeat(80));
        let mut chain = Chain::new();
        chain.demand(&[a.clone(), b.clone()], &Text::new("wrong"));
        let expected =
            [format!("!({a}"), format!("    && {b})"), "  ? 'wrong'".into(), ": ''".into()];
        assert_eq!(chain.lines(), expected);
    }
}
