//! What is in the body of a function.

use std::collections::BTreeSet;

use walrus::ir::{
    Br, BrIf, BrTable, CallIndirect, InstrSeq, InstrSeqId, Return, Visitor, dfs_in_order,
};
use walrus::{FunctionId, LocalFunction, TypeId};

/// What of a body matters here.
#[derive(Default)]
pub struct Body {
    /// All functions that it mentions.
    pub mentions: BTreeSet<FunctionId>,
    /// The types of what it calls through a table.
    pub indirect: BTreeSet<TypeId>,
    /// Its sequences of instructions.
    pub sequences: Vec<InstrSeqId>,
    /// The sequences that a branch may leave.
    left: BTreeSet<InstrSeqId>,
    returns: bool,
}

impl Body {
    pub fn of(function: &LocalFunction) -> Self {
        let mut body = Self::default();
        dfs_in_order(&mut body, function, function.entry_block());
        body
    }

    /// Whether the function is left by its end or a `return`.
    pub fn may_return(&self, function: &LocalFunction) -> bool {
        let entry = function.entry_block();
        let last = function.block(entry).instrs.last();
        let ends = !last.is_some_and(|(instruction, _)| instruction.is_unreachable());
        ends || self.returns || self.left.contains(&entry)
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
        self.indirect.insert(call.ty);
    }

    fn visit_return(&mut self, _: &Return) {
        self.returns = true;
    }

    fn visit_br(&mut self, branch: &Br) {
        self.left.insert(branch.block);
    }

    fn visit_br_if(&mut self, branch: &BrIf) {
        self.left.insert(branch.block);
    }

    fn visit_br_table(&mut self, branch: &BrTable) {
        self.left.extend(branch.blocks.iter().copied());
        self.left.insert(branch.default);
    }
}
