//! What can be written of a storage account.

use super::super::identity::IDENTITY_UNSPACED;
use super::super::table::*;

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg("account_tier", Ty::Enum(&["Standard", "Premium"]), "", "Whether it is on disks or on flash.")
        .required()
        .replace()
        .wire(Wire::Odd),
    arg(
        "account_replication_type",
        Ty::Enum(&["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"]),
        "",
        "How its data is copied: within a datacentre, over zones (Z), to the paired region (G), readable there (RA).",
    )
    .required()
    .wire(Wire::Odd),
    arg(
        "account_kind",
        Ty::Enum(&["BlobStorage", "BlockBlobStorage", "FileStorage", "Storage", "StorageV2"]),
        "kind",
        "What it is for.",
    )
    .default(Lit::Str("StorageV2")),
    arg(
        "provisioned_billing_model_version",
        Ty::Enum(&["V2"]),
        "",
        "Whether shares are billed by what is provisioned.",
    )
    .replace()
    .wire(Wire::Odd),
    arg(
        "access_tier",
        Ty::Enum(&["Hot", "Cool", "Cold", "Premium"]),
        "properties.accessTier",
        "What blobs cost at rest and in use.",
    ),
    arg(
        "https_traffic_only_enabled",
        Ty::Bool,
        "properties.supportsHttpsTrafficOnly",
        "Whether only encrypted traffic is answered.",
    )
    .default(Lit::Bool(true)),
    arg(
        "min_tls_version",
        Ty::Enum(&["TLS1_0", "TLS1_1", "TLS1_2"]),
        "properties.minimumTlsVersion",
        "The oldest version of TLS that clients may speak.",
    )
    .default(Lit::Str("TLS1_2")),
    arg(
        "allow_nested_items_to_be_public",
        Ty::Bool,
        "properties.allowBlobPublicAccess",
        "Whether containers may be made public.",
    )
    .default(Lit::Bool(true)),
    arg("shared_access_key_enabled", Ty::Bool, "properties.allowSharedKeyAccess", "Whether its keys may be used.")
        .default(Lit::Bool(true)),
    arg("public_network_access_enabled", Ty::Bool, "", "Whether it answers from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
    arg(
        "default_to_oauth_authentication",
        Ty::Bool,
        "properties.defaultToOAuthAuthentication",
        "Whether the portal signs in with Microsoft Entra ID by default.",
    )
    .default(Lit::Bool(false)),
    arg(
        "cross_tenant_replication_enabled",
        Ty::Bool,
        "properties.allowCrossTenantReplication",
        "Whether objects may be replicated to another tenant.",
    )
    .default(Lit::Bool(false)),
    arg(
        "allowed_copy_scope",
        Ty::Enum(&["AAD", "PrivateLink", "All"]),
        "properties.allowedCopyScope",
        "To where data may be copied.",
    ),
    arg(
        "is_hns_enabled",
        Ty::Bool,
        "properties.isHnsEnabled",
        "Whether blobs have a hierarchy of directories (Data Lake Storage).",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg("nfsv3_enabled", Ty::Bool, "properties.isNfsV3Enabled", "Whether blobs are served over NFS 3.")
        .default(Lit::Bool(false))
        .replace(),
    arg("sftp_enabled", Ty::Bool, "properties.isSftpEnabled", "Whether blobs are served over SFTP."),
    arg("local_user_enabled", Ty::Bool, "properties.isLocalUserEnabled", "Whether it may have users of its own.")
        .default(Lit::Bool(true)),
    arg("large_file_share_enabled", Ty::Bool, "", "Whether shares may be larger than 5 TiB; it cannot be taken back.")
        .wire(Wire::Mapped("properties.largeFileSharesState", ENABLED)),
    arg("edge_zone", Ty::String, "extendedLocation.name", "The edge zone it is in.").replace(),
    arg(
        "infrastructure_encryption_enabled",
        Ty::Bool,
        "properties.encryption.requireInfrastructureEncryption",
        "Whether data is encrypted twice.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "queue_encryption_key_type",
        Ty::Enum(&["Service", "Account"]),
        "properties.encryption.services.queue.keyType",
        "Whose key encrypts queues.",
    )
    .default(Lit::Str("Service"))
    .replace(),
    arg(
        "table_encryption_key_type",
        Ty::Enum(&["Service", "Account"]),
        "properties.encryption.services.table.keyType",
        "Whose key encrypts tables.",
    )
    .default(Lit::Str("Service"))
    .replace(),
    arg("network_rules", Ty::Block(&NETWORK_RULES), "properties.networkAcls", "Which networks may reach it."),
    arg("custom_domain", Ty::Block(&CUSTOM_DOMAIN), "properties.customDomain", "A domain of one's own for its blobs."),
    arg("customer_managed_key", Ty::Block(&CUSTOMER_MANAGED_KEY), "", "A key of one's own.").wire(Wire::Odd),
    arg(
        "azure_files_authentication",
        Ty::Block(&FILES_AUTHENTICATION),
        "properties.azureFilesIdentityBasedAuthentication",
        "How users sign in to shares.",
    ),
    arg("routing", Ty::Block(&ROUTING), "properties.routingPreference", "Over which network clients reach it."),
    arg(
        "immutability_policy",
        Ty::Block(&IMMUTABILITY_POLICY),
        "properties.immutableStorageWithVersioning.immutabilityPolicy",
        "For how long blobs cannot be changed.",
    )
    .replace(),
    arg("sas_policy", Ty::Block(&SAS_POLICY), "properties.sasPolicy", "How long shared access signatures may live."),
    IDENTITY_UNSPACED,
    TAGS,
];

static NETWORK_RULES: Block = Block::one(&[
    arg(
        "default_action",
        Ty::Enum(&["Allow", "Deny"]),
        "defaultAction",
        "What happens to traffic that no rule allows.",
    )
    .required(),
    arg(
        "bypass",
        Ty::Set(&Ty::Enum(&["None", "Logging", "Metrics", "AzureServices"])),
        "",
        "Traffic of Azure that is let through all the same.",
    )
    .wire(Wire::Odd),
    arg("ip_rules", Ty::Set(&Ty::String), "ipRules[].value", "Public addresses and ranges that are allowed."),
    arg(
        "virtual_network_subnets",
        Ty::Set(&Ty::Ref(&["subnet"])),
        "virtualNetworkRules[].id",
        "Subnets that are allowed; each has the service endpoint `Microsoft.Storage`.",
    ),
    arg("private_link_access", Ty::Block(&PRIVATE_LINK_ACCESS), "resourceAccessRules", "A resource that is allowed."),
]);

static PRIVATE_LINK_ACCESS: Block = Block::many(
    "endpoint",
    &[
        arg("endpoint", Ty::Ref(&[]), "resourceId", "The resource.").required(),
        arg("endpoint_tenant_id", Ty::String, "tenantId", "Its tenant.").any_case(),
    ],
);

static CUSTOM_DOMAIN: Block = Block::one(&[
    arg("name", Ty::String, "name", "The domain.").required(),
    arg("use_subdomain", Ty::Bool, "useSubDomainName", "Whether it is validated by way of `asverify`.").write_only(),
]);

static CUSTOMER_MANAGED_KEY: Block = Block::one(&[
    arg("key_vault_key_id", Ty::String, "", "The URL of the Key Vault key; without a version, the newest is followed.")
        .required()
        .wire(Wire::Odd),
    arg("user_assigned_identity", Ty::Ref(&["user_assigned_identity"]), "", "The identity that reads the key.")
        .required()
        .wire(Wire::Odd),
]);

static FILES_AUTHENTICATION: Block = Block::one(&[
    arg(
        "directory_type",
        Ty::Enum(&["AADDS", "AD", "AADKERB"]),
        "directoryServiceOptions",
        "Which directory knows the users.",
    )
    .required(),
    arg(
        "default_share_level_permission",
        Ty::Enum(&[
            "None",
            "StorageFileDataSmbShareReader",
            "StorageFileDataSmbShareContributor",
            "StorageFileDataSmbShareElevatedContributor",
        ]),
        "defaultSharePermission",
        "What every user may do on every share.",
    )
    .default(Lit::Str("None")),
    arg("active_directory", Ty::Block(&ACTIVE_DIRECTORY), "activeDirectoryProperties", "The domain."),
]);

static ACTIVE_DIRECTORY: Block = Block::one(&[
    arg("domain_name", Ty::String, "domainName", "The DNS name of the domain.").required(),
    arg("domain_guid", Ty::String, "domainGuid", "The GUID of the domain.").required().any_case(),
    arg("domain_sid", Ty::String, "domainSid", "The security identifier of the domain."),
    arg("forest_name", Ty::String, "forestName", "The forest of the domain."),
    arg("netbios_domain_name", Ty::String, "netBiosDomainName", "The NetBIOS name of the domain."),
    arg("storage_sid", Ty::String, "azureStorageSid", "The security identifier of the account in the domain."),
]);

static ROUTING: Block = Block::one(&[
    arg(
        "choice",
        Ty::Enum(&["InternetRouting", "MicrosoftRouting"]),
        "routingChoice",
        "Over which network clients reach it by default.",
    )
    .default(Lit::Str("MicrosoftRouting")),
    arg(
        "publish_internet_endpoints",
        Ty::Bool,
        "publishInternetEndpoints",
        "Whether it has names that route over the internet.",
    )
    .default(Lit::Bool(false)),
    arg(
        "publish_microsoft_endpoints",
        Ty::Bool,
        "publishMicrosoftEndpoints",
        "Whether it has names that route over Microsoft's network.",
    )
    .default(Lit::Bool(false)),
]);

static IMMUTABILITY_POLICY: Block = Block::one(&[
    arg("allow_protected_append_writes", Ty::Bool, "allowProtectedAppendWrites", "Whether append blobs may grow.")
        .required(),
    arg(
        "period_since_creation_in_days",
        Ty::Integer(1, 146_000),
        "immutabilityPeriodSinceCreationInDays",
        "Days that a blob cannot be changed.",
    )
    .required(),
    arg(
        "state",
        Ty::Enum(&["Disabled", "Unlocked", "Locked"]),
        "state",
        "Whether the policy holds, and whether it can be shortened.",
    )
    .required(),
]);

static SAS_POLICY: Block = Block::one(&[
    arg(
        "expiration_period",
        Ty::String,
        "sasExpirationPeriod",
        "The longest life of a shared access signature, as `DD.HH:MM:SS`.",
    )
    .required(),
    arg("expiration_action", Ty::Enum(&["Log", "Block"]), "expirationAction", "What happens to a longer one.")
        .default(Lit::Str("Log")),
]);
