//! Calls that come at about the same time, done together. Knows nothing of what is done.

use std::sync::{Mutex, PoisonError};

use futures::future::{BoxFuture, FutureExt as _, Shared};

/// What all who wait for a batch move on: whoever of them is polled moves it for all, so that none has to outlast the others.
pub(super) type Work<'a> = Shared<BoxFuture<'a, ()>>;

/// What waits to be done together.
pub(super) struct Batch<'a, T>(Mutex<(Vec<T>, Option<Work<'a>>)>);

impl<T> Default for Batch<'_, T> {
    fn default() -> Self {
        Self(Mutex::new((Vec::new(), None)))
    }
}

impl<'a, T> Batch<'a, T> {
    /// Adds something, and returns what has to be moved on until it is done. `begin` makes that for the first.
    pub(super) fn add(&self, item: T, begin: impl FnOnce() -> BoxFuture<'a, ()>) -> Work<'a> {
        let mut batch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (items, work) = &mut *batch;
        items.push(item);
        work.get_or_insert_with(|| begin().shared()).clone()
    }

    /// Takes all that waits. What comes from now on is another batch.
    pub(super) fn take(&self) -> Vec<T> {
        let mut batch = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        batch.1 = None;
        std::mem::take(&mut batch.0)
    }
}
