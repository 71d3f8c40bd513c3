//! The ids of objects above the port, which follow from labels, and the paths of the API below it.

use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Beginning of every id.
pub(super) const PREFIX: &str = "linode:";

/// A type of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Instance,
    Firewall,
    Volume,
}

impl Of {
    const ALL: [Self; 3] = [Self::Instance, Self::Firewall, Self::Volume];

    /// The word in ids above the port.
    const fn word(self) -> &'static str {
        match self {
            Self::Instance => "instances",
            Self::Firewall => "firewalls",
            Self::Volume => "volumes",
        }
    }

    /// The path of the list of all objects.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Instance => "linode/instances",
            Self::Firewall => "networking/firewalls",
            Self::Volume => "volumes",
        }
    }

    /// The word of events for objects of this type. Events of firewalls are none that a write waits for.
    pub(super) const fn entity(self) -> Option<&'static str> {
        match self {
            Self::Instance => Some("linode"),
            Self::Volume => Some("volume"),
            Self::Firewall => None,
        }
    }

    /// The id above the port of the object with this label.
    pub(super) fn id(self, label: &str) -> ObjectId {
        ObjectId::new(format!("{PREFIX}{}/{label}", self.word()))
    }

    /// The type of a list, by its path above the port.
    pub(super) fn listed(path: &ObjectId) -> Option<Self> {
        let word = path.as_str().strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|of| of.word() == word)
    }
}

/// An object as its id names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub(super) of: Of,
    pub(super) label: &'a str,
}

impl<'a> Named<'a> {
    /// The object of an id.
    ///
    /// # Errors
    /// A refusal of an id that has none of the forms.
    pub(super) fn of(id: &'a ObjectId) -> Result<Self, CloudError> {
        let parts = id.as_str().strip_prefix(PREFIX).and_then(|rest| rest.split_once('/'));
        let named = parts.and_then(|(word, label)| {
            let of = Of::ALL.into_iter().find(|of| of.word() == word)?;
            (!label.is_empty() && !label.contains('/')).then_some(Self { of, label })
        });
        named.ok_or_else(|| {
            refused(Reason::Invalid, "UnknownId", format!("`{id}` is not the id of an object of Linode"))
        })
    }
}
