//! Reads of EC2 that find objects: by the tag `Name` or a name of their own, and by the ids that AWS gives.

use serde_json::{Value as Json, json};

use super::endpoint::Service;
use super::error::CallError;
use super::handle::Aws;
use super::names::Of;
use super::xml::{list, text};
use crate::reason::Reason;
use crate::world::CloudError;

/// The most pages that are read.
const PAGE_LIMIT: usize = 200;

/// A read of EC2.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) of: Of,
    action: &'static str,
    /// The elements of the answer.
    set: &'static str,
    /// The element with the id that AWS gave.
    pub(super) id: &'static str,
    /// Beginning of such ids.
    pub(super) prefix: &'static str,
    /// The parameter with ids.
    by_id: &'static str,
    /// The filter with names, and the element with the name; a tag where there is none.
    name: Option<(&'static str, &'static str)>,
    /// True for a list that has the objects of others as well.
    is_public: bool,
    /// States of objects that no longer exist.
    gone: &'static [&'static str],
}

const BARE: Described = Described {
    of: Of::Vpc,
    action: "",
    set: "",
    id: "",
    prefix: "",
    by_id: "",
    name: None,
    is_public: false,
    gone: &[],
};

/// The reads, by type.
pub(super) static DESCRIBED: &[Described] = &[
    Described {
        of: Of::Vpc,
        action: "DescribeVpcs",
        set: "vpcSet",
        id: "vpcId",
        prefix: "vpc-",
        by_id: "VpcId",
        ..BARE
    },
    Described {
        of: Of::Subnet,
        action: "DescribeSubnets",
        set: "subnetSet",
        id: "subnetId",
        prefix: "subnet-",
        by_id: "SubnetId",
        ..BARE
    },
    Described {
        of: Of::InternetGateway,
        action: "DescribeInternetGateways",
        set: "internetGatewaySet",
        id: "internetGatewayId",
        prefix: "igw-",
        by_id: "InternetGatewayId",
        ..BARE
    },
    Described {
        of: Of::RouteTable,
        action: "DescribeRouteTables",
        set: "routeTableSet",
        id: "routeTableId",
        prefix: "rtb-",
        by_id: "RouteTableId",
        ..BARE
    },
    Described {
        of: Of::SecurityGroup,
        action: "DescribeSecurityGroups",
        set: "securityGroupInfo",
        id: "groupId",
        prefix: "sg-",
        by_id: "GroupId",
        name: Some(("group-name", "groupName")),
        ..BARE
    },
    Described {
        of: Of::LaunchTemplate,
        action: "DescribeLaunchTemplates",
        set: "launchTemplates",
        id: "launchTemplateId",
        prefix: "lt-",
        by_id: "LaunchTemplateId",
        name: Some(("launch-template-name", "launchTemplateName")),
        ..BARE
    },
    Described {
        of: Of::Image,
        action: "DescribeImages",
        set: "imagesSet",
        id: "imageId",
        prefix: "ami-",
        by_id: "ImageId",
        name: Some(("name", "name")),
        is_public: true,
        gone: &["deregistered"],
    },
    Described {
        of: Of::Instance,
        action: "DescribeInstances",
        set: "reservationSet",
        id: "instanceId",
        prefix: "i-",
        by_id: "InstanceId",
        gone: &["terminated"],
        ..BARE
    },
    Described {
        of: Of::Address,
        action: "DescribeAddresses",
        set: "addressesSet",
        id: "allocationId",
        prefix: "eipalloc-",
        by_id: "AllocationId",
        ..BARE
    },
    Described {
        of: Of::Volume,
        action: "DescribeVolumes",
        set: "volumeSet",
        id: "volumeId",
        prefix: "vol-",
        by_id: "VolumeId",
        gone: &["deleted"],
        ..BARE
    },
    Described {
        of: Of::Snapshot,
        action: "DescribeSnapshots",
        set: "snapshotSet",
        id: "snapshotId",
        prefix: "snap-",
        by_id: "SnapshotId",
        is_public: true,
        ..BARE
    },
    Described {
        of: Of::CapacityReservation,
        action: "DescribeCapacityReservations",
        set: "capacityReservationSet",
        id: "capacityReservationId",
        prefix: "cr-",
        by_id: "CapacityReservationId",
        gone: &["cancelled", "expired", "failed"],
        ..BARE
    },
    Described {
        of: Of::VpcEndpoint,
        action: "DescribeVpcEndpoints",
        set: "vpcEndpointSet",
        id: "vpcEndpointId",
        prefix: "vpce-",
        by_id: "VpcEndpointId",
        gone: &["deleted"],
        ..BARE
    },
];

impl Described {
    /// The read of a type; `None` for a type that EC2 does not have.
    pub(super) fn of(of: Of) -> Option<&'static Self> {
        DESCRIBED.iter().find(|one| one.of == of)
    }

    /// The read of an object with an id that AWS gave.
    pub(super) fn of_id(id: &str) -> Option<&'static Self> {
        let is_rest = |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        DESCRIBED.iter().find(|one| id.strip_prefix(one.prefix).is_some_and(is_rest))
    }

    /// The name of an object.
    pub(super) fn name_of<'a>(&self, item: &'a Json) -> Option<&'a str> {
        match self.name {
            Some((_, element)) => text(item, element),
            None => tag(item, "Name"),
        }
    }

    /// True for an object that exists.
    fn is_there(&self, item: &Json) -> bool {
        let state = state(item).unwrap_or_default();
        text(item, self.id).is_some() && !self.gone.contains(&state)
    }
}

