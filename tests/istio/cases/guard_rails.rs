//! `docs/guard-rails.md`, whose blocks of YAML the cases apply.

/// The page.
pub const PAGE: &str = include_str!("../../../docs/guard-rails.md");

/// Block of YAML in a page that contains a text.
pub fn yaml_block(page: &str, text: &str) -> String {
    let mut blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(text)).unwrap_or_else(|| panic!("no block {text}")).into()
}
