//! References between objects: ids that follow from labels above the port, numbers that Linode gave below it.

use serde_json::Value as Json;

use super::handle::Linode;
use super::names::Of;
use crate::world::CloudError;

/// The property of a body with a reference, and the type that it refers to.
const fn reference(of: Of) -> Option<(&'static str, Of)> {
    match of {
        Of::Instance => Some(("firewall_id", Of::Firewall)),
        Of::Volume => Some(("linode_id", Of::Instance)),
        Of::Image => Some(("linode_id", Of::Instance)),
        Of::Firewall | Of::Bucket | Of::Domain | Of::Record => None,
    }
}

impl Linode {
    /// A body with the number of each object that it refers to.
    ///
    /// # Errors
    /// A reference to an object that does not exist.
    pub(super) async fn resolved(&self, of: Of, mut body: Json) -> Result<Json, CloudError> {
        let Some((name, _)) = reference(of) else { return Ok(body) };
        if let Some(text) = body.get(name).and_then(Json::as_str).map(str::to_owned) {
            body[name] = Json::from(self.number(&text, name).await?);
        }
        Ok(body)
    }

    /// A body with an id above the port for each object that it refers to. One that no longer exists stays as it is.
    pub(super) async fn named(&self, of: Of, mut body: Json) -> Result<Json, CloudError> {
        let Some((name, to)) = reference(of) else { return Ok(body) };
        if let Some(number) = body.get(name).and_then(Json::as_u64)
            && let Some(label) = self.label(to, number).await?
        {
            body[name] = Json::from(to.id(&label).as_str());
        }
        Ok(body)
    }
}
