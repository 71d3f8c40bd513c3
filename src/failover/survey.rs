//! What has to be looked at before a procedure is made, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, ArmId};
use crate::kinds::{Look, Object, Seen, Standing};
use crate::plan::Observed;
use crate::stack::{FailoverGroup, Stack};
use crate::state::State;

/// How many objects of a region are asked whether it answers.
const SAMPLES: usize = 5;

/// What to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Survey {
    /// The sides of each replica.
    pub replicas: Vec<(Address, Look)>,
    /// Objects of resources that the procedure writes, or of which it needs to know how they stand.
    pub objects: Vec<Object>,
    /// A few objects of each region, by which it is known whether its control plane answers.
    pub regions: Vec<(String, Object)>,
    /// Lists of what is offered at a site and what may be done.
    pub lists: Vec<List>,
    /// The URLs at which the side that users leave is asked whether it still serves, by the resource that has them.
    pub fronts: Vec<(Address, String)>,
}

/// A list that Resource Manager answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Where it is: the path.
    pub id: ArmId,
    /// The API version.
    pub api: &'static str,
    /// Further pairs of the query.
    pub query: Vec<(&'static str, String)>,
}

/// What came of a survey.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Surveyed {
    /// What was seen of each replica.
    pub replicas: BTreeMap<Address, Seen>,
    /// Where replicas are taken to stand that nobody looked at.
    pub assumed: BTreeMap<Address, Standing>,
    /// What was seen of objects.
    pub observed: Observed,
    /// The regions whose control plane did not answer, each with what was said instead.
    pub silent: BTreeMap<String, String>,
    /// What was answered for each list, or why nothing was.
    pub lists: BTreeMap<ArmId, Result<serde_json::Value, String>>,
    /// What the side that users leave answers: the status, or why there is none.
    pub fronts: BTreeMap<Address, Result<u16, String>>,
}

/// What to look at for this group. Nothing at the site that is given up is among it. In a drill, where the stack has copies, everything recorded is.
pub fn survey(stack: &Stack, group: &FailoverGroup, state: &State, lost: Option<&str>) -> Survey {
    let given_up = lost.and_then(|site| stack.sites.get(site)).map(|site| site.location.as_str());
    let is_given_up = |region: &str| given_up.is_some_and(|lost| lost.eq_ignore_ascii_case(region));
    let lists = super::offers::lists(stack, group).into_iter().chain(super::rights::lists(stack, group, state));
    let mut survey = Survey { lists: lists.collect(), ..Survey::default() };
    for address in &group.promote {
        let Some(resource) = stack.resources.get(address) else { continue };
        let Some(promotion) = resource.kind.promotion else { continue };
        let looks = super::levers::with_subject(stack, resource, promotion.looks);
        let seen = looks.into_iter().filter(|look| look.region.as_deref().is_none_or(|region| !is_given_up(region)));
        survey.replicas.extend(seen.map(|look| (address.clone(), look)));
    }
    let touched = written(stack, group);
    for address in &touched {
        let Some(resource) = stack.resources.get(address) else { continue };
        if !is_given_up(&resource.location) {
            survey.objects.extend(resource.objects.iter().cloned());
        }
    }
    if stack.copies.is_some() {
        // A drill compares all that stands before and after, and its copies must find their names free.
        survey.objects.extend(super::production::objects(state));
        survey.objects.extend(stack.rehearsed().flat_map(|copy| &copy.objects).cloned());
        survey.objects.sort_by(|a, b| a.id.cmp(&b.id));
        survey.objects.dedup_by(|a, b| a.id == b.id);
    }
    for site in [&group.from, &group.to] {
        let Some(location) = stack.sites.get(site).map(|site| site.location.clone()) else { continue };
        if is_given_up(&location) {
            continue;
        }
        survey.regions.extend(samples(state, &location).into_iter().map(|object| (location.clone(), object)));
    }
    survey
}

/// Objects of a region by which it is known whether its control plane answers: a few kinds, since some services answer from elsewhere.
fn samples(state: &State, location: &str) -> Vec<Object> {
    let mut kinds = BTreeSet::new();
    let there = state.resources.iter().filter(|(_, recorded)| recorded.location.eq_ignore_ascii_case(location));
    let own = there.filter_map(|(address, recorded)| {
        let object = recorded.objects.iter().find(|object| object.within.is_none())?;
        kinds.insert(address.kind().to_owned()).then(|| object.clone())
    });
    own.take(SAMPLES).collect()
}

/// The resources that a procedure of this group writes: what stands up, what is quiesced and fenced, and the ends of levers.
pub(super) fn written(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    let stood_up = stack.resources.values().filter(|resource| stands_up(group, resource));
    stood_up
        .map(|resource| resource.address.clone())
        .chain(group.quiesce.iter().chain(&group.fence).cloned())
        .chain(lever_ends(stack, group))
        .collect()
}

/// The resources that levers of this group write.
pub(super) fn lever_ends(stack: &Stack, group: &FailoverGroup) -> BTreeSet<Address> {
    group.routes.iter().flat_map(|route| super::levers::ends(stack, route)).collect()
}

/// Whether a resource stands only while this group is up.
pub(super) fn stands_up(group: &FailoverGroup, resource: &crate::stack::Resource) -> bool {
    group.stands_up(resource)
}
