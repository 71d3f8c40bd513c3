//! Cache for Redis: keys and values in memory.
//!
//! A cache holds copies, so that a standby site starts with an empty one of its own. Patch windows and links between
//! caches are children of their own.

use serde_json::{Map as JsonMap, Value as Json};

use crate::kinds::hosts::hosts_at;
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

/// The form of a bool in the configuration of Redis: a text.
const TEXT: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("true")), (Lit::Bool(false), Lit::Str("false"))];
/// The same for a bool that Azure has as its opposite.
const OPPOSITE: &[(Lit, Lit)] = &[(Lit::Bool(true), Lit::Str("false")), (Lit::Bool(false), Lit::Str("true"))];

const VERSION: &str = "properties.redisVersion";
const HOST: &str = "properties.hostName";
const BASIC: &[Lit] = &[Lit::Str("Basic")];
const PREMIUM: &[Lit] = &[Lit::Str("Premium")];
const FREQUENCIES: &[Lit] = &[Lit::Int(15), Lit::Int(30), Lit::Int(60), Lit::Int(360), Lit::Int(720), Lit::Int(1440)];

/// A switch in the configuration of Redis.
const fn switch(name: &'static str, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Bool, "", doc).wire(Wire::Mapped(path, TEXT))
}

/// A number of megabytes or snapshots in the configuration of Redis.
const fn number(name: &'static str, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Integer(0, 1_000_000), "", doc).wire(Wire::Text(path))
}

static CONFIGURATION: Block = Block::one(&[
    switch("active_directory_authentication_enabled", "aad-enabled", "Accept identities of Microsoft Entra ID.")
        .default(Lit::Bool(false)),
    arg("authentication_enabled", Ty::Bool, "", "Require a key or identity. Only within a subnet can it be disabled.")
        .wire(Wire::Mapped("authnotrequired", OPPOSITE))
        .default(Lit::Bool(true)),
    switch("aof_backup_enabled", "aof-backup-enabled", "Write every change to a file (append-only persistence)."),
    arg(
        "aof_storage_connection_string_0",
        Ty::String,
        "aof-storage-connection-string-0",
        "Connection string of the first storage account for the append-only file.",
    )
    .secret()
    .write_only(),
    arg(
        "aof_storage_connection_string_1",
        Ty::String,
        "aof-storage-connection-string-1",
        "Connection string of the second storage account for the append-only file.",
    )
    .secret()
    .write_only(),
    arg(
        "data_persistence_authentication_method",
        Ty::Enum(&["SAS", "ManagedIdentity"]),
        "preferred-data-persistence-auth-method",
        "Access to the storage account of persisted data.",
    )
    .chosen(),
    number("maxfragmentationmemory_reserved", "maxfragmentationmemory-reserved", "Megabytes for fragmentation.")
        .chosen(),
    number("maxmemory_delta", "maxmemory-delta", "Megabytes for what is not cached, such as failover.").chosen(),
    number("maxmemory_reserved", "maxmemory-reserved", "Megabytes that are never used for keys.").chosen(),
    arg("maxmemory_policy", Ty::String, "maxmemory-policy", "Keys to evict when the memory is full.")
        .default(Lit::Str("volatile-lru")),
    arg("notify_keyspace_events", Ty::String, "notify-keyspace-events", "Events of keys that clients may follow."),
    switch("rdb_backup_enabled", "rdb-backup-enabled", "Write snapshots to a storage account (RDB persistence)."),
    number("rdb_backup_frequency", "rdb-backup-frequency", "Minutes between snapshots."),
    number("rdb_backup_max_snapshot_count", "rdb-backup-max-snapshot-count", "Largest number of snapshots."),
    arg(
        "rdb_storage_connection_string",
        Ty::String,
        "rdb-storage-connection-string",
        "Connection string of the storage account for snapshots.",
    )
    .secret()
    .write_only(),
    arg(
        "storage_account_subscription_id",
        Ty::String,
        "storage-subscription-id",
        "Subscription of the storage account, if it is another one.",
    )
    .form(&form::GUID)
    .any_case(),
]);

