//! The kinds of Kubernetes.

pub(super) mod workload;

use crate::kinds::Kind;

/// Every kind, in the order of the documentation.
pub(super) static ALL: &[&Kind] = &[&workload::KIND];
