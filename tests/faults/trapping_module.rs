//! The shipped module, changed so that it traps.

use walrus::ir::BinaryOp;
use walrus::{ConstExpr, ExportItem, FunctionBuilder, Module, ValType};

/// Makes a callback trap when it is called for the `number`th time in a VM.
pub fn trap_at_call(number: i32, callback: &str) -> Vec<u8> {
    let mut module = Module::from_file(harness::plugin_wasm()).expect("the module");
    let export = module.exports.iter().find(|export| export.name == callback);
    let export = export.unwrap_or_else(|| panic!("the module does not export {callback}"));
    let (id, ExportItem::Function(original)) = (export.id(), export.item) else {
        panic!("{callback} is not a function")
    };
    let type_id = module.funcs.get(original).ty();
    let (parameters, results) = module.types.params_results(type_id);
    let (parameters, results) = (parameters.to_vec(), results.to_vec());
    let zero = ConstExpr::Value(walrus::ir::Value::I32(0));
    let calls = module.globals.add_local(ValType::I32, true, false, zero);
    let locals: Vec<_> = parameters.iter().map(|kind| module.locals.add(*kind)).collect();

    let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
    let mut body = builder.func_body();
    body.global_get(calls).i32_const(1).binop(BinaryOp::I32Add).global_set(calls);
    body.global_get(calls).i32_const(number).binop(BinaryOp::I32Eq);
    body.if_else(None, |trap| _ = trap.unreachable(), |_| ());
    for local in &locals {
        body.local_get(*local);
    }
    body.call(original);
    let wrapper = builder.finish(locals, &mut module.funcs);
    module.exports.get_mut(id).item = ExportItem::Function(wrapper);
    module.emit_wasm()
}
