//! Images of the marketplace and extensions of machines, as a region lists them: publishers, offers, SKUs, versions.
//!
//! The lists are a sample of common images. An image outside of them exists, too, with one version: the marketplace has
//! thousands.

use serde_json::{Value as Json, json};

use super::target::ResourcePath;

/// The list of a publisher's image versions, folded.
pub(super) const IMAGES: &str = "microsoft.compute/locations/publishers/artifacttypes/offers/skus/versions";

/// The version of every image and extension.
const VERSION: &str = "1.0.0";

/// An offer and its SKUs.
type Offer = (&'static str, &'static [&'static str]);

/// Publishers and their offers (source: the aliases and examples in Azure's documentation).
const MARKETPLACE: &[(&str, &[Offer])] = &[
    (
        "Canonical",
        &[
            ("0001-com-ubuntu-server-focal", &["20_04-lts", "20_04-lts-gen2"]),
            ("0001-com-ubuntu-server-jammy", &["22_04-lts", "22_04-lts-gen2"]),
            ("ubuntu-24_04-lts", &["server", "server-gen1"]),
        ],
    ),
    ("Debian", &[("debian-11", &["11", "11-gen2"]), ("debian-12", &["12", "12-gen2"])]),
    ("MicrosoftSQLServer", &[("sql2022-ws2022", &["enterprise-gen2", "standard-gen2", "web-gen2"])]),
    (
        "MicrosoftWindowsServer",
        &[(
            "WindowsServer",
            &[
                "2019-Datacenter",
                "2019-datacenter-gensecond",
                "2022-datacenter",
                "2022-datacenter-azure-edition",
                "2022-datacenter-g2",
            ],
        )],
    ),
    ("RedHat", &[("RHEL", &["8-lvm", "8-lvm-gen2", "9-lvm", "9-lvm-gen2"])]),
    ("SUSE", &[("sles-15-sp5", &["gen1", "gen2"])]),
];

/// The publishers of a region, the offers of a publisher, the SKUs of an offer, or the versions of an extension.
/// `None` for another list, and for a publisher or an offer that does not exist.
pub(super) fn offered(named: &ResourcePath, segment: &str) -> Option<Json> {
    let (_, below) = named.type_.split_once('/')?;
    let offers = || {
        let mut publishers = MARKETPLACE.iter();
        publishers.find(|(name, _)| name.eq_ignore_ascii_case(after(named, "publishers"))).map(|(_, offers)| *offers)
    };
    let names: Vec<&str> = match (below, segment.to_ascii_lowercase().as_str()) {
        ("locations", "publishers") => MARKETPLACE.iter().map(|(name, _)| *name).collect(),
        ("locations/publishers/artifacttypes", "offers") => offers()?.iter().map(|(name, _)| *name).collect(),
        ("locations/publishers/artifacttypes/offers", "skus") => {
            let offer = offers()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(named.name()))?;
            offer.1.to_vec()
        }
        ("locations/publishers/artifacttypes/types", "versions") => vec![VERSION],
        _ => return None,
    };
    let place = format!("/{}/{segment}", named.segments.join("/"));
    let one =
        |name: &str| json!({ "id": format!("{place}/{name}"), "name": name, "location": after(named, "locations") });
    Some(names.into_iter().map(one).collect())
}

/// The versions of an image.
pub(super) fn versions(skus: &ResourcePath) -> Json {
    json!([version_of(skus, &format!("/{}/versions", skus.segments.join("/")), VERSION)])
}

/// One version of an image.
pub(super) fn version(named: &ResourcePath) -> Json {
    let rest = named.segments.get(..named.segments.len().saturating_sub(1)).unwrap_or_default();
    version_of(named, &format!("/{}", rest.join("/")), named.name())
}

fn version_of(within: &ResourcePath, place: &str, version: &str) -> Json {
    let windows = after(within, "publishers").to_ascii_lowercase().contains("windows");
    json!({
        "id": format!("{place}/{version}"),
        "name": version,
        "location": after(within, "locations"),
        "properties": {
            "architecture": "x64",
            "hyperVGeneration": "V2",
            "osDiskImage": { "operatingSystem": if windows { "Windows" } else { "Linux" } },
            "dataDiskImages": [],
            "features": [{ "name": "SecurityType", "value": "TrustedLaunchSupported" }],
        },
    })
}

/// The segment of a path after this one.
fn after<'a>(named: &'a ResourcePath, segment: &str) -> &'a str {
    let mut segments = named.segments.iter().skip_while(|own| !own.eq_ignore_ascii_case(segment)).skip(1);
    segments.next().map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::azure::simulated::SUBSCRIPTION;
    use crate::providers::azure::simulated::target::{self, Target};

    fn names(path: &str) -> Option<Vec<String>> {
        let whole = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/eastus2/{path}");
        let Ok(Target::Action(named, segment)) = target::parse(&whole, SUBSCRIPTION) else { return None };
        let all = offered(&named, &segment)?;
        let names = all.as_array()?.iter().filter_map(|one| one["name"].as_str().map(str::to_owned));
        Some(names.collect())
    }

    #[test]
    fn publishers_offers_and_skus_lead_to_each_image() {
        for publisher in names("publishers").unwrap() {
            for offer in names(&format!("publishers/{publisher}/artifacttypes/vmimage/offers")).unwrap() {
                let skus = names(&format!("publishers/{publisher}/artifactTypes/vmImage/offers/{offer}/skus"));
                assert!(!skus.unwrap().is_empty(), "{publisher} {offer}");
            }
        }
        assert_eq!(names("publishers/nobody/artifacttypes/vmimage/offers"), None);
    }
}
