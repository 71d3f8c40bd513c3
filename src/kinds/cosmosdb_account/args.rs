//! What can be written of an account of Cosmos DB.

use super::super::identity;
use super::super::table::*;

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg("offer_type", Ty::Enum(&["Standard"]), "properties.databaseAccountOfferType", "The offer; there is one.")
        .required(),
    arg("kind", Ty::Enum(&["GlobalDocumentDB", "MongoDB", "Parse"]), "kind", "Which interface its databases have.")
        .default(Lit::Str("GlobalDocumentDB"))
        .replace(),
    arg(
        "consistency_policy",
        Ty::Block(&CONSISTENCY_POLICY),
        "properties.consistencyPolicy",
        "How far reads may lag behind writes.",
    ),
    arg(
        "geo_location",
        Ty::Block(&GEO_LOCATION),
        "",
        "More about the account's own region; further regions are `geo_replica` blocks.",
    )
    .replace()
    .wire(Wire::Odd),
    arg(
        "automatic_failover_enabled",
        Ty::Bool,
        "properties.enableAutomaticFailover",
        "Whether Azure fails over by itself, after an hour or more.",
    )
    .default(Lit::Bool(false)),
    arg(
        "multiple_write_locations_enabled",
        Ty::Bool,
        "properties.enableMultipleWriteLocations",
        "Whether every region takes writes.",
    )
    .default(Lit::Bool(false)),
    arg("backup", Ty::Block(&BACKUP), "properties.backupPolicy", "How it can be restored."),
    arg(
        "minimal_tls_version",
        Ty::Enum(&["Tls", "Tls11", "Tls12"]),
        "properties.minimalTlsVersion",
        "The oldest version of TLS that clients may speak.",
    )
    .default(Lit::Str("Tls12")),
    arg("public_network_access_enabled", Ty::Bool, "", "Whether it answers from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
    arg(
        "ip_range_filter",
        Ty::Set(&Ty::String),
        "properties.ipRules[].ipAddressOrRange",
        "Public addresses and ranges that are allowed; all without it.",
    )
    .default(Lit::EmptyList),
    arg(
        "is_virtual_network_filter_enabled",
        Ty::Bool,
        "properties.isVirtualNetworkFilterEnabled",
        "Whether only the subnets of `virtual_network_rule` are allowed.",
    )
    .default(Lit::Bool(false)),
    arg(
        "virtual_network_rule",
        Ty::Block(&VIRTUAL_NETWORK_RULE),
        "properties.virtualNetworkRules",
        "A subnet that is allowed.",
    ),
    arg("network_acl_bypass_for_azure_services", Ty::Bool, "", "Whether Azure's own services are let through.")
        .default(Lit::Bool(false))
        .wire(Wire::Mapped(
            "properties.networkAclBypass",
            &[(Lit::Bool(true), Lit::Str("AzureServices")), (Lit::Bool(false), Lit::Str("None"))],
        )),
    arg(
        "network_acl_bypass",
        Ty::List(&Ty::Ref(&[])),
        "properties.networkAclBypassResourceIds",
        "Resources that are let through.",
    )
    .default(Lit::EmptyList),
    arg("local_authentication_enabled", Ty::Bool, "", "Whether its keys may be used.")
        .default(Lit::Bool(true))
        .wire(Wire::Negated("properties.disableLocalAuth")),
    arg(
        "access_key_metadata_writes_enabled",
        Ty::Bool,
        "",
        "Whether whoever holds a key may change databases and containers.",
    )
    .default(Lit::Bool(true))
    .wire(Wire::Negated("properties.disableKeyBasedMetadataWriteAccess")),
    arg(
        "free_tier_enabled",
        Ty::Bool,
        "properties.enableFreeTier",
        "Whether the first units are free; one account in a subscription.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage_enabled",
        Ty::Bool,
        "properties.enableAnalyticalStorage",
        "Whether data is kept a second time for analysis.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "analytical_storage",
        Ty::Block(&Block::one(&[arg(
            "schema_type",
            Ty::Enum(&["FullFidelity", "WellDefined"]),
            "schemaType",
            "How documents become columns.",
        )
        .required()])),
        "properties.analyticalStorageConfiguration",
        "How data is kept for analysis.",
    ),
    arg(
        "partition_merge_enabled",
        Ty::Bool,
        "properties.enablePartitionMerge",
        "Whether partitions that shrank may be merged.",
    )
    .default(Lit::Bool(false)),
    arg(
        "burst_capacity_enabled",
        Ty::Bool,
        "properties.enableBurstCapacity",
        "Whether unused throughput may be saved up for peaks.",
    )
    .default(Lit::Bool(false)),
    arg(
        "capacity",
        Ty::Block(&Block::one(&[arg(
            "total_throughput_limit",
            Ty::Integer(-1, 1_000_000_000),
            "totalThroughputLimit",
            "The most request units a second of all its databases; -1: no limit.",
        )
        .required()])),
        "properties.capacity",
        "A limit of throughput.",
    ),
    arg(
        "capabilities",
        Ty::Block(&Block::many(
            "name",
            &[arg("name", Ty::String, "name", "The name, as in `EnableServerless`.").required()],
        )),
        "properties.capabilities",
        "Something that the account can do beyond the usual.",
    ),
    arg(
        "mongo_server_version",
        Ty::Enum(&["3.2", "3.6", "4.0", "4.2", "5.0", "6.0", "7.0"]),
        "properties.apiProperties.serverVersion",
        "The version of MongoDB that it speaks.",
    ),
    arg(
        "default_identity_type",
        Ty::String,
        "properties.defaultIdentity",
        "Who reads its key: `FirstPartyIdentity`, `SystemAssignedIdentity`, `UserAssignedIdentity=…`.",
    )
    .default(Lit::Str("FirstPartyIdentity")),
    arg(
        "key_vault_key_id",
        Ty::String,
        "properties.keyVaultKeyUri",
        "The URL, without a version, of the Key Vault key that encrypts its data.",
    )
    .replace(),
    arg("cors_rule", Ty::Block(&CORS_RULE), "", "Which web pages of other origins may call it.").wire(Wire::Odd),
    identity::IDENTITY_UNSPACED,
    TAGS,
];

