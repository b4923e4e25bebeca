//! What the step does to small modules, looked at and run.

use wasmi::{Engine, Instance, Linker, Store};

/// What every filter exports.
const ABI: &str = r#"
    (memory (export "memory") 1)
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_delete") (param i32))"#;

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields})")).expect("valid text")
}

/// The module of `fields` and the ABI after the step, and its text.
fn improved(fields: &str) -> (Vec<u8>, String) {
    // Imports come first in a module.
    let module = postlink::improved(&module(&format!("{fields} {ABI}"))).expect("a filter");
    let text = wasmprinter::print_bytes(&module).expect("a valid module");
    (module, text)
}

fn run(module: &[u8], function: &str, argument: i32) -> Result<i32, wasmi::Error> {
    let engine = Engine::default();
    let module = wasmi::Module::new(&engine, module).expect("a valid module");
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.func_wrap("env", "proxy_done", |value: i32| value + 1).expect("a host function");
    let instance: Instance =
        linker.instantiate_and_start(&mut store, &module).expect("an instance");
    let function = instance.get_typed_func::<i32, i32>(&store, function).expect("the function");
    function.call(&mut store, argument)
}

#[test]
fn what_is_no_filter_is_refused() {
    let refusal = |module: &[u8]| postlink::improved(module).expect_err("no filter");
    assert!(refusal(b"\0asm").starts_with("not a WebAssembly module"));
    for needed in [
        "memory",
        "malloc",
        "proxy_abi_version_0_2_1",
        "proxy_on_vm_start",
        "proxy_on_configure",
        "proxy_on_context_create",
        "proxy_on_delete",
    ] {
        let without = ABI.replace(&format!("(export \"{needed}\")"), "");
        let message = refusal(&module(&without));
        assert!(message.contains(needed), "{needed}: {message}");
    }
    let global = ABI
        .replace("(memory (export", "(memory 1) (global (export")
        .replace("\"memory\") 1)", "\"memory\") i32 (i32.const 0))");
    assert!(refusal(&module(&global)).contains("memory"), "of another kind");
    let other_name = ABI.replace("\"malloc\"", "\"proxy_on_memory_allocate\"");
    assert!(postlink::improved(&module(&other_name)).is_ok());
}

#[test]
fn what_the_step_does_not_understand_is_refused() {
    for (fields, word) in [
        ("(func $f (return_call $f))", "ReturnCall"),
        ("(table 1 funcref) (func (drop (table.size)))", "TableSize"),
        ("(func (drop (ref.null func)))", "RefNull"),
        ("(tag $t) (func (throw $t))", "Throw"),
        ("(table 1 funcref) (table 1 funcref)", "tables"),
        ("(table 1 externref)", "tables"),
        ("(import \"env\" \"table\" (table 1 funcref))", "tables"),
        ("(table (export \"proxy_table\") 1 funcref)", "the host can change"),
        ("(table 1 funcref) (elem (i32.const 0) funcref (ref.null func))", "table entries"),
        ("(global funcref (ref.null func))", "globals"),
    ] {
        let message = postlink::improved(&module(&format!("{fields} {ABI}"))).expect_err(fields);
        assert!(message.contains(word), "{fields}: {message}");
    }
}

#[test]
fn only_what_a_host_looks_for_is_exported() {
    let (_, text) = improved(
        r#"(global (export "__heap_base") i32 (i32.const 7))
           (func (export "helper"))
           (func (export "_initialize"))
           (func (export "proxy_on_log") (param i32))"#,
    );
    assert!(!text.contains("__heap_base") && !text.contains("helper"), "{text}");
    for name in ["memory", "malloc", "_initialize", "proxy_on_log", "proxy_on_delete"] {
        assert!(text.contains(&format!("(export \"{name}\"")), "{name} is gone: {text}");
    }
}

/// Calls of its own, of the host, through the table, and of itself; in blocks,
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
    (func (export "proxy_on_test") (type $unary)
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
fn calls_go_through_the_table_and_come_to_the_same() {
    let before = module(&format!("{CALLS} {ABI}"));
    let (after, text) = improved(CALLS);
    for argument in [0, 1, 2, 3, 5] {
        let expected = run(&before, "proxy_on_test", argument).expect("a result");
        let result = run(&after, "proxy_on_test", argument).expect("a result");
        assert_eq!(result, expected, "of {argument}");
    }
    assert_eq!(text.matches(" call ").count(), 1, "but that of the host: {text}");
    assert_eq!(text.matches(" call_indirect ").count(), 4, "{text}");
}

#[test]
fn what_only_leads_to_a_trap_is_a_trap() {
    let (module, text) = improved(
        r#"(import "env" "proxy_done" (func $host (param i32) (result i32)))
           (table 1 funcref)
           (elem (i32.const 0) $host)
           (func $words (result i32) (i32.const 123456))
           (func $panic (drop (call $words)) (unreachable))
           (func $told (drop (call $host (i32.const 654321))) (unreachable))
           (func $told_through_the_table
             (drop (call_indirect (param i32) (result i32) (i32.const 765432) (i32.const 0)))
             (unreachable))
           (func $out (param i32) (br_if 0 (i32.eqz (local.get 0))) (unreachable))
           (func $branch (param i32) (block (br_table 1 0 (local.get 0))) (unreachable))
           (func $early (param i32) (block (br_if 0 (local.get 0)) (return)) (unreachable))
           (func (export "proxy_on_test") (param i32) (result i32)
             (if (i32.eq (local.get 0) (i32.const 1)) (then (call $panic)))
             (if (i32.eq (local.get 0) (i32.const 2)) (then (call $told)))
             (if (i32.eq (local.get 0) (i32.const 3)) (then (call $told_through_the_table)))
             (call $early (i32.const 0))
             (call $out (i32.const 0))
             (call $branch (i32.const 0))
             (local.get 0))"#,
    );
    assert!(!text.contains("123456"), "what comes before the trap is there: {text}");
    for told in ["654321", "765432"] {
        assert!(text.contains(told), "what the host is told is gone: {text}");
    }
    assert_eq!(run(&module, "proxy_on_test", 0).expect("a function that returns is kept"), 0);
    for argument in [1, 2, 3] {
        assert!(run(&module, "proxy_on_test", argument).is_err(), "of {argument}");
    }
}

#[test]
fn what_nothing_can_call_is_gone() {
    let fields = r#"
        (type $unary (func (param i32) (result i32)))
        (table 4 funcref)
        (elem (i32.const 1) $callable $other)
        (func $callable (type $unary) (i32.add (local.get 0) (i32.const 111111)))
        (func $other (param i64) (result i64) (call $below (local.get 0)))
        (func $below (param i64) (result i64) (i64.const 222222))
        (func (export "proxy_on_test") (type $unary)
          (call_indirect (type $unary) (local.get 0) (i32.const 1)))"#;
    let (module, text) = improved(fields);
    assert!(!text.contains("222222"), "no call has its type: {text}");
    assert_eq!(run(&module, "proxy_on_test", 1).expect("a result"), 111_112);
}

#[test]
fn names_are_kept_for_those_who_look_into_the_module() {
    let (module, _) = improved(CALLS);
    let names = wasmprinter::print_bytes(module).expect("a valid module");
    assert!(names.contains("$sum"), "{names}");
}
