//! The site that answers, as its marker tells: at the origin before users are moved, and through the proxy afterwards.

use std::path::Path;

use drplan::apply::FailurePolicy;
use drplan::run::StepOutcome;
use drplan::steps::{Event, StepEvent};
use drplan::world::Store;

use super::incident::{Incident, UP};
use crate::lab::simulated;
use crate::stacks;

/// web-proxy, applied, with this change of its text.
async fn web_proxy(from: &str, to: &str) -> Incident {
    let (lab, text) = stacks::lab(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/web-proxy"));
    assert!(text.contains(from), "the stack has `{from}`");
    let incident = Incident::of(lab, text.replace(from, to)).await;
    incident.wait(60).await;
    incident
}

/// Reasons of the steps that failed.
fn failed(fates: &[StepOutcome]) -> Vec<String> {
    fates.iter().filter(|fate| matches!(fate, StepOutcome::Failed(..))).map(|fate| format!("{fate:?}")).collect()
}

#[test]
fn markers_prove_the_destination_at_the_origin_and_through_the_proxy() {
    simulated(async {
        let incident = web_proxy("", "").await;
        incident.done(UP).await;
        let runs = incident.lab.store.runs().expect("runs");
        let journal = incident.lab.store.entries_of(runs.last().expect("a run")).expect("a journal");
        let said: Vec<String> = journal
            .into_iter()
            .filter_map(|entry| match entry.event {
                Event::Step { event: StepEvent::Learnt(fact), .. } => Some(fact.what),
                _ => None,
            })
            .collect();
        let asked = "GET https://www.example.com/healthz";
        let origin = format!("{asked} at ");
        let proved: Vec<bool> = said
            .iter()
            .filter(|said| said.starts_with(asked) && said.ends_with("answered 200, with X-Site: secondary"))
            .map(|said| said.starts_with(&origin))
            .collect();
        let (first, last) = (proved.first(), proved.last());
        assert_eq!((first, last), (Some(&true), Some(&false)), "at the origin, then through the proxy: {said:#?}");
    });
}

#[test]
fn users_are_not_moved_to_an_origin_with_the_marker_of_another_site() {
    simulated(async {
        // Asked while the source still serves: afterwards it is stopped, and answers without a marker.
        let right = "address = public_ip.web-secondary.ip_address\n    marker  = \"X-Site\"\n    within  = \"1m\"\n    before  = \"route\"";
        let wrong = "address = public_ip.web-primary.ip_address\n    at = site.secondary\n    marker = \"X-Site\"\n    \
                     before = \"quiesce\"";
        let incident = web_proxy(right, wrong).await;
        let content = |incident: &Incident| {
            let objects = incident.lab.simulator.show().objects;
            let records: Vec<String> = objects.values().map(|object| object["content"].to_string()).collect();
            records
        };
        let before = content(&incident);
        let stopped = incident.whole(UP, FailurePolicy::Stop).await.expect("the run begins");
        let failed = failed(&stopped.report.fates);
        assert!(failed.iter().any(|why| why.contains("with X-Site: primary, not secondary")), "{failed:#?}");
        assert_eq!(content(&incident), before, "the records lead where they led");
    });
}
