//! The host calls of the proxy-wasm ABI that the filter makes.

use wasmi::{Caller, Error, Extern, ExternType, Linker, Memory, Module, TypedFunc};

use super::host::{Host, Reply, header_map};

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const CAS_MISMATCH: u32 = 8;

/// Names by which a read of a header is recorded: one for each header that the filter
/// may read. The tests of the bypass use `x-token`.
const HEADER_CALLS: [&str; 9] = [
    "get :path",
    "get :method",
    "get :authority",
    "get accept",
    "get content-type",
    "get origin",
    "get access-control-request-method",
    "get access-control-request-headers",
    "get x-token",
];

type Call<'a> = Caller<'a, Host>;

/// Defines every host call that the filter makes.
pub fn link(linker: &mut Linker<Host>) -> Result<(), Error> {
    linker
        .func_wrap("env", "proxy_log", log)?
        .func_wrap("env", "proxy_get_property", get_property)?
        .func_wrap("env", "proxy_get_buffer_bytes", get_buffer_bytes)?
        .func_wrap("env", "proxy_get_header_map_value", get_header_map_value)?
        .func_wrap("env", "proxy_get_header_map_pairs", get_header_map_pairs)?
        .func_wrap("env", "proxy_remove_header_map_value", remove_header_map_value)?
        .func_wrap("env", "proxy_get_shared_data", get_shared_data)?
        .func_wrap("env", "proxy_set_shared_data", set_shared_data)?
        .func_wrap("env", "proxy_define_metric", define_metric)?
        .func_wrap("env", "proxy_increment_metric", increment_metric)?
        .func_wrap("env", "proxy_record_metric", record_metric)?
        .func_wrap("env", "proxy_set_tick_period_milliseconds", set_tick_period)?
        .func_wrap("env", "proxy_close_stream", close_stream)?
        .func_wrap("env", "proxy_send_local_response", send_local_response)?
        .func_wrap("env", "proxy_get_current_time_nanoseconds", get_current_time)?
        .func_wrap("wasi_snapshot_preview1", "random_get", random_get)?;
    Ok(())
}

/// Defines the other imports of `module`, which belong to methods of the SDK
/// that the filter does not use. Each traps: the filter must not call it.
pub fn link_unused(linker: &mut Linker<Host>, module: &Module) {
    for import in module.imports() {
        if let ExternType::Func(signature) = import.ty() {
            let message = format!("the filter called {}", import.name());
            let trap = move |_: Caller<_>, _: &[_], _: &mut [_]| Err(Error::new(message.clone()));
            // Fails for a name that is defined already, which stays as it is.
            let _ = linker.func_new(import.module(), import.name(), signature.clone(), trap);
        }
    }
}

fn log(mut call: Call, level: u32, at: u32, size: u32) -> u32 {
    record(&mut call, "log", |call| {
        let line = format!("{level} {}", String::from_utf8_lossy(&read(call, at, size)));
        call.data_mut().log.push(line);
        OK
    })
}

fn get_property(mut call: Call, _: u32, _: u32, value: u32, size: u32) -> u32 {
    record(&mut call, "get_property", |call| {
        let name = call.data().name.clone();
        pass(call, &name, value, size)
    })
}

fn get_buffer_bytes(mut call: Call, _: u32, _: u32, _: u32, value: u32, size: u32) -> u32 {
    record(&mut call, "get_buffer_bytes", |call| {
        let configuration = call.data().configuration.clone();
        pass(call, &configuration, value, size)
    })
}

fn get_header_map_value(
    mut call: Call,
    _: u32,
    name: u32,
    name_size: u32,
    value: u32,
    size: u32,
) -> u32 {
    let name = String::from_utf8(read(&call, name, name_size)).expect("a header's name");
    let shown = HEADER_CALLS.iter().find(|shown| shown.strip_prefix("get ") == Some(&name));
    let shown = shown.unwrap_or_else(|| panic!("the filter reads {name}"));
    record(&mut call, shown, |call| {
        let mut headers = call.data().headers.iter();
        match headers.find(|(other, _)| other == name.as_bytes()).cloned() {
            Some((_, text)) => pass(call, &text, value, size),
            None => NOT_FOUND,
        }
    })
}

fn get_header_map_pairs(mut call: Call, _: u32, value: u32, size: u32) -> u32 {
    record(&mut call, "get_header_map_pairs", |call| {
        let map = header_map(&call.data().headers);
        pass(call, &map, value, size)
    })
}

fn remove_header_map_value(mut call: Call, _: u32, name: u32, name_size: u32) -> u32 {
    record(&mut call, "remove_header_map_value", |call| {
        let name = read(call, name, name_size);
        call.data_mut().headers.retain(|(other, _)| *other != name);
        OK
    })
}

