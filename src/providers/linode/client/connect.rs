//! The connection to Linode's API, or to that of the local simulator.

use std::sync::Arc;

use url::Url;

use super::ENDPOINT;
use super::handle::{Linode, LinodeConfig};
use super::token::token;
use crate::wire::{BearerToken, FixedToken, Reach};
use crate::world::Cloud;

/// Connects with the token of the environment. Sends no request yet.
///
/// # Errors
/// The environment has no token.
pub async fn connect(reach: Reach) -> Result<Arc<dyn Cloud>, String> {
    let Reach { wire, network, environment, clock, ids: _, notices } = reach;
    let endpoint = Url::parse(ENDPOINT).map_err(|error| format!("{ENDPOINT}: {error}"))?;
    let token = match network {
        None => BearerToken::new("embedded"),
        Some(_) => token(&environment)?,
    };
    let credential = Arc::new(FixedToken(token));
    Ok(Arc::new(Linode::new(LinodeConfig { endpoint, wire, credential, clock, notices })))
}
