//! The open connections, up to a limit for all and one for each peer. At a limit a new connection closes the one that
//! has been idle longest, so that neither idle nor silent nor slow clients block others. A connection is idle until a
//! whole request has arrived; one that answers a request is never closed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All connections.
pub(super) struct Connections {
    most: usize,
    most_of_peer: usize,
    open: Mutex<OpenConnections>,
}

#[derive(Default)]
struct OpenConnections {
    /// The idle connections, by a counter of their last activity: peer, and notifier.
    idle: BTreeMap<u64, (IpAddr, Arc<Notify>)>,
    /// Number of connections that answer a request, by peer.
    busy: BTreeMap<IpAddr, usize>,
    count: u64,
}

/// One connection. Dropping it removes it.
pub(super) struct Connection {
    all: Arc<Connections>,
    peer: IpAddr,
    state: Mutex<ConnectionState>,
    /// Requests that the connection closes, unless it answers a request.
    pub(super) close: Arc<Notify>,
}

#[derive(Default)]
struct ConnectionState {
    /// Its key among the idle connections; `None` while it answers a request.
    idle: Option<u64>,
    /// Number of requests that it answers.
    asked: usize,
}

/// A request that is answered.
pub(super) struct RequestGuard(Arc<Connection>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Connections {
    /// A set with a limit for all connections and one for those of a peer.
    pub(super) fn at_most(most: usize, most_of_peer: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_peer, open: Mutex::default() })
    }

    /// Registers a new connection of this peer; `None` where all others answer requests.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<Connection>> {
        let mut open = lock(&self.open);
        let idle_of_peer = open.idle.values().filter(|(other, _)| *other == peer).count();
        if idle_of_peer + open.busy.get(&peer).copied().unwrap_or_default() >= self.most_of_peer {
            open.close_idle(|other| other == peer)?;
        } else if open.idle.len() + open.busy.values().sum::<usize>() >= self.most {
            open.close_idle(|_| true)?;
        }
        let close = Arc::new(Notify::new());
        let key = open.rest(peer, &close);
        let state = Mutex::new(ConnectionState { idle: Some(key), asked: 0 });
        Some(Arc::new(Connection { all: Arc::clone(self), peer, state, close }))
    }
}

impl OpenConnections {
    fn rest(&mut self, peer: IpAddr, close: &Arc<Notify>) -> u64 {
        self.count += 1;
        self.idle.insert(self.count, (peer, Arc::clone(close)));
        self.count
    }

    /// Closes the connection that has been idle longest, among those of these peers; `None` where there is none.
    fn close_idle(&mut self, of: impl Fn(IpAddr) -> bool) -> Option<()> {
        let longest = *self.idle.iter().find(|(_, (peer, _))| of(*peer))?.0;
        let (_, close) = self.idle.remove(&longest)?;
        close.notify_one();
        Some(())
    }

    fn answered(&mut self, peer: IpAddr) {
        if let Some(count) = self.busy.get_mut(&peer) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.busy.remove(&peer);
            }
        }
    }
}

impl Connection {
    /// True while it answers a request.
    pub(super) fn is_answering(&self) -> bool {
        lock(&self.state).asked > 0
    }

    /// Marks the connection as one that answers a request, until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> RequestGuard {
        let mut state = lock(&self.state);
        state.asked += 1;
        if let Some(key) = state.idle.take() {
            let mut open = lock(&self.all.open);
            open.idle.remove(&key);
            *open.busy.entry(self.peer).or_default() += 1;
        }
        RequestGuard(Arc::clone(self))
    }

    fn end(&self) {
        let mut state = lock(&self.state);
        state.asked = state.asked.saturating_sub(1);
        if state.asked == 0 && state.idle.is_none() {
            let mut open = lock(&self.all.open);
            open.answered(self.peer);
            state.idle = Some(open.rest(self.peer, &self.close));
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let state = lock(&self.state);
        let mut open = lock(&self.all.open);
        match state.idle {
            Some(key) => drop(open.idle.remove(&key)),
            None => open.answered(self.peer),
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

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    fn is_asked_to_close(connection: &Connection) -> bool {
        connection.close.notified().now_or_never().is_some()
    }

    #[test]
    fn longest_idle_connection_is_closed_first() {
        let all = Connections::at_most(3, 3);
        let (first, second, third) = (all.enter(PEER).unwrap(), all.enter(PEER).unwrap(), all.enter(PEER).unwrap());
        drop(first.begin());
        let _answering = second.begin();
        let _fourth = all.enter(PEER).expect("the third makes room");
        assert!(is_asked_to_close(&third) && !is_asked_to_close(&first) && !is_asked_to_close(&second));
        drop(third);
        let _fifth = all.enter(PEER).expect("the first makes room");
        assert!(is_asked_to_close(&first) && !is_asked_to_close(&second), "a busy connection stays open");
    }

    #[test]
    fn full_server_with_busy_connections_refuses_new_ones() {
        let all = Connections::at_most(1, 1);
        let only = all.enter(PEER).unwrap();
        let answering = only.begin();
        assert!(all.enter(PEER).is_none());
        drop(answering);
        assert!(all.enter(PEER).is_some());
    }

    #[test]
    fn peer_with_many_connections_closes_its_own() {
        let all = Connections::at_most(4, 2);
        let other = all.enter(OTHER).unwrap();
        let own: Vec<_> = (0..4).map(|_| all.enter(PEER).expect("an older one makes room")).collect();
        assert!(!is_asked_to_close(&other));
        assert_eq!(own.iter().map(|one| is_asked_to_close(one)).collect::<Vec<_>>(), [true, true, false, false]);
        let answering = [own[2].begin(), own[3].begin()];
        assert!(all.enter(PEER).is_none() && all.enter(OTHER).is_some());
        drop(answering);
    }
}
