//! One line for each case, printed after the last one.

use std::sync::{Mutex, PoisonError};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Adds a line.
pub fn add(line: String) {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// Prints all lines.
pub fn print() {
    println!("What clients and the application saw:\n");
    for line in LINES.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        println!("{line}");
    }
}
