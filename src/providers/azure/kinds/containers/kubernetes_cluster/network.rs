//! The block `network_profile`: addresses of pods and services, and the cluster's way to the internet.

use crate::kinds::table::*;

/// The block.
pub(super) static NETWORK_PROFILE: Block = Block::one(&[
    arg(
        "network_plugin",
        Ty::Enum(&["azure", "kubenet", "none"]),
        "networkPlugin",
        "Network of the pods: that of Azure, bridges on the nodes, or one that is installed later.",
    )
    .required(),
    arg(
        "network_plugin_mode",
        Ty::Enum(&["overlay"]),
        "networkPluginMode",
        "Addresses of the pods: of a range of their own (`overlay`), or of the subnet.",
    ),
    arg(
        "network_mode",
        Ty::Enum(&["bridge", "transparent"]),
        "networkMode",
        "Connection of the pods to the network of Azure.",
    )
    .chosen(),
    arg(
        "network_policy",
        Ty::Enum(&["azure", "calico", "cilium"]),
        "networkPolicy",
        "What enforces policies between pods.",
    )
    .kept(Kept::Chosen),
    arg("network_data_plane", Ty::Enum(&["azure", "cilium"]), "networkDataplane", "What forwards packets.")
        .default(Lit::Str("azure"))
        .replace(),
    arg("dns_service_ip", Ty::Ip, "dnsServiceIP", "Address of the name server, within `service_cidr`.").chosen(),
    arg("pod_cidr", Ty::Cidr, "podCidr", "Range of the pods' addresses.").kept(Kept::Chosen),
    arg("pod_cidrs", Ty::List(&Ty::Cidr), "podCidrs", "Such ranges, one for each IP version.").kept(Kept::Chosen),
    arg("service_cidr", Ty::Cidr, "serviceCidr", "Range of the services' addresses.").chosen(),
    arg("service_cidrs", Ty::List(&Ty::Cidr), "serviceCidrs", "Such ranges, one for each IP version.").chosen(),
    arg("ip_versions", Ty::List(&Ty::Enum(&["IPv4", "IPv6"])), "ipFamilies", "IP versions of the cluster.").chosen(),
    arg(
        "outbound_type",
        Ty::Enum(&["loadBalancer", "userDefinedRouting", "managedNATGateway", "userAssignedNATGateway", "none"]),
        "outboundType",
        "Way of the nodes to the internet.",
    )
    .default(Lit::Str("loadBalancer")),
    arg(
        "load_balancer_sku",
        Ty::Enum(&["basic", "standard"]),
        "loadBalancerSku",
        "SKU of the cluster's load balancer.",
    )
    .default(Lit::Str("standard"))
    .any_case()
    .replace(),
    arg(
        "load_balancer_profile",
        Ty::Block(&LOAD_BALANCER_PROFILE),
        "loadBalancerProfile",
        "Addresses of the cluster's load balancer for outbound connections.",
    )
    .replace(),
    arg(
        "nat_gateway_profile",
        Ty::Block(&NAT_GATEWAY_PROFILE),
        "natGatewayProfile",
        "Addresses of the cluster's NAT gateway.",
    )
    .replace(),
    arg(
        "advanced_networking",
        Ty::Block(&ADVANCED_NETWORKING),
        "advancedNetworking",
        "Observability and security of the pods' network.",
    ),
]);

