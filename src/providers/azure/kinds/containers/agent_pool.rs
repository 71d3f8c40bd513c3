//! Arguments of a pool of nodes, which a cluster has as its first pool and which is a kind of its own as well.
//!
//! The properties of a pool lie in the element of a list of the cluster, and below `properties` of an object of its
//! own; everything else is the same. Independent of kinds.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::kinds::path;
use crate::kinds::table::*;

/// The taint of nodes that run the system's own pods only.
const CRITICAL_ONLY: &str = "CriticalAddonsOnly=true:NoSchedule";
/// The kernel's range of local ports, a text in the body and two numbers in a stack.
const PORT_RANGE: &str = "linuxOSConfig.sysctls.netIpv4IpLocalPortRange";
const PUBLIC_IP_TAGS: &str = "networkProfile.nodePublicIPTags";
const TAINTS: &str = "nodeTaints";

/// The arguments that both have, at the paths below `$under`, which is empty or ends in a dot.
macro_rules! pool {
    ($under:literal) => {
        [
            arg("vm_size", Ty::String, concat!($under, "vmSize"), "Size of each node, as in `Standard_D4s_v5`.")
                .any_case()
                .kept(Kept::Chosen),
            arg(
                "auto_scaling_enabled",
                Ty::Bool,
                concat!($under, "enableAutoScaling"),
                "Let the cluster autoscaler choose the number of nodes, from `min_count` to `max_count`.",
            ),
            arg(
                "min_count",
                Ty::Integer(0, 1000),
                concat!($under, "minCount"),
                "Smallest number of nodes, with auto scaling.",
            ),
            arg(
                "max_count",
                Ty::Integer(0, 1000),
                concat!($under, "maxCount"),
                "Largest number of nodes, with auto scaling.",
            ),
            arg(
                "capacity_reservation_group",
                Ty::Ref(&[]),
                concat!($under, "capacityReservationGroupID"),
                "Capacity reservation group with the reserved capacity.",
            )
            .replace(),
            arg(
                "host_encryption_enabled",
                Ty::Bool,
                concat!($under, "enableEncryptionAtHost"),
                "Encrypt temporary disks and caches on the host.",
            ),
            arg(
                "node_public_ip_enabled",
                Ty::Bool,
                concat!($under, "enableNodePublicIP"),
                "Give each node a public address.",
            ),
            arg(
                "node_public_ip_prefix",
                Ty::Ref(&[]),
                concat!($under, "nodePublicIPPrefixID"),
                "Public IP prefix of the nodes' addresses.",
            )
            .replace(),
            arg(
                "gpu_driver",
                Ty::Enum(&["Install", "None"]),
                concat!($under, "gpuProfile.driver"),
                "Installation of a driver on nodes with a GPU.",
            )
            .replace(),
            arg(
                "gpu_instance",
                Ty::Enum(&["MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"]),
                concat!($under, "gpuInstanceProfile"),
                "Share of a GPU that each instance gets.",
            )
            .replace(),
            arg("host_group", Ty::Ref(&[]), concat!($under, "hostGroupID"), "Dedicated host group of the nodes.")
                .replace(),
            arg(
                "kubelet_config",
                Ty::Block(&crate::providers::azure::kinds::containers::agent_pool::KUBELET_CONFIG),
                concat!($under, "kubeletConfig"),
                "Settings of the agent on each node.",
            ),
            arg(
                "linux_os_config",
                Ty::Block(&crate::providers::azure::kinds::containers::agent_pool::LINUX_OS_CONFIG),
                concat!($under, "linuxOSConfig"),
                "Settings of the operating system of each node.",
            ),
            arg(
                "fips_enabled",
                Ty::Bool,
                concat!($under, "enableFIPS"),
                "Use an image whose cryptography is validated by FIPS 140.",
            ),
            arg(
                "kubelet_disk_type",
                Ty::Enum(&["OS", "Temporary"]),
                concat!($under, "kubeletDiskType"),
                "Disk of the agent's data.",
            )
            .kept(Kept::Chosen),
            arg("max_pods", Ty::Integer(10, 250), concat!($under, "maxPods"), "Largest number of pods on a node.")
                .kept(Kept::Chosen),
            arg(
                "node_network_profile",
                Ty::Block(&crate::providers::azure::kinds::containers::agent_pool::NODE_NETWORK_PROFILE),
                concat!($under, "networkProfile"),
                "Network of each node.",
            ),
            arg(
                "node_labels",
                Ty::Map(&Ty::String),
                concat!($under, "nodeLabels"),
                "Labels of Kubernetes for each node.",
            )
            .kept(Kept::Chosen),
            arg(
                "orchestrator_version",
                Ty::String,
                concat!($under, "orchestratorVersion"),
                "Version of Kubernetes on the nodes: that of the cluster, or one before it.",
            )
            .kept(Kept::Chosen),
            arg(
                "os_disk_size_gb",
                Ty::Integer(1, 2048),
                concat!($under, "osDiskSizeGB"),
                "Size of each node's operating system disk in GiB.",
            )
            .kept(Kept::Chosen),
            arg(
                "os_disk_type",
                Ty::Enum(&["Managed", "Ephemeral"]),
                concat!($under, "osDiskType"),
                "Type of the operating system disk: a managed disk, or space on the host.",
            )
            .default(Lit::Str("Managed")),
            arg(
                "pod_subnet",
                Ty::Ref(&["subnet"]),
                concat!($under, "podSubnetID"),
                "Subnet of the pods, if it is not that of the nodes.",
            )
            .near(),
            arg(
                "proximity_placement_group",
                Ty::Ref(&[]),
                concat!($under, "proximityPlacementGroupID"),
                "Proximity placement group, which places nodes close together.",
            )
            .near()
            .replace(),
            arg(
                "scale_down_mode",
                Ty::Enum(&["Delete", "Deallocate"]),
                concat!($under, "scaleDownMode"),
                "Removal of a node: it is deleted, or deallocated and kept.",
            )
            .default(Lit::Str("Delete")),
            arg(
                "snapshot",
                Ty::Ref(&[]),
                concat!($under, "creationData.sourceResourceId"),
                "Snapshot of a pool from which the nodes are made.",
            ),
            arg("tags", Ty::Map(&Ty::String), concat!($under, "tags"), "Tags of the nodes."),
            arg(
                "ultra_ssd_enabled",
                Ty::Bool,
                concat!($under, "enableUltraSSD"),
                "Allow volumes of the type `UltraSSD_LRS`.",
            )
            .default(Lit::Bool(false)),
            arg(
                "vnet_subnet",
                Ty::Ref(&["subnet"]),
                concat!($under, "vnetSubnetID"),
                "Subnet of the nodes. Without it, the cluster makes a network of its own.",
            )
            .near(),
            arg(
                "workload_runtime",
                Ty::Enum(&["OCIContainer", "KataVmIsolation"]),
                concat!($under, "workloadRuntime"),
                "Isolation of the pods: containers, or a virtual machine for each.",
            )
            .kept(Kept::Chosen),
            arg(
                "zones",
                Ty::Set(&Ty::String),
                concat!($under, "availabilityZones"),
                "Availability zones of the nodes.",
            )
            .form(&crate::providers::azure::forms::ZONE),
        ]
    };
}

