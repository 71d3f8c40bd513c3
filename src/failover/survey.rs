//! The choice of the reads that a procedure needs.

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::members::written;
use super::reads::{PowerRequest, SurveyRequest};
use super::sides::regions;
use crate::account::Account;
use crate::address::Address;
use crate::kinds::{Catalog, Kind, Location};
use crate::object::Object;
use crate::plan::kind_of;
use crate::stack::{FailoverGroup, Stack};
use crate::state::{Recorded, State};

/// Number of objects to read in a region to test its control plane.
pub(super) const SAMPLES: usize = 5;

/// The reads for a group. Of a lost site only a few objects and its public URLs are read, to see that it is lost; the
/// procedure depends on neither. For a drill, whose stack has copies, all of production is read.
pub fn survey(stack: &Stack, group: &FailoverGroup, state: &State, lost: &[String]) -> SurveyRequest {
    let given_up =
        || lost.iter().filter_map(|site| stack.sites.get(site.as_str()).map(|found| (site, &found.location)));
    let is_given_up = |region: &str| given_up().any(|(_, lost)| lost.eq_ignore_ascii_case(region));
    let lists = super::offers::lists(stack, group).into_iter().chain(super::rights::lists(stack, group, state));
    let lists = lists.chain(super::locks::lists(stack, group, state)).chain(super::replicas::lists(stack, group, lost));
    let mut survey = SurveyRequest { lists: lists.collect(), ..SurveyRequest::default() };
    for address in &group.promote {
        let Some(resource) = stack.resources.get(address) else { continue };
        let Some(promotion) = resource.kind.promotion else { continue };
        let looks = stack.with_known(resource, promotion.looks);
        let seen = looks.into_iter().filter(|look| look.region.as_deref().is_none_or(|region| !is_given_up(region)));
        survey.replicas.extend(seen.map(|look| (address.clone(), look)));
    }
    if stack.copies.is_none() {
        survey.volumes = super::volumes::reads(stack, state, |region| !is_given_up(region));
    }
    let touched = written(stack, group);
    for address in &touched {
        let Some(resource) = stack.resources.get(address) else { continue };
        if !is_given_up(&resource.location) {
            survey.objects.extend(resource.objects.iter().cloned());
        }
    }
    if stack.copies.is_none() {
        survey.powers = powers(stack, &touched, state)
            .filter(|(resource, _)| !is_given_up(&resource.location))
            .map(|(_, request)| request)
            .collect();
    } else {
        // A drill compares production before and after, and the names of its copies must be free.
        survey.objects.extend(super::production::objects(state));
        survey.objects.extend(stack.rehearsed().flat_map(|copy| &copy.objects).cloned());
        survey.objects.sort_by(|a, b| a.id.cmp(&b.id));
        survey.objects.dedup_by(|a, b| a.id == b.id);
    }
    for (site, location) in given_up() {
        survey.lost.extend(of_region(stack, state, location).map(|sample| (site.clone(), sample)));
        let fronts = super::levers::fronts(stack, group, state, site);
        survey.fronts.extend(fronts.into_iter().map(|(route, url)| ((site.clone(), route), url)));
    }
    let own = group.sites().filter_map(|site| stack.sites.get(site).map(|site| site.location.clone()));
    // Regions of no site of the group can stop a promotion, too.
    let promoted = group.promote.iter().filter_map(|address| stack.resources.get(address));
    let whole = promoted
        .filter(|resource| resource.kind.promotion.is_some_and(|promotion| promotion.needs_every_region))
        .flat_map(|resource| regions(stack, resource));
    for location in own.chain(whole).collect::<IndexSet<String>>() {
        if is_given_up(&location) {
            continue;
        }
        survey.regions.extend(of_region(stack, state, &location).map(|sample| (location.clone(), sample)));
    }
    survey
}

/// The reads of power states of these resources, as far as they exist.
fn powers<'s>(
    stack: &'s Stack,
    of: &'s BTreeSet<Address>,
    state: &'s State,
) -> impl Iterator<Item = (&'s crate::stack::Resource, PowerRequest)> {
    let standing = of.iter().filter(|address| state.resources.contains_key(*address));
    standing.filter_map(|address| stack.resources.get(address)).filter_map(|resource| {
        let power = resource.kind.moves.power?;
        let read = power.read(resource.kind.type_.object(resource.id.clone()));
        Some((resource, PowerRequest { address: resource.address.clone(), power, read }))
    })
}

/// The reads of a region for this state.
pub(super) fn of_region(stack: &Stack, state: &State, region: &str) -> impl Iterator<Item = Object> + use<> {
    asked(stack.catalog(), state.recorded(), (stack.account_in(region), region), SAMPLES).into_iter()
}

