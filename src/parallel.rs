//! Work on several cores. The results are those of one core, in its order: the number of cores decides nothing but the
//! time.

use std::io;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread::{Builder, ScopedJoinHandle, available_parallelism, scope};

/// The cores of this process. The system computes it from files.
static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, NonZero::get));
/// The least number of items that is worth a thread.
const LEAST: usize = 64;

/// The results of `each` for these items, in their order.
pub fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let all_of = |part: &[T]| part.iter().map(&each).collect::<Vec<R>>();
    let mut parts = items.chunks(items.len().div_ceil(*CORES).max(LEAST));
    let first = parts.next().unwrap_or_default();
    scope(|scope| {
        let start = |part| (part, Builder::new().spawn_scoped(scope, move || all_of(part)));
        let others: Vec<_> = parts.map(start).collect();
        let mut results = all_of(first);
        for (part, thread) in others {
            results.extend(result(thread, || all_of(part)));
        }
        results
    })
}

/// The results of both, of which the second one is computed in another thread.
pub fn both<A, B: Send>(here: impl FnOnce() -> A, beside: impl Fn() -> B + Sync) -> (A, B) {
    scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, &beside);
        (here(), result(thread, &beside))
    })
}

/// The result of a thread, or of the same work here where the system had no thread to spare.
fn result<R>(thread: io::Result<ScopedJoinHandle<'_, R>>, work: impl FnOnce() -> R) -> R {
    match thread {
        Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for count in [0, 1, LEAST, LEAST + 1, 10 * LEAST * *CORES + 7] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn work_beside_runs_once_and_a_panic_in_it_is_the_callers() {
        assert_eq!(both(|| 1, || 2), (1, 2));
        assert!(std::panic::catch_unwind(|| both(|| 1, || assert_eq!(1, 2))).is_err());
    }
}
