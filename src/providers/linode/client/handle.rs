//! [`Linode`]: a client.

use std::sync::Arc;

use url::Url;

use super::transport::Transport;
use crate::wire::{Credential, HttpBackend};
use crate::world::{Clock, Notices};

/// Dependencies of a client.
pub struct LinodeConfig {
    /// The address of the API, with a `/` at its end.
    pub endpoint: Url,
    /// The carrier of requests.
    pub wire: HttpBackend,
    /// The source of the token.
    pub credential: Arc<dyn Credential>,
    /// The clock of every wait.
    pub clock: Arc<dyn Clock>,
    /// The receiver of notices during long waits.
    pub notices: Arc<dyn Notices>,
}

/// A client of Linode's API.
#[derive(Debug)]
pub struct Linode {
    pub(super) transport: Transport,
}

impl Linode {
    /// A client. Sends no request yet.
    pub fn new(config: LinodeConfig) -> Self {
        let LinodeConfig { endpoint, wire, credential, clock, notices } = config;
        Self { transport: Transport::new(endpoint, wire, credential, clock, notices) }
    }
}
