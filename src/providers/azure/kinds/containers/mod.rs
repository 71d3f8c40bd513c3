//! Clusters of containers, their pools of nodes, and registries of images.

mod agent_pool;
pub(super) mod container_registry;
pub(super) mod kubernetes_cluster;
pub(super) mod kubernetes_cluster_node_pool;
