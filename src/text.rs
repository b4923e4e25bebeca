//! Texts put together by hand.
//!
//! The standard library's formatting would bring more code into the module
//! than all that it would say: Envoy compiles that in each proxy before it
//! serves.

use alloc::string::String;

/// The `parts`, one behind the other.
pub(crate) fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// `number` in decimal digits.
pub(crate) fn decimal(number: usize) -> String {
    let mut text = String::new();
    push_digits(&mut text, number);
    text
}

fn push_digits(text: &mut String, number: usize) {
    if number > 9 {
        push_digits(text, number / 10);
    }
    let digit = "0123456789".get(number % 10..).unwrap_or_default();
    text.push_str(digit.get(..1).unwrap_or_default());
}

/// Whether all bytes of `text` are of the kind that `is` says. No generic
/// function, for each instance would be compiled anew.
pub(crate) fn all(text: &str, is: fn(u8) -> bool) -> bool {
    text.bytes().all(is)
}

#[cfg(test)]
mod tests {
    use super::{decimal, joined};
    use alloc::string::ToString;

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 7, 10, 305, 604_800, usize::MAX] {
            assert_eq!(decimal(number), number.to_string());
        }
    }

    #[test]
    fn nothing_comes_between_the_parts() {
        assert_eq!(joined(&["a", "", "bc"]), "abc");
    }
}
