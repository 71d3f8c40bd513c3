//! The README beside the code: how it is deployed, and what Bicep cannot say.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::code::Given;
use super::emitter::Emitter;
use super::params::environment;
use crate::emit::{Unsaid, cannot_say};

/// The README.
pub(super) fn readme(emitter: &Emitter<'_>, givens: &BTreeSet<Given>, unsaid: &[Unsaid]) -> String {
    let stack = emitter.stack;
    let mut out = format!(
        "# {}\n\nBicep for the stack `{}`, written by drplan. It is plain code: keep it, change it, and drplan is not needed any more.\n\n",
        stack.name, stack.name
    );
    // The record of a deployment should outlive the site that is lost.
    let place = stack.failover_groups.values().next().and_then(|group| stack.sites.get(&group.to));
    let place = place.or_else(|| stack.sites.values().next()).map_or("westeurope", |site| &*site.location);
    let secrets: Vec<String> = givens.iter().filter_map(|given| environment(emitter, given)).collect();
    out += "```sh\n";
    secrets.iter().for_each(|name| {
        let _ = writeln!(out, "export {name}=…");
    });
    let _ = write!(
        out,
        "az deployment sub what-if --location {place} --parameters main.bicepparam\naz deployment sub create --name {} --location {place} --parameters main.bicepparam\n```\n\n",
        stack.name
    );
    let _ = writeln!(
        out,
        "The record of the deployment is kept in {place}: a site that is lost does not take it along.{}\n",
        if secrets.is_empty() { "" } else { " Secrets are read from the environment." }
    );
    if givens.contains(&Given::Active) {
        let _ = write!(
            out,
            "`failover.bicepparam` makes what stands only during a failover. Deploying `main.bicepparam` again does not delete that: delete its resource groups, or \
             deploy as a stack, which does:\n\n```sh\naz stack sub create --name {} --location {place} --parameters failover.bicepparam --action-on-unmanage deleteAll --deny-settings-mode none\n```\n\n",
            stack.name
        );
        out += "With `failoverActive`, what a run stops, closes and opens is as the run leaves it, and replicas whose other side then takes writes are left alone: deploying again takes nothing \
                back. `main.bicepparam` does, so deploy that only once users are home.\n\n";
    }
    out += &cannot_say("Bicep", unsaid);
    out
}
