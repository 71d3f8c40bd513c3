//! Any text as the only file of a stack, within a small budget: what every reader of it allocates stays in proportion
//! to the text and to the units of work, so that no text is cheap to write and dear to read. Nothing waits for a limit
//! of time.

#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use drplan::check::check;
use drplan::diagnostic::{Diagnostics, Sources, render_all};
use drplan::emit;
use drplan::hcl::eval::Budget;
use drplan::hcl::{self, Files};
use drplan::review::compare;
use drplan::simulator::{SUBSCRIPTION, TENANT};
use drplan::stack::{Input, Knowledge, read_all};
use drplan::value::Seal;
use drplan::view::graph::{Picture, PictureDetail, svg};

/// Units of the budget.
const UNITS: usize = 4_000_000;
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

/// Reads a text as every command does that changes nothing. Returns the units of work.
fn read(text: &str) -> usize {
    let budget = Budget::new(UNITS);
    let _ = hcl::format(text);
    let mut sources = Sources::default();
    let account = (SUBSCRIPTION, TENANT);
    let input = Input { reader: Arc::new(Echo), ..Input::in_memory(text, &mut sources, account) };
    let (program, mut found): (_, Diagnostics) = read_all(input);
    let (stack, wrong) = Arc::new(program).evaluate_within(&Knowledge::default(), &budget);
    found.extend(wrong);
    if let (Some(stack), false) = (stack, found.has_errors()) {
        found.extend(check(&stack));
        let _ = compare(None, &stack, &Seal::new([7; 32]));
        let _ = emit::terraform(&stack, emit::Options { imports: false });
        let _ = emit::bicep(&stack);
        let _ = svg(&Picture::of(&stack, PictureDetail::All));
    }
    let _ = render_all(&found, &sources, 80);
    budget.used()
}

/// A directory in which each file holds its own path.
struct Echo;

impl Files for Echo {
    fn bytes(&self, path: &str) -> Result<Option<Arc<[u8]>>, String> {
        Ok(Some(path.as_bytes().into()))
    }
}
