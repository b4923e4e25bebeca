//! `make size`: sections, crates and largest functions of the module, before and
//! after postlink.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;

use wasmparser::{BinaryReaderError, KnownCustom, Name, Parser, Payload};

use crate::table;

const LARGEST: usize = 25;
const LONGEST_NAME: usize = 90;

/// The crates in the module.
const CRATES: [&str; 12] = [
    "maintenance_filter",
    "proxy_wasm",
    "serde_json",
    "serde_core",
    "serde",
    "hashbrown",
    "log",
    "foldhash",
    "dlmalloc",
    "alloc",
    "core",
    "std",
];

/// Bytes by name.
type Sizes = BTreeMap<String, usize>;

/// Sizes of the parts of a module.
#[derive(Default)]
struct ModuleSizes {
    /// By the name of the section. Custom sections are left out: they are for tools.
    sections: Sizes,
    /// By the name of the function.
    functions: Sizes,
    /// By the crate that a function belongs to.
    crates: Sizes,
}

/// Prints the sizes of the linker's output and of postlink's. Both modules must
/// have the names of their functions.
pub fn print(linked: &str, shipped: &str) {
    let modules = [linked, shipped].map(|path| {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        ModuleSizes::of(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
    });
    let [linked, shipped] = &modules;
    println!("{}", with_sum("section", &linked.sections, &shipped.sections));
    println!("{}", with_sum("crate", &linked.crates, &shipped.crates));
    println!("{}", largest("largest functions", &linked.functions, &shipped.functions));
}

fn with_sum(title: &str, linked: &Sizes, shipped: &Sizes) -> String {
    let mut rows = rows(linked, shipped);
    let sum = |sizes: &Sizes| sizes.values().sum::<usize>().to_string();
    rows.push(vec!["sum".into(), sum(linked), sum(shipped)]);
    render(title, &rows)
}

fn largest(title: &str, linked: &Sizes, shipped: &Sizes) -> String {
    let mut rows = rows(linked, shipped);
    rows.truncate(LARGEST);
    render(title, &rows)
}

fn render(title: &str, rows: &[Vec<String>]) -> String {
    table::render(&[title, "linked, bytes", "shipped, bytes"], rows)
}

/// A row for each name in either of the two, the largest first.
fn rows(linked: &Sizes, shipped: &Sizes) -> Vec<Vec<String>> {
    let size = |sizes: &Sizes, name: &str| sizes.get(name).copied().unwrap_or_default();
    let mut names: Vec<&String> = linked.keys().collect();
    names.extend(shipped.keys().filter(|name| !linked.contains_key(*name)));
    names.sort_by_key(|name| Reverse((size(shipped, name), size(linked, name))));
    let row = |name: &String| {
        vec![name.clone(), size(linked, name).to_string(), size(shipped, name).to_string()]
    };
    names.into_iter().map(row).collect()
}

impl ModuleSizes {
    fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut sizes = Self::default();
        let mut body_sizes = Vec::new();
        let mut imports = 0;
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload?;
            match &payload {
                Payload::ImportSection(section) => imports = section.count(),
                Payload::CodeSectionEntry(body) => body_sizes.push(body.range().len()),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(subsections) = custom.as_known() {
                        for subsection in subsections {
                            names.append(&mut function_names(subsection?)?);
                        }
                    }
                    continue;
                }
                _ => {}
            }
            if let Some((id, range)) = payload.as_section() {
                *sizes.sections.entry(section_name(id).into()).or_default() += range.len();
            }
        }
        // Imported functions have the first indices. They all are functions:
        // a module for a proxy imports nothing else.
        for (index, size) in (imports..).zip(body_sizes) {
            let name = names.remove(&index).unwrap_or_else(|| "without a name".into());
            *sizes.crates.entry(crate_of(&name).into()).or_default() += size;
            let name = name.chars().take(LONGEST_NAME).collect();
            *sizes.functions.entry(name).or_default() += size;
        }
        Ok(sizes)
    }
}

/// Demangled names by function index.
fn function_names(subsection: Name) -> Result<BTreeMap<u32, String>, BinaryReaderError> {
    let Name::Function(map) = subsection else { return Ok(BTreeMap::new()) };
    let demangle = |name| format!("{:#}", rustc_demangle::demangle(name));
    map.into_iter()
        .map(|naming| naming.map(|naming| (naming.index, demangle(naming.name))))
        .collect()
}

