//! Logs and metrics of resources.

pub(super) mod log_analytics_workspace;
