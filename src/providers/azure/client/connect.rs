//! The connection to Resource Manager: of the cloud that the environment names, or of the local simulator.

use std::sync::Arc;

use url::Url;

use super::cloud::{Azure, AzureConfig};
use super::environment::AzureEnvironment;
use super::signin::SignIn;
use crate::providers::azure::SIMULATED_ENDPOINT;
use crate::wire::{BearerToken, Credential, FixedToken, Reach};
use crate::world::Cloud;

/// Connects, and signs in.
///
/// # Errors
/// The reason why there is no token: without one nothing could be read, and the state would be taken as the truth.
pub async fn connect(reach: Reach) -> Result<Arc<dyn Cloud>, String> {
    let Reach { wire, network, environment, workstation: _, entrances: _, clock, ids, notices } = reach;
    let (endpoint, credential): (Url, Arc<dyn Credential>) = match network {
        None => {
            let endpoint = Url::parse(SIMULATED_ENDPOINT).map_err(|error| format!("{SIMULATED_ENDPOINT}: {error}"))?;
            (endpoint, Arc::new(FixedToken(BearerToken::new("embedded"))))
        }
        Some(network) => {
            let surroundings = AzureEnvironment::of(&environment, &wire).await?;
            tracing::info!(cloud = %surroundings.name, at = %surroundings.resource_manager, "Azure");
            let endpoint = surroundings.resource_manager.clone();
            let credential = SignIn::new(environment, surroundings, network);
            credential.token(false).await?;
            (endpoint, Arc::new(credential))
        }
    };
    Ok(Arc::new(Azure::new(AzureConfig { endpoint, wire, credential, clock, ids, notices })))
}
