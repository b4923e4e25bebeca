//! Step 3: turns direct calls into calls through the table.
//!
//! # What
//!
//! Every `call` of a function of the module becomes the number of a table entry
//! and a `call_indirect`. The callees get entries behind the existing entries of the
//! table. Calls of the host stay direct.
//!
//! # Why
//!
//! With `--no-liftoff` V8 has no call profile, so it cannot tell calls that run
//! often from calls that never run. So it inlines every direct call that fits into a budget, whether it is
//! ever executed or not. The budget is two to five times the size of the caller,
//! and larger the more small functions a module has (`NoLiftoffBudget` in
//! [inlining-tree.h](https://chromium.googlesource.com/v8/v8/+/refs/heads/main/src/wasm/inlining-tree.h)).
//! A module that was linked for size has most of its code in small functions that
//! are called from many places, so V8 compiles most of the code several times
//! over. Calls through the table are not inlined without a profile.
//!
//! # What it saves
//!
//! Without this step, loading the module took 1,360 million instructions instead
//! of 637, measured in Envoy 1.40 when the module had 133,041 bytes. A call costs a few instructions more, for
//! the check of the callee's type.

use std::collections::BTreeMap;

use walrus::ir::{Call, CallIndirect, Const, Instr, InstrSeqId, Value};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionId, LocalFunction, Module, RefType, TableId,
    TypeId,
};

use crate::body::Body;

/// New entries of the table, behind the existing ones.
struct NewEntries {
    table: TableId,
    first: u32,
    indices: BTreeMap<FunctionId, u32>,
}

/// Replaces all direct calls of functions of the module.
pub fn route_through_table(module: &mut Module) {
    let types: BTreeMap<FunctionId, TypeId> =
        module.funcs.iter_local().map(|(id, function)| (id, function.ty())).collect();
    let mut entries = NewEntries::behind_existing(module);
    for (_, function) in module.funcs.iter_local_mut() {
        for sequence in Body::of(function).sequences {
            replace_calls(function, sequence, &types, &mut entries);
        }
    }
    entries.add_to(module);
}

fn replace_calls(
    function: &mut LocalFunction,
    sequence: InstrSeqId,
    types: &BTreeMap<FunctionId, TypeId>,
    entries: &mut NewEntries,
) {
    let instructions = &mut function.block_mut(sequence).instrs;
    for (instruction, location) in std::mem::take(instructions) {
        // Imported functions have no type here.
        let callee = match instruction {
            Instr::Call(Call { func }) => types.get(&func).map(|ty| (func, *ty)),
            _ => None,
        };
        if let Some((callee, ty)) = callee {
            let value = Value::I32(entries.index_of(callee).cast_signed());
            instructions.push((Const { value }.into(), location));
            instructions.push((CallIndirect { ty, table: entries.table }.into(), location));
        } else {
            instructions.push((instruction, location));
        }
    }
}

impl NewEntries {
    fn behind_existing(module: &mut Module) -> Self {
        let table = module.tables.iter().next();
        let (table, size) = match table {
            Some(table) => (table.id(), table.initial),
            None => (module.tables.add_local(false, 0, None, RefType::FUNCREF), 0),
        };
        let first = u32::try_from(size).expect("a 32-bit table");
        Self { table, first, indices: BTreeMap::new() }
    }

    /// Index of a function's entry, which is added if there is none.
    fn index_of(&mut self, function: FunctionId) -> u32 {
        let count = u32::try_from(self.indices.len()).expect("fewer than 2^32 functions");
        *self.indices.entry(function).or_insert(self.first + count)
    }

    fn add_to(self, module: &mut Module) {
        let mut functions: Vec<_> = self.indices.into_iter().collect();
        functions.sort_by_key(|(_, index)| *index);
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
