//! References between objects: ids that follow from labels above the port, numbers that Linode gave below it.

use serde_json::Value as Json;

use super::handle::Linode;
use super::names::{Named, Of};
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// The property of a body with a reference, and the type that it refers to.
const fn reference(of: Of) -> Option<(&'static str, Of)> {
    match of {
        Of::Instance => Some(("firewall_id", Of::Firewall)),
        Of::Volume => Some(("linode_id", Of::Instance)),
        Of::Firewall => None,
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
            let id = ObjectId::new(text.as_str());
            let absent = || refused(Reason::Absent, name, format!("`{text}` does not exist"));
            let found = self.look(Named::of(&id)?).await?.ok_or_else(absent)?;
            body[name] = Json::from(found.id);
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
