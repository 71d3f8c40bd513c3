//! Finding objects by their labels: every number that Linode gives is read anew, and none is kept.

use serde_json::{Value as Json, json};

use super::error::CallError;
use super::handle::Linode;
use super::names::{Named, Of};
use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// An object as Linode has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    /// Its path.
    pub(super) path: String,
    /// Its body, with Linode's numbers in it. A machine has the number of its firewall as `firewall_id`, a bucket who
    /// may read it as `acl` and `cors_enabled`.
    pub(super) body: Json,
}

impl Found {
    /// The number that Linode gave it. Images and buckets have none.
    pub(super) fn number(&self) -> Option<u64> {
        self.body.get("id").and_then(Json::as_u64)
    }
}

/// The path of an object of a list with this body; `None` where the body does not name it.
pub(super) fn path(of: Of, list: &str, body: &Json) -> Option<String> {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    match of {
        Of::Bucket => Some(format!("{list}/{}/{}", text("region")?, text("label")?)),
        Of::Image => Some(format!("{list}/{}", text("id")?)),
        _ => Some(format!("{list}/{}", body.get("id").and_then(Json::as_u64)?)),
    }
}

impl Linode {
    /// The path of the list that has an object; `None` where the domain of a record does not exist.
    pub(super) async fn list_of(&self, named: Named<'_>) -> Result<Option<String>, CloudError> {
        let Some(record) = named.record else { return Ok(Some(named.of.path().to_owned())) };
        let domain = Named { of: Of::Domain, label: record.domain, record: None };
        let found = self.look_in(domain, Of::Domain.path()).await?;
        Ok(found.map(|domain| format!("{}/{}", domain.path, Of::Record.path())))
    }

    /// The object of a label; `None` where Linode has none.
    ///
    /// # Errors
    /// Several objects of this label.
    pub(super) async fn look(&self, named: Named<'_>) -> Result<Option<Found>, CloudError> {
        match self.list_of(named).await? {
            Some(list) => self.look_in(named, &list).await,
            None => Ok(None),
        }
    }

    async fn look_in(&self, named: Named<'_>, list: &str) -> Result<Option<Found>, CloudError> {
        // Lists of buckets and records have no filter.
        let filter = match named.of {
            Of::Bucket | Of::Record => None,
            of => Some(json!({ (of.label()): named.label })),
        };
        let mut all = self.transport.list(list, filter.as_ref()).await?;
        all.retain(|body| named.is(body));
        let Some(body) = all.pop() else { return Ok(None) };
        if let Some(other) = all.first() {
            return Err(ambiguous(named, other, &body));
        }
        self.found(named.of, list, body).await.map(Some)
    }

    /// An object of a list with this body. The bodies of machines and buckets lack what other requests return.
    pub(super) async fn found(&self, of: Of, list: &str, mut body: Json) -> Result<Found, CloudError> {
        let Some(path) = path(of, list, &body) else {
            return Err(CloudError::Unreachable(format!("an object of `{list}` has no id")));
        };
        let Json::Object(map) = &mut body else { return Ok(Found { path, body }) };
        match of {
            Of::Instance => {
                let firewalls = gone_is_none(self.transport.list(&format!("{path}/firewalls"), None).await)?;
                let first = firewalls.as_ref().and_then(|all| all.first()?.get("id"));
                map.extend(first.map(|id| ("firewall_id".to_owned(), id.clone())));
            }
            Of::Bucket => {
                let access = self.transport.get(&format!("{path}/access")).await.map_err(CallError::of_read);
                for (name, value) in gone_is_none(access)?.iter().filter_map(Json::as_object).flatten() {
                    if ["acl", "cors_enabled"].contains(&name.as_str()) {
                        map.insert(name.clone(), value.clone());
                    }
                }
            }
            Of::Firewall | Of::Volume | Of::Image | Of::Domain | Of::Record => {}
        }
        Ok(Found { path, body })
    }

    /// The label of an object by its number; `None` where Linode has none.
    pub(super) async fn label(&self, of: Of, id: u64) -> Result<Option<String>, CloudError> {
        match self.transport.get(&format!("{}/{id}", of.path())).await {
            Ok(body) => Ok(body.get("label").and_then(Json::as_str).map(str::to_owned)),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(CallError::of_read(error)),
        }
    }

    /// The number of the object that an id names.
    ///
    /// # Errors
    /// A refusal of `code` where it does not exist.
    pub(super) async fn number(&self, text: &str, code: &str) -> Result<u64, CloudError> {
        let id = ObjectId::new(text);
        let found = self.look(Named::of(&id)?).await?;
        let absent = || refused(Reason::Absent, code, format!("`{text}` does not exist"));
        found.and_then(|found| found.number()).ok_or_else(absent)
    }
}

/// Nothing, of an object that was deleted meanwhile.
fn gone_is_none<T>(read: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match read {
        Ok(answer) => Ok(Some(answer)),
        Err(CloudError::Refused(refusal)) if refusal.reason == Reason::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

fn ambiguous(named: Named<'_>, one: &Json, other: &Json) -> CloudError {
    let message = match named.record {
        Some(record) => format!(
            "there are several {} records `{}` of {}, with the targets {} and {}: a stack manages one record for each \
             name and type. Delete the others",
            record.type_,
            named.label,
            record.domain,
            one.get("target").unwrap_or(&Json::Null),
            other.get("target").unwrap_or(&Json::Null),
        ),
        None => format!("there are several objects named `{}`. Rename or delete one", named.label),
    };
    refused(Reason::Invalid, "Ambiguous", message)
}