/// Table of `redis_cache`.
pub static KIND: Kind = Kind {
    name: "redis_cache",
    about: "Cache for Redis: keys and values in memory. A standby site has an empty one of its own.",
    type_: KindType { name: "Microsoft.Cache/redis", version: "2024-11-01" },
    names: NameRule::new(
        1,
        63,
        "^[A-Za-z0-9](-?[A-Za-z0-9])*$",
        "letters, digits and single hyphens, starts and ends with a letter or digit",
    )
    .global(),
    args: &[
        RESOURCE_GROUP,
        arg("sku_name", Ty::Enum(&["Basic", "Standard", "Premium"]), "properties.sku.name", "Pricing tier.").required(),
        arg("family", Ty::Enum(&["C", "P"]), "properties.sku.family", "Family of sizes: `P` of `Premium`, else `C`.")
            .required(),
        arg("capacity", Ty::Integer(0, 6), "properties.sku.capacity", "Size within the family.").required(),
        arg("access_keys_authentication_enabled", Ty::Bool, "", "Accept access keys.")
            .wire(Wire::Negated("properties.disableAccessKeyAuthentication"))
            .default(Lit::Bool(true)),
        identity::IDENTITY,
        arg(
            "minimum_tls_version",
            Ty::Enum(&["1.0", "1.1", "1.2"]),
            "properties.minimumTlsVersion",
            "Oldest TLS version of a client.",
        )
        .default(Lit::Str("1.2")),
        arg("non_ssl_port_enabled", Ty::Bool, "properties.enableNonSslPort", "Serve port 6379 without TLS as well.")
            .default(Lit::Bool(false)),
        arg("private_static_ip_address", Ty::String, "properties.staticIP", "Address within the subnet.")
            .form(&form::network::IPV4)
            .chosen()
            .replace(),
        arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
            .default(Lit::Bool(true))
            .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
        arg("redis_configuration", Ty::Block(&CONFIGURATION), "properties.redisConfiguration", "Settings of Redis."),
        arg("redis_version", Ty::Enum(&["4", "6"]), VERSION, "Major version of Redis.").default(Lit::Str("6")),
        arg(
            "replicas_per_primary",
            Ty::Integer(1, 3),
            "properties.replicasPerPrimary",
            "Replicas of each shard within the region.",
        )
        .chosen(),
        arg("shard_count", Ty::Integer(1, 30), "properties.shardCount", "Shards of a cluster."),
        arg("subnet", Ty::Ref(&["subnet"]), "properties.subnetId", "Subnet in which the cache lies.").near().replace(),
        arg("tenant_settings", Ty::Map(&Ty::String), "properties.tenantSettings", "Settings of the tenant."),
        arg("zones", Ty::Set(&Ty::String), "zones", "Availability zones over which the replicas are spread.").replace(),
        TAGS,
    ],
    attributes: &[
        identity::PRINCIPAL_ID,
        identity::TENANT_ID,
        named("hostname", "{name}.redis.cache.windows.net", "Host name of the cache."),
        attribute("port", "properties.port", FakeValue::Nothing, "Port without TLS."),
        attribute("ssl_port", "properties.sslPort", FakeValue::Nothing, "Port with TLS."),
        key("primary_access_key", "listKeys", "primaryKey", "Primary key."),
        key("secondary_access_key", "listKeys", "secondaryKey", "Secondary key."),
    ],
    durations: Durations { create: 1080, update: 600, delete: 600 },
    answers: AnswerStyle::AsyncBody,
    recovery: Recovery { loses_data: true, ..Recovery::NONE },
    odd: Overrides { encode: Some(encode), decode: Some(decode), check: Some(check), ..Overrides::NONE },
    simulated: SimulatedBehaviour {
        settle: Some(settle),
        hosts: Some(|cache| hosts_at(cache, &[HOST])),
        accepts: &[HOST, "properties.port", "properties.sslPort", identity::ACCEPTS],
        ..SimulatedBehaviour::NONE
    },
    combinations: &[
        Combination::new(
            "BadRequest",
            &[("family", Test::Is(&[Lit::Str("P")])), ("sku_name", Test::Not(PREMIUM))],
            "family `P` has sizes of the tier `Premium` only",
            "Set `family = \"C\"`, or `sku_name = \"Premium\"`.",
        ),
        Combination::new(
            "BadRequest",
            &[("family", Test::Is(&[Lit::Str("C")])), ("sku_name", Test::Is(PREMIUM))],
            "family `C` has no sizes of the tier `Premium`",
            "Set `family = \"P\"`, or another `sku_name`.",
        ),
        Combination::new(
            "BadRequest",
            &[("family", Test::Is(&[Lit::Str("P")])), ("capacity", Test::Is(&[Lit::Int(0), Lit::Int(6)]))],
            "family `P` has the sizes 1 to 5",
            "Set a `capacity` from 1 to 5.",
        ),
        premium_only(&[("shard_count", Test::Set), ("sku_name", Test::Not(PREMIUM))]),
        premium_only(&[("subnet", Test::Set), ("sku_name", Test::Not(PREMIUM))]),
        premium_only(&[("replicas_per_primary", Test::Set), ("sku_name", Test::Not(PREMIUM))]),
        premium_only(&[
            ("redis_configuration.rdb_backup_enabled", Test::Is(&[Lit::Bool(true)])),
            ("sku_name", Test::Not(PREMIUM)),
        ]),
        premium_only(&[
            ("redis_configuration.aof_backup_enabled", Test::Is(&[Lit::Bool(true)])),
            ("sku_name", Test::Not(PREMIUM)),
        ]),
        Combination::new(
            "BadRequest",
            &[("redis_configuration.rdb_backup_frequency", Test::Not(FREQUENCIES))],
            "snapshots are made every 15, 30, 60, 360, 720 or 1440 minutes",
            "Set one of these.",
        ),
    ],
    transitions: &[
        Transition::refuse(
            "BadRequest",
            "sku_name",
            ChangeTest::Between(BASIC, PREMIUM),
            "a cache of the tier `Basic` grows to `Standard` first",
            "Set `Standard`, apply, and set `Premium` afterwards.",
        ),
        Transition::replace(
            "BadRequest",
            "sku_name",
            ChangeTest::Where(is_lower),
            "which Azure does not lower in place",
        ),
        Transition::replace(
            "BadRequest",
            "capacity",
            ChangeTest::Between(&[], &[Lit::Int(0)]),
            "and Azure does not reduce a cache to the smallest size in place",
        ),
        Transition::replace("BadRequest", "redis_version", ChangeTest::Shrinks, "which Azure does not lower in place"),
    ],
    example: r#"
resource_group "example" {
  site = site.east
}

redis_cache "example" {
  name           = "drplan-example-cache"
  resource_group = resource_group.example
  sku_name       = "Standard"
  family         = "C"
  capacity       = 1
}
"#,
    uncovered: &["properties.replicasPerMaster", "properties.updateChannel", "properties.zonalAllocationPolicy"],
    left_out: &[
        ("patch_schedule", "a separate child resource (`patchSchedules/default`)"),
        ("replicas_per_master", "the earlier name of `replicas_per_primary`"),
    ],
    ..crate::providers::azure::KIND
};

