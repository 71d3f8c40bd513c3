//! The connection to AWS, or to the local simulator.

use std::sync::Arc;

use super::credentials::{Credentials, Surroundings};
use super::endpoint::Endpoints;
use super::handle::Aws;
use super::transport::TransportParts;
use crate::wire::Reach;
use crate::wire::sigv4::Keys;
use crate::world::Cloud;

/// The variable with the account that the keys are to belong to.
const ACCOUNT: &str = "AWS_ACCOUNT_ID";

/// Connects with the keys that AWS's own tools would use. They are looked for now, so that nothing begins without any.
///
/// # Errors
/// There are no keys, or they belong to another account than the environment names.
pub async fn connect(reach: Reach) -> Result<Arc<dyn Cloud>, String> {
    let Reach { wire, network, environment, workstation, entrances: _, clock, ids: _, notices } = reach;
    if network.is_none() {
        // The local simulator has addresses of its own, whatever the environment says of AWS.
        let endpoints = Endpoints::of(&Default::default())?;
        let keys = Keys { id: "AKIAEMBEDDED00000000".to_owned(), secret: "embedded".to_owned(), token: None };
        let credentials = Credentials::Fixed(keys);
        return Ok(Arc::new(Aws::new(TransportParts { endpoints, wire, credentials, clock, notices })));
    }
    let endpoints = Endpoints::of(&environment)?;
    let wanted = environment.get(ACCOUNT).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let credentials = Credentials::of(Surroundings {
        environment,
        workstation,
        endpoints: endpoints.clone(),
        wire: wire.clone(),
        clock: Arc::clone(&clock),
    });
    credentials.keys(false).await?;
    let aws = Aws::new(TransportParts { endpoints, wire, credentials, clock, notices });
    if let Some(wanted) = wanted {
        let home = aws.transport.home().to_owned();
        let identity = aws.identity(&home).await.map_err(|error| error.to_string())?;
        let account = identity.get("Account").and_then(serde_json::Value::as_str).unwrap_or("no account");
        if account != wanted {
            return Err(format!("the keys belong to {account}, and {ACCOUNT} is {wanted}"));
        }
    }
    Ok(Arc::new(aws))
}
