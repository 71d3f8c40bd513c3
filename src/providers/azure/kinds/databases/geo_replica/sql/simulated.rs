//! Simulation of failover groups: the mirror on the partner server, the secondary databases, and the roles.

use serde_json::{Value as Json, json};

use super::{DATABASES, GRACE, PARTNERS, ROLE, SEGMENT, STATE, parent};
use crate::kinds::path;
use crate::kinds::table::*;
use crate::object::ObjectId;
use crate::providers::azure::regions::region;

/// Domains of the listener and of the read listener.
const DOMAIN: &str = "database.windows.net";
const READ_DOMAIN: &str = "secondary.database.windows.net";
const GROUP_OF: &str = "properties.failoverGroupId";
const SECONDARY_TYPE: &str = "properties.secondaryType";
/// Seconds to seed an old primary again after a forced failover. Azure copies up to 500 GB an hour (source:
/// Microsoft's page on failover groups), so the databases of the simulator take minutes.
const RESEEDING: u32 = 180;

/// Simulation of a failover group.
pub(super) const SIMULATED: SimulatedBehaviour = SimulatedBehaviour {
    admit: Some(admit),
    settle: Some(settle),
    removed: Some(removed),
    actions: &[
        SimulatedAction {
            name: "failover",
            query: None,
            admit: admit_planned,
            done: |cloud, id, _| fail_over(cloud, id, true),
            lasts: 50,
            reaches: |cloud, id| other_half(cloud, id).and_then(|half| place(cloud, &half)).into_iter().collect(),
            leaves: false,
            allocates: false,
        },
        SimulatedAction {
            name: "forceFailoverAllowDataLoss",
            query: None,
            admit: |cloud, id, _| admit_on_secondary(cloud, id),
            done: |cloud, id, _| fail_over(cloud, id, false),
            lasts: 40,
            reaches: |_, _| Vec::new(),
            leaves: false,
            allocates: false,
        },
    ],
    wakes: Some(wakes),
    keeps: Some(keeps),
    hosts: Some(hosts),
    leads: Some(leads),
    accepts: &[
        "properties.readOnlyEndpoint.targetServer",
        GRACE,
        ROLE,
        STATE,
        "properties.partnerServers[].location",
        "properties.partnerServers[].replicationRole",
    ],
    ..SimulatedBehaviour::NONE
};

fn ids(body: &Json, list: &str) -> Vec<ObjectId> {
    path::items(body, list)
        .iter()
        .filter_map(|item| item.get("id").unwrap_or(item).as_str())
        .map(ObjectId::new)
        .collect()
}

fn admit(cloud: &dyn SimulatedWorld, id: &ObjectId, body: &Json) -> Result<(), Refusal> {
    let refuse = |status, code, message| Err(Refusal { status, code, message });
    let place = |server: &ObjectId| cloud.get(server).and_then(|body| path::text(body, "location")).and_then(region);
    if cloud.get(id).and_then(|standing| path::text(standing, ROLE)) == Some("Secondary") {
        let message = format!("The failover group '{}' can be changed on its primary server only.", id.name());
        return refuse(409, "FailoverGroupUpdateOrDeleteRequestOnSecondaryServer", message);
    }
    let server = parent(id);
    let Some(partner) = ids(body, PARTNERS).into_iter().next() else {
        return refuse(
            400,
            "InvalidFailoverGroupPartnerServers",
            "A failover group needs a partner server.".to_owned(),
        );
    };
    if place(&server).is_some() && place(&server) == place(&partner) {
        let message = "Servers specified in a failover group cannot reside in the same region.".to_owned();
        return refuse(400, "InvalidFailoverGroupRegion", message);
    }
    let automatic = path::text(body, "properties.readWriteEndpoint.failoverPolicy") == Some("Automatic");
    let grace = path::borrow(body, GRACE).and_then(Json::as_i64);
    if automatic != grace.is_some() || grace.is_some_and(|minutes| minutes < 60) {
        let message = "The grace period belongs to the automatic policy and is 60 minutes or more.".to_owned();
        return refuse(400, "FailoverGroupInvalidGracePeriod", message);
    }
    for database in ids(body, DATABASES) {
        let Some(primary) = cloud.get(&database).filter(|_| parent(&database) == server) else {
            let message = format!("The database '{}' does not exist on server '{}'.", database.name(), server.name());
            return refuse(404, "DatabaseDoesNotExist", message);
        };
        if path::text(primary, GROUP_OF).is_some_and(|group| ObjectId::new(group) != *id) {
            let message = format!("The database '{}' is in another failover group.", database.name());
            return refuse(409, "DatabaseAlreadyInFailoverGroup", message);
        }
        let copy = partner.child("databases", database.name());
        if cloud.get(&copy).is_some_and(|copy| path::text(copy, SECONDARY_TYPE).is_none()) {
            let message = format!("A database named '{}' exists on the partner server already.", database.name());
            return refuse(409, "DuplicateDatabaseNameOnPartnerServer", message);
        }
    }
    Ok(())
}

