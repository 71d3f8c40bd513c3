//! The surroundings from which a client of a provider is made.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::HttpBackend;
use crate::world::{Clock, Entrances, Ids, Notices, Workstation};

/// The surroundings of a client: the network or the local simulator, and the session that it serves.
#[derive(Clone)]
pub struct Reach {
    /// The carrier of requests.
    pub wire: HttpBackend,
    /// The client of the network, for sign-ins. `None` for the local simulator, which needs no credentials.
    pub network: Option<reqwest::Client>,
    /// The environment, which may hold credentials.
    pub environment: BTreeMap<String, String>,
    /// The files and programs of this machine that hold credentials. `None` where nobody signs in.
    pub workstation: Option<Arc<dyn Workstation>>,
    /// The way into APIs that objects of other providers serve. `None` where there is none.
    pub entrances: Option<Weak<dyn Entrances>>,
    /// The clock of every wait.
    pub clock: Arc<dyn Clock>,
    /// The source of fresh ids.
    pub ids: Arc<dyn Ids>,
    /// The receiver of notices during long waits.
    pub notices: Arc<dyn Notices>,
}
