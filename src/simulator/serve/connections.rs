//! The connections that are open. There are at most so many; for a new one the one goes that has been idle the longest, so that neither clients that keep many
//! nor those that send nothing keep others out. One that is being answered is never closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All connections.
pub(super) struct Connections {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// By when something last happened on it, counted, which is its key.
    idle: BTreeMap<u64, Arc<Notify>>,
    busy: usize,
    count: u64,
}

/// One connection. Dropped, it is gone.
pub(super) struct Connection {
    all: Arc<Connections>,
    state: Mutex<State>,
    /// Asks the connection to end once nothing is under way on it.
    pub(super) close: Arc<Notify>,
}

#[derive(Default)]
struct State {
    /// Its key among the idle ones; `None` while it is being answered.
    idle: Option<u64>,
    /// How many requests are being answered on it.
    asked: usize,
}

/// A request that is being answered.
pub(super) struct Answering(Arc<Connection>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Connections {
    /// Room for so many.
    pub(super) fn at_most(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// A new one; `None` where all are being answered.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut open = lock(&self.open);
        if open.idle.len() + open.busy >= self.most {
            let (_, longest) = open.idle.pop_first()?;
            longest.notify_one();
        }
        let close = Arc::new(Notify::new());
        let key = open.rest(&close);
        let state = Mutex::new(State { idle: Some(key), asked: 0 });
        Some(Arc::new(Connection { all: Arc::clone(self), state, close }))
    }
}

impl Open {
    fn rest(&mut self, close: &Arc<Notify>) -> u64 {
        self.count += 1;
        self.idle.insert(self.count, Arc::clone(close));
        self.count
    }
}

impl Connection {
    /// A request came on it, and is being answered until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Answering {
        let mut state = lock(&self.state);
        state.asked += 1;
        if let Some(key) = state.idle.take() {
            let mut open = lock(&self.all.open);
            open.idle.remove(&key);
            open.busy += 1;
        }
        Answering(Arc::clone(self))
    }

    fn end(&self) {
        let mut state = lock(&self.state);
        state.asked = state.asked.saturating_sub(1);
        if state.asked == 0 && state.idle.is_none() {
            let mut open = lock(&self.all.open);
            open.busy = open.busy.saturating_sub(1);
            state.idle = Some(open.rest(&self.close));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let state = lock(&self.state);
        let mut open = lock(&self.all.open);
        match state.idle {
            Some(key) => drop(open.idle.remove(&key)),
            None => open.busy = open.busy.saturating_sub(1),
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn is_asked_to_go(connection: &Connection) -> bool {
        connection.close.notified().now_or_never().is_some()
    }

    #[test]
    fn the_one_that_is_idle_the_longest_makes_room() {
        let all = Connections::at_most(3);
        let (first, second, third) = (all.enter().unwrap(), all.enter().unwrap(), all.enter().unwrap());
        drop(first.begin());
        let _answering = second.begin();
        let _fourth = all.enter().expect("the third makes room");
        assert!(is_asked_to_go(&third) && !is_asked_to_go(&first) && !is_asked_to_go(&second));
        drop(third);
        let _fifth = all.enter().expect("the first makes room");
        assert!(is_asked_to_go(&first) && !is_asked_to_go(&second), "what is being answered stays");
    }

    #[test]
    fn where_all_are_being_answered_there_is_no_room() {
        let all = Connections::at_most(1);
        let only = all.enter().unwrap();
        let answering = only.begin();
        assert!(all.enter().is_none());
        drop(answering);
        assert!(all.enter().is_some());
    }
}