static LOAD_BALANCER_PROFILE: Block = Block::one(&[
    arg(
        "backend_pool_type",
        Ty::Enum(&["NodeIP", "NodeIPConfiguration"]),
        "backendPoolType",
        "Members of the backend pool: addresses of nodes, or their interfaces.",
    )
    .default(Lit::Str("NodeIPConfiguration")),
    arg(
        "idle_timeout_in_minutes",
        Ty::Integer(4, 100),
        "idleTimeoutInMinutes",
        "Minutes after which an idle connection ends.",
    )
    .default(Lit::Int(30)),
    arg(
        "managed_outbound_ip_count",
        Ty::Integer(1, 100),
        "managedOutboundIPs.count",
        "Number of IPv4 addresses that the cluster makes.",
    )
    .kept(Kept::Chosen),
    arg(
        "managed_outbound_ipv6_count",
        Ty::Integer(1, 100),
        "managedOutboundIPs.countIPv6",
        "Number of IPv6 addresses that the cluster makes.",
    )
    .kept(Kept::Chosen),
    arg(
        "outbound_ip_addresses",
        Ty::Set(&Ty::Ref(&["public_ip"])),
        "outboundIPs.publicIPs[].id",
        "Public addresses of the stack for outbound connections.",
    ),
    arg(
        "outbound_ip_prefixes",
        Ty::Set(&Ty::Ref(&[])),
        "outboundIPPrefixes.publicIPPrefixes[].id",
        "Public IP prefixes for outbound connections.",
    ),
    arg(
        "outbound_ports_allocated",
        Ty::Integer(0, 64_000),
        "allocatedOutboundPorts",
        "Ports for each node. 0: as many as Azure chooses.",
    )
    .default(Lit::Int(0)),
]);

static NAT_GATEWAY_PROFILE: Block = Block::one(&[
    arg(
        "idle_timeout_in_minutes",
        Ty::Integer(4, 120),
        "idleTimeoutInMinutes",
        "Minutes after which an idle connection ends.",
    )
    .default(Lit::Int(4)),
    arg(
        "managed_outbound_ip_count",
        Ty::Integer(1, 16),
        "managedOutboundIPProfile.count",
        "Number of addresses that the cluster makes.",
    )
    .kept(Kept::Chosen),
]);

static ADVANCED_NETWORKING: Block = Block::one(&[
    arg("observability_enabled", Ty::Bool, "observability.enabled", "Collect metrics of the pods' connections.")
        .default(Lit::Bool(false)),
    arg("security_enabled", Ty::Bool, "security.enabled", "Enforce policies by names and by requests.")
        .default(Lit::Bool(false)),
]);

/// Combinations of networks that Azure refuses (source: azurerm's documentation of `network_profile`).
pub(super) const COMBINATIONS: &[Combination] = &[
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.network_plugin_mode", Test::Is(&[Lit::Str("overlay")])),
            ("network_profile.network_plugin", Test::Not(&[Lit::Str("azure")])),
        ],
        "only the plugin `azure` has an overlay",
        "Set `network_plugin = \"azure\"`, or remove `network_plugin_mode`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.network_mode", Test::Set),
            ("network_profile.network_plugin", Test::Not(&[Lit::Str("azure")])),
        ],
        "only the plugin `azure` has a `network_mode`",
        "Remove `network_mode`, or set `network_plugin = \"azure\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.network_policy", Test::Is(&[Lit::Str("azure")])),
            ("network_profile.network_plugin", Test::Not(&[Lit::Str("azure")])),
        ],
        "the policies of Azure need its plugin",
        "Set `network_plugin = \"azure\"`, or another `network_policy`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.network_policy", Test::Is(&[Lit::Str("cilium")])),
            ("network_profile.network_data_plane", Test::Not(&[Lit::Str("cilium")])),
        ],
        "the policies of Cilium need its data plane",
        "Set `network_data_plane = \"cilium\"`, or another `network_policy`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.network_data_plane", Test::Is(&[Lit::Str("cilium")])),
            ("network_profile.network_plugin", Test::Not(&[Lit::Str("azure")])),
        ],
        "the data plane of Cilium needs the plugin `azure`",
        "Set `network_plugin = \"azure\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.load_balancer_profile", Test::Set),
            ("network_profile.load_balancer_sku", Test::Is(&[Lit::Str("basic")])),
        ],
        "a load balancer of SKU `basic` has no profile",
        "Set `load_balancer_sku = \"standard\"`.",
    ),
    Combination::new(
        "BadRequest",
        &[
            ("network_profile.nat_gateway_profile", Test::Set),
            (
                "network_profile.outbound_type",
                Test::Not(&[Lit::Str("managedNATGateway"), Lit::Str("userAssignedNATGateway")]),
            ),
        ],
        "the cluster has no NAT gateway",
        "Set `outbound_type = \"managedNATGateway\"`, or remove `nat_gateway_profile`.",
    ),
];
