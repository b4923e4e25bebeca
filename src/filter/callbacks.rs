//! What the host calls.

#![expect(unsafe_code, reason = "the host finds a callback by its unmangled name")]

use super::vm;

/// Go on with the filter chain.
const CONTINUE: u32 = 0;
/// Stop: the request goes no further.
const PAUSE: u32 = 1;

/// Says which version of the ABI this module speaks; never called.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_: u32, _: usize) -> u32 {
    1
}

/// `parent` is 0 for a root context.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    vm::with(|vm| match parent {
        0 => vm.add_root(context),
        root => vm.begin_stream(context, root),
    });
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, size: usize) -> u32 {
    u32::from(vm::with(|vm| vm.configure(root, size)) == Some(true))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(root: u32) {
    vm::with(|vm| vm.tick(root));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(stream: u32, _: u32, _: u32) -> u32 {
    match vm::with(|vm| vm.request(stream)) {
        Some(vm::Verdict::Answered) => PAUSE,
        Some(vm::Verdict::Passes) | None => CONTINUE,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    vm::with(|vm| vm.delete(context));
}