pub(super) use pool;

/// The arguments of `upgrade_settings` that both have.
macro_rules! upgrade {
    () => {
        [
            arg(
                "drain_timeout_in_minutes",
                Ty::Integer(1, 1440),
                "drainTimeoutInMinutes",
                "Minutes after which a node that cannot be drained fails the upgrade.",
            ),
            arg(
                "node_soak_duration_in_minutes",
                Ty::Integer(0, 30),
                "nodeSoakDurationInMinutes",
                "Minutes between an upgraded node and the next one.",
            ),
            arg(
                "undrainable_node_behavior",
                Ty::Enum(&["Cordon", "Schedule"]),
                "undrainableNodeBehavior",
                "Treatment of a node that cannot be drained.",
            ),
        ]
    };
}

pub(super) use upgrade;

/// Properties of a pool that no argument has, below `$under`.
macro_rules! pool_uncovered {
    ($under:literal) => {
        [
            concat!($under, "artifactStreamingProfile"),
            concat!($under, "gatewayProfile"),
            concat!($under, "kubeletConfig.failSwapOn"),
            concat!($under, "localDNSProfile"),
            concat!($under, "messageOfTheDay"),
            concat!($under, "podIPAllocationMode"),
            concat!($under, "securityProfile"),
            concat!($under, "virtualMachineNodesStatus"),
            concat!($under, "virtualMachinesProfile"),
        ]
    };
}

pub(super) use pool_uncovered;

