//! What the step understands: modules as compilers of today write them for a
//! proxy. What it might take for something else is refused.

use walrus::ir::Instr;
use walrus::{ElementItems, ElementKind, ExportItem, Module, RefType, Table, ValType};

use crate::body::Body;

/// Looks at everything that the other parts rely on.
///
/// # Errors
/// Something that they would not see, such as a tail call or a second table.
pub fn check(module: &Module) -> Result<(), String> {
    for (_, function) in module.funcs.iter_local() {
        for sequence in Body::of(function).sequences {
            for (instruction, _) in &function.block(sequence).instrs {
                if !is_handled(instruction) {
                    return Err(format!("an instruction that is not handled: {instruction:?}"));
                }
            }
        }
    }
    let is_own = |table: &Table| {
        table.import.is_none() && !table.table64 && table.element_ty == RefType::FUNCREF
    };
    let tables: Vec<_> = module.tables.iter().collect();
    if tables.len() > 1 || !tables.into_iter().all(is_own) {
        return Err("tables other than one of its own for functions are not handled".into());
    }
    if module.exports.iter().any(|export| matches!(export.item, ExportItem::Table(_))) {
        return Err("a table that the host can change is not handled".into());
    }
    if !module.elements.iter().all(|element| {
        matches!(element.kind, ElementKind::Active { .. })
            && matches!(element.items, ElementItems::Functions(_))
    }) {
        return Err("table entries that are not functions from the start are not handled".into());
    }
    if module.globals.iter().any(|global| matches!(global.ty, ValType::Ref(_))) {
        return Err("globals that hold references are not handled".into());
    }
    Ok(())
}

/// Instructions that leave a function only as [`Body`] sees, and change no table.
fn is_handled(instruction: &Instr) -> bool {
    matches!(
        instruction,
        Instr::Binop(_)
            | Instr::Block(_)
            | Instr::Br(_)
            | Instr::BrIf(_)
            | Instr::BrTable(_)
            | Instr::Call(_)
            | Instr::CallIndirect(_)
            | Instr::Const(_)
            | Instr::DataDrop(_)
            | Instr::Drop(_)
            | Instr::GlobalGet(_)
            | Instr::GlobalSet(_)
            | Instr::IfElse(_)
            | Instr::Load(_)
            | Instr::LocalGet(_)
            | Instr::LocalSet(_)
            | Instr::LocalTee(_)
            | Instr::Loop(_)
            | Instr::MemoryCopy(_)
            | Instr::MemoryFill(_)
            | Instr::MemoryGrow(_)
            | Instr::MemoryInit(_)
            | Instr::MemorySize(_)
            | Instr::Return(_)
            | Instr::Select(_)
            | Instr::Store(_)
            | Instr::Unop(_)
            | Instr::Unreachable(_)
    )
}
