//! The pods of a workload: instants of their lives, planned with each change of the workload.
//!
//! A Deployment starts and ends all its pods at once, a StatefulSet one after the other: the lowest ordinal starts
//! first, the highest ends first.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::ids::WorkloadKind;

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pod {
    /// Its name.
    pub(super) name: String,
    /// The digest of the template that it was made from.
    pub(super) hash: String,
    /// Its creation.
    pub(super) born: Timestamp,
    /// It is ready; `None` for one that waits without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<Timestamp>,
    /// It was told to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ends: Option<Timestamp>,
    /// It is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<Timestamp>,
}

impl Pod {
    /// True for a pod that exists at a time.
    pub(super) fn exists(&self, at: Timestamp) -> bool {
        self.born <= at && self.gone.is_none_or(|gone| gone > at)
    }

    /// True for a pod that ends at a time.
    pub(super) fn is_ending(&self, at: Timestamp) -> bool {
        self.exists(at) && self.ends.is_some_and(|ends| ends <= at)
    }

    /// True for a pod that serves at a time, or still does while it ends.
    pub(super) fn is_ready(&self, at: Timestamp) -> bool {
        self.exists(at) && self.ready.is_some_and(|ready| ready <= at)
    }

    /// The instants at which something about it changes.
    pub(super) fn instants(&self) -> impl Iterator<Item = Timestamp> {
        [Some(self.born), self.ready, self.ends, self.gone].into_iter().flatten()
    }
}

/// The pace of the pods of a workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From the creation of a pod until it is ready; `None` for a workload whose pods wait without end.
    pub(super) start: Option<SignedDuration>,
    /// From the end of a pod until it is gone.
    pub(super) stop: SignedDuration,
}

/// A workload whose pods are planned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) kind: WorkloadKind,
    pub(super) name: &'a str,
    /// The digest of the template.
    pub(super) hash: &'a str,
    pub(super) replicas: usize,
    /// True for a StatefulSet that does not wait for one pod before the next.
    pub(super) parallel: bool,
    pub(super) pace: Pace,
}