/// The block `kubelet_config`.
pub(super) static KUBELET_CONFIG: Block = Block::one(&[
    arg(
        "allowed_unsafe_sysctls",
        Ty::Set(&Ty::String),
        "allowedUnsafeSysctls",
        "Settings of the kernel that pods may change although they affect the node.",
    ),
    arg("container_log_max_files", Ty::Integer(2, 1_000_000), "containerLogMaxFiles", "Files of a container's log."),
    arg(
        "container_log_max_size_mb",
        Ty::Integer(1, 1_000_000),
        "containerLogMaxSizeMB",
        "Size of such a file in megabytes.",
    ),
    arg("cpu_cfs_quota_enabled", Ty::Bool, "cpuCfsQuota", "Enforce limits of processor time.").default(Lit::Bool(true)),
    arg("cpu_cfs_quota_period", Ty::String, "cpuCfsQuotaPeriod", "Period of these limits, as in `100ms`."),
    arg(
        "cpu_manager_policy",
        Ty::Enum(&["none", "static"]),
        "cpuManagerPolicy",
        "Assignment of processors: shared, or cores of their own for pods that ask for whole ones.",
    ),
    arg(
        "image_gc_high_threshold",
        Ty::Integer(0, 100),
        "imageGcHighThreshold",
        "Percentage of the disk above which unused images are removed.",
    ),
    arg(
        "image_gc_low_threshold",
        Ty::Integer(0, 100),
        "imageGcLowThreshold",
        "Percentage of the disk down to which they are removed.",
    ),
    arg("pod_max_pid", Ty::Integer(1, 4_194_304), "podMaxPids", "Largest number of processes of a pod."),
    arg(
        "topology_manager_policy",
        Ty::Enum(&["none", "best-effort", "restricted", "single-numa-node"]),
        "topologyManagerPolicy",
        "Placement of a pod's devices and processors near each other.",
    ),
]);

/// The block `linux_os_config`.
pub(super) static LINUX_OS_CONFIG: Block = Block::one(&[
    arg("swap_file_size_mb", Ty::Integer(1, 1_000_000), "swapFileSizeMB", "Size of a swap file in megabytes."),
    arg(
        "transparent_huge_page",
        Ty::Enum(&["always", "madvise", "never"]),
        "transparentHugePageEnabled",
        "Use of huge pages of memory.",
    ),
    arg(
        "transparent_huge_page_defrag",
        Ty::Enum(&["always", "defer", "defer+madvise", "madvise", "never"]),
        "transparentHugePageDefrag",
        "Effort to make huge pages.",
    ),
    arg("sysctl_config", Ty::Block(&SYSCTL_CONFIG), "sysctls", "Settings of the kernel."),
]);

/// A setting of the kernel.
const fn sysctl(name: &'static str, low: i64, high: i64, path: &'static str, doc: &'static str) -> Arg {
    arg(name, Ty::Integer(low, high), path, doc)
}

