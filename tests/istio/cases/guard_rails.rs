//! `docs/guard-rails.md`, whose blocks of YAML the cases apply.

use harness::markdown::code_blocks;

/// Block of YAML on the page that contains a text.
pub fn yaml_block(text: &str) -> String {
    let blocks = code_blocks(&harness::repository().join("docs/guard-rails.md"));
    let mut blocks = blocks.into_iter().filter(|block| block.info == "yaml");
    blocks.find(|block| block.text.contains(text)).expect(text).text
}
