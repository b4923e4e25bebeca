//! Analysis of the body of a function.

use std::collections::BTreeSet;

use walrus::ir::{
    Br, BrIf, BrTable, CallIndirect, InstrSeq, InstrSeqId, Return, Visitor, dfs_in_order,
};
use walrus::{FunctionId, LocalFunction, TypeId};

/// Calls and control flow of a function.
#[derive(Default)]
pub struct Body {
    /// Functions that it mentions, such as the callees of direct calls.
    pub mentions: BTreeSet<FunctionId>,
    /// Types of the functions that it calls through the table.
    pub indirect_calls: BTreeSet<TypeId>,
    /// Instruction sequences: of the function and of its blocks.
    pub sequences: Vec<InstrSeqId>,
    /// Sequences that a branch refers to.
    branch_targets: BTreeSet<InstrSeqId>,
    has_return: bool,
}

impl Body {
    pub fn of(function: &LocalFunction) -> Self {
        let mut body = Self::default();
        dfs_in_order(&mut body, function, function.entry_block());
        body
    }

    /// Returns whether the function can return: by a `return`, by a branch out of its
    /// outermost block, or at its end. A function that ends in `unreachable`
    /// does not return at its end.
    pub fn may_return(&self, function: &LocalFunction) -> bool {
        let entry = function.entry_block();
        let last = function.block(entry).instrs.last();
        let ends_in_trap = last.is_some_and(|(instruction, _)| instruction.is_unreachable());
        !ends_in_trap || self.has_return || self.branch_targets.contains(&entry)
    }
}

impl<'f> Visitor<'f> for Body {
    fn start_instr_seq(&mut self, sequence: &'f InstrSeq) {
        self.sequences.push(sequence.id());
    }

    fn visit_function_id(&mut self, function: &FunctionId) {
        self.mentions.insert(*function);
    }

    fn visit_call_indirect(&mut self, call: &CallIndirect) {
        self.indirect_calls.insert(call.ty);
    }

    fn visit_return(&mut self, _: &Return) {
        self.has_return = true;
    }

    fn visit_br(&mut self, branch: &Br) {
        self.branch_targets.insert(branch.block);
    }

    fn visit_br_if(&mut self, branch: &BrIf) {
        self.branch_targets.insert(branch.block);
    }

    fn visit_br_table(&mut self, branch: &BrTable) {
        self.branch_targets.extend(branch.blocks.iter().copied());
        self.branch_targets.insert(branch.default);
    }
}
