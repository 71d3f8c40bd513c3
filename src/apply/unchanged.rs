//! The proof that a drill has changed nothing: production is as before, apart from objects that other runs have changed
//! meanwhile or are changing now.

use crate::kinds::{Catalog, Grammar};
use std::collections::{BTreeMap, BTreeSet};

use super::{FailoverRun, StepError, Worker};
use jiff::Timestamp;

use crate::address::Address;
use crate::failover::production::fingerprint;
use crate::object::{Object, ObjectId};
use crate::run::StepReporter;
use crate::state::{Recorded, StateError};
use crate::steps::{Entry, Event, StepEvent, StepFact};

/// The objects that runs other than the drill work on, each with the run.
struct OtherRuns {
    catalog: &'static Catalog,
    objects: BTreeMap<ObjectId, String>,
}

impl Worker<'_> {
    /// Compares the objects with those from before the drill.
    pub(super) async fn unchanged(
        &self,
        (before, since): (&BTreeMap<String, String>, Option<Timestamp>),
        tell: &StepReporter,
    ) -> Result<(), StepError> {
        let others = self.other_runs(since)?;
        let objects: BTreeMap<String, Object> = {
            let recorded = self.recorded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let objects = recorded.values().flat_map(|recorded| &recorded.objects);
            objects.map(|object| (object.id.to_string(), object.clone())).collect()
        };
        let (mut changed, mut apart) = (Vec::new(), BTreeMap::<&String, Vec<String>>::new());
        for (id, was) in before {
            let (id, what) = match objects.get(id) {
                Some(object) => match self.ports.cloud.get(object).await? {
                    Some(seen) if fingerprint(self.stack.catalog(), object, &seen.body) == *was => continue,
                    Some(_) => (object.id.clone(), "differs"),
                    None => (object.id.clone(), "is missing"),
                },
                None => (ObjectId::new(id.as_str()), "is no longer recorded"),
            };
            match others.of(&id) {
                Some(run) => apart.entry(run).or_default().push(format!("{id} {what}")),
                None => changed.push(format!("{id} {what}")),
            }
        }
        for (run, objects) in apart {
            let what = format!("set apart, because {run} works on them: {}", objects.join("; "));
            tell.learnt(StepFact { apart: u32::try_from(objects.len()).ok(), ..StepFact::said(what) });
        }
        if changed.is_empty() { Ok(()) } else { Err(StepError::Failed(changed.join("; "))) }
    }

    /// The objects that other runs have changed since this time, and those of unfinished runs of other groups, by their
    /// journals. A journal that cannot be read explains nothing.
    fn other_runs(&self, since: Option<Timestamp>) -> Result<OtherRuns, StepError> {
        let unread = |why: StateError| StepError::Failed(format!("the journals of other runs cannot be read: {why}"));
        let (own, store) = (&self.errand()?.run, self.ports.store);
        let open = store.load().map_err(unread)?.map(|state| state.roles.open).unwrap_or_default();
        let mut objects = BTreeMap::new();
        for run in store.runs().map_err(unread)?.into_iter().filter(|run| run != own) {
            let Ok(entries) = store.entries_of(&run) else { continue };
            let Some(Event::Started(started)) = entries.first().map(|entry| &entry.event) else { continue };
            let name = match &started.failover {
                Some(spec) => format!("run {run} ({} of {})", spec.verb.as_str(), spec.group),
                None => format!("run {run} ({})", started.command),
            };
            let mut touched: BTreeSet<Address> = BTreeSet::new();
            if open.values().any(|open| open.run == run)
                && let Ok(other) = FailoverRun::read(store, &run)
            {
                touched.extend(other.graph.changes());
            }
            let is_later = |entry: &&Entry| since.is_some_and(|since| entry.at >= since);
            for Entry { at: _, event } in entries.iter().filter(is_later) {
                let Event::Step { address, event, step: _ } = event else { continue };
                let mut recorded: Vec<&Recorded> = Vec::new();
                match event {
                    StepEvent::Begun(now) | StepEvent::Succeeded(now) => recorded.extend(now.as_deref()),
                    StepEvent::Learnt(learnt) => {
                        touched.extend(learnt.resource.iter().map(|(address, _)| address.clone()));
                        recorded.extend(learnt.resource.iter().map(|(_, now)| &**now));
                    }
                    StepEvent::Failed(_)
                    | StepEvent::OutcomeUnknown(_)
                    | StepEvent::Paused(_)
                    | StepEvent::Skipped(_) => {}
                }
                touched.insert(address.clone());
                let written = recorded.into_iter().flat_map(|recorded| &recorded.objects);
                objects.extend(written.map(|object| (object.id.clone(), name.clone())));
            }
            let of_stack = touched.iter().flat_map(|address| self.objects_of(address));
            objects.extend(of_stack.map(|object| (object.id.clone(), name.clone())));
        }
        Ok(OtherRuns { catalog: self.stack.catalog(), objects })
    }

    /// The objects that a change of a resource concerns: its own, and both sides of a replica.
    fn objects_of(&self, address: &Address) -> Vec<&Object> {
        let Some(resource) = self.stack.resources.get(address) else { return Vec::new() };
        let sides = resource.uses.iter().filter(|_| resource.kind.promotion.is_some());
        let sides = sides.filter_map(|side| self.stack.resources.get(side));
        std::iter::once(resource).chain(sides).flat_map(|resource| &resource.objects).collect()
    }
}

impl OtherRuns {
    /// The run that works on an object, or on an object in it.
    fn of(&self, id: &ObjectId) -> Option<&String> {
        let above = |id: &ObjectId| self.catalog.parent(id);
        let is_within = |inner: &ObjectId| std::iter::successors(above(inner), above).any(|outer| outer == *id);
        self.objects.get(id).or_else(|| self.objects.iter().find(|(inner, _)| is_within(inner)).map(|(_, run)| run))
    }
}
