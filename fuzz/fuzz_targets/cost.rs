//! Any text as the only file of a stack, within a small budget: what every reader of it allocates stays in proportion
//! to the text and to the units of work, so that no text is cheap to write and dear to read. Nothing waits for a limit
//! of time.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

#[path = "../properties/cost.rs"]
mod property;

use property::{UNITS, read};

/// Bytes that a byte of text may cost: its tree, and the messages about it.
const FOR_A_BYTE: usize = 20_000;
/// Bytes that a unit of work may cost.
const FOR_A_UNIT: usize = 64;
/// Bytes that every stack costs: tables of kinds, pictures, files of emitted code.
const BASE: usize = 64 * 1024 * 1024;

/// Bytes allocated since the start of an input, freed or not.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

libfuzzer_sys::fuzz_target!(|text: &str| {
    ALLOCATED.store(0, Ordering::Relaxed);
    let used = read(text);
    let allocated = ALLOCATED.load(Ordering::Relaxed);
    // A charge is taken before the work: the last one may be of any size, and nothing follows it.
    let most = BASE + FOR_A_BYTE * text.len() + FOR_A_UNIT * used.min(UNITS);
    assert!(allocated <= most, "{allocated} bytes for {} bytes of text and {used} units", text.len());
});