fn get_shared_data(
    mut call: Call,
    key: u32,
    key_size: u32,
    value: u32,
    size: u32,
    cas: u32,
) -> u32 {
    record(&mut call, "get_shared_data", |call| {
        let key = read(call, key, key_size);
        let Some((text, version)) = call.data().shared.get(&key).cloned() else {
            return NOT_FOUND;
        };
        write(call, cas, version);
        pass(call, &text, value, size)
    })
}

fn set_shared_data(mut call: Call, key: u32, key_size: u32, at: u32, size: u32, cas: u32) -> u32 {
    record(&mut call, "set_shared_data", |call| {
        let key = read(call, key, key_size);
        let value = read(call, at, size);
        let entry = call.data_mut().shared.entry(key).or_default();
        if cas != 0 && cas != entry.1 {
            return CAS_MISMATCH;
        }
        *entry = (value, entry.1 + 1);
        OK
    })
}

fn define_metric(mut call: Call, _: u32, name: u32, size: u32, id: u32) -> u32 {
    record(&mut call, "define_metric", |call| {
        let name = String::from_utf8(read(call, name, size)).expect("a metric's name");
        let defined = call.data_mut().define(name);
        write(call, id, defined);
        OK
    })
}

fn increment_metric(mut call: Call, id: u32, by: i64) -> u32 {
    record(&mut call, "increment_metric", |call| {
        *call.data_mut().value(id) += by;
        OK
    })
}

fn record_metric(mut call: Call, id: u32, value: i64) -> u32 {
    record(&mut call, "record_metric", |call| {
        *call.data_mut().value(id) = value;
        OK
    })
}

fn set_tick_period(mut call: Call, milliseconds: u32) -> u32 {
    record(&mut call, "set_tick_period_milliseconds", |call| {
        call.data_mut().tick_milliseconds = milliseconds;
        OK
    })
}

fn get_current_time(mut call: Call, at: u32) -> u32 {
    record(&mut call, "get_current_time_nanoseconds", |call| {
        let nanoseconds = call.data().now * 1_000_000_000;
        write_bytes(call, at, &nanoseconds.to_le_bytes());
        OK
    })
}

fn random_get(mut call: Call, at: u32, size: u32) -> u32 {
    record(&mut call, "random_get", |call| {
        let bytes = call.data().random.to_le_bytes();
        call.data_mut().random += 1;
        write_bytes(call, at, &bytes[..size as usize]);
        OK
    })
}

fn close_stream(mut call: Call, _: u32) -> u32 {
    record(&mut call, "close_stream", |_| OK)
}

#[expect(clippy::too_many_arguments, reason = "as the ABI has it")]
fn send_local_response(
    mut call: Call,
    status: u32,
    details: u32,
    details_size: u32,
    body: u32,
    body_size: u32,
    headers: u32,
    headers_size: u32,
    _: i32,
) -> u32 {
    record(&mut call, "send_local_response", |call| {
        let reply = Reply {
            status,
            details: read(call, details, details_size),
            headers: read(call, headers, headers_size),
            body: read(call, body, body_size),
        };
        call.data_mut().reply = Some(reply);
        OK
    })
}

/// Records a call by `name` and does its `work`, unless it is to fail.
fn record(call: &mut Call, name: &'static str, work: impl FnOnce(&mut Call) -> u32) -> u32 {
    call.data_mut().calls.push(name);
    match call.data().failures.get(name) {
        Some(status) => *status,
        None => work(call),
    }
}

/// Copies `value` into memory that the module allocates, and returns its address
/// and size through the pointers `at` and `size_at`.
fn pass(call: &mut Call, value: &[u8], at: u32, size_at: u32) -> u32 {
    let size = u32::try_from(value.len()).expect("a size of wasm32");
    let block = match size {
        0 => 0,
        size => {
            call.data_mut().blocks.push(size);
            allocate(call, size)
        }
    };
    memory(call).write(&mut *call, block as usize, value).expect("memory of the module");
    write(call, at, block);
    write(call, size_at, size);
    OK
}

fn allocate(call: &mut Call, size: u32) -> u32 {
    let malloc = call.get_export("malloc").and_then(Extern::into_func).expect("malloc");
    let malloc: TypedFunc<u32, u32> = malloc.typed(&*call).expect("malloc takes a size");
    malloc.call(call, size).expect("malloc does not trap")
}

fn memory(call: &Call) -> Memory {
    call.get_export("memory").and_then(Extern::into_memory).expect("memory")
}

fn read(call: &Call, at: u32, size: u32) -> Vec<u8> {
    let mut bytes = vec![0; size as usize];
    memory(call).read(call, at as usize, &mut bytes).expect("memory of the module");
    bytes
}

fn write(call: &mut Call, at: u32, number: u32) {
    write_bytes(call, at, &number.to_le_bytes());
}

fn write_bytes(call: &mut Call, at: u32, bytes: &[u8]) {
    memory(call).write(call, at as usize, bytes).expect("memory of the module");
}
