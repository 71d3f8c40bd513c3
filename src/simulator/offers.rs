//! What the simulated subscription is offered and may do: sizes of machines, quotas, and the rights of who asks.
//!
//! The sizes are a sample of the families that are common; one that a fault refuses at once is shown as restricted, as Azure shows what a
//! subscription cannot have. One that is refused late looks as if it were to be had, which is how it is there, too.

use serde_json::{Value as Json, json};

use super::faults::Fault;
use super::request::{Failure, Response};
use super::target::Named;
use super::world::World;

/// The list of sizes, and of usages, folded; that of usages has a region in its scope.
pub(super) const SIZES: &str = "microsoft.compute/skus";
pub(super) const USAGES: &str = "microsoft.compute/locations/usages";
/// The versions of an image that a publisher offers, folded.
pub(super) const IMAGES: &str = "microsoft.compute/locations/publishers/artifacttypes/offers/skus/versions";
/// The list of what may be done in a scope, folded.
pub(super) const PERMISSIONS: &str = "microsoft.authorization/permissions";

/// Families of sizes: the name of the quota, the pattern of names, and how many virtual processors they have.
const FAMILIES: &[(&str, &str, &[u32])] = &[
    ("standardBsv2Family", "Standard_B{}s_v2", &[2, 4, 8, 16, 32]),
    ("standardDSv3Family", "Standard_D{}s_v3", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDSv4Family", "Standard_D{}s_v4", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDDSv4Family", "Standard_D{}ds_v4", &[2, 4, 8, 16, 32, 48, 64]),
    ("standardDSv5Family", "Standard_D{}s_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardDDSv5Family", "Standard_D{}ds_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardDASv5Family", "Standard_D{}as_v5", &[2, 4, 8, 16, 32, 48, 64, 96]),
    ("standardESv5Family", "Standard_E{}s_v5", &[2, 4, 8, 16, 20, 32, 48, 64, 96]),
    ("standardFSv2Family", "Standard_F{}s_v2", &[2, 4, 8, 16, 32, 48, 64, 72]),
];

/// How many cores a subscription may have in a region, unless a fault says otherwise.
const CORES: u64 = 5_000;

impl World {
    /// The sizes that are sold in a region.
    pub(super) fn sizes(&self, filter: &str) -> Response {
        let location = filter.split('\'').nth(1).unwrap_or_default();
        let mut value = Vec::new();
        for (family, pattern, processors) in FAMILIES {
            for count in *processors {
                let name = pattern.replace("{}", &count.to_string());
                let refused = self.rest.faults.list().iter().any(|fault| {
                    matches!(&fault.fault, Fault::Capacity { location: at, size, late: false, instances: None }
                        if at.eq_ignore_ascii_case(location) && size.eq_ignore_ascii_case(&name))
                });
                let restrictions = match refused {
                    true => {
                        json!([{ "type": "Location", "values": [location], "reasonCode": "NotAvailableForSubscription" }])
                    }
                    false => json!([]),
                };
                value.push(json!({
                    "resourceType": "virtualMachines",
                    "name": name,
                    "family": family,
                    "locations": [location],
                    "capabilities": [{ "name": "vCPUs", "value": count.to_string() }],
                    "restrictions": restrictions,
                }));
            }
        }
        Response::json(200, &json!({ "value": value }))
    }

    /// The quotas of a region, and how much of each is used.
    pub(super) fn usages(&self, scope: &str) -> Result<Response, Failure> {
        let location = scope.rsplit('/').next().unwrap_or_default();
        self.rest.faults.reach(location)?;
        let limit = self.rest.faults.cores(location).unwrap_or(CORES);
        let mut value = vec![usage("cores", 0, limit)];
        value.extend(FAMILIES.iter().map(|(family, ..)| usage(family, 0, limit)));
        Ok(Response::json(200, &json!({ "value": value })))
    }

    /// The versions of an image: whatever a publisher is asked for, it has one.
    pub(super) fn images(&self, skus: &Named) -> Json {
        json!([image(&skus.segments.join("/"), "1.0.0")])
    }

    /// One version of an image.
    pub(super) fn image(&self, version: &Named) -> Json {
        let (name, above) = version.segments.split_last().map_or(("", &[][..]), |(name, above)| (name.as_str(), above));
        let above = above.get(..above.len().saturating_sub(1)).unwrap_or_default();
        image(&above.join("/"), name)
    }

    /// What may be done: everything, but for what a fault forbids.
    pub(super) fn permissions(&self) -> Response {
        let forbidden = self.rest.faults.forbidden();
        Response::json(200, &json!({ "value": [{ "actions": ["*"], "notActions": forbidden }] }))
    }
}

fn image(above: &str, version: &str) -> Json {
    let segment = |word: &str| {
        let mut segments = above.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case(word)).skip(1);
        segments.next().unwrap_or_default()
    };
    let windows = segment("publishers").to_ascii_lowercase().contains("windows");
    json!({
        "id": format!("/{above}/versions/{version}"),
        "name": version,
        "location": segment("locations"),
        "properties": {
            "architecture": "x64",
            "hyperVGeneration": "V2",
            "osDiskImage": { "operatingSystem": if windows { "Windows" } else { "Linux" } },
            "dataDiskImages": [],
            "features": [{ "name": "SecurityType", "value": "TrustedLaunchSupported" }],
        },
    })
}

fn usage(name: &str, used: u64, limit: u64) -> Json {
    json!({ "name": { "value": name, "localizedValue": name }, "unit": "Count", "currentValue": used, "limit": limit })
}
