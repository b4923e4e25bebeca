//! Code that does nothing for anybody.
//!
//! Where memory runs out, Rust puts that into words and then traps. Nobody
//! reads the words, but formatting them is a tenth of a small module.

use std::collections::{BTreeMap, BTreeSet};

use walrus::ir::{InstrLocId, Unreachable};
use walrus::{ElementItems, ExportItem, FunctionId, FunctionKind, LocalFunction, Module, TypeId};

use crate::body::Body;

type Bodies = BTreeMap<FunctionId, Body>;

/// Makes a trap of every function that never returns and calls nothing of the
/// host, and of every function in the table that nothing can call.
pub fn prune(module: &mut Module) {
    let bodies = bodies(module);
    // What calls through a table may call the host.
    let is_quiet = |id: &FunctionId| bodies.get(id).is_some_and(|body| body.indirect.is_empty());
    let never_return: Vec<_> = module
        .funcs
        .iter_local()
        .filter(|(id, function)| {
            bodies.get(id).is_some_and(|body| !body.may_return(function))
                && reachable(&bodies, [*id]).iter().all(is_quiet)
        })
        .map(|(id, _)| id)
        .collect();
    for id in never_return {
        trap(module, id);
    }
    for id in uncalled(module) {
        trap(module, id);
    }
}

/// The functions of the table that no call through it can reach: a call through
/// a table traps unless its type is the function's.
fn uncalled(module: &Module) -> Vec<FunctionId> {
    let in_table = in_table(module);
    let bodies = bodies(module);
    let roots = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        _ => None,
    });
    let mut called: BTreeSet<FunctionId> = roots.chain(module.start).collect();
    loop {
        let reached = reachable(&bodies, called.iter().copied());
        let types: BTreeSet<TypeId> = reached
            .iter()
            .filter_map(|id| bodies.get(id))
            .flat_map(|body| body.indirect.iter().copied())
            .collect();
        let callable = in_table.iter().filter(|id| types.contains(&module.funcs.get(**id).ty()));
        let next: BTreeSet<_> = reached.iter().chain(callable).copied().collect();
        if next == called {
            return in_table.into_iter().filter(|id| !called.contains(id)).collect();
        }
        called = next;
    }
}

fn in_table(module: &Module) -> BTreeSet<FunctionId> {
    let functions = module.elements.iter().filter_map(|element| match &element.items {
        ElementItems::Functions(functions) => Some(functions),
        ElementItems::Expressions(..) => None,
    });
    functions.flatten().copied().collect()
}

fn bodies(module: &Module) -> Bodies {
    module.funcs.iter_local().map(|(id, function)| (id, Body::of(function))).collect()
}

/// What `roots` mention, and what that mentions, and so on.
fn reachable(bodies: &Bodies, roots: impl IntoIterator<Item = FunctionId>) -> BTreeSet<FunctionId> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = roots.into_iter().collect();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(bodies.get(&id).into_iter().flat_map(|body| &body.mentions));
        }
    }
    reached
}

fn trap(module: &mut Module, id: FunctionId) {
    if let FunctionKind::Local(function) = &mut module.funcs.get_mut(id).kind {
        let entry = function.entry_block();
        let trap = (Unreachable {}.into(), InstrLocId::default());
        LocalFunction::block_mut(function, entry).instrs = vec![trap];
    }
}
