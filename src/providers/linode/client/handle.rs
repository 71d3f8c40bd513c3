//! [`Linode`]: a client.

use super::transport::Transport;
use crate::wire::ApiConfig;

/// A client of Linode's API.
#[derive(Debug)]
pub struct Linode {
    pub(super) transport: Transport,
}

impl Linode {
    /// A client. Sends no request yet.
    pub fn new(config: ApiConfig) -> Self {
        Self { transport: Transport::new(config) }
    }
}
