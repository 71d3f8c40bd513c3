//! The ids of objects above the port, which follow from names, and the types that they stand for.

use crate::object::ObjectId;
use crate::reason::Reason;
use crate::wire::refused;
use crate::world::CloudError;

/// Beginning of every id.
pub(super) const PREFIX: &str = "aws:";
/// The region in ids of objects that lie in none.
pub(super) const GLOBAL: &str = "global";

/// The name of the first security group of every network.
pub(super) const FIRST_GROUP: &str = "default";

/// A type of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Of {
    Address,
    Bucket,
    CapacityReservation,
    Image,
    Instance,
    InstanceProfile,
    InternetGateway,
    Key,
    KeyPair,
    LaunchTemplate,
    Object,
    Parameter,
    Record,
    Role,
    RouteTable,
    SecurityGroup,
    Snapshot,
    Subnet,
    Volume,
    Vpc,
    VpcEndpoint,
}

impl Of {
    pub(super) const ALL: [Self; 21] = [
        Self::Address,
        Self::Bucket,
        Self::CapacityReservation,
        Self::Image,
        Self::Instance,
        Self::InstanceProfile,
        Self::InternetGateway,
        Self::Key,
        Self::KeyPair,
        Self::LaunchTemplate,
        Self::Object,
        Self::Parameter,
        Self::Record,
        Self::Role,
        Self::RouteTable,
        Self::SecurityGroup,
        Self::Snapshot,
        Self::Subnet,
        Self::Volume,
        Self::Vpc,
        Self::VpcEndpoint,
    ];

    /// The word in ids above the port.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Address => "addresses",
            Self::Bucket => "buckets",
            Self::CapacityReservation => "capacity-reservations",
            Self::Image => "images",
            Self::Instance => "instances",
            Self::InstanceProfile => "instance-profiles",
            Self::InternetGateway => "internet-gateways",
            Self::Key => "keys",
            Self::KeyPair => "key-pairs",
            Self::LaunchTemplate => "launch-templates",
            Self::Object => "objects",
            Self::Parameter => "parameters",
            Self::Record => "records",
            Self::Role => "roles",
            Self::RouteTable => "route-tables",
            Self::SecurityGroup => "security-groups",
            Self::Snapshot => "snapshots",
            Self::Subnet => "subnets",
            Self::Volume => "volumes",
            Self::Vpc => "vpcs",
            Self::VpcEndpoint => "vpc-endpoints",
        }
    }

    /// The property with the name, for an object that has one of its own. The others have the tag `Name`.
    pub(super) const fn name_property(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("BucketName"),
            Self::Image | Self::Parameter => Some("Name"),
            Self::InstanceProfile => Some("InstanceProfileName"),
            Self::Key => Some("AliasName"),
            Self::KeyPair => Some("KeyName"),
            Self::LaunchTemplate => Some("LaunchTemplateName"),
            Self::Role => Some("RoleName"),
            Self::SecurityGroup => Some("GroupName"),
            _ => None,
        }
    }

    /// True for a type that lies in no region.
    pub(super) const fn is_global(self) -> bool {
        matches!(self, Self::Role | Self::InstanceProfile | Self::Record)
    }

    /// The id above the port of the object with this name.
    pub(super) fn id(self, region: &str, name: &str) -> ObjectId {
        let region = if self.is_global() { GLOBAL } else { region };
        ObjectId::new(format!("{PREFIX}{region}/{}/{}", self.word(), name.replace('/', "%2F")))
    }
}

/// An object as its id names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) of: Of,
    /// The region, or [`GLOBAL`].
    pub(super) region: String,
    pub(super) name: String,
    /// The bucket of an object, or the zone of a record.
    pub(super) within: String,
    /// The type of a record.
    pub(super) record: String,
}

impl Named {
    /// The object of an id.
    ///
    /// # Errors
    /// A refusal of an id that has none of the forms.
    pub(super) fn of(id: &ObjectId) -> Result<Self, CloudError> {
        Self::read(id.as_str())
            .ok_or_else(|| refused(Reason::Invalid, "UnknownId", format!("`{id}` is not the id of an object of AWS")))
    }

    /// The object of a text; `None` for any other text.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.strip_prefix(PREFIX)?.split('/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let decoded = |text: &str| text.replace("%2F", "/").replace("%2f", "/");
        let made = |of, region: &str, within: &str, record: &str, name: &str| Self {
            of,
            region: region.to_owned(),
            name: decoded(name),
            within: decoded(within),
            record: record.to_owned(),
        };
        match parts[..] {
            [GLOBAL, "zones", zone, "records", record, name] => Some(made(Of::Record, GLOBAL, zone, record, name)),
            [region, "buckets", bucket, "objects", key] => Some(made(Of::Object, region, bucket, "", key)),
            [region, word, name] => {
                let of = Of::ALL.into_iter().find(|of| of.word() == word)?;
                let is_simple = !matches!(of, Of::Object | Of::Record);
                (is_simple && of.is_global() == (region == GLOBAL)).then(|| made(of, region, "", "", name))
            }
            _ => None,
        }
    }
}

/// A list, as its path above the port names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) of: Of,
    pub(super) region: String,
    /// The bucket of objects, or the zone of records.
    pub(super) within: String,
}

impl Listed {
    /// The list of a path; `None` for any other path.
    pub(super) fn read(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix(PREFIX)?.split('/').collect();
        let made = |of, region: &str, within: &str| Self { of, region: region.to_owned(), within: within.to_owned() };
        match parts[..] {
            [GLOBAL, "zones", zone, "records"] => Some(made(Of::Record, GLOBAL, zone)),
            [region, "buckets", bucket, "objects"] => Some(made(Of::Object, region, bucket)),
            [region, word] => {
                let of = Of::ALL.into_iter().find(|of| of.word() == word)?;
                let is_simple = !matches!(of, Of::Object | Of::Record);
                (is_simple && of.is_global() == (region == GLOBAL)).then(|| made(of, region, ""))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_objects_and_lists() {
        let read = |text: &str| Named::read(text).map(|named| (named.of, named.region, named.within, named.name));
        let of = |of, region: &str, within: &str, name: &str| {
            Some((of, region.to_owned(), within.to_owned(), name.to_owned()))
        };
        assert_eq!(read("aws:eu-west-1/vpcs/main"), of(Of::Vpc, "eu-west-1", "", "main"));
        assert_eq!(read("aws:eu-west-1/buckets/b/objects/a%2Fb"), of(Of::Object, "eu-west-1", "b", "a/b"));
        assert_eq!(read("aws:global/roles/r"), of(Of::Role, "global", "", "r"));
        let record = Named::read("aws:global/zones/example.com/records/A/www.example.com").unwrap();
        assert_eq!((&*record.within, &*record.record, &*record.name), ("example.com", "A", "www.example.com"));
        for text in
            ["aws:eu-west-1/roles/r", "aws:global/vpcs/v", "aws:eu-west-1/vpcs/", "vpc-1", "aws:eu-west-1/objects/k"]
        {
            assert_eq!(Named::read(text), None, "{text}");
        }
        for of in Of::ALL.into_iter().filter(|of| !matches!(of, Of::Object | Of::Record)) {
            let id = of.id("eu-west-1", "a/b");
            assert_eq!(Named::of(&id).map(|named| (named.of, named.name)), Ok((of, "a/b".to_owned())));
            let list = id.as_str().rsplit_once('/').unwrap().0;
            assert_eq!(Listed::read(list).unwrap().of, of);
        }
    }
}
