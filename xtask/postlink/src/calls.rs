//! Calls between the functions of a module.
//!
//! V8 without Liftoff has no profile to inline by, so it takes in every
//! directly called function that fits into a budget of two to five times the
//! size of the caller, whether it is ever called or not
//! (`InliningTree::NoLiftoffBudget` in
//! [inlining-tree.h](https://chromium.googlesource.com/v8/v8/+/refs/heads/main/src/wasm/inlining-tree.h)).
//! A module that was linked for size has most of its code in small functions
//! called from many places, and is compiled several times over. A call through
//! a table is not inlined without a profile, and costs a few instructions more.

use std::collections::BTreeMap;

use walrus::ir::{Call, CallIndirect, Const, Instr, InstrSeqId, Value};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionId, LocalFunction, Module, RefType, TableId,
    TypeId,
};

use crate::body::Body;

/// The functions that are called, each with its place in the table.
struct Places {
    table: TableId,
    first: u32,
    of: BTreeMap<FunctionId, u32>,
}

/// Makes every direct call of a function of the module one through the table.
pub fn through_table(module: &mut Module) {
    let types: BTreeMap<FunctionId, TypeId> =
        module.funcs.iter_local().map(|(id, function)| (id, function.ty())).collect();
    let mut places = Places::behind(module);
    for (_, function) in module.funcs.iter_local_mut() {
        for sequence in Body::of(function).sequences {
            rewrite(function, sequence, &types, &mut places);
        }
    }
    places.fill(module);
}

fn rewrite(
    function: &mut LocalFunction,
    sequence: InstrSeqId,
    types: &BTreeMap<FunctionId, TypeId>,
    places: &mut Places,
) {
    let instructions = &mut function.block_mut(sequence).instrs;
    for (instruction, location) in std::mem::take(instructions) {
        let own = match instruction {
            Instr::Call(Call { func }) => types.get(&func).map(|ty| (func, *ty)),
            _ => None,
        };
        if let Some((callee, ty)) = own {
            let value = Value::I32(places.place(callee).cast_signed());
            instructions.push((Const { value }.into(), location));
            instructions.push((CallIndirect { ty, table: places.table }.into(), location));
        } else {
            instructions.push((instruction, location));
        }
    }
}

impl Places {
    /// Places behind those that the module's table has.
    fn behind(module: &mut Module) -> Self {
        let first = module.tables.iter().next();
        let (table, first) = match first {
            Some(table) => (table.id(), table.initial),
            None => (module.tables.add_local(false, 0, None, RefType::FUNCREF), 0),
        };
        let first = u32::try_from(first).expect("a 32-bit table");
        Self { table, first, of: BTreeMap::new() }
    }

    fn place(&mut self, function: FunctionId) -> u32 {
        let next = self.first + u32::try_from(self.of.len()).expect("fewer than 2^32 functions");
        *self.of.entry(function).or_insert(next)
    }

    fn fill(self, module: &mut Module) {
        let mut functions: Vec<_> = self.of.into_iter().collect();
        functions.sort_by_key(|(_, place)| *place);
        let size = u64::from(self.first) + functions.len() as u64;
        let functions = functions.into_iter().map(|(function, _)| function).collect();
        let offset = ConstExpr::Value(Value::I32(self.first.cast_signed()));
        let kind = ElementKind::Active { table: self.table, offset };
        let element = module.elements.add(kind, ElementItems::Functions(functions));
        let table = module.tables.get_mut(self.table);
        table.initial = size;
        table.maximum = Some(size);
        table.elem_segments.insert(element);
    }
}
