//! The connection to Linode's API, or to that of the local simulator.

use std::sync::Arc;

use super::ENDPOINT;
use super::handle::Linode;
use super::objects::keys;
use super::token::token;
use crate::wire::{ApiConfig, Reach};
use crate::world::Cloud;

/// Connects with the token of the environment. Sends no request yet.
///
/// # Errors
/// The environment has no token.
pub async fn connect(reach: Reach) -> Result<Arc<dyn Cloud>, String> {
    let keys = keys(&reach);
    Ok(Arc::new(Linode::new(ApiConfig::reach(reach, ENDPOINT, token)?, keys)))
}
