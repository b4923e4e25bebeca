//! Code blocks of the documentation, for tests that run or read them.

use std::fs;
use std::path::Path;

/// Code block between lines that begin with three backticks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Text after the first three backticks, such as `sh` or `sh runnable`.
    pub info: String,
    /// Lines of the block, with their indentation.
    pub text: String,
    /// Number of its first line in the page.
    pub line: usize,
}

/// Code blocks of a page, in order.
///
/// # Panics
/// Panics if the page cannot be read, or if a block does not end.
#[must_use]
pub fn code_blocks(page: &Path) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in fs::read_to_string(page).expect("a page").lines().enumerate() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, None) => {}
            (None, Some(info)) => {
                open = Some(Block { info: info.into(), text: String::new(), line: index + 2 });
            }
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
        }
    }
    assert!(open.is_none(), "{}: a code block does not end", page.display());
    blocks
}
