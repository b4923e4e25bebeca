//! Rejects modules with features that the steps would misread. Compilers do not
//! use them in modules for a proxy today.

use walrus::ir::Instr;
use walrus::{ElementItems, ElementKind, Module, RefType, Table, ValType};

use crate::body::Body;

/// Checks everything that the steps rely on.
///
/// # Errors
/// Fails on the first unsupported feature, such as a tail call or a second table.
pub fn check(module: &Module) -> Result<(), String> {
    for (_, function) in module.funcs.iter_local() {
        for sequence in Body::of(function).sequences {
            for (instruction, _) in &function.block(sequence).instrs {
                if !is_supported(instruction) {
                    return Err(format!("unsupported instruction: {instruction:?}"));
                }
            }
        }
    }
    let is_supported_table = |table: &Table| {
        table.import.is_none() && !table.table64 && table.element_ty == RefType::FUNCREF
    };
    let tables: Vec<_> = module.tables.iter().collect();
    if tables.len() > 1 || !tables.into_iter().all(is_supported_table) {
        return Err(
            "unsupported tables: there may be one, for functions, that is not imported".into()
        );
    }
    if !module.elements.iter().all(|element| {
        matches!(element.kind, ElementKind::Active { .. })
            && matches!(element.items, ElementItems::Functions(_))
    }) {
        return Err("unsupported table entries: they must be functions from the start".into());
    }
    if module.globals.iter().any(|global| matches!(global.ty, ValType::Ref(_))) {
        return Err("unsupported globals: they hold references".into());
    }
    Ok(())
}

/// Returns whether [`Body`] knows how the instruction leaves the function, and the
/// instruction does not change a table or refer to a function as a value.
fn is_supported(instruction: &Instr) -> bool {
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