fn settle(cloud: &mut dyn SimulatedWorld, id: &ObjectId) {
    let Some(body) = cloud.get(id).cloned() else { return };
    let Some(partner) = ids(&body, PARTNERS).into_iter().next() else { return };
    let server = parent(id);
    let there = partner.child(SEGMENT, id.name());
    let members = ids(&body, DATABASES);
    leave(cloud, id, &members);
    leave(cloud, &there, &members.iter().map(|member| partner.child("databases", member.name())).collect::<Vec<_>>());
    for member in &members {
        seed(cloud, member, id, &partner.child("databases", member.name()), &there);
    }
    let copies: Vec<_> = members.iter().map(|member| format!("{partner}/databases/{}", member.name())).collect();
    let half = |cloud: &dyn SimulatedWorld, role: &str, other: &ObjectId, others_role: &str| {
        let mut half = body.clone();
        let place = cloud.get(other).and_then(|server| path::text(server, "location")).and_then(region);
        path::put(&mut half, ROLE, Json::from(role));
        path::put(&mut half, STATE, Json::from("CATCH_UP"));
        let partner = json!([{
            "id": other.as_str(),
            "location": place.map_or("", |place| place.display_name),
            "replicationRole": others_role,
        }]);
        path::put(&mut half, PARTNERS, partner);
        half
    };
    let here = half(cloud, "Primary", &partner, "Secondary");
    let mut mirror = half(cloud, "Secondary", &server, "Primary");
    path::put(&mut mirror, "id", Json::from(there.as_str()));
    path::put(&mut mirror, DATABASES, Json::from(copies));
    if let Some(standing) = cloud.get_mut(id) {
        *standing = here;
    }
    cloud.put(&there, mirror);
}

/// Creates the secondary of one database if it does not exist, and records the group on both.
fn seed(cloud: &mut dyn SimulatedWorld, primary: &ObjectId, group: &ObjectId, copy: &ObjectId, mirror: &ObjectId) {
    if cloud.get(copy).is_none() {
        let Some(mut body) = cloud.get(primary).cloned() else { return };
        let location = cloud.get(&parent(copy)).and_then(|server| path::text(server, "location")).map(str::to_owned);
        path::put(&mut body, "id", Json::from(copy.as_str()));
        path::put(&mut body, "location", Json::from(location));
        path::put(&mut body, "properties.databaseId", Json::from(cloud.guid(copy.as_str())));
        path::put(&mut body, SECONDARY_TYPE, Json::from("Geo"));
        cloud.put(copy, body);
    }
    for (database, group) in [(primary, group), (copy, mirror)] {
        if let Some(body) = cloud.get_mut(database) {
            path::put(body, GROUP_OF, Json::from(group.as_str()));
        }
    }
}

/// Removes databases from this group that are not in the list. A secondary stays a secondary.
fn leave(cloud: &mut dyn SimulatedWorld, group: &ObjectId, staying: &[ObjectId]) {
    for database in cloud.below(&parent(group)) {
        let member = cloud.get(&database).and_then(|body| path::text(body, GROUP_OF)).map(ObjectId::new);
        if member.as_ref() == Some(group)
            && !staying.contains(&database)
            && let Some(body) = cloud.get_mut(&database)
        {
            path::remove(body, GROUP_OF);
        }
    }
}

fn removed(cloud: &mut dyn SimulatedWorld, id: &ObjectId, body: &Json) {
    leave(cloud, id, &[]);
    for partner in ids(body, PARTNERS) {
        let mirror = partner.child(SEGMENT, id.name());
        leave(cloud, &mirror, &[]);
        cloud.remove(&mirror);
    }
}

