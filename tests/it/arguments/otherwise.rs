//! Test values of arguments that cannot be derived from the type alone, and skipped arguments with the reason. `OTHERS`
//! is a placeholder for the id prefix of another subscription.

use super::TestValue::{self, Instead, Skip, Value, With};
use super::containers::CONTAINERS;

/// Block of a user-assigned identity.
const IDENTITY: &str = r#"type = "UserAssigned"
identities = ["OTHERS/Microsoft.ManagedIdentity/userAssignedIdentities/web"]"#;

/// Rule for all traffic.
const EVERYTHING: &str = "protocol = \"-1\"\nfrom_port = 0\nto_port = 0\ncidr_blocks = [\"0.0.0.0/0\"]";

/// Edits that make the cache of the example one of the tier `Premium`.
const PREMIUM_CACHE: &[(&str, &str)] = &[(r#""Standard""#, r#""Premium""#), (r#""C""#, r#""P""#)];

/// Kind (or `kind of parent`), dotted argument, and its test value.
const OTHERWISE: &[(&str, &str, TestValue)] = &[
    ("*", "identity", Value(IDENTITY)),
    ("cosmosdb_account", "backup.type", Value(r#""Periodic""#)),
    ("cloudflare_dns_record", "content", Value("\"192.0.2.20\"")),
    ("cloudflare_dns_record", "ttl", Instead("300", &[("proxied = true", "proxied = false")])),
    ("cloudflare_dns_record", "type", Instead("\"AAAA\"", &[("\"192.0.2.10\"", "\"2001:db8::10\"")])),
    ("cloudflare_load_balancer", "default_pools", Skip("a pool must exist, in the account of the zone")),
    ("cloudflare_load_balancer", "fallback_pool", Skip("a pool must exist, in the account of the zone")),
    ("cloudflare_load_balancer_pool", "monitor", Skip("a monitor must exist, in the account of the pool")),
    ("aws_vpc", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_eip", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_key_pair", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_instance", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_ebs_volume", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_ec2_capacity_reservation", "presence", Skip("runs of the failover group create and delete the resource")),
    ("aws_subnet", "vpc", Skip("the object must exist")),
    ("aws_internet_gateway", "vpc", Skip("the object must exist")),
    ("aws_route_table", "vpc", Skip("the object must exist")),
    ("aws_route_table", "subnets", Skip("the object must exist")),
    ("aws_route_table", "route.gateway", Skip("the object must exist")),
    ("aws_route_table", "route.nat_gateway", Skip("the object must exist")),
    ("aws_route_table", "route.network_interface", Skip("the object must exist")),
    ("aws_route_table", "route.vpc_peering_connection", Skip("the object must exist")),
    ("aws_security_group", "vpc", Skip("the object must exist")),
    ("aws_security_group", "ingress.security_groups", Skip("the object must exist")),
    ("aws_eip", "instance", Skip("the object must exist")),
    ("aws_vpc_endpoint", "vpc", Skip("the object must exist")),
    ("aws_vpc_endpoint", "route_tables", Skip("the object must exist")),
    ("aws_vpc_endpoint", "subnets", Skip("the object must exist")),
    ("aws_vpc_endpoint", "security_groups", Skip("the object must exist")),
    ("aws_launch_template", "key", Skip("the object must exist")),
    ("aws_launch_template", "vpc_security_groups", Skip("the object must exist")),
    ("aws_launch_template", "iam_instance_profile", Skip("the object must exist")),
    ("aws_instance", "subnet", Skip("the object must exist")),
    ("aws_instance", "fallback_subnets", Skip("the object must exist")),
    ("aws_instance", "launch_template", Skip("the object must exist")),
    ("aws_instance", "key", Skip("the object must exist")),
    ("aws_instance", "vpc_security_groups", Skip("the object must exist")),
    ("aws_instance", "iam_instance_profile", Skip("the object must exist")),
    ("aws_instance", "eip", Skip("the object must exist")),
    ("aws_instance", "root_block_device.kms_key", Skip("the object must exist")),
    ("aws_ami_copy", "kms_key", Skip("the object must exist")),
    ("aws_ami_from_instance", "source_instance", Skip("the object must exist")),
    ("aws_ebs_volume", "kms_key", Skip("the object must exist")),
    ("aws_ebs_volume", "snapshot", Skip("the object must exist")),
    ("aws_ebs_volume", "instance", Skip("the object must exist")),
    ("aws_ebs_snapshot", "volume", Skip("the object must exist")),
    ("aws_ebs_snapshot_copy", "source", Skip("the object must exist")),
    ("aws_ebs_snapshot_copy", "kms_key", Skip("the object must exist")),
    ("aws_s3_bucket", "kms_key", Skip("the object must exist")),
    ("aws_iam_instance_profile", "role", Skip("the object must exist")),
    ("aws_route_table", "route.ipv6_cidr_block", Skip("the other family has destinations already")),
    ("aws_vpc_endpoint", "vpc_endpoint_type", Skip("an interface has no route tables")),
    ("aws_vpc_endpoint", "private_dns_enabled", Skip("an interface has no route tables")),
    ("aws_route53_record", "alias", Skip("the record has values")),
    ("aws_instance", "availability_zone", Skip("the zone is that of the subnet")),
    ("aws_ebs_volume", "restores", Skip("the backup must exist")),
    ("aws_instance", "restores", Skip("the backup must exist")),
    ("linode_instance", "restores", Skip("the backup must exist")),
    ("linux_virtual_machine", "restores", Skip("the backup must exist")),
    ("aws_launch_template", "metadata_options", Value("http_endpoint = \"disabled\"")),
    ("aws_ebs_volume", "volume_initialization_rate", Skip("a volume without a snapshot is filled from nothing")),
    ("aws_ebs_volume", "device", Skip("belongs to the machine")),
    ("aws_ebs_snapshot_copy", "source_region", Skip("the id of the source says it")),
    ("aws_s3_bucket", "versioning", Skip("a bucket with object lock keeps its versions")),
    ("aws_s3_bucket", "object_lock.years", Skip("the lock has days")),
    ("aws_subnet", "availability_zone_id", Value("\"afs1-az1\"")),
    ("aws_security_group", "ingress.from_port", Value("80")),
    ("aws_security_group", "ingress.cidr_blocks", Value("[\"10.10.1.128/25\"]")),
    ("aws_security_group", "ingress.ipv6_cidr_blocks", Value("[\"2001:db8::/32\"]")),
    ("aws_security_group", "egress", Value(EVERYTHING)),
    ("aws_route53_record", "records", Value("[\"192.0.2.20\"]")),
    ("aws_instance", "ami", Value("\"ami-0123456789abcdef1\"")),
    ("aws_launch_template", "image", Value("\"ami-0123456789abcdef1\"")),
    ("aws_ami_copy", "source", Value("\"ami-0123456789abcdef1\"")),
    ("aws_launch_template", "block_device_mappings", Value("device_name = \"/dev/sdf\"\nebs {\n volume_size = 10\n}")),
    ("aws_instance", "ebs_block_device", Value("device_name = \"/dev/sdf\"\nvolume_size = 10")),
    ("aws_instance", "root_block_device.volume_type", Value("\"gp2\"")),
    ("aws_instance", "root_block_device.volume_type", Value("\"gp2\"")),
    ("aws_instance", "restores", Skip("the backup must exist")),
    ("aws_instance", "metadata_options", Value("http_endpoint = \"disabled\"")),
    ("aws_instance", "metadata_options.http_endpoint", Value("\"disabled\"")),
    ("aws_launch_template", "metadata_options", Value("http_tokens = \"required\"")),
    ("aws_security_group", "ingress.cidr_blocks", Value("[\"10.10.1.128/25\"]")),
    ("aws_instance", "root_block_device.iops", Value("4000")),
    ("aws_ebs_volume", "iops", Value("4000")),
    ("aws_instance", "root_block_device.throughput", Value("200")),
    ("aws_ebs_volume", "throughput", Value("200")),
    ("aws_ami_copy", "source_region", Value("\"ap-east-1\"")),
    ("aws_ec2_capacity_reservation", "end_date_type", With("\"limited\"", "end_date = \"2030-01-31T00:00:00Z\"")),
    ("aws_ec2_capacity_reservation", "end_date", With("\"2030-01-31T00:00:00Z\"", "end_date_type = \"limited\"")),
    (
        "aws_s3_bucket",
        "lifecycle_rule",
        Value("id = \"old\"\nstatus = \"Enabled\"\nnoncurrent_version_expiration {\n noncurrent_days = 30\n}"),
    ),
    ("aws_iam_role", "inline_policy", Value("name = \"read\"\npolicy = jsonencode({ Statement = [] })")),
    ("aws_iam_role", "managed_policy_arns", Value("[\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]")),
    ("aws_iam_role", "permissions_boundary", Value("\"arn:aws:iam::aws:policy/ReadOnlyAccess\"")),
    ("linode_instance", "presence", Skip("runs of the failover group create and delete the resource")),
    ("linode_volume", "presence", Skip("runs of the failover group create and delete the resource")),
    ("linode_instance", "firewall", Skip("the firewall must exist")),
    ("linode_volume", "linode", Skip("the machine must exist")),
    ("linode_domain", "type", Instead("\"slave\"", &[("soa_email =", "master_ips = [\"192.0.2.53\"] #")])),
    ("linode_domain_record", "domain", Skip("the domain must exist")),
    ("linode_domain_record", "record_type", Instead("\"AAAA\"", &[("\"192.0.2.10\"", "\"2001:db8::10\"")])),
    ("linode_domain_record", "target", Value("\"192.0.2.20\"")),
    ("linode_image", "linode", Skip("the machine must exist")),
    ("linode_image", "replica_regions", Value("[\"ap-northeast\", \"us-east\"]")),
    ("linode_object_storage_bucket", "presence", Skip("runs of the failover group create and delete the resource")),
    ("cosmosdb_account", "backup.tier", Skip("belongs to the other type of backup")),
    ("cosmosdb_sql_database", "autoscale_settings", Instead("max_throughput = 4000", &[("throughput", "#")])),
    ("cosmosdb_sql_container", "autoscale_settings", Instead("max_throughput = 4000", &[("throughput  ", "#")])),
    (
        "cosmosdb_sql_container",
        "indexing_policy.composite_index",
        Value(
            r#"index {
 path = "/a"
 order = "Ascending"
}
index {
 path = "/b"
 order = "Descending"
}"#,
        ),
    ),
    ("cosmosdb_sql_container", "partition_key_paths", Value(r#"["/tenant"]"#)),
    (
        "dns_a_record",
        "target_resource",
        Instead(r#""OTHERS/Microsoft.Network/publicIPAddresses/web""#, &[("records ", "#")]),
    ),
    (
        "dns_cname_record",
        "target_resource",
        Instead(r#""OTHERS/Microsoft.Network/trafficManagerProfiles/web""#, &[("record ", "#")]),
    ),
    (
        "geo_replica of postgresql_flexible_server",
        "source",
        Skip("the virtual endpoint is a child of the source, and in its subscription"),
    ),
    (
        "geo_replica of postgresql_flexible_server with target",
        "target",
        Skip("a server that was not created as a replica of the source cannot follow it"),
    ),
    ("geo_replica of postgresql_flexible_server", "sku_name", Value(r#""GP_Standard_D4ds_v5""#)),
    ("geo_replica of mssql_server", "databases", Skip("a database of another server does not belong to this one")),
    ("geo_replica of mssql_server", "grace", With(r#""2h""#, r#"policy = "automatic""#)),
    ("geo_replica of mssql_server", "policy", With(r#""automatic""#, r#"grace = "1h""#)),
    (
        "image",
        "source_virtual_machine",
        Instead(
            r#""OTHERS/Microsoft.Compute/virtualMachines/web""#,
            &[
                (
                    "os_disk {",
                    "data_disk {
 lun = 0",
                ),
                (
                    r#"    os_type      = "Linux"
    os_state     = "Generalized"
"#,
                    "",
                ),
            ],
        ),
    ),
    ("cosmosdb_sql_database", "throughput", Value("500")),
    ("cosmosdb_sql_container", "throughput", Value("500")),
    (
        "linux_virtual_machine",
        "admin_username",
        Instead(r#""another""#, &[(r#"username   = "operator""#, r#"username   = "another""#)]),
    ),
    ("linux_virtual_machine", "admin_ssh_key.username", Skip("must be the administrator")),
    (
        "linux_virtual_machine_scale_set",
        "admin_username",
        Instead(r#""another""#, &[(r#"username   = "operator""#, r#"username   = "another""#)]),
    ),
    ("linux_virtual_machine_scale_set", "admin_ssh_key.username", Skip("must be the administrator")),
    (
        "lb",
        "frontend_ip_configuration.zones",
        Instead(
            r#"["1"]"#,
            &[(
                "public_ip_address = public_ip.example",
                r#"subnet = "OTHERS/Microsoft.Network/virtualNetworks/web/subnets/web""#,
            )],
        ),
    ),
    ("managed_disk", "disk_iops_read_write", Instead("1000", &[("Premium_LRS", "PremiumV2_LRS")])),
    ("managed_disk", "disk_mbps_read_write", Instead("100", &[("Premium_LRS", "PremiumV2_LRS")])),
    ("managed_disk", "on_demand_bursting_enabled", Instead("true", &[("= 128", "= 1024")])),
    ("mssql_database", "zone_redundant", Instead("true", &[(r#""S1""#, r#""P1""#)])),
    ("mssql_database", "read_scale", Instead("true", &[(r#""S1""#, r#""P1""#)])),
    ("mssql_database", "read_replica_count", Instead("2", &[(r#""S1""#, r#""HS_Gen5_2""#)])),
    ("mssql_database", "min_capacity", Instead("1", &[(r#""S1""#, r#""GP_S_Gen5_2""#)])),
    ("mssql_database", "auto_pause_delay_in_minutes", Instead("60", &[(r#""S1""#, r#""GP_S_Gen5_2""#)])),
    (
        "network_interface",
        "ip_configuration.subnet",
        Instead(
            "subnet.other",
            &[(
                "network_interface \"example\" {",
                "subnet \"other\" {\n virtual_network = virtual_network.example\n address_prefixes = [\"10.10.2.0/24\"]\n}\n\
                 network_interface \"example\" {",
            )],
        ),
    ),
    ("postgresql_flexible_server", "version", Value(r#""17""#)),
    (
        "public_ip",
        "ddos_protection_plan",
        With(r#""OTHERS/Microsoft.Network/ddosProtectionPlans/web""#, r#"ddos_protection_mode = "Enabled""#),
    ),
    ("storage_account", "account_kind", Skip("an account of the newest kind keeps it")),
    ("storage_account", "nfsv3_enabled", With("true", "is_hns_enabled = true")),
    ("storage_account", "sftp_enabled", Skip("requires a namespace, a change of which replaces the account")),
    ("image_copy of shared_image_version", "source", Skip("the source is defined in the stack itself")),
    ("image_copy of aws_ami_from_instance", "source", Skip("the source is defined in the stack itself")),
    ("image_copy of aws_ami_from_instance", "source_region", Skip("belongs to an id as the source")),
    ("image_copy of aws_ami_from_instance", "kms_key", Skip("the object must exist")),
    ("image_copy of aws_ami_from_instance", "completion_duration_minutes", Value("30")),
    ("image_copy of aws_ami_copy", "source", Skip("the source is defined in the stack itself")),
    ("image_copy of aws_ami_copy", "source_region", Skip("belongs to an id as the source")),
    ("image_copy of aws_ami_copy", "kms_key", Skip("the object must exist")),
    ("image_copy of aws_ami_copy", "completion_duration_minutes", Value("30")),
    ("key_vault", "access_policy", Skip("requires a vault without role assignments")),
    (
        "lb",
        "frontend_ip_configuration.public_ip_prefix",
        Instead(r#""OTHERS/Microsoft.Network/publicIPPrefixes/web""#, &[("public_ip_address", "#")]),
    ),
    (
        "lb",
        "frontend_ip_configuration.subnet",
        Instead(r#""OTHERS/Microsoft.Network/virtualNetworks/web/subnets/web""#, &[("public_ip_address", "#")]),
    ),
    (
        "lb_backend_address_pool",
        "synchronous_mode",
        With(r#""Automatic""#, r#"virtual_network = "OTHERS/Microsoft.Network/virtualNetworks/web""#),
    ),
    ("lb_probe", "protocol", Instead(r#""Tcp""#, &[("request_path", "#")])),
    ("lb_backend_address_pool_address", "backend_address_ip_configuration", Skip("excludes the private address")),
    ("lb_nat_rule", "backend_address_pool", Skip("belongs to a range of ports, which excludes the port")),
    ("lb_nat_rule", "frontend_ip_configuration_name", Skip("the load balancer has no other frontend")),
    ("lb_nat_rule", "frontend_port_end", Skip("belongs to a range of ports, which excludes the port")),
    ("lb_nat_rule", "frontend_port_start", Skip("belongs to a range of ports, which excludes the port")),
    ("lb_outbound_rule", "allocated_outbound_ports", Value("1032")),
    ("lb_outbound_rule", "frontend_ip_configuration.name", Skip("the load balancer has no other frontend")),
    ("lb_rule", "frontend_ip_configuration_name", Skip("the load balancer has no other frontend")),
    (
        "linux_virtual_machine",
        "admin_password",
        With(r#""an example, n0t a secret""#, "disable_password_authentication = false"),
    ),
    (
        "linux_virtual_machine",
        "disable_password_authentication",
        With("false", r#"admin_password = "an example, n0t a secret""#),
    ),
    (
        "linux_virtual_machine_scale_set",
        "admin_password",
        With(r#""an example, n0t a secret""#, "disable_password_authentication = false"),
    ),
    (
        "linux_virtual_machine_scale_set",
        "disable_password_authentication",
        Skip("requires a password, a change of which replaces the machines"),
    ),
    ("linux_virtual_machine", "eviction_policy", With(r#""Delete""#, r#"priority = "Spot""#)),
    ("linux_virtual_machine", "priority", With(r#""Spot""#, r#"eviction_policy = "Delete""#)),
    ("linux_virtual_machine", "max_bid_price", Skip("requires a priority, a change of which replaces the machine")),
    ("linux_virtual_machine", "source_image", Skip("the example uses a marketplace image")),
    (
        "linux_virtual_machine",
        "secret",
        Value(
            r#"key_vault = "OTHERS/Microsoft.KeyVault/vaults/web"
certificate {
 url = "https://web.vault.azure.net/secrets/web/0123"
}"#,
        ),
    ),
    ("linux_virtual_machine", "os_managed_disk", Skip("a specialized disk takes no image and no administrator")),
    ("windows_virtual_machine", "eviction_policy", With(r#""Delete""#, r#"priority = "Spot""#)),
    ("windows_virtual_machine", "priority", With(r#""Spot""#, r#"eviction_policy = "Delete""#)),
    ("windows_virtual_machine", "max_bid_price", Skip("requires a priority, a change of which replaces the machine")),
    ("windows_virtual_machine", "source_image", Skip("the example uses a marketplace image")),
    (
        "windows_virtual_machine",
        "secret",
        Value(
            r#"key_vault = "OTHERS/Microsoft.KeyVault/vaults/web"
certificate {
 url = "https://web.vault.azure.net/secrets/web/0123"
 store = "My"
}"#,
        ),
    ),
    ("windows_virtual_machine", "os_managed_disk", Skip("a specialized disk takes no image and no administrator")),
    ("linux_virtual_machine_scale_set", "eviction_policy", With(r#""Delete""#, r#"priority = "Spot""#)),
    ("linux_virtual_machine_scale_set", "priority", With(r#""Spot""#, r#"eviction_policy = "Delete""#)),
    (
        "linux_virtual_machine_scale_set",
        "max_bid_price",
        Skip("requires a priority, a change of which replaces the machine"),
    ),
    ("linux_virtual_machine_scale_set", "source_image", Skip("the example uses a marketplace image")),
    (
        "linux_virtual_machine_scale_set",
        "secret",
        Value(
            r#"key_vault = "OTHERS/Microsoft.KeyVault/vaults/web"
certificate {
 url = "https://web.vault.azure.net/secrets/web/0123"
}"#,
        ),
    ),
    ("linux_virtual_machine_scale_set", "zone_balance", With("true", r#"zones = ["1", "2"]"#)),
    (
        "linux_virtual_machine_scale_set",
        "extension.protected_settings",
        Value(r#"jsonencode({ key = "another, n0t a secret" })"#),
    ),
    ("windows_virtual_machine_scale_set", "eviction_policy", With(r#""Delete""#, r#"priority = "Spot""#)),
    ("windows_virtual_machine_scale_set", "priority", With(r#""Spot""#, r#"eviction_policy = "Delete""#)),
    (
        "windows_virtual_machine_scale_set",
        "max_bid_price",
        Skip("requires a priority, a change of which replaces the machine"),
    ),
    ("windows_virtual_machine_scale_set", "source_image", Skip("the example uses a marketplace image")),
    (
        "windows_virtual_machine_scale_set",
        "secret",
        Value(
            r#"key_vault = "OTHERS/Microsoft.KeyVault/vaults/web"
certificate {
 url = "https://web.vault.azure.net/secrets/web/0123"
 store = "My"
}"#,
        ),
    ),
    ("windows_virtual_machine_scale_set", "zone_balance", With("true", r#"zones = ["1", "2"]"#)),
    (
        "windows_virtual_machine_scale_set",
        "extension.protected_settings",
        Value(r#"jsonencode({ key = "another, n0t a secret" })"#),
    ),
    (
        "managed_disk",
        "create_option",
        Instead(
            r#""Copy""#,
            &[("disk_size_gb        ", r#"source_resource = "OTHERS/Microsoft.Compute/disks/web" #"#)],
        ),
    ),
    (
        "managed_disk",
        "encryption_settings",
        Value(
            r#"disk_encryption_key {
 secret_url = "https://web.vault.azure.net/secrets/web/0123"
 source_vault = "OTHERS/Microsoft.KeyVault/vaults/web"
}"#,
        ),
    ),
    (
        "mssql_database",
        "elastic_pool",
        Instead(r#""OTHERS/Microsoft.Sql/servers/web/elasticPools/web""#, &[("sku_name", "#")]),
    ),
    (
        "network_interface",
        "ip_configuration.private_ip_address",
        Instead(r#""10.10.1.77""#, &[(r#""Dynamic""#, r#""Static""#)]),
    ),
    (
        "network_interface",
        "ip_configuration.private_ip_address_allocation",
        With(r#""Static""#, r#"private_ip_address = "10.10.1.77""#),
    ),
    (
        "network_security_group",
        "security_rule.source_address_prefixes",
        Instead(r#"["10.1.0.0/16", "10.2.0.0/16"]"#, &[("source_address_prefix ", "#")]),
    ),
    (
        "network_security_group",
        "security_rule.source_port_ranges",
        Instead(r#"["443", "8080-8090"]"#, &[("source_port_range ", "#")]),
    ),
    (
        "network_security_group",
        "security_rule.destination_address_prefixes",
        Instead(r#"["10.1.0.0/16", "10.2.0.0/16"]"#, &[("destination_address_prefix ", "#")]),
    ),
    (
        "network_security_group",
        "security_rule.destination_port_ranges",
        Instead(r#"["443", "8080-8090"]"#, &[("destination_port_range ", "#")]),
    ),
    ("geo_replica of postgresql_flexible_server", "storage_mb", Value("262144")),
    ("key_vault", "soft_delete_retention_days", Skip("a replacement under the name of the deleted vault is blocked")),
    ("linux_virtual_machine", "os_disk.disk_size_gb", Value("1024")),
    ("linux_virtual_machine_scale_set", "os_disk.disk_size_gb", Value("1024")),
    ("windows_virtual_machine", "os_disk.disk_size_gb", Value("1024")),
    ("windows_virtual_machine_scale_set", "os_disk.disk_size_gb", Value("1024")),
    ("monitor_autoscale_setting", "profile.capacity.minimum", Value("1")),
    (
        "mssql_server",
        "primary_user_assigned_identity",
        With(
            r#""OTHERS/Microsoft.ManagedIdentity/userAssignedIdentities/web""#,
            r#"identity {
 type = "UserAssigned"
 identities = ["OTHERS/Microsoft.ManagedIdentity/userAssignedIdentities/web"]
}"#,
        ),
    ),
    ("mssql_firewall_rule", "end_ip_address", Value(r#""203.0.113.40""#)),
    ("postgresql_flexible_server", "storage_mb", Value("262144")),
    ("postgresql_flexible_server_firewall_rule", "end_ip_address", Value(r#""203.0.113.40""#)),
    (
        "postgresql_flexible_server",
        "delegated_subnet",
        With(
            r#""OTHERS/Microsoft.Network/virtualNetworks/web/subnets/web""#,
            r#"private_dns_zone = "OTHERS/Microsoft.Network/privateDnsZones/web.private.postgres.database.azure.com""#,
        ),
    ),
    ("public_ip", "allocation_method", Skip("every remaining SKU is static")),
    ("resource_group", "presence", Skip("runs of the failover group create and delete the resource")),
    ("role_assignment", "condition", With(r#""@Resource[a] StringEquals 'b'""#, r#"condition_version = "2.0""#)),
    (
        "role_assignment",
        "role_definition",
        Instead(
            r#""/subscriptions/22222222-2222-2222-2222-222222222222/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7""#,
            &[("role_definition_name", "#")],
        ),
    ),
    ("redis_cache", "sku_name", Instead(r#""Premium""#, &[(r#""C""#, r#""P""#)])),
    ("redis_cache", "family", Instead(r#""P""#, &[(r#""Standard""#, r#""Premium""#)])),
    ("redis_cache", "shard_count", Instead("2", PREMIUM_CACHE)),
    ("redis_cache", "replicas_per_primary", Instead("2", PREMIUM_CACHE)),
    ("redis_cache", "subnet", Instead(r#""OTHERS/Microsoft.Network/virtualNetworks/web/subnets/web""#, PREMIUM_CACHE)),
    ("redis_cache", "redis_configuration.aof_backup_enabled", Instead("true", PREMIUM_CACHE)),
    ("redis_cache", "redis_configuration.rdb_backup_enabled", Instead("true", PREMIUM_CACHE)),
    ("redis_cache", "redis_configuration.rdb_backup_frequency", Value("60")),
    ("redis_cache", "redis_version", Skip("the other version is lower, which replaces the cache")),
    ("route_table", "route.next_hop_type", Instead(r#""Internet""#, &[("next_hop_in_ip_address", "#")])),
    (
        "shared_image_version",
        "blob_uri",
        Instead(
            r#""https://web.blob.core.windows.net/images/web.vhd""#,
            &[("managed_image =", r#"storage_account = "OTHERS/Microsoft.Storage/storageAccounts/web" #"#)],
        ),
    ),
    (
        "shared_image_version",
        "os_disk_snapshot",
        Instead(r#""OTHERS/Microsoft.Compute/snapshots/web""#, &[("managed_image =", "#")]),
    ),
    (
        "shared_image_version",
        "target_region",
        Value(
            r#"name = site.east
regional_replica_count = 2
storage_account_type = "Standard_ZRS""#,
        ),
    ),
    ("storage_account", "account_tier", Instead(r#""Premium""#, &[(r#""RAGRS""#, r#""LRS""#)])),
    ("storage_container", "encryption_scope_override_enabled", With("true", r#"default_encryption_scope = "orders""#)),
    ("storage_share", "enabled_protocol", Skip("the example's account has no such shares")),
    ("traffic_manager_profile", "max_return", Skip("requires another routing method")),
    ("traffic_manager_profile", "monitor_config.expected_status_code_ranges", Value(r#"["200-204"]"#)),
    ("traffic_manager_profile", "monitor_config.interval_in_seconds", Value("30")),
    ("vnet_peering", "use_remote_gateways", With("true", "allow_gateway_transit = true")),
];

/// The table entry of an argument.
pub fn find(kind: &str, path: &str) -> Option<&'static TestValue> {
    let all = OTHERWISE.iter().chain(CONTAINERS);
    all.into_iter().find(|(of, argument, _)| (*of == kind || *of == "*") && *argument == path).map(|(.., case)| case)
}