static CONSISTENCY_POLICY: Block = Block::one(&[
    arg(
        "consistency_level",
        Ty::Enum(&["BoundedStaleness", "ConsistentPrefix", "Eventual", "Session", "Strong"]),
        "defaultConsistencyLevel",
        "How far a read may lag behind a write.",
    )
    .required(),
    arg(
        "max_interval_in_seconds",
        Ty::Integer(5, 86_400),
        "maxIntervalInSeconds",
        "Seconds that a read may lag with bounded staleness.",
    )
    .default(Lit::Int(5)),
    arg(
        "max_staleness_prefix",
        Ty::Integer(10, 2_147_483_647),
        "maxStalenessPrefix",
        "Writes that a read may lag with bounded staleness.",
    )
    .default(Lit::Int(100)),
])
.at_least_one();

static GEO_LOCATION: Block = Block::one(&[arg(
    "zone_redundant",
    Ty::Bool,
    "",
    "Whether the account's own region is spread over availability zones.",
)
.default(Lit::Bool(false))
.wire(Wire::Odd)]);

static BACKUP: Block = Block::one(&[
    arg(
        "type",
        Ty::Enum(&["Continuous", "Periodic"]),
        "type",
        "Whether any moment can be restored, or copies are taken.",
    )
    .required(),
    arg(
        "tier",
        Ty::Enum(&["Continuous7Days", "Continuous30Days"]),
        "continuousModeProperties.tier",
        "How far back a moment can be restored.",
    ),
    arg(
        "interval_in_minutes",
        Ty::Integer(60, 1440),
        "periodicModeProperties.backupIntervalInMinutes",
        "Minutes between copies.",
    ),
    arg(
        "retention_in_hours",
        Ty::Integer(8, 720),
        "periodicModeProperties.backupRetentionIntervalInHours",
        "Hours that a copy is kept.",
    ),
    arg(
        "storage_redundancy",
        Ty::Enum(&["Geo", "Local", "Zone"]),
        "periodicModeProperties.backupStorageRedundancy",
        "How widely copies are kept; `Geo` keeps them in the paired region, too.",
    ),
]);

static CORS_RULE: Block = Block::one(&[
    arg("allowed_origins", Ty::List(&Ty::String), "", "Origins that may call.").required().wire(Wire::Odd),
    arg("allowed_methods", Ty::List(&Ty::String), "", "Methods that they may use.").required().wire(Wire::Odd),
    arg("allowed_headers", Ty::List(&Ty::String), "", "Headers that they may send.").required().wire(Wire::Odd),
    arg("exposed_headers", Ty::List(&Ty::String), "", "Headers that they may read.").required().wire(Wire::Odd),
    arg("max_age_in_seconds", Ty::Integer(1, 2_147_483_647), "", "Seconds for which the answer may be kept.")
        .wire(Wire::Odd),
]);

static VIRTUAL_NETWORK_RULE: Block = Block::many(
    "id",
    &[
        arg("id", Ty::Ref(&["subnet"]), "id", "The subnet that is allowed.").required(),
        arg(
            "ignore_missing_vnet_service_endpoint",
            Ty::Bool,
            "ignoreMissingVNetServiceEndpoint",
            "Whether the rule is taken although the subnet has no service endpoint yet.",
        )
        .default(Lit::Bool(false)),
    ],
);
