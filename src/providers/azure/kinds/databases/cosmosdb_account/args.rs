//! Arguments of a Cosmos DB account.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::identity;
use crate::providers::azure::tags::TAGS;

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg("offer_type", Ty::Enum(&["Standard"]), "properties.databaseAccountOfferType", "Offer type. Azure has one.")
        .required(),
    arg("kind", Ty::Enum(&["GlobalDocumentDB", "MongoDB", "Parse"]), "kind", "API of the databases.")
        .default(Lit::Str("GlobalDocumentDB"))
        .replace(),
    arg(
        "consistency_policy",
        Ty::Block(&CONSISTENCY_POLICY),
        "properties.consistencyPolicy",
        "Consistency policy: how far reads may lag behind writes.",
    ),
    arg(
        "geo_location",
        Ty::Block(&GEO_LOCATION),
        "",
        "Settings of the account's own region. Declare further regions as `geo_replica` blocks.",
    )
    .chosen()
    .wire(Wire::Odd),
    arg(
        "automatic_failover_enabled",
        Ty::Bool,
        "properties.enableAutomaticFailover",
        "Enable automatic failover by Azure, which starts after an hour or more of an outage.",
    )
    .default(Lit::Bool(false)),
    arg(
        "multiple_write_locations_enabled",
        Ty::Bool,
        "properties.enableMultipleWriteLocations",
        "Enable writes in every region.",
    )
    .default(Lit::Bool(false)),
    arg("backup", Ty::Block(&BACKUP), "properties.backupPolicy", "Backup policy."),
    arg(
        "minimal_tls_version",
        Ty::Enum(&["Tls", "Tls11", "Tls12"]),
        "properties.minimalTlsVersion",
        "Minimum TLS version of clients.",
    )
    .default(Lit::Str("Tls12")),
    arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
    arg(
        "ip_range_filter",
        Ty::Set(&Ty::String),
        "properties.ipRules[].ipAddressOrRange",
        "Public addresses and ranges that may connect. All if absent.",
    )
    .form(&form::network::IPV4_RANGE)
    .default(Lit::EmptyList),
    arg(
        "is_virtual_network_filter_enabled",
        Ty::Bool,
        "properties.isVirtualNetworkFilterEnabled",
        "Restrict access to the subnets of `virtual_network_rule`.",
    )
    .default(Lit::Bool(false)),
    arg(
        "virtual_network_rule",
        Ty::Block(&VIRTUAL_NETWORK_RULE),
        "properties.virtualNetworkRules",
        "Subnet that may connect.",
    ),
    arg("network_acl_bypass_for_azure_services", Ty::Bool, "", "Allow Azure services to bypass the network rules.")
        .default(Lit::Bool(false))
        .wire(Wire::Mapped(
            "properties.networkAclBypass",
            &[(Lit::Bool(true), Lit::Str("AzureServices")), (Lit::Bool(false), Lit::Str("None"))],
        )),
    arg(
        "network_acl_bypass",
        Ty::List(&Ty::Ref(&[])),
        "properties.networkAclBypassResourceIds",
        "Resources that may bypass the network rules.",
    )
    .default(Lit::EmptyList),
    arg("local_authentication_enabled", Ty::Bool, "", "Allow authentication with account keys.")
        .default(Lit::Bool(true))
        .wire(Wire::Negated("properties.disableLocalAuth")),
    arg(
        "access_key_metadata_writes_enabled",
        Ty::Bool,
        "",
        "Allow clients with an account key to change databases and containers.",
    )
    .default(Lit::Bool(true))
    .wire(Wire::Negated("properties.disableKeyBasedMetadataWriteAccess")),
    arg(
        "free_tier_enabled",
        Ty::Bool,
        "properties.enableFreeTier",
        "Enable the free tier, which includes the first request units. One account for each subscription.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage_enabled",
        Ty::Bool,
        "properties.enableAnalyticalStorage",
        "Enable analytical storage, a second copy of the data for analysis.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage",
        Ty::Block(&Block::one(&[arg(
            "schema_type",
            Ty::Enum(&["FullFidelity", "WellDefined"]),
            "schemaType",
            "Schema type: mapping of documents to columns.",
        )
        .required()])),
        "properties.analyticalStorageConfiguration",
        "Analytical storage settings.",
    ),
    arg(
        "partition_merge_enabled",
        Ty::Bool,
        "properties.enablePartitionMerge",
        "Allow Azure to merge partitions that have shrunk.",
    )
    .default(Lit::Bool(false)),
    arg(
        "burst_capacity_enabled",
        Ty::Bool,
        "properties.enableBurstCapacity",
        "Allow unused throughput to be saved for peaks.",
    )
    .default(Lit::Bool(false)),
    arg(
        "capacity",
        Ty::Block(&Block::one(&[arg(
            "total_throughput_limit",
            Ty::Integer(-1, 1_000_000_000),
            "totalThroughputLimit",
            "Maximum request units per second of all databases. -1: no limit.",
        )
        .required()])),
        "properties.capacity",
        "Throughput limit of the account.",
    ),
    arg(
        "capabilities",
        Ty::Block(&Block::many(
            "name",
            &[arg("name", Ty::String, "name", "Name of the capability, as in `EnableServerless`.").required()],
        )),
        "properties.capabilities",
        "Additional capability of the account.",
    ),
    arg(
        "mongo_server_version",
        Ty::Enum(&["3.2", "3.6", "4.0", "4.2", "5.0", "6.0", "7.0"]),
        "properties.apiProperties.serverVersion",
        "MongoDB server version.",
    ),
    arg(
        "default_identity_type",
        Ty::String,
        "properties.defaultIdentity",
        "Identity that reads the encryption key: `FirstPartyIdentity`, `SystemAssignedIdentity` or \
         `UserAssignedIdentity=…`.",
    )
    .default(Lit::Str("FirstPartyIdentity")),
    arg(
        "key_vault_key_id",
        Ty::String,
        "properties.keyVaultKeyUri",
        "Versionless URL of the Key Vault key that encrypts the data.",
    )
    .form(&forms::HTTPS_URL)
    .replace(),
    arg("cors_rule", Ty::Block(&CORS_RULE), "", "Cross-origin requests (CORS) that web pages may send.")
        .wire(Wire::Odd),
    identity::IDENTITY_UNSPACED,
    TAGS,
];

