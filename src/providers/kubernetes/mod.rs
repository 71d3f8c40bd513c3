//! Kubernetes: workloads that somebody else installs in clusters, and that drplan scales. Its tables are data; its
//! client and its dialect of the local simulator lie beside them.
//!
//! It has no account of its own: the credentials of a cluster are an attribute of that, or a context of this machine.

pub mod client;
mod ids;
mod kinds;
pub(super) mod simulated;
mod yaml;

use crate::kinds::{Kind, ProviderConsole, Tables};

/// The tables of Kubernetes.
pub static TABLES: Tables = Tables {
    name: "kubernetes",
    title: "Kubernetes",
    kinds: kinds::ALL,
    grammar: &ids::Ids,
    without_account: "Kubernetes has no account: a cluster's credentials are those of its provider.",
    sign_in: "Sign in to the provider of the cluster, or name a context of the files in KUBECONFIG.",
    console: Some(&ProviderConsole { place: "with `kubectl describe`", command: None }),
    restless: &["resourceVersion", "managedFields", "observedGeneration"],
    own: &["metadata", "status", "apiVersion"],
    ..Tables::NONE
};

/// An empty table of Kubernetes', to be completed with `..KIND`.
const KIND: Kind = Kind { provider: || &TABLES, ..Kind::EMPTY };
