//! The ids of objects above the port, which follow from labels, and the paths of the API below it.

use serde_json::Value as Json;

use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Beginning of every id.
pub(super) const PREFIX: &str = "linode:";
/// The name of a record of the domain itself, which has none in the API.
const APEX: &str = "@";

/// A type of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Instance,
    Firewall,
    Volume,
    Image,
    Bucket,
    Domain,
    /// A record of a domain.
    Record,
}

impl Of {
    const ALL: [Self; 7] =
        [Self::Instance, Self::Firewall, Self::Volume, Self::Image, Self::Bucket, Self::Domain, Self::Record];

    /// The word in ids above the port.
    const fn word(self) -> &'static str {
        match self {
            Self::Instance => "instances",
            Self::Firewall => "firewalls",
            Self::Volume => "volumes",
            Self::Image => "images",
            Self::Bucket => "buckets",
            Self::Domain => "domains",
            Self::Record => "records",
        }
    }

    /// The path of the list of all objects. Records have one for each domain.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Instance => "linode/instances",
            Self::Firewall => "networking/firewalls",
            Self::Volume => "volumes",
            Self::Image => "images",
            Self::Bucket => "object-storage/buckets",
            Self::Domain => "domains",
            Self::Record => "records",
        }
    }

    /// The property with the label.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Record => "name",
            _ => "label",
        }
    }

    /// The word of events for objects of this type, where a write waits for them.
    pub(super) const fn entity(self) -> Option<&'static str> {
        match self {
            Self::Instance => Some("linode"),
            Self::Volume => Some("volume"),
            Self::Firewall | Self::Image | Self::Bucket | Self::Domain | Self::Record => None,
        }
    }

    /// The type of an entity with this word.
    pub(super) fn of_entity(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.entity() == Some(word))
    }

    /// The id above the port of the object with this label. Not of a record.
    pub(super) fn id(self, label: &str) -> ObjectId {
        ObjectId::new(format!("{PREFIX}{}/{label}", self.word()))
    }

    /// The type of a list, by its path above the port.
    pub(super) fn listed(path: &ObjectId) -> Option<Self> {
        let word = path.as_str().strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|of| of.word() == word)
    }
}

/// The place of a record, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordPlace<'a> {
    pub(super) domain: &'a str,
    /// The type of the record: `A`.
    pub(super) type_: &'a str,
}

/// An object as its id names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub(super) of: Of,
    /// The label, as the API has it: empty for a record of the domain itself.
    pub(super) label: &'a str,
    /// `None` for what is no record.
    pub(super) record: Option<RecordPlace<'a>>,
}

impl<'a> Named<'a> {
    /// The object of an id.
    ///
    /// # Errors
    /// A refusal of an id that has none of the forms.
    pub(super) fn of(id: &'a ObjectId) -> Result<Self, CloudError> {
        let segments: Vec<&str> = id.as_str().strip_prefix(PREFIX).unwrap_or_default().split('/').collect();
        let named = match segments.as_slice() {
            ["domains", domain, "records", type_, name] => {
                let label = if *name == APEX { "" } else { name };
                Some(Self { of: Of::Record, label, record: Some(RecordPlace { domain, type_ }) })
            }
            [word, label] if !label.is_empty() => {
                let of = Of::ALL.into_iter().find(|of| of.word() == *word && *of != Of::Record);
                of.map(|of| Self { of, label, record: None })
            }
            _ => None,
        };
        named.ok_or_else(|| {
            refused(Reason::Invalid, "UnknownId", format!("`{id}` is not the id of an object of Linode"))
        })
    }

    /// True for the body of this object in the list that has it.
    pub(super) fn is(&self, body: &Json) -> bool {
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let is_own = self.of != Of::Image || body.get("is_public").and_then(Json::as_bool) != Some(true);
        text(self.of.label()) == Some(self.label)
            && is_own
            && self.record.is_none_or(|record| text("type") == Some(record.type_))
    }
}

/// The id above the port of a record with this body.
pub(super) fn record_id(domain: &str, body: &Json) -> Option<ObjectId> {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let name = text("name").filter(|name| !name.contains('/'))?;
    let name = if name.is_empty() { APEX } else { name };
    Some(ObjectId::new(format!("{PREFIX}domains/{domain}/records/{}/{name}", text("type")?)))
}