/// The value of a tag of an object.
pub(super) fn tag<'a>(item: &'a Json, name: &str) -> Option<&'a str> {
    let tag = list(item, "tagSet").into_iter().find(|tag| text(tag, "key") == Some(name))?;
    Some(text(tag, "value").unwrap_or_default())
}

/// The state of an object, wherever its type has it.
pub(super) fn state(item: &Json) -> Option<&str> {
    let inner = item.pointer("/instanceState/name").and_then(Json::as_str);
    inner.or_else(|| ["imageState", "status", "state"].iter().find_map(|name| text(item, name)))
}

impl Aws {
    /// An action of EC2 with its answer.
    pub(super) async fn ec2(&self, region: &str, action: &str, parameters: &Json) -> Result<Json, CallError> {
        self.transport.act(Service::Ec2, region, action, parameters).await
    }

    /// The objects of a type that parameters select, in all pages.
    async fn describe(&self, by: &Described, region: &str, parameters: Json) -> Result<Vec<Json>, CallError> {
        let mut all = Vec::new();
        let mut parameters = parameters;
        for _ in 0..PAGE_LIMIT {
            let answer = self.ec2(region, by.action, &parameters).await?;
            for item in list(&answer, by.set) {
                match by.of {
                    Of::Instance => all.extend(list(item, "instancesSet").into_iter().cloned()),
                    _ => all.push(item.clone()),
                }
            }
            match text(&answer, "nextToken") {
                Some(next) => parameters["NextToken"] = Json::from(next),
                None => {
                    all.retain(|item| by.is_there(item));
                    return Ok(all);
                }
            }
        }
        Err(CallError::Lost(format!("{} does not end after {PAGE_LIMIT} pages", by.action)))
    }

    /// The objects of a name; all of them without one.
    pub(super) async fn of_name(
        &self,
        by: &Described,
        region: &str,
        name: Option<&str>,
    ) -> Result<Vec<Json>, CloudError> {
        let mut parameters = json!({});
        if by.is_public {
            parameters["Owner"] = json!(["self"]);
        }
        if let Some(name) = name {
            let filter = by.name.map_or("tag:Name", |(filter, _)| filter);
            // Filters have wildcards, and a name may hold their characters.
            let escaped = name.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
            parameters["Filter"] = json!([{ "Name": filter, "Value": [escaped] }]);
        }
        let mut all = match self.describe(by, region, parameters).await {
            Ok(all) => all,
            Err(error) if error.is(Reason::Absent) => Vec::new(),
            Err(error) => return Err(error.of_read()),
        };
        all.retain(|item| name.is_none_or(|name| by.name_of(item) == Some(name)));
        Ok(all)
    }

    /// The object of an id that AWS gave; `None` where there is none, or none yet.
    pub(super) async fn of_id(&self, by: &Described, region: &str, id: &str) -> Result<Option<Json>, CloudError> {
        match self.describe(by, region, json!({ (by.by_id): [id] })).await {
            Ok(all) => Ok(all.into_iter().find(|item| text(item, by.id) == Some(id))),
            Err(error) if error.is(Reason::Absent) => Ok(None),
            Err(error) => Err(error.of_read()),
        }
    }

    /// The objects that a filter selects.
    pub(super) async fn of_filter(
        &self,
        of: Of,
        region: &str,
        filter: &str,
        value: &str,
    ) -> Result<Vec<Json>, CloudError> {
        let Some(by) = Described::of(of) else { return Ok(Vec::new()) };
        let parameters = json!({ "Filter": [{ "Name": filter, "Value": [value] }] });
        self.describe(by, region, parameters).await.map_err(CallError::of_read)
    }

    /// The images of owners that filters select, the newest first.
    pub(super) async fn images(&self, region: &str, query: &[(&str, &str)]) -> Result<Vec<Json>, CloudError> {
        let Some(by) = Described::of(Of::Image) else { return Ok(Vec::new()) };
        let owners: Vec<&str> = query.iter().filter(|(name, _)| *name == "owner").map(|(_, value)| *value).collect();
        let filters: Vec<Json> = query
            .iter()
            .filter(|(name, _)| *name != "owner")
            .map(|(name, value)| json!({ "Name": name, "Value": [value] }))
            .collect();
        // Without an owner, the images of the whole world would be listed.
        let owners = if owners.is_empty() { vec!["self"] } else { owners };
        let parameters = json!({ "Owner": owners, "Filter": filters });
        let mut all = self.describe(by, region, parameters).await.map_err(CallError::of_read)?;
        all.sort_by_key(|image| std::cmp::Reverse(text(image, "creationDate").unwrap_or_default().to_owned()));
        Ok(all)
    }
}
