//! The open connections, up to a limit. At the limit a new connection closes the one that has been idle longest, so
//! that neither many idle clients nor silent ones block others. A connection with a request in progress is never
//! closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All connections.
pub(super) struct Connections {
    most: usize,
    open: Mutex<OpenConnections>,
}

#[derive(Default)]
struct OpenConnections {
    /// The notifiers of idle connections, by a counter of their last activity.
    idle: BTreeMap<u64, Arc<Notify>>,
    busy: usize,
    count: u64,
}

/// One connection. Dropping it removes it.
pub(super) struct Connection {
    all: Arc<Connections>,
    state: Mutex<ConnectionState>,
    /// Requests that the connection closes when no request is in progress.
    pub(super) close: Arc<Notify>,
}

#[derive(Default)]
struct ConnectionState {
    /// Its key among the idle connections; `None` while a request is in progress.
    idle: Option<u64>,
    /// Number of requests in progress.
    asked: usize,
}

/// A request in progress.
pub(super) struct RequestGuard(Arc<Connection>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Connections {
    /// A set with this limit.
    pub(super) fn at_most(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Registers a new connection; `None` where all others have requests in progress.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Arc<Connection>> {
        let mut open = lock(&self.open);
        if open.idle.len() + open.busy >= self.most {
            let (_, longest) = open.idle.pop_first()?;
            longest.notify_one();
        }
        let close = Arc::new(Notify::new());
        let key = open.rest(&close);
        let state = Mutex::new(ConnectionState { idle: Some(key), asked: 0 });
        Some(Arc::new(Connection { all: Arc::clone(self), state, close }))
    }
}

impl OpenConnections {
    fn rest(&mut self, close: &Arc<Notify>) -> u64 {
        self.count += 1;
        self.idle.insert(self.count, Arc::clone(close));
        self.count
    }
}

impl Connection {
    /// Marks a request as in progress until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> RequestGuard {
        let mut state = lock(&self.state);
        state.asked += 1;
        if let Some(key) = state.idle.take() {
            let mut open = lock(&self.all.open);
            open.idle.remove(&key);
            open.busy += 1;
        }
        RequestGuard(Arc::clone(self))
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

    fn is_asked_to_close(connection: &Connection) -> bool {
        connection.close.notified().now_or_never().is_some()
    }

    #[test]
    fn longest_idle_connection_is_closed_first() {
        let all = Connections::at_most(3);
        let (first, second, third) = (all.enter().unwrap(), all.enter().unwrap(), all.enter().unwrap());
        drop(first.begin());
        let _answering = second.begin();
        let _fourth = all.enter().expect("the third makes room");
        assert!(is_asked_to_close(&third) && !is_asked_to_close(&first) && !is_asked_to_close(&second));
        drop(third);
        let _fifth = all.enter().expect("the first makes room");
        assert!(is_asked_to_close(&first) && !is_asked_to_close(&second), "a busy connection stays open");
    }

    #[test]
    fn full_server_with_busy_connections_refuses_new_ones() {
        let all = Connections::at_most(1);
        let only = all.enter().unwrap();
        let answering = only.begin();
        assert!(all.enter().is_none());
        drop(answering);
        assert!(all.enter().is_some());
    }
}
