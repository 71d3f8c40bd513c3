//! Ids of workloads: the id of their cluster, and where they lie in it.
//!
//! `kubernetes:CLUSTER/namespaces/NAMESPACE/Deployment/NAME`, where CLUSTER is the id of a cluster of another provider,
//! or `contexts/NAME` for a context of the files of credentials of this machine.

use crate::kinds::Grammar;
use crate::object::ObjectId;

/// The beginning of every id.
pub(super) const PREFIX: &str = "kubernetes:";
/// The type of a workload.
pub(super) const TYPE: &str = "Kubernetes/workloads";
/// The segment before the name of a context.
const CONTEXTS: &str = "contexts/";
/// The segment between a cluster and a namespace.
const NAMESPACES: &str = "/namespaces/";

/// A workload, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The cluster.
    pub(super) cluster: ClusterRef<'a>,
    /// The namespace.
    pub(super) namespace: &'a str,
    /// The kind of the workload.
    pub(super) kind: WorkloadKind,
    /// Its name.
    pub(super) name: &'a str,
}

/// A cluster, as an id names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClusterRef<'a> {
    /// An object of another provider, by its id.
    Object(&'a str),
    /// A context of a file of credentials.
    Context(&'a str),
}

impl<'a> ClusterRef<'a> {
    /// The cluster of this text.
    fn of(text: &'a str) -> Self {
        // The argument `cluster` of a stack may be the id of a context itself.
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        text.strip_prefix(CONTEXTS).map_or(Self::Object(text), Self::Context)
    }
}

/// A kind of workload that can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WorkloadKind {
    Deployment,
    StatefulSet,
}

impl WorkloadKind {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Deployment, Self::StatefulSet];

    /// Its name in bodies.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// Its segment in paths.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
        }
    }

    /// The kind with this name, whatever its case: ids are compared without it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The kind with this segment.
    pub(super) fn in_path(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == plural)
    }
}

impl<'a> Named<'a> {
    /// The workload with this id.
    pub(super) fn of(id: &'a ObjectId) -> Option<Self> {
        let text = id.as_str().strip_prefix(PREFIX)?;
        let (cluster, rest) = text.rsplit_once(NAMESPACES)?;
        let mut segments = rest.split('/');
        let (namespace, kind, name) = (segments.next()?, segments.next()?, segments.next()?);
        let kind = WorkloadKind::named(kind).filter(|_| segments.next().is_none())?;
        let is_whole = !cluster.is_empty() && !namespace.is_empty() && !name.is_empty();
        is_whole.then_some(Self { cluster: ClusterRef::of(cluster), namespace, kind, name })
    }

    /// Its path in the API.
    pub(super) fn path(&self) -> String {
        format!("apis/apps/v1/namespaces/{}/{}/{}", self.namespace, self.kind.plural(), self.name)
    }
}

/// The id of a workload in a cluster.
pub(super) fn id(cluster: &str, namespace: &str, kind: WorkloadKind, name: &str) -> ObjectId {
    ObjectId::new(format!("{PREFIX}{cluster}{NAMESPACES}{namespace}/{}/{name}", kind.name()))
}

/// The grammar of these ids.
#[derive(Debug)]
pub(super) struct Ids;

impl Grammar for Ids {
    fn is_id(&self, text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    fn type_of(&self, id: &ObjectId) -> Option<String> {
        Named::of(id).map(|_| TYPE.to_owned())
    }

    /// A workload lies in a cluster of another provider, which is no parent of it: it has an API of its own.
    fn parent(&self, _: &ObjectId) -> Option<ObjectId> {
        None
    }

    fn names<'a>(&self, id: &'a ObjectId) -> Vec<&'a str> {
        Named::of(id).map_or_else(|| vec![id.name()], |named| vec![named.namespace, named.name])
    }

    fn arguments<'a>(&self, id: &'a ObjectId) -> Vec<(&'static str, &'a str)> {
        let Some(named) = Named::of(id) else { return Vec::new() };
        vec![("namespace", named.namespace), ("kind", named.kind.name())]
    }

    fn example(&self) -> &'static str {
        "kubernetes:contexts/…"
    }

    fn unknown(&self, number: usize) -> String {
        format!("{PREFIX}contexts/unknown{number}/namespaces/unknown/Deployment/unknown")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_has_the_cluster_and_the_place_in_it() {
        let cluster = "/subscriptions/s/resourceGroups/g/providers/A.B/managedClusters/prod";
        let made = id(cluster, "shop", WorkloadKind::StatefulSet, "mq");
        let named = Named::of(&made).unwrap();
        assert_eq!(named.cluster, ClusterRef::Object(cluster));
        assert_eq!(named.path(), "apis/apps/v1/namespaces/shop/statefulsets/mq");
        let context = ObjectId::new("kubernetes:kubernetes:contexts/dr/namespaces/shop/deployment/web");
        assert_eq!(Named::of(&context).unwrap().cluster, ClusterRef::Context("dr"));
        for wrong in
            ["kubernetes:x/namespaces/a/Job/b", "kubernetes:x/namespaces/a/Deployment", "kubernetes:contexts/dr"]
        {
            assert_eq!(Named::of(&ObjectId::new(wrong)), None, "{wrong}");
        }
    }
}