/// A rule for what only the tier `Premium` has.
const fn premium_only(when: &'static [(&'static str, Test)]) -> Combination {
    Combination::new(
        "BadRequest",
        when,
        "only the tier `Premium` has it",
        "Remove it, or set `sku_name = \"Premium\"`.",
    )
}

/// True for a change to a lower tier.
fn is_lower(before: &Json, after: &Json) -> bool {
    let rank = |tier: &Json| ["Basic", "Standard", "Premium"].iter().position(|known| tier.as_str() == Some(known));
    rank(after) < rank(before)
}

fn encode(subject: &Subject<'_>, bodies: &mut [Json]) {
    for body in bodies {
        identity::encode(subject, body);
    }
}

fn decode(bodies: &[Json], args: &mut JsonMap<String, Json>) {
    let Some(body) = bodies.first() else { return };
    identity::decode(body, args);
    // Azure answers with the whole version, as in `6.0.14`.
    if let Some((major, _)) = path::text(body, VERSION).and_then(|version| version.split_once('.')) {
        args.insert("redis_version".to_owned(), Json::from(major));
    }
}

fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    identity::check(subject, findings);
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    identity::settle(cloud, id);
    let host = format!("{}.redis.cache.windows.net", id.name());
    let Some(body) = cloud.get_mut(id) else { return };
    path::put(body, HOST, Json::from(host));
    path::put(body, "properties.port", Json::from(6379));
    path::put(body, "properties.sslPort", Json::from(6380));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_version_is_read_as_its_major_version() {
        let mut args = JsonMap::from_iter([("redis_version".to_owned(), json!("6.0.14"))]);
        decode(&[json!({ "properties": { "redisVersion": "6.0.14" } })], &mut args);
        assert_eq!(args["redis_version"], json!("6"));
    }
}