// Source of the ranges: azurerm's documentation of `sysctl_config`.
static SYSCTL_CONFIG: Block = Block::one(&[
    sysctl("fs_aio_max_nr", 65_536, 6_553_500, "fsAioMaxNr", "`fs.aio-max-nr`."),
    sysctl("fs_file_max", 8_192, 12_000_500, "fsFileMax", "`fs.file-max`."),
    sysctl(
        "fs_inotify_max_user_watches",
        781_250,
        2_097_152,
        "fsInotifyMaxUserWatches",
        "`fs.inotify.max_user_watches`.",
    ),
    sysctl("fs_nr_open", 8_192, 20_000_500, "fsNrOpen", "`fs.nr_open`."),
    sysctl("kernel_threads_max", 20, 513_785, "kernelThreadsMax", "`kernel.threads-max`."),
    sysctl(
        "net_core_netdev_max_backlog",
        1_000,
        3_240_000,
        "netCoreNetdevMaxBacklog",
        "`net.core.netdev_max_backlog`.",
    ),
    sysctl("net_core_optmem_max", 20_480, 4_194_304, "netCoreOptmemMax", "`net.core.optmem_max`."),
    sysctl("net_core_rmem_default", 212_992, 134_217_728, "netCoreRmemDefault", "`net.core.rmem_default`."),
    sysctl("net_core_rmem_max", 212_992, 134_217_728, "netCoreRmemMax", "`net.core.rmem_max`."),
    sysctl("net_core_somaxconn", 4_096, 3_240_000, "netCoreSomaxconn", "`net.core.somaxconn`."),
    sysctl("net_core_wmem_default", 212_992, 134_217_728, "netCoreWmemDefault", "`net.core.wmem_default`."),
    sysctl("net_core_wmem_max", 212_992, 134_217_728, "netCoreWmemMax", "`net.core.wmem_max`."),
    arg(
        "net_ipv4_ip_local_port_range_max",
        Ty::Integer(32_768, 65_535),
        "",
        "Last local port of `net.ipv4.ip_local_port_range`.",
    )
    .wire(Wire::Odd),
    arg(
        "net_ipv4_ip_local_port_range_min",
        Ty::Integer(1_024, 60_999),
        "",
        "First local port of `net.ipv4.ip_local_port_range`.",
    )
    .wire(Wire::Odd),
    sysctl(
        "net_ipv4_neigh_default_gc_thresh1",
        128,
        80_000,
        "netIpv4NeighDefaultGcThresh1",
        "`net.ipv4.neigh.default.gc_thresh1`.",
    ),
    sysctl(
        "net_ipv4_neigh_default_gc_thresh2",
        512,
        90_000,
        "netIpv4NeighDefaultGcThresh2",
        "`net.ipv4.neigh.default.gc_thresh2`.",
    ),
    sysctl(
        "net_ipv4_neigh_default_gc_thresh3",
        1_024,
        100_000,
        "netIpv4NeighDefaultGcThresh3",
        "`net.ipv4.neigh.default.gc_thresh3`.",
    ),
    sysctl("net_ipv4_tcp_fin_timeout", 5, 120, "netIpv4TcpFinTimeout", "`net.ipv4.tcp_fin_timeout`."),
    sysctl("net_ipv4_tcp_keepalive_intvl", 10, 90, "netIpv4TcpkeepaliveIntvl", "`net.ipv4.tcp_keepalive_intvl`."),
    sysctl("net_ipv4_tcp_keepalive_probes", 1, 15, "netIpv4TcpKeepaliveProbes", "`net.ipv4.tcp_keepalive_probes`."),
    sysctl("net_ipv4_tcp_keepalive_time", 30, 432_000, "netIpv4TcpKeepaliveTime", "`net.ipv4.tcp_keepalive_time`."),
    sysctl(
        "net_ipv4_tcp_max_syn_backlog",
        128,
        3_240_000,
        "netIpv4TcpMaxSynBacklog",
        "`net.ipv4.tcp_max_syn_backlog`.",
    ),
    sysctl("net_ipv4_tcp_max_tw_buckets", 8_000, 1_440_000, "netIpv4TcpMaxTwBuckets", "`net.ipv4.tcp_max_tw_buckets`."),
    arg("net_ipv4_tcp_tw_reuse", Ty::Bool, "netIpv4TcpTwReuse", "`net.ipv4.tcp_tw_reuse`."),
    sysctl(
        "net_netfilter_nf_conntrack_buckets",
        65_536,
        524_288,
        "netNetfilterNfConntrackBuckets",
        "`net.netfilter.nf_conntrack_buckets`.",
    ),
    sysctl(
        "net_netfilter_nf_conntrack_max",
        131_072,
        2_097_152,
        "netNetfilterNfConntrackMax",
        "`net.netfilter.nf_conntrack_max`.",
    ),
    sysctl("vm_max_map_count", 65_530, 262_144, "vmMaxMapCount", "`vm.max_map_count`."),
    sysctl("vm_swappiness", 0, 100, "vmSwappiness", "`vm.swappiness`."),
    sysctl("vm_vfs_cache_pressure", 0, 100, "vmVfsCachePressure", "`vm.vfs_cache_pressure`."),
]);

/// The block `node_network_profile`.
pub(super) static NODE_NETWORK_PROFILE: Block = Block::one(&[
    arg(
        "allowed_host_ports",
        Ty::Block(&Block::many(
            "",
            &[
                arg("port_start", Ty::Integer(1, 65_535), "portStart", "First port."),
                arg("port_end", Ty::Integer(1, 65_535), "portEnd", "Last port."),
                arg("protocol", Ty::Enum(&["TCP", "UDP"]), "protocol", "Protocol."),
            ],
        )),
        "allowedHostPorts",
        "Ports of the nodes that may be reached from outside.",
    ),
    arg(
        "application_security_groups",
        Ty::List(&Ty::Ref(&[])),
        "applicationSecurityGroups",
        "Application security groups of the nodes.",
    ),
    arg("node_public_ip_tags", Ty::Map(&Ty::String), "", "Tags of the nodes' public addresses, by their type.")
        .wire(Wire::Odd)
        .replace(),
]);

