//! Arguments of a storage account.

use crate::kinds::table::*;
use crate::providers::azure::forms;
use crate::providers::azure::kinds::identity::IDENTITY_UNSPACED;
use crate::providers::azure::tags;

/// The arguments.
pub(super) const ARGS: &[Arg] = &[
    RESOURCE_GROUP,
    arg(
        "account_tier",
        Ty::Enum(&["Standard", "Premium"]),
        "",
        "Performance tier: standard, or premium on solid-state disks.",
    )
    .required()
    .replace()
    .wire(Wire::Odd),
    arg(
        "account_replication_type",
        Ty::Enum(&["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"]),
        "",
        "Replication of the data: within a datacentre (LRS), over zones (Z), to the paired region (G), with \
         read access there (RA).",
    )
    .required()
    .wire(Wire::Odd),
    arg(
        "account_kind",
        Ty::Enum(&["BlobStorage", "BlockBlobStorage", "FileStorage", "Storage", "StorageV2"]),
        "kind",
        "Kind of the account.",
    )
    .default(Lit::Str("StorageV2")),
    arg(
        "provisioned_billing_model_version",
        Ty::Enum(&["V2"]),
        "",
        "Billing model version: `V2` bills file shares by provisioned capacity.",
    )
    .replace()
    .wire(Wire::Odd),
    arg(
        "access_tier",
        Ty::Enum(&["Hot", "Cool", "Cold", "Premium"]),
        "properties.accessTier",
        "Access tier of blobs, which determines their storage and access prices.",
    ),
    arg(
        "https_traffic_only_enabled",
        Ty::Bool,
        "properties.supportsHttpsTrafficOnly",
        "Accept encrypted traffic only.",
    )
    .default(Lit::Bool(true)),
    arg(
        "min_tls_version",
        Ty::Enum(&["TLS1_0", "TLS1_1", "TLS1_2"]),
        "properties.minimumTlsVersion",
        "Minimum TLS version of clients.",
    )
    .default(Lit::Str("TLS1_2")),
    arg(
        "allow_nested_items_to_be_public",
        Ty::Bool,
        "properties.allowBlobPublicAccess",
        "Allow containers with public access.",
    )
    .default(Lit::Bool(true)),
    arg(
        "shared_access_key_enabled",
        Ty::Bool,
        "properties.allowSharedKeyAccess",
        "Allow authentication with account keys.",
    )
    .default(Lit::Bool(true)),
    arg("public_network_access_enabled", Ty::Bool, "", "Enable access from the internet.")
        .default(Lit::Bool(true))
        .wire(Wire::Mapped("properties.publicNetworkAccess", ENABLED)),
    arg(
        "default_to_oauth_authentication",
        Ty::Bool,
        "properties.defaultToOAuthAuthentication",
        "Use Microsoft Entra ID as the portal's default login.",
    )
    .default(Lit::Bool(false)),
    arg(
        "cross_tenant_replication_enabled",
        Ty::Bool,
        "properties.allowCrossTenantReplication",
        "Allow replication of objects to another tenant.",
    )
    .default(Lit::Bool(false)),
    arg(
        "allowed_copy_scope",
        Ty::Enum(&["AAD", "PrivateLink", "All"]),
        "properties.allowedCopyScope",
        "Scope to which data may be copied.",
    ),
    arg(
        "is_hns_enabled",
        Ty::Bool,
        "properties.isHnsEnabled",
        "Enable a hierarchical namespace for blobs (Data Lake Storage).",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg("nfsv3_enabled", Ty::Bool, "properties.isNfsV3Enabled", "Serve blobs over NFS 3.")
        .default(Lit::Bool(false))
        .replace(),
    arg("sftp_enabled", Ty::Bool, "properties.isSftpEnabled", "Serve blobs over SFTP."),
    arg("local_user_enabled", Ty::Bool, "properties.isLocalUserEnabled", "Allow local users of the account.")
        .default(Lit::Bool(true)),
    arg("large_file_share_enabled", Ty::Bool, "", "Allow shares above 5 TiB. Irreversible once enabled.")
        .wire(Wire::Mapped("properties.largeFileSharesState", ENABLED)),
    arg("edge_zone", Ty::String, "extendedLocation.name", "Edge zone of the account.").replace(),
    arg(
        "infrastructure_encryption_enabled",
        Ty::Bool,
        "properties.encryption.requireInfrastructureEncryption",
        "Encrypt data twice.",
    )
    .default(Lit::Bool(false))
    .replace(),
    arg(
        "queue_encryption_key_type",
        Ty::Enum(&["Service", "Account"]),
        "properties.encryption.services.queue.keyType",
        "Scope of the key that encrypts queues.",
    )
    .default(Lit::Str("Service"))
    .replace(),
    arg(
        "table_encryption_key_type",
        Ty::Enum(&["Service", "Account"]),
        "properties.encryption.services.table.keyType",
        "Scope of the key that encrypts tables.",
    )
    .default(Lit::Str("Service"))
    .replace(),
    arg("network_rules", Ty::Block(&NETWORK_RULES), "properties.networkAcls", "Network rules of the account."),
    arg("custom_domain", Ty::Block(&CUSTOM_DOMAIN), "properties.customDomain", "Custom domain for blobs."),
    arg("customer_managed_key", Ty::Block(&CUSTOMER_MANAGED_KEY), "", "Customer-managed encryption key.")
        .wire(Wire::Odd),
    arg(
        "azure_files_authentication",
        Ty::Block(&FILES_AUTHENTICATION),
        "properties.azureFilesIdentityBasedAuthentication",
        "Authentication of file share users.",
    ),
    arg("routing", Ty::Block(&ROUTING), "properties.routingPreference", "Network routing of clients."),
    arg(
        "immutability_policy",
        Ty::Block(&IMMUTABILITY_POLICY),
        "properties.immutableStorageWithVersioning.immutabilityPolicy",
        "Immutability policy: time during which blobs cannot be changed.",
    )
    .replace(),
    arg("sas_policy", Ty::Block(&SAS_POLICY), "properties.sasPolicy", "Lifetime limit of shared access signatures."),
    IDENTITY_UNSPACED,
    tags::TAGS.tags(&tags::STORAGE),
];

static NETWORK_RULES: Block = Block::one(&[
    arg("default_action", Ty::Enum(&["Allow", "Deny"]), "defaultAction", "Action for traffic that no rule allows.")
        .required(),
    arg(
        "bypass",
        Ty::Set(&Ty::Enum(&["None", "Logging", "Metrics", "AzureServices"])),
        "",
        "Azure traffic that may bypass the rules.",
    )
    .wire(Wire::Odd),
    arg("ip_rules", Ty::Set(&Ty::String), "ipRules[].value", "Public addresses and ranges that may connect.")
        .form(&forms::network::PUBLIC_RANGE),
    arg(
        "virtual_network_subnets",
        Ty::Set(&Ty::Ref(&["subnet"])),
        "virtualNetworkRules[].id",
        "Subnets that may connect. Each needs the service endpoint `Microsoft.Storage`.",
    ),
    arg("private_link_access", Ty::Block(&PRIVATE_LINK_ACCESS), "resourceAccessRules", "Resource that may connect."),
]);

static PRIVATE_LINK_ACCESS: Block = Block::many(
    "endpoint",
    &[
        arg("endpoint", Ty::Ref(&[]), "resourceId", "ID of the resource.").required(),
        arg("endpoint_tenant_id", Ty::String, "tenantId", "Tenant of the resource.").form(&form::GUID).any_case(),
    ],
);

static CUSTOM_DOMAIN: Block = Block::one(&[
    arg("name", Ty::String, "name", "Domain name.").required(),
    arg("use_subdomain", Ty::Bool, "useSubDomainName", "Validate the domain through its `asverify` subdomain.")
        .write_only(),
]);

static CUSTOMER_MANAGED_KEY: Block = Block::one(&[
    arg("key_vault_key_id", Ty::String, "", "URL of the Key Vault key. Without a version, Azure uses the newest one.")
        .form(&forms::HTTPS_URL)
        .required()
        .wire(Wire::Odd),
    arg(
        "user_assigned_identity",
        Ty::Ref(&["user_assigned_identity"]),
        "",
        "Identity with which the account reads the key.",
    )
    .required()
    .wire(Wire::Odd),
]);

static FILES_AUTHENTICATION: Block = Block::one(&[
    arg(
        "directory_type",
        Ty::Enum(&["AADDS", "AD", "AADKERB"]),
        "directoryServiceOptions",
        "Directory service of the users.",
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
        "Permission of every user on every share.",
    )
    .default(Lit::Str("None")),
    arg("active_directory", Ty::Block(&ACTIVE_DIRECTORY), "activeDirectoryProperties", "Active Directory domain."),
]);

static ACTIVE_DIRECTORY: Block = Block::one(&[
    arg("domain_name", Ty::String, "domainName", "DNS name of the domain.").required(),
    arg("domain_guid", Ty::String, "domainGuid", "GUID of the domain.").form(&form::GUID).required().any_case(),
    arg("domain_sid", Ty::String, "domainSid", "Security identifier (SID) of the domain."),
    arg("forest_name", Ty::String, "forestName", "Forest of the domain."),
    arg("netbios_domain_name", Ty::String, "netBiosDomainName", "NetBIOS name of the domain."),
    arg("storage_sid", Ty::String, "azureStorageSid", "Security identifier (SID) of the account in the domain."),
]);

static ROUTING: Block = Block::one(&[
    arg(
        "choice",
        Ty::Enum(&["InternetRouting", "MicrosoftRouting"]),
        "routingChoice",
        "Default network routing of clients.",
    )
    .default(Lit::Str("MicrosoftRouting")),
    arg(
        "publish_internet_endpoints",
        Ty::Bool,
        "publishInternetEndpoints",
        "Publish endpoints that route over the internet.",
    )
    .default(Lit::Bool(false)),
    arg(
        "publish_microsoft_endpoints",
        Ty::Bool,
        "publishMicrosoftEndpoints",
        "Publish endpoints that route over Microsoft's network.",
    )
    .default(Lit::Bool(false)),
]);

static IMMUTABILITY_POLICY: Block = Block::one(&[
    arg("allow_protected_append_writes", Ty::Bool, "allowProtectedAppendWrites", "Allow append blobs to grow.")
        .required(),
    arg(
        "period_since_creation_in_days",
        Ty::Integer(1, 146_000),
        "immutabilityPeriodSinceCreationInDays",
        "Days during which a blob cannot be changed.",
    )
    .required(),
    arg(
        "state",
        Ty::Enum(&["Disabled", "Unlocked", "Locked"]),
        "state",
        "State of the policy. A locked one cannot be shortened.",
    )
    .required(),
]);

static SAS_POLICY: Block = Block::one(&[
    arg(
        "expiration_period",
        Ty::String,
        "sasExpirationPeriod",
        "Maximum lifetime of a shared access signature, as `DD.HH:MM:SS`.",
    )
    .form(&forms::PERIOD)
    .required(),
    arg(
        "expiration_action",
        Ty::Enum(&["Log", "Block"]),
        "expirationAction",
        "Action for a signature with a longer lifetime.",
    )
    .default(Lit::Str("Log")),
]);