static CONSISTENCY_POLICY: Block = Block::one(&[
    arg(
        "consistency_level",
        Ty::Enum(&["BoundedStaleness", "ConsistentPrefix", "Eventual", "Session", "Strong"]),
        "defaultConsistencyLevel",
        "Consistency level: guarantee that a read returns the latest write.",
    )
    .required(),
    arg(
        "max_interval_in_seconds",
        Ty::Integer(5, 86_400),
        "maxIntervalInSeconds",
        "Maximum staleness of a read, in seconds, with `BoundedStaleness`.",
    )
    .default(Lit::Int(5)),
    arg(
        "max_staleness_prefix",
        Ty::Integer(10, 2_147_483_647),
        "maxStalenessPrefix",
        "Maximum number of writes that a read may lag, with `BoundedStaleness`.",
    )
    .default(Lit::Int(100)),
])
.at_least_one();

static GEO_LOCATION: Block =
    Block::one(&[arg("zone_redundant", Ty::Bool, "", "Spread the account's own region over availability zones.")
        .default(Lit::Bool(false))
        .wire(Wire::Odd)]);

static BACKUP: Block = Block::one(&[
    arg(
        "type",
        Ty::Enum(&["Continuous", "Periodic"]),
        "type",
        "Backup mode: restore to any point in time (`Continuous`), or from periodic copies (`Periodic`).",
    )
    .required(),
    arg(
        "tier",
        Ty::Enum(&["Continuous7Days", "Continuous30Days"]),
        "continuousModeProperties.tier",
        "Retention of a continuous backup: 7 or 30 days.",
    ),
    arg(
        "interval_in_minutes",
        Ty::Integer(60, 1440),
        "periodicModeProperties.backupIntervalInMinutes",
        "Minutes between periodic copies.",
    ),
    arg(
        "retention_in_hours",
        Ty::Integer(8, 720),
        "periodicModeProperties.backupRetentionIntervalInHours",
        "Hours until a periodic copy expires.",
    ),
    arg(
        "storage_redundancy",
        Ty::Enum(&["Geo", "Local", "Zone"]),
        "periodicModeProperties.backupStorageRedundancy",
        "Redundancy of periodic copies. `Geo` also stores them in the paired region.",
    ),
]);

static CORS_RULE: Block = Block::one(&[
    arg("allowed_origins", Ty::List(&Ty::String), "", "Origins that may call.").required().wire(Wire::Odd),
    arg("allowed_methods", Ty::List(&Ty::String), "", "HTTP methods that callers may use.").required().wire(Wire::Odd),
    arg("allowed_headers", Ty::List(&Ty::String), "", "Headers that callers may send.").required().wire(Wire::Odd),
    arg("exposed_headers", Ty::List(&Ty::String), "", "Headers that callers may read.").required().wire(Wire::Odd),
    arg(
        "max_age_in_seconds",
        Ty::Integer(1, 2_147_483_647),
        "",
        "Seconds for which a browser may cache the preflight response.",
    )
    .wire(Wire::Odd),
]);

static VIRTUAL_NETWORK_RULE: Block = Block::many(
    "id",
    &[
        arg("id", Ty::Ref(&["subnet"]), "id", "Subnet that may connect.").required(),
        arg(
            "ignore_missing_vnet_service_endpoint",
            Ty::Bool,
            "ignoreMissingVNetServiceEndpoint",
            "Accept the rule although the subnet has no service endpoint yet.",
        )
        .default(Lit::Bool(false)),
    ],
);
