//! `make size`: where the bytes of the module are, before and after the step
//! behind the linker.

use std::collections::BTreeMap;
use std::fs;

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::table;

const LARGEST: usize = 25;
const LONGEST_NAME: usize = 90;

type Sizes = BTreeMap<String, usize>;

/// What a module is made of, in bytes.
#[derive(Default)]
struct Module {
    sections: Sizes,
    functions: Sizes,
    crates: Sizes,
}

/// Prints sections, crates and the largest functions of a module, as the
/// linker wrote it and as it is shipped, both with names.
pub fn print(linked: &str, shipped: &str) {
    let modules = [linked, shipped].map(Module::read);
    print_table("section", &modules, |module| &module.sections, usize::MAX);
    print_table("crate", &modules, |module| &module.crates, usize::MAX);
    print_table("largest functions", &modules, |module| &module.functions, LARGEST);
}

/// The largest come first.
fn print_table(head: &str, modules: &[Module; 2], part: fn(&Module) -> &Sizes, most: usize) {
    let [linked, shipped] = modules.each_ref().map(part);
    let mut names: Vec<&String> = linked.keys().collect();
    names.extend(shipped.keys().filter(|name| !linked.contains_key(*name)));
    let size = |sizes: &Sizes, name: &str| sizes.get(name).copied().unwrap_or_default();
    names.sort_by_key(|name| std::cmp::Reverse((size(shipped, name), size(linked, name))));
    let row = |name: &&String| {
        let sizes = [linked, shipped].map(|sizes| size(sizes, name).to_string());
        [vec![(*name).clone()], sizes.to_vec()].concat()
    };
    let mut rows: Vec<_> = names.iter().take(most).map(row).collect();
    if most == usize::MAX {
        let sum = |sizes: &Sizes| sizes.values().sum::<usize>().to_string();
        rows.push(vec!["all".into(), sum(linked), sum(shipped)]);
    }
    println!("{}", table::render(&[head, "linked, bytes", "shipped"], &rows));
}

impl Module {
    fn read(path: &str) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut module = Self::default();
        let mut bodies = Vec::new();
        let mut imported = 0;
        let mut names = BTreeMap::new();
        for payload in Parser::new(0).parse_all(&bytes) {
            let payload = payload.expect("a valid module");
            match &payload {
                Payload::ImportSection(imports) => imported = imports.count(),
                Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Name(all) = custom.as_known() {
                        all.into_iter().flatten().for_each(|name| read(name, &mut names));
                    }
                }
                _ => {}
            }
            if let (Some((id, range)), false) =
                (payload.as_section(), matches!(payload, Payload::CustomSection(_)))
            {
                *module.sections.entry(section(id).into()).or_default() += range.len();
            }
        }
        for (index, size) in (imported..).zip(bodies) {
            let name = names.remove(&index).unwrap_or_default();
            *module.crates.entry(crate_of(&name).into()).or_default() += size;
            *module.functions.entry(name).or_default() += size;
        }
        module
    }
}

/// The crate that a name mentions first. A generic function counts for the one
/// that it is defined in, or for the one that it is made for if that is ours.
fn crate_of(name: &str) -> &'static str {
    let known = ["maintenance_filter", "talc", "alloc", "core"];
    if name.starts_with("proxy_") || name.contains(known[0]) {
        return known[0];
    }
    let found = known.iter().filter_map(|known| Some((name.find(known)?, *known)));
    found.min().map_or("other", |(_, known)| known)
}

fn read(name: Name, names: &mut BTreeMap<u32, String>) {
    if let Name::Function(map) = name {
        for naming in map.into_iter().flatten() {
            let name = format!("{:#}", rustc_demangle::demangle(naming.name));
            names.insert(naming.index, name.chars().take(LONGEST_NAME).collect());
        }
    }
}

fn section(id: u8) -> &'static str {
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
        _ => "another",
    }
}
