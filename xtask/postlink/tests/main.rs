//! Runs postlink on small modules, then inspects and runs the results.

use wasmi::{Engine, Instance, Linker, Store};

/// Exports that every filter needs.
const ABI: &str = r#"
    (memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_delete") (param i32))"#;

/// A callback in the allow-list. Its type here is the tests' own.
const EXPORT: &str = "proxy_on_tick";

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).expect("valid text")
}

/// Runs postlink on a module of `fields` and the ABI. Returns the result, also as text.
fn optimize(fields: &str) -> (Vec<u8>, String) {
    // Imports come first in a module.
    let module = postlink::optimize(&module(&format!("{fields} {ABI}"))).expect("a filter");
    let text = wasmprinter::print_bytes(&module).expect("a valid module");
    (module, text)
}

/// Calls the exported function that the tests put their code into.
fn run(module: &[u8], argument: i32) -> Result<i32, wasmi::Error> {
    let engine = Engine::default();
    let module = wasmi::Module::new(&engine, module).expect("a valid module");
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "proxy_done", |value: i32| value + 1).expect("a host function");
    let instance: Instance =
        linker.instantiate_and_start(&mut store, &module).expect("an instance");
    let function = instance.get_typed_func::<i32, i32>(&store, EXPORT).expect("the function");
    function.call(&mut store, argument)
}

#[test]
fn a_module_without_a_required_export_is_rejected() {
    let error = |module: &[u8]| postlink::optimize(module).expect_err("no filter");
    assert!(error(b"\0asm").starts_with("not a WebAssembly module"));
    for required in [
        "memory",
        "malloc",
        "proxy_abi_version_0_2_1",
        "proxy_on_vm_start",
        "proxy_on_configure",
        "proxy_on_context_create",
        "proxy_on_delete",
    ] {
        let without = ABI.replace(&format!("(export \"{required}\")"), "");
        let message = error(&module(&without));
        assert!(message.contains(required), "{required}: {message}");
    }
    let global = ABI
        .replace("(memory (export", "(memory 1) (global (export")
        .replace("\"memory\") 1)", "\"memory\") i32 (i32.const 0))");
    assert!(error(&module(&global)).contains("memory"), "a global called memory");
    let other_name = ABI.replace("\"malloc\"", "\"proxy_on_memory_allocate\"");
    assert!(postlink::optimize(&module(&other_name)).is_ok());
}

#[test]
fn unsupported_features_are_rejected() {
    for (fields, expected) in [
        ("(func $f (return_call $f))", "ReturnCall"),
        ("(table 1 funcref) (func (drop (table.size)))", "TableSize"),
        ("(func (drop (ref.null func)))", "RefNull"),
        ("(tag $t) (func (throw $t))", "Throw"),
        ("(table 1 funcref) (table 1 funcref)", "tables"),
        ("(table 1 externref)", "tables"),
        ("(import \"env\" \"table\" (table 1 funcref))", "tables"),
        ("(table 1 funcref) (elem (i32.const 0) funcref (ref.null func))", "table entries"),
        ("(global funcref (ref.null func))", "globals"),
    ] {
        let message = postlink::optimize(&module(&format!("{fields} {ABI}"))).expect_err(fields);
        assert!(message.contains(expected), "{fields}: {message}");
    }
}

#[test]
fn a_callback_outside_the_allow_list_is_removed() {
    let (_, text) = optimize(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
             (i32.const 111111))
           (func (export "proxy_on_tick") (param i32) (drop (i32.const 222222)))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
             (i32.const 333333))
           (func (export "proxy_on_log") (param i32) (drop (i32.const 444444)))"#,
    );
    for (name, body) in [("proxy_on_request_headers", "111111"), ("proxy_on_tick", "222222")] {
        assert!(text.contains(&format!("(export \"{name}\"")), "{name} is removed: {text}");
        assert!(text.contains(body), "the body of {name} is removed: {text}");
    }
    for (name, body) in [("proxy_on_response_headers", "333333"), ("proxy_on_log", "444444")] {
        assert!(!text.contains(&format!("(export \"{name}\"")), "{name} is kept: {text}");
        assert!(!text.contains(body), "the body of {name} is kept: {text}");
    }
}

#[test]
fn exports_that_are_no_callbacks_are_removed_unless_a_host_needs_them() {
    let (_, text) = optimize(
        r#"(global (export "__heap_base") i32 (i32.const 7))
           (table (export "_start") 1 funcref)
           (func (export "helper"))
           (func (export "_initialize"))"#,
    );
    for name in ["__heap_base", "_start", "helper"] {
        assert!(!text.contains(&format!("(export \"{name}\"")), "{name} is kept: {text}");
    }
    for name in ["memory", "malloc", "_initialize", "proxy_on_configure", "proxy_on_delete"] {
        assert!(text.contains(&format!("(export \"{name}\"")), "{name} is removed: {text}");
    }
}

