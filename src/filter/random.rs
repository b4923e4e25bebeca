//! Random numbers for the jitter of `Retry-After`.

#![expect(unsafe_code, reason = "the SDK has no random numbers, so this calls the host")]

use std::cell::RefCell;

use fastrand::Rng;

use super::clock;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(buffer: *mut u8, size: usize) -> u16;
}

const SUCCESS: u16 = 0;

thread_local! {
    /// Generator of this VM. The host seeds it at its first use, never a request: a
    /// client must not choose the numbers. It is no generator for secrets.
    static GENERATOR: RefCell<Option<Rng>> = const { RefCell::new(None) };
}

/// Returns a whole number from 0 to `most`, each equally likely.
pub fn up_to(most: u32, root_context: u32) -> u32 {
    GENERATOR.with_borrow_mut(|generator| {
        generator.get_or_insert_with(|| Rng::with_seed(seed(root_context))).u32(0..=most)
    })
}

/// Returns a seed from the host. A capability restriction can make the host refuse. Then
/// the clock and the root context are the seed.
fn seed(root_context: u32) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the pointer is valid for the length that follows it.
    let status = unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) };
    if status == SUCCESS {
        u64::from_ne_bytes(bytes)
    } else {
        clock::nanoseconds().wrapping_add(u64::from(root_context))
    }
}