/// The crate that a function belongs to: the first one that its name mentions,
/// but `maintenance_filter` if mentioned at all, as in generic functions of other
/// crates for types of this one. The SDK exports functions without a path.
fn crate_of(function: &str) -> &'static str {
    if function.contains("maintenance_filter::") {
        return "maintenance_filter";
    }
    if function.starts_with("proxy_") {
        return "proxy_wasm";
    }
    let found = CRATES.iter().filter_map(|name| Some((position_of_crate(function, name)?, *name)));
    found.min().map_or("other", |(_, name)| name)
}

/// Position at which `name` begins a path, as in `<alloc::vec::Vec<u8> as …>` but not in
/// `std::alloc::…`.
fn position_of_crate(function: &str, name: &str) -> Option<usize> {
    let begins_path = |position: &usize| {
        let before = function.get(..*position).and_then(|text| text.chars().next_back());
        !before.is_some_and(|char| char == ':' || char == '_' || char.is_alphanumeric())
    };
    let path = format!("{name}::");
    function.match_indices(&path).map(|(position, _)| position).find(begins_path)
}

fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> ModuleSizes {
        ModuleSizes::of(&wat::parse_str(text).expect("valid text")).expect("a valid module")
    }

    #[test]
    fn bodies_count_for_the_functions_that_they_belong_to() {
        // The import takes index 0.
        let sizes = sizes(
            r#"(module
                 (import "env" "proxy_done" (func $host))
                 (func $"core::fmt::write" (call $host))
                 (func $"maintenance_filter::policy::decide" (call $host) (call $host))
                 (func (nop)))"#,
        );
        // A body has a byte for its locals and one for its end; a call takes two.
        let functions = [
            ("core::fmt::write", 4),
            ("maintenance_filter::policy::decide", 6),
            ("without a name", 3),
        ];
        assert_eq!(sizes.functions, functions.map(|(name, size)| (name.to_owned(), size)).into());
        let crates = [("core", 4), ("maintenance_filter", 6), ("other", 3)];
        assert_eq!(sizes.crates, crates.map(|(name, size)| (name.to_owned(), size)).into());
    }

    #[test]
    fn sections_add_up_to_the_module_without_its_headers_and_names() {
        let text = r#"(module
            (import "env" "proxy_done" (func $host))
            (memory (export "memory") 1)
            (data (i32.const 0) "0123456789")
            (func $f (call $host)))"#;
        let sizes = sizes(text);
        let names: Vec<_> = sizes.sections.keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "data", "export", "function", "import", "memory", "type"]);
        // A count, flags, an offset of three bytes, a length and the bytes.
        assert_eq!(sizes.sections["data"], 1 + 1 + 3 + 1 + 10);
        // A count, the length of the body and the body.
        assert_eq!(sizes.sections["code"], 1 + 1 + 4);
    }

    #[test]
    fn a_function_belongs_to_the_first_crate_of_its_name() {
        for (function, expected) in [
            ("<alloc::vec::Vec<T> as core::clone::Clone>::clone", "alloc"),
            ("<dlmalloc::sys::System as dlmalloc::Allocator>::alloc", "dlmalloc"),
            ("std::alloc::default_alloc_error_hook", "std"),
            ("serde_json::de::parse", "serde_json"),
            ("<serde::de::value::Map as core::fmt::Debug>::fmt", "serde"),
            ("<log::Level as core::fmt::Display>::fmt", "log"),
            ("core::ptr::drop_in_place<maintenance_filter::policy::Policy>", "maintenance_filter"),
            ("proxy_on_request_headers", "proxy_wasm"),
            ("dialog::show", "other"),
            ("memcpy", "other"),
        ] {
            assert_eq!(crate_of(function), expected, "{function}");
        }
    }

    #[test]
    fn the_largest_shipped_part_comes_first() {
        let linked = Sizes::from([("a".into(), 9), ("b".into(), 5), ("removed".into(), 7)]);
        let shipped = Sizes::from([("a".into(), 2), ("b".into(), 5)]);
        let expected = "\
| part    | linked, bytes | shipped, bytes |
|---------|--------------:|---------------:|
| b       |             5 |              5 |
| a       |             9 |              2 |
| removed |             7 |              0 |
| sum     |            21 |              7 |
";
        assert_eq!(with_sum("part", &linked, &shipped), expected);
    }

    #[test]
    fn a_file_that_is_not_a_module_is_an_error() {
        assert!(ModuleSizes::of(b"text").is_err());
    }
}
