//! Batches of calls that arrive at about the same time. Independent of the calls themselves.

use std::sync::{Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt as _, Shared};

/// The shared future of a batch: each caller that is polled advances it for all, so that none depends on another
/// caller.
pub(super) type BatchFuture<'a> = Shared<BoxFuture<'a, ()>>;

/// The items that wait for the next batch.
pub(super) struct Batch<'a, T>(Mutex<(Vec<T>, Option<BatchFuture<'a>>)>);

impl<T> Default for Batch<'_, T> {
    fn default() -> Self {
        Self(Mutex::new((Vec::new(), None)))
    }
}

impl<'a, T> Batch<'a, T> {
    /// Adds an item, and returns the future to poll until it is done. `begin` creates that future for the first item.
    pub(super) fn add(&self, item: T, begin: impl FnOnce() -> BoxFuture<'a, ()>) -> BatchFuture<'a> {
        let mut batch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (items, work) = &mut *batch;
        items.push(item);
        work.get_or_insert_with(|| begin().shared()).clone()
    }

    /// Takes all waiting items. Later items belong to the next batch.
    pub(super) fn take(&self) -> Vec<T> {
        let mut batch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        batch.1 = None;
        std::mem::take(&mut batch.0)
    }
}
