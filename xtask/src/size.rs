//! `make size`: where the bytes of a module are.

use std::collections::BTreeMap;
use std::fs;

use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::table;

const LARGEST: usize = 25;
const LONGEST_NAME: usize = 90;

/// Prints the sections of a module and, if it has names, its largest functions
/// and what each crate comes to.
pub fn print(path: &str) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut sections = Vec::new();
    let mut bodies = Vec::new();
    let mut imported = 0;
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        let payload = payload.expect("a valid module");
        match &payload {
            Payload::ImportSection(imports) => imported = imports.count(),
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::CustomSection(custom) => {
                sections.push((format!("custom {}", custom.name()), custom.range().len()));
                if let KnownCustom::Name(all) = custom.as_known() {
                    all.into_iter().flatten().for_each(|name| read(name, &mut names));
                }
            }
            _ => {}
        }
        if let (Some((id, range)), false) =
            (payload.as_section(), matches!(payload, Payload::CustomSection(_)))
        {
            sections.push((section(id).into(), range.len()));
        }
    }
    println!("## {path}: {} bytes\n", bytes.len());
    let row = |(name, size): &(String, usize)| vec![name.clone(), size.to_string()];
    println!(
        "{}",
        table::render(&["section", "bytes"], &sections.iter().map(row).collect::<Vec<_>>())
    );
    if !names.is_empty() {
        print_functions(&bodies, imported, &names);
    }
}

fn print_functions(bodies: &[usize], imported: u32, names: &BTreeMap<u32, String>) {
    let mut functions: Vec<(String, usize)> = (imported..)
        .zip(bodies)
        .map(|(index, size)| (names.get(&index).cloned().unwrap_or_default(), *size))
        .collect();
    functions.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, size) in &functions {
        *crates.entry(crate_of(name)).or_default() += size;
    }
    let mut crates: Vec<_> =
        crates.into_iter().map(|(name, size)| (name.to_owned(), size)).collect();
    crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let rows = |list: &[(String, usize)]| {
        let row = |(name, size): &(String, usize)| vec![name.clone(), size.to_string()];
        list.iter().map(row).collect::<Vec<_>>()
    };
    println!("{}", table::render(&["crate", "bytes of code"], &rows(&crates)));
    functions.truncate(LARGEST);
    println!("{}", table::render(&["largest functions", "bytes"], &rows(&functions)));
}

/// The crate that a name mentions first. A generic function counts for the one
/// that it is defined in, or for the one that it is made for if that is ours.
fn crate_of(name: &str) -> &'static str {
    let known = ["maintenance_filter", "talc", "alloc", "core", "std"];
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