/// The half of a group on the other server.
fn other_half(cloud: &dyn SimulatedWorld, half: &ObjectId) -> Option<ObjectId> {
    let partner = ids(cloud.get(half)?, PARTNERS).into_iter().next()?;
    Some(partner.child(SEGMENT, half.name()))
}

/// The region of a half's server.
fn place(cloud: &dyn SimulatedWorld, half: &ObjectId) -> Option<String> {
    let place = cloud.get(&parent(half)).and_then(|server| path::text(server, "location")).and_then(region)?;
    Some(place.name.to_owned())
}

/// A failover request goes to the secondary. Microsoft documents no code for a request to the primary. A second
/// request is such a one, and harmless.
fn admit_on_secondary(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Result<(), Refusal> {
    if cloud.get(id).and_then(|half| path::text(half, ROLE)) == Some("Secondary") {
        return Ok(());
    }
    let server = parent(id);
    let message = format!(
        "The server '{}' is the primary of the failover group '{}' already. A failover must be requested on \
         a secondary server.",
        server.name(),
        id.name()
    );
    Err(Refusal { status: 409, code: "FailoverGroupFailoverRequestOnPrimaryServer", message })
}

/// A planned failover synchronises first. It needs the other server and a seeded secondary.
fn admit_planned(cloud: &dyn SimulatedWorld, id: &ObjectId, _: &Json) -> Result<(), Refusal> {
    admit_on_secondary(cloud, id)?;
    let refuse = |code, message| Err(Refusal { status: 409, code, message });
    let there = other_half(cloud, id);
    if there.and_then(|half| place(cloud, &half)).is_none_or(|region| cloud.is_dark(&region)) {
        let message = format!("The primary server of the failover group '{}' cannot be reached.", id.name());
        return refuse("FailoverGroupPrimaryServerUnavailable", message);
    }
    match cloud.get(id).and_then(|half| path::text(half, STATE)) {
        Some("CATCH_UP") | None => Ok(()),
        Some(state) => refuse(
            "GeoReplicationDatabaseNotSynchronized",
            format!("The failover group '{}' is not synchronised: its replication state is {state}.", id.name()),
        ),
    }
}

/// Makes this half primary. A forced failover leaves the other half suspended; the service no longer lets it take
/// writes, even when it returns.
fn fail_over(cloud: &mut dyn SimulatedWorld, id: &ObjectId, planned: bool) {
    let (Some(there), Some(here)) = (other_half(cloud, id), place(cloud, id)) else { return };
    if planned {
        cloud.pass_on(&store(id), &here);
    }
    let state = if planned { "CATCH_UP" } else { "SUSPENDED" };
    for (half, role, others) in [(id, "Primary", "Secondary"), (&there, "Secondary", "Primary")] {
        let Some(body) = cloud.get_mut(half) else { continue };
        path::put(body, ROLE, Json::from(role));
        path::put(body, STATE, Json::from(state));
        path::put(body, "properties.partnerServers[0].replicationRole", Json::from(others));
        for database in ids(body, DATABASES) {
            let Some(body) = cloud.get_mut(&database) else { continue };
            match role {
                "Primary" => path::remove(body, SECONDARY_TYPE),
                _ => path::put(body, SECONDARY_TYPE, Json::from("Geo")),
            }
        }
    }
}

/// After a forced failover, the old primary is seeded again once both regions work, and then follows.
fn wakes(cloud: &mut dyn SimulatedWorld, id: &ObjectId) -> Option<u32> {
    let there = other_half(cloud, id)?;
    let half = cloud.get(id)?;
    let state = path::text(half, STATE)?.to_owned();
    let secondary = path::text(half, ROLE) == Some("Secondary");
    let lost = |half: &ObjectId| place(cloud, half).is_none_or(|region| cloud.is_dark(&region));
    if !secondary || lost(id) || lost(&there) {
        return None;
    }
    let (next, again) = match state.as_str() {
        "SUSPENDED" => ("SEEDING", Some(RESEEDING)),
        "SEEDING" => ("CATCH_UP", None),
        _ => return None,
    };
    for half in [id, &there] {
        if let Some(body) = cloud.get_mut(half) {
            path::put(body, STATE, Json::from(next));
        }
    }
    again
}

/// The store is the group: its name is unique in all of Azure.
fn store(id: &ObjectId) -> String {
    format!("sql {}", id.name().to_ascii_lowercase())
}

/// The listeners. Both halves have the same ones.
fn hosts(group: &Json) -> Vec<String> {
    let name = path::text(group, "name").map(str::to_ascii_lowercase);
    let listeners = |name: String| [format!("{name}.{DOMAIN}"), format!("{name}.{READ_DOMAIN}")];
    name.map(listeners).into_iter().flatten().collect()
}

/// The listener leads to the primary server, and the read listener to the secondary one.
fn leads(cloud: &dyn SimulatedWorld, id: &ObjectId, name: &str) -> Lead {
    let kept = keeps(cloud, id);
    if name.ends_with(&format!(".{READ_DOMAIN}")) { Lead::to_follower(kept) } else { Lead::to_writer(kept) }
}

fn keeps(cloud: &dyn SimulatedWorld, id: &ObjectId) -> Option<StorePlacement> {
    let (name, there) = (store(id), other_half(cloud, id)?);
    let halves = [place(cloud, id)?, place(cloud, &there)?];
    let (writer, follower) = match path::text(cloud.get(id)?, ROLE) {
        Some("Primary") => halves.into(),
        _ => {
            let [follower, writer] = halves;
            (writer, follower)
        }
    };
    let behind = between(cloud, &name, 2.0, 5.0);
    Some(StorePlacement { name, writers: vec![writer], followers: vec![(follower, behind)] })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct SqlWorld(BTreeMap<ObjectId, Json>);

    impl SimulatedWorld for SqlWorld {
        fn get(&self, id: &ObjectId) -> Option<&Json> {
            self.0.get(id)
        }
        fn get_mut(&mut self, id: &ObjectId) -> Option<&mut Json> {
            self.0.get_mut(id)
        }
        fn put(&mut self, id: &ObjectId, body: Json) {
            self.0.insert(id.clone(), body);
        }
        fn remove(&mut self, id: &ObjectId) {
            self.0.remove(id);
        }
        fn below(&self, id: &ObjectId) -> Vec<ObjectId> {
            self.0.keys().filter(|other| id.contains(other)).cloned().collect()
        }
        fn guid(&self, of: &str) -> String {
            of.to_owned()
        }
        fn is_dark(&self, _: &str) -> bool {
            false
        }
        fn pass_on(&mut self, _: &str, _: &str) {}
        fn lag(&self, _: &str, _: &str) -> Option<f64> {
            None
        }
        fn now(&self) -> i64 {
            0
        }
    }

    #[test]
    fn group_has_a_mirror_and_secondaries_that_remain_after_deletion() {
        let mut world = SqlWorld::default();
        let (east, west) = (ObjectId::new("/servers/east"), ObjectId::new("/servers/west"));
        world.put(&east, json!({ "location": "canadacentral" }));
        world.put(&west, json!({ "location": "canadaeast" }));
        let orders = east.child("databases", "orders");
        world.put(&orders, json!({ "location": "canadacentral", "properties": {} }));
        let group = east.child(SEGMENT, "web");
        let body = json!({ "properties": {
            "readWriteEndpoint": { "failoverPolicy": "Manual" },
            "partnerServers": [{ "id": west.as_str() }],
            "databases": [orders.as_str()],
        } });
        assert_eq!(admit(&world, &group, &body), Ok(()));
        world.put(&group, body.clone());
        settle(&mut world, &group);

        let mirror = west.child(SEGMENT, "web");
        let copy = west.child("databases", "orders");
        assert_eq!(world.get(&group).and_then(|group| path::text(group, ROLE)), Some("Primary"));
        let there = world.get(&mirror).unwrap();
        assert_eq!(path::text(there, ROLE), Some("Secondary"));
        assert_eq!(ids(there, PARTNERS), [east]);
        assert_eq!(ids(there, DATABASES), std::slice::from_ref(&copy));
        assert_eq!(world.get(&copy).and_then(|copy| path::text(copy, "location")), Some("canadaeast"));
        assert_eq!(admit(&world, &mirror, there).map_err(|refusal| refusal.status), Err(409));

        let body = world.get(&group).cloned().unwrap();
        world.remove(&group);
        removed(&mut world, &group, &body);
        assert!(world.get(&mirror).is_none());
        assert!(world.get(&copy).is_some_and(|copy| path::text(copy, GROUP_OF).is_none()));
    }
}
