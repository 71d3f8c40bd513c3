//! The cluster of a request: the object of another provider that has the host.

use super::answers::Refused;
use crate::object::ObjectId;
use crate::simulator::request::{ErrorResponse, Request};
use crate::simulator::world::World;

/// A cluster that answers.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    /// Its id.
    pub(super) id: ObjectId,
}

/// The cluster that a request is for.
///
/// # Errors
/// No cluster has the host, its region is lost, or the token is not one of it.
pub(super) fn of(world: &mut World, request: &Request) -> Result<Cluster, Refused> {
    let unavailable = |why: &str| Refused::of(&ErrorResponse::gateway(503, "ServiceUnavailable", why));
    let object = world.with_host(request.host()).cloned();
    let Some(object) = object else { return Err(unavailable("no cluster has this name")) };
    let (id, dialect) = (object.id.clone(), world.dialect(&object.provider));
    let region = dialect.region(world, &object).unwrap_or_default();
    world.rest.faults.reach_region(dialect.name(), &region).map_err(|failure| Refused::of(&failure))?;
    if world.rest.faults.is_dark(dialect.name(), Some(&region)) {
        return Err(unavailable("the region of the cluster does not answer"));
    }
    let cluster = Cluster { id };
    let bearer = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    match bearer {
        Some(sent) if tokens(world, &cluster.id).iter().any(|token| token == sent) => Ok(cluster),
        _ => Err(Refused::unauthorized()),
    }
}

/// The tokens that a cluster knows: those of its credentials, and that of drplan's own client of the simulator.
fn tokens(world: &World, cluster: &ObjectId) -> Vec<String> {
    let of = |user: &str| world.seed.guid(&[&format!("{}#{user}", cluster.folded())]).replace('-', "");
    vec![of("clusterUser"), of("clusterAdmin"), "embedded".to_owned()]
}
