//! Offers of a region for servers of PostgreSQL, as clients ask before they create one. Independent of a server.

use serde_json::{Value as Json, json};

/// Tiers, their sizes, and the default one of each.
const TIERS: &[(&str, &[&str])] = &[
    ("Burstable", &["Standard_B1ms", "Standard_B2s", "Standard_B2ms"]),
    (
        "GeneralPurpose",
        &[
            "Standard_D2s_v3",
            "Standard_D2ds_v4",
            "Standard_D4ds_v4",
            "Standard_D2ds_v5",
            "Standard_D4ds_v5",
            "Standard_D8ds_v5",
        ],
    ),
    ("MemoryOptimized", &["Standard_E2ds_v4", "Standard_E4ds_v4", "Standard_E2ds_v5", "Standard_E4ds_v5"]),
];
/// Sizes of storage in GiB, and the performance tier of each.
const STORAGE: &[(u64, &str)] =
    &[(32, "P4"), (64, "P6"), (128, "P10"), (256, "P15"), (512, "P20"), (1024, "P30"), (2048, "P40"), (4095, "P50")];
const VERSIONS: &[&str] = &["13", "14", "15", "16", "17"];

/// The capabilities of a region.
pub(super) fn capabilities(_: &str) -> Json {
    let storage = STORAGE.iter().map(|(size, tier)| {
        json!({
            "storageSizeMb": size * 1024, "supportedIops": 120, "defaultIopsTier": tier, "status": "Available",
            "supportedIopsTiers": [{ "name": tier, "iops": 120 }],
        })
    });
    let storage: Vec<Json> = storage.collect();
    let editions = TIERS.iter().map(|(tier, sizes)| {
        let sizes = sizes.iter().map(|size| {
            json!({
                "name": size, "status": "Available", "supportedZones": ["1", "2", "3"],
                "supportedHaMode": ["SameZone", "ZoneRedundant"],
            })
        });
        let sizes: Vec<Json> = sizes.collect();
        let default = sizes.first().and_then(|size| size.get("name")).cloned();
        json!({
            "name": tier, "defaultSkuName": default, "status": "Available", "supportedServerSkus": sizes,
            "supportedStorageEditions": [{
                "name": "ManagedDisk", "defaultStorageSizeMb": 32_768, "status": "Available", "supportedStorageMb": storage,
            }],
        })
    });
    let versions = VERSIONS.iter().enumerate().map(|(at, version)| {
        json!({ "name": version, "supportedVersionsToUpgrade": VERSIONS.get(at + 1..), "status": "Available" })
    });
    let on = ["ZoneRedundantHa", "GeoBackup", "OnlineResize", "FastProvisioning"];
    let features = on.iter().map(|name| json!({ "name": name, "status": "Enabled" }));
    let features = features.chain(std::iter::once(json!({ "name": "OfferRestricted", "status": "Disabled" })));
    json!({ "value": [{
        "name": "FlexibleServerCapabilities",
        "supportedServerEditions": editions.collect::<Vec<_>>(),
        "supportedServerVersions": versions.collect::<Vec<_>>(),
        "supportedFeatures": features.collect::<Vec<_>>(),
        "supportedFastProvisioningEditions": [],
    }] })
}