/// The reads that show whether the control plane of a region responds: of objects that are recorded there, or where
/// there are none, of what the provider has in every region.
pub(crate) fn asked<'r>(
    catalog: &Catalog,
    recorded: impl Iterator<Item = (&'r Address, &'r Recorded)>,
    (account, region): (&Account, &str),
    most: usize,
) -> Vec<Object> {
    let own = samples(catalog, recorded, region, most);
    match catalog.provider_of_region(region).filter(|_| own.is_empty()) {
        Some(provider) => vec![provider.in_every_region(account, region)],
        None => own,
    }
}

/// True for a kind of object for which no other region answers than its own.
fn answers_alone(kind: &Kind) -> bool {
    kind.location == Location::Regional
        && !kind.place.collects()
        && kind.recovery.replicates.is_none()
        && kind.served.is_none()
}

/// Objects to test the control plane of a region, of several kinds. Other regions answer for some objects that are
/// recorded there: a resource group, a replica, an account of several regions, a child of another object. They prove
/// nothing, and serve only where nothing else is recorded.
pub(super) fn samples<'r>(
    catalog: &Catalog,
    recorded: impl Iterator<Item = (&'r Address, &'r Recorded)>,
    location: &str,
    most: usize,
) -> Vec<Object> {
    let mut there: Vec<_> = recorded.filter(|(_, recorded)| recorded.location.eq_ignore_ascii_case(location)).collect();
    there.sort_by_key(|(address, _)| *address);
    let of = |own: bool| {
        let mut kinds = BTreeSet::new();
        let same = there
            .iter()
            .filter(|(address, recorded)| kind_of(catalog, address, recorded).is_some_and(answers_alone) == own);
        let objects = same.filter_map(|(address, recorded)| {
            let object = recorded.objects.iter().find(|object| object.within.is_none())?;
            kinds.insert(address.kind()).then(|| object.clone())
        });
        objects.take(most).collect::<Vec<Object>>()
    };
    let own = of(true);
    if own.is_empty() { of(false) } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Place;
    use crate::object::ObjectId;
    use crate::providers::azure::TABLES;
    use crate::stack::Presence;
    use crate::state::Status;

    /// A recorded object of this kind in a region.
    fn recorded(kind: &str, region: &str) -> (Address, Recorded) {
        let id = ObjectId::new(format!("/subscriptions/s/resourceGroups/g/providers/A.B/{kind}/x"));
        let object = Object::whole(id.clone(), "1");
        let one = Recorded {
            presence: Presence::Permanent,
            name: "x".to_owned(),
            id,
            site: "away".to_owned(),
            location: region.to_owned(),
            objects: vec![object],
            variant: None,
            arguments: Default::default(),
            attributes: Default::default(),
            needs: Vec::new(),
            prevent_destroy: false,
            status: Status::Standing,
            under_way: None,
            owner: None,
        };
        (Address::new(kind, "x"), one)
    }

    #[test]
    fn root_that_works_proves_its_region_and_one_that_collects_does_not() {
        static MACHINE: Kind = Kind { name: "machine", place: Place::Root("toy:{name}"), ..Kind::EMPTY };
        static FOLDER: Kind = Kind { name: "folder", place: Place::Subscription, ..Kind::EMPTY };
        assert!(answers_alone(&MACHINE) && !answers_alone(&FOLDER));
    }

    #[test]
    fn region_without_objects_is_asked_for_what_every_region_has() {
        let (state, account) = ([recorded("virtual_network", "canadaeast")], Account::new("s", "t"));
        let known = Catalog::new([&TABLES]);
        let of = |region: &str| {
            asked(&known, state.iter().map(|(address, one)| (address, one)), (&account, region), SAMPLES)
        };
        assert_eq!(of("CanadaEast"), [state[0].1.objects[0].clone()]);
        assert_eq!(of("westeurope"), [TABLES.in_every_region(&account, "westeurope")]);
    }

    #[test]
    fn region_is_tested_with_objects_that_only_it_answers_for() {
        let all = ["cosmosdb_account", "image_copy", "resource_group", "subnet", "virtual_network"];
        let state: Vec<_> = all.iter().map(|kind| recorded(kind, "canadaeast")).collect();
        let of = |state: &[(Address, Recorded)], region: &str| -> Vec<String> {
            let pairs = state.iter().map(|(address, recorded)| (address, recorded));
            samples(&Catalog::new([&TABLES]), pairs, region, SAMPLES)
                .into_iter()
                .map(|object| object.id.as_str().to_owned())
                .collect()
        };
        let found = of(&state, "canadaeast");
        assert!(found.len() == 1 && found[0].contains("/virtual_network/"), "{found:?}");
        assert!(of(&state, "canadacentral").is_empty());
        // Where nothing better is recorded, the others are read.
        assert!(!of(&state[..3], "canadaeast").is_empty());
    }
}
