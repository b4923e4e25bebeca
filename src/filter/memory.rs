//! Memory: the module's own, and what the host asks for.

#![expect(unsafe_code, reason = "the host finds `malloc` by its unmangled name")]

use alloc::alloc::alloc;
use core::alloc::Layout;
use core::arch::wasm32;
use core::panic::PanicInfo;
use core::ptr;

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

/// A quarter of the code of the standard library's allocator for wasm32, and
/// fewer steps to take a block and give it back, which each request does.
#[global_allocator]
static MEMORY: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// A block for a value that the host passes; null if there is none, which the
/// host takes for a failed call. [`super::host`] takes it over.
#[unsafe(no_mangle)]
extern "C" fn malloc(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        // SAFETY: the size is not zero.
        Ok(layout) if size > 0 => unsafe { alloc(layout) },
        _ => ptr::null_mut(),
    }
}

/// Only where memory runs out does anything panic.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    wasm32::unreachable()
}