/// Direct calls, recursion, calls of the host and through the table, in blocks,
/// loops and branches.
const CALLS: &str = r#"
    (type $unary (func (param i32) (result i32)))
    (import "env" "proxy_done" (func $host (type $unary)))
    (table 3 funcref)
    (elem (i32.const 1) $twice $half)
    (func $twice (type $unary) (i32.mul (local.get 0) (i32.const 2)))
    (func $half (type $unary) (i32.div_u (local.get 0) (i32.const 2)))
    (func $sum (type $unary)
      (if (result i32) (local.get 0)
        (then (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1)))))
        (else (i32.const 0))))
    (func (export "proxy_on_tick") (type $unary)
      (local $count i32)
      (block $end
        (loop $again
          (br_if $end (i32.ge_u (local.get $count) (i32.const 3)))
          (local.set 0 (call $twice (call $host (call $sum (local.get 0)))))
          (local.set 0 (call_indirect (type $unary) (local.get 0) (i32.const 2)))
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br $again)))
      (local.get 0))"#;

#[test]
fn calls_go_through_the_table_and_return_the_same_results() {
    let before = module(&format!("{CALLS} {ABI}"));
    let (after, text) = optimize(CALLS);
    for argument in [0, 1, 2, 3, 5] {
        let expected = run(&before, argument).expect("a result");
        let result = run(&after, argument).expect("a result");
        assert_eq!(result, expected, "of {argument}");
    }
    assert_eq!(text.matches(" call ").count(), 1, "only the call of the host is direct: {text}");
    assert_eq!(text.matches(" call_indirect ").count(), 4, "{text}");
}

#[test]
fn a_function_that_silently_ends_in_a_trap_becomes_a_trap() {
    let (module, text) = optimize(
        r#"(import "env" "proxy_done" (func $host (param i32) (result i32)))
           (table 1 funcref)
           (elem (i32.const 0) $host)
           (func $format (result i32) (i32.const 123456))
           (func $panic (drop (call $format)) (unreachable))
           (func $log (drop (call $host (i32.const 654321))) (unreachable))
           (func $log_through_the_table
             (drop (call_indirect (param i32) (result i32) (i32.const 765432) (i32.const 0)))
             (unreachable))
           (func $out (param i32) (br_if 0 (i32.eqz (local.get 0))) (unreachable))
           (func $branch (param i32) (block (br_table 1 0 (local.get 0))) (unreachable))
           (func $early (param i32) (block (br_if 0 (local.get 0)) (return)) (unreachable))
           (func (export "proxy_on_tick") (param i32) (result i32)
             (if (i32.eq (local.get 0) (i32.const 1)) (then (call $panic)))
             (if (i32.eq (local.get 0) (i32.const 2)) (then (call $log)))
             (if (i32.eq (local.get 0) (i32.const 3)) (then (call $log_through_the_table)))
             (call $early (i32.const 0))
             (call $out (i32.const 0))
             (call $branch (i32.const 0))
             (local.get 0))"#,
    );
    assert!(!text.contains("123456"), "the code before the trap is kept: {text}");
    // A panic hook logs through the table, so panics must stay calls.
    for logged in ["654321", "765432"] {
        assert!(text.contains(logged), "a call of the host is removed: {text}");
    }
    assert_eq!(run(&module, 0).expect("a function that returns is kept"), 0);
    for argument in [1, 2, 3] {
        assert!(run(&module, argument).is_err(), "of {argument}");
    }
}

#[test]
fn a_function_in_the_table_that_no_call_can_reach_is_removed() {
    let fields = r#"
        (type $unary (func (param i32) (result i32)))
        (table 4 funcref)
        (elem (i32.const 1) $callable $other)
        (func $callable (type $unary) (i32.add (local.get 0) (i32.const 111111)))
        (func $other (param i64) (result i64) (call $below (local.get 0)))
        (func $below (param i64) (result i64) (i64.const 222222))
        (func (export "proxy_on_tick") (type $unary)
          (call_indirect (type $unary) (local.get 0) (i32.const 1)))"#;
    let (module, text) = optimize(fields);
    assert!(!text.contains("222222"), "no call has the type of $other: {text}");
    assert_eq!(run(&module, 1).expect("a result"), 111_112);
}

#[test]
fn function_names_are_kept() {
    let (module, _) = optimize(CALLS);
    let names = wasmprinter::print_bytes(module).expect("a valid module");
    assert!(names.contains("$sum"), "{names}");
}
