//! Work on many items on all cores. The results are those of one core, in its order: the number of cores decides nothing
//! but the time.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread::{Builder, available_parallelism, scope};

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
            results.extend(match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                // The system has no thread to spare.
                Err(_) => all_of(part),
            });
        }
        results
    })
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
}
