//! Finding objects by their labels: every number that Linode gives is read anew, and none is kept.

use serde_json::{Value as Json, json};

use super::error::CallError;
use super::handle::Linode;
use super::names::{Named, Of};
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// An object as Linode has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// The number that Linode gave it.
    pub(super) id: u64,
    /// Its body, with Linode's numbers in it. A machine has the number of its firewall as `firewall_id`.
    pub(super) body: Json,
}

impl Found {
    /// The path of the object.
    pub(super) fn path(&self, of: Of) -> String {
        format!("{}/{}", of.path(), self.id)
    }
}

impl Linode {
    /// The object of a label; `None` where Linode has none.
    ///
    /// # Errors
    /// Several objects of this label.
    pub(super) async fn look(&self, named: Named<'_>) -> Result<Option<Found>, CloudError> {
        let filter = json!({ "label": named.label });
        let mut all = self.transport.list(named.of.path(), Some(&filter)).await?;
        all.retain(|body| body.get("label").and_then(Json::as_str) == Some(named.label));
        let Some(body) = all.pop() else { return Ok(None) };
        if !all.is_empty() {
            let message = format!("there are several objects named `{}`. Rename or delete one", named.label);
            return Err(refused(Reason::Invalid, "Ambiguous", message));
        }
        self.found(named.of, body).await.map(Some)
    }

    /// An object with this body. The body of a machine does not name its firewall: another list does.
    pub(super) async fn found(&self, of: Of, mut body: Json) -> Result<Found, CloudError> {
        let Some(id) = body.get("id").and_then(Json::as_u64) else {
            return Err(CloudError::Unreachable(format!("an object of `{}` has no id", of.path())));
        };
        if of == Of::Instance {
            let path = format!("{}/{id}/firewalls", of.path());
            let firewall = match self.transport.list(&path, None).await {
                Ok(all) => all.first().and_then(|firewall| firewall.get("id")).cloned(),
                // The machine was deleted meanwhile.
                Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Absent => None,
                Err(error) => return Err(error),
            };
            if let (Some(firewall), Json::Object(map)) = (firewall, &mut body) {
                map.insert("firewall_id".to_owned(), firewall);
            }
        }
        Ok(Found { id, body })
    }

    /// The label of an object by its number; `None` where Linode has none.
    pub(super) async fn label(&self, of: Of, id: u64) -> Result<Option<String>, CloudError> {
        match self.transport.get(&format!("{}/{id}", of.path())).await {
            Ok(body) => Ok(body.get("label").and_then(Json::as_str).map(str::to_owned)),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(CallError::of_read(error)),
        }
    }
}