impl Plan<'_> {
    /// The pods from now on. `draw` makes the last part of a name.
    pub(super) fn pods(&self, before: &[Pod], now: Timestamp, draw: &mut dyn FnMut() -> String) -> Vec<Pod> {
        let mut pods: Vec<Pod> = before.iter().filter(|pod| pod.exists(now)).cloned().collect();
        for pod in &mut pods {
            // What was planned and has not begun is planned anew.
            if pod.ends.is_some_and(|ends| ends > now) {
                (pod.ends, pod.gone) = (None, None);
            }
            pod.ready = pod.ready.or(self.pace.start.map(|start| now + start));
        }
        match self.kind {
            WorkloadKind::Deployment => self.at_once(pods, now, draw),
            WorkloadKind::StatefulSet => self.in_order(pods, now),
        }
    }

    fn born(&self, name: String, born: Timestamp) -> Pod {
        let ready = self.pace.start.map(|start| born + start);
        Pod { name, hash: self.hash.to_owned(), born, ready, ends: None, gone: None }
    }

    fn at_once(&self, mut pods: Vec<Pod>, now: Timestamp, draw: &mut dyn FnMut() -> String) -> Vec<Pod> {
        let (current, mut old): (Vec<usize>, Vec<usize>) =
            (0..pods.len()).filter(|at| pods[*at].ends.is_none()).partition(|at| pods[*at].hash == self.hash);
        let surplus = current.len().saturating_sub(self.replicas);
        // The youngest go first.
        let mut leaving: Vec<usize> = current.iter().rev().take(surplus).copied().collect();
        let missing = self.replicas.saturating_sub(current.len());
        for _ in 0..missing {
            pods.push(self.born(format!("{}-{}-{}", self.name, self.hash, draw()), now));
        }
        // Pods of an earlier template serve until those of the new one are ready.
        let replaced = match self.pace.start {
            Some(start) if missing > 0 && !old.is_empty() => Some(now + start),
            Some(_) => Some(now),
            None if self.replicas == 0 => Some(now),
            None => None,
        };
        if let Some(ends) = replaced {
            for at in old.drain(..) {
                (pods[at].ends, pods[at].gone) = (Some(ends), Some(ends + self.pace.stop));
            }
        }
        for at in leaving.drain(..) {
            (pods[at].ends, pods[at].gone) = (Some(now), Some(now + self.pace.stop));
        }
        pods
    }

    fn in_order(&self, mut pods: Vec<Pod>, now: Timestamp) -> Vec<Pod> {
        let ordinal = |pod: &Pod| pod.name.rsplit('-').next().and_then(|digits| digits.parse::<usize>().ok());
        pods.sort_by_key(ordinal);
        let next = |at: Timestamp, then: Timestamp| if self.parallel { at } else { then };
        // Pods that end already are waited for.
        let mut at = pods.iter().filter_map(|pod| pod.gone).max().map_or(now, |gone| next(now, gone));
        for pod in pods.iter_mut().rev().filter(|pod| pod.ends.is_none()) {
            if ordinal(pod).is_some_and(|ordinal| ordinal >= self.replicas) {
                (pod.ends, pod.gone) = (Some(at), Some(at + self.pace.stop));
                at = next(at, at + self.pace.stop);
            }
        }
        let mut started = Vec::new();
        let mut waits = false;
        for ordinal_wanted in 0..self.replicas {
            let own = pods.iter().find(|pod| pod.ends.is_none() && ordinal(pod) == Some(ordinal_wanted));
            if let Some(pod) = own {
                match pod.ready {
                    Some(ready) => at = next(at, at.max(ready)),
                    None => waits = !self.parallel,
                }
                continue;
            }
            if waits {
                break;
            }
            let pod = self.born(format!("{}-{ordinal_wanted}", self.name), at);
            match pod.ready {
                Some(ready) => at = next(at, ready),
                None => waits = !self.parallel,
            }
            started.push(pod);
        }
        pods.extend(started);
        self.renewed(pods, at)
    }

    /// Pods of an earlier template are replaced one by one, the highest ordinal first.
    fn renewed(&self, mut pods: Vec<Pod>, mut at: Timestamp) -> Vec<Pod> {
        let old = (0..pods.len()).rev().filter(|index| pods[*index].ends.is_none() && pods[*index].hash != self.hash);
        for index in old.collect::<Vec<_>>() {
            let gone = at + self.pace.stop;
            (pods[index].ends, pods[index].gone) = (Some(at), Some(gone));
            let pod = self.born(pods[index].name.clone(), gone);
            at = pod.ready.unwrap_or(Timestamp::MAX);
            let is_stuck = pod.ready.is_none();
            pods.push(pod);
            if is_stuck {
                break;
            }
        }
        pods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn plan(kind: WorkloadKind, replicas: usize) -> Plan<'static> {
        let pace = Pace { start: Some(SignedDuration::from_secs(20)), stop: SignedDuration::from_secs(10) };
        Plan { kind, name: "x", hash: "h", replicas, parallel: false, pace }
    }

    fn count(pods: &[Pod], at: Timestamp) -> (usize, usize) {
        let (all, ready) = (pods.iter().filter(|pod| pod.exists(at)), pods.iter().filter(|pod| pod.is_ready(at)));
        (all.count(), ready.count())
    }

    fn names() -> impl FnMut() -> String {
        let mut number = 0;
        move || {
            number += 1;
            number.to_string()
        }
    }

    #[test]
    fn deployment_starts_and_ends_all_pods_at_once() {
        let up = plan(WorkloadKind::Deployment, 3).pods(&[], at(0), &mut names());
        assert_eq!((count(&up, at(19)), count(&up, at(20))), ((3, 0), (3, 3)));
        let down = plan(WorkloadKind::Deployment, 0).pods(&up, at(100), &mut names());
        assert_eq!((count(&down, at(109)).0, count(&down, at(110)).0), (3, 0));
    }

    #[test]
    fn stateful_set_ends_the_highest_ordinal_first() {
        let up = plan(WorkloadKind::StatefulSet, 3).pods(&[], at(0), &mut names());
        assert_eq!([1, 21, 41, 60].map(|second| count(&up, at(second))), [(1, 0), (2, 1), (3, 2), (3, 3)]);
        let down = plan(WorkloadKind::StatefulSet, 0).pods(&up, at(100), &mut names());
        let ending: Vec<&str> = down.iter().filter(|pod| pod.is_ending(at(105))).map(|pod| pod.name.as_str()).collect();
        assert_eq!(ending, ["x-2"]);
        assert_eq!([109, 110, 120, 130].map(|second| count(&down, at(second)).0), [3, 2, 1, 0]);
    }

    #[test]
    fn change_of_mind_keeps_pods_that_have_not_been_told_to_end() {
        let up = plan(WorkloadKind::StatefulSet, 3).pods(&[], at(0), &mut names());
        let down = plan(WorkloadKind::StatefulSet, 0).pods(&up, at(100), &mut names());
        let again = plan(WorkloadKind::StatefulSet, 3).pods(&down, at(105), &mut names());
        assert_eq!((count(&again, at(106)).0, count(&again, at(131))), (3, (3, 3)));
    }

    #[test]
    fn new_template_replaces_pods_once_the_new_ones_are_ready() {
        let up = plan(WorkloadKind::Deployment, 2).pods(&[], at(0), &mut names());
        let new = Plan { hash: "i", ..plan(WorkloadKind::Deployment, 2) }.pods(&up, at(100), &mut names());
        assert_eq!([101, 120, 131].map(|second| count(&new, at(second)).0), [4, 4, 2]);
    }
}