/// Completes the properties of a pool: a range of ports, tags of addresses, the number of nodes that the autoscaler
/// begins with.
pub(super) fn encode(args: &Json, pool: &mut Json) {
    let number = |at: &str| path::borrow(args, at).and_then(Json::as_i64);
    let sysctl = |name: &str| number(&format!("linux_os_config.sysctl_config.{name}"));
    if let (Some(first), Some(last)) =
        (sysctl("net_ipv4_ip_local_port_range_min"), sysctl("net_ipv4_ip_local_port_range_max"))
    {
        path::put(pool, PORT_RANGE, Json::from(format!("{first} {last}")));
    }
    if let Some(Json::Object(tags)) = path::borrow(args, "node_network_profile.node_public_ip_tags") {
        let tags = tags.iter().map(|(type_, tag)| json!({ "ipTagType": type_, "tag": tag })).collect();
        path::put(pool, PUBLIC_IP_TAGS, tags);
    }
    if path::borrow(args, "only_critical_addons_enabled") == Some(&Json::Bool(true)) {
        path::put(pool, TAINTS, json!([CRITICAL_ONLY]));
    }
    // Azure wants a number although the autoscaler chooses it (source: a remark in azurerm).
    if let (true, Some(least)) = (is_scaled(args), number("min_count")) {
        let count = number("node_count").map_or(least, |count| count.max(least));
        path::put(pool, "count", Json::from(count));
    }
}

/// True for a pool whose number of nodes the autoscaler chooses.
pub(super) fn is_scaled(args: &Json) -> bool {
    args.get("auto_scaling_enabled") == Some(&Json::Bool(true))
}

/// Completes the arguments of a pool from its properties.
pub(super) fn decode(pool: &Json, args: &mut JsonMap<String, Json>) {
    let range = path::text(pool, PORT_RANGE).and_then(|range| range.split_once([' ', '\t']));
    let sysctls = args.get_mut("linux_os_config").and_then(|config| config.get_mut("sysctl_config"));
    if let (Some((first, last)), Some(sysctls)) = (range, sysctls) {
        for (name, text) in
            [("net_ipv4_ip_local_port_range_min", first), ("net_ipv4_ip_local_port_range_max", last.trim())]
        {
            if let Ok(port) = text.parse::<i64>() {
                path::put(sysctls, name, Json::from(port));
            }
        }
    }
    let tags: JsonMap<String, Json> = path::items(pool, PUBLIC_IP_TAGS)
        .iter()
        .filter_map(|one| Some((path::text(one, "ipTagType")?.to_owned(), one.get("tag")?.clone())))
        .collect();
    if let (false, Some(profile)) = (tags.is_empty(), args.get_mut("node_network_profile")) {
        path::put(profile, "node_public_ip_tags", Json::Object(tags));
    }
}

/// True for a pool whose nodes run the system's own pods only.
pub(super) fn is_critical_only(pool: &Json) -> bool {
    path::items(pool, TAINTS).iter().any(|taint| taint.as_str() == Some(CRITICAL_ONLY))
}

/// The machines of a pool, for the check of capacity.
pub(super) fn machines(args: &Json) -> Option<Machines> {
    let count = if is_scaled(args) { args.get("min_count") } else { args.get("node_count") };
    let count = count.and_then(Json::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    let size = args.get("vm_size").and_then(Json::as_str)?.to_owned();
    (count > 0).then_some(Machines { size, count, image: None })
}

/// Values that Azure chooses for the properties of a pool.
pub(super) fn settle(pool: &mut Json, version: &str) {
    for (at, value) in [
        ("type", json!("VirtualMachineScaleSets")),
        ("osType", json!("Linux")),
        ("osSKU", json!("Ubuntu")),
        ("osDiskSizeGB", json!(128)),
        ("osDiskType", json!("Managed")),
        ("kubeletDiskType", json!("OS")),
        ("vmSize", json!("Standard_D2s_v5")),
        ("count", json!(1)),
        ("maxPods", json!(110)),
        ("workloadRuntime", json!("OCIContainer")),
        ("orchestratorVersion", json!(version)),
        ("currentOrchestratorVersion", json!(version)),
        ("powerState.code", json!("Running")),
        ("provisioningState", json!("Succeeded")),
        ("nodeImageVersion", json!("AKSUbuntu-2204gen2containerd-202611.15.0")),
    ] {
        path::fill(pool, at, value);
    }
}

/// The autoscaler's numbers are in order.
pub(super) fn check(args: &Json, argument: &'static str, findings: &mut Vec<Finding>) {
    let number = |name: &str| args.get(name).and_then(Json::as_i64);
    if let (Some(least), Some(most)) = (number("min_count"), number("max_count"))
        && least > most
    {
        findings.push(Finding {
            argument,
            summary: format!("`min_count` is {least}, and `max_count` is {most}"),
            why: String::new(),
            help: "Set a `max_count` that is not lower.".to_owned(),
        });
    }
}
