//! Life cycle of every kind's example: load, a plan that creates, apply, an empty plan, observation without changes, an
//! update or replacement as the table declares, and a destroy that leaves nothing.

use drplan::address::Address;
use drplan::kinds::{Kind, hosts};
use drplan::plan::Action;
use drplan::simulator::{Fault, RequestMatch};
use drplan::state::State;
use drplan::world::{Web as _, WebAnswer};
use serde_json::Value as Json;
use url::Url;

use crate::lab::{Lab, changes, failures, get, simulated};

/// Stack block and sites for examples.
pub const SITES: &str = r#"
stack "example" {}
site "east" {
  provider = "azure"
  location = "canadacentral"
}
site "west" {
  provider = "azure"
  location = "canadaeast"
}
"#;

/// Stack block and sites for the example of a kind: at regions of its own provider, where that has any.
fn sites(kind: &Kind) -> String {
    match kind.provider().regions {
        [east, west, ..] if kind.provider().name != "azure" => SITES
            .replace("azure", kind.provider().name)
            .replace("canadacentral", east.name)
            .replace("canadaeast", west.name),
        _ => SITES.to_owned(),
    }
}

/// Example of each kind (variants separately, as `kind of parent`): name, table and a complete stack.
pub fn examples() -> Vec<(String, &'static Kind, String)> {
    let example = |kind: &'static Kind, name: String| (name, kind, format!("{}{}", sites(kind), kind.example));
    let mut all = Vec::new();
    for kind in drplan::providers::catalog().kinds() {
        match kind.variants {
            None => all.push(example(kind, kind.name.to_owned())),
            Some(variants) => {
                all.extend(variants.of.iter().map(|(of, kind)| example(kind, format!("{} of {of}", kind.name))));
            }
        }
    }
    all
}

async fn whole_life(kind: &Kind, text: &str) -> Result<(), String> {
    let lab = Lab::new(7);
    // The answer of hosts outside the simulated world.
    let outside = Fault::Web { host: "*.example.com".to_owned(), status: Some(200), on: RequestMatch::default() };
    lab.simulator.add_fault(outside).map_err(|error| error.to_string())?;
    lab.read(text)?;
    let (planned, state) = lab.plan(text, false).await;
    if let Some(other) = planned.plan.changes.iter().find(|change| change.action != Action::Create) {
        return Err(format!("the first plan has more than creates: {:?} {}", other.action, other.address));
    }
    let applied = lab.carry_out(&planned, state, "apply").await.map_err(|error| error.to_string())?;
    failures(&applied, "apply")?;
    let (again, _) = lab.plan(text, false).await;
    if !changes(&again).is_empty() || !again.plan.drift.is_empty() {
        return Err(format!(
            "the second plan is not empty:\n  {}\n  drift {:?}",
            changes(&again).join("\n  "),
            again.plan.drift
        ));
    }
    names_exist(kind, &lab, &applied.state).await?;
    let gone = lab.destroy(text).await.map_err(|error| error.to_string())?;
    failures(&gone, "destroy")?;
    if !gone.state.resources.is_empty() || !lab.standing().is_empty() {
        return Err(format!(
            "destroy leaves {:?} recorded and {:?} existing",
            gone.state.resources.keys(),
            lab.standing()
        ));
    }
    Ok(())
}

/// Every name of the kind's example in a domain of the cloud exists.
async fn names_exist(kind: &Kind, lab: &Lab, state: &State) -> Result<(), String> {
    let is_example = |address: &Address| address.kind() == kind.name && address.own_name() == "example";
    let example = state.resources.iter().filter(|(address, _)| is_example(address));
    let texts = example.flat_map(|(_, recorded)| recorded.attributes.values()).filter_map(Json::as_str);
    for text in texts {
        let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}/") };
        let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        if !hosts::domains(&drplan::providers::azure::TABLES).iter().any(|domain| host.ends_with(&format!(".{domain}")))
        {
            continue;
        }
        match lab.simulator.fetch(&get(&url)).await {
            Ok(WebAnswer::Status(_) | WebAnswer::Marked(..)) => {}
            Ok(WebAnswer::NotSimulated) => return Err(format!("{host} is not simulated")),
            Err(why) if why.contains("does not exist") => return Err(why),
            // An example without machines has a name at which nothing answers.
            Err(_) => {}
        }
    }
    Ok(())
}

#[test]
fn every_example_is_created_updated_and_destroyed() {
    let mut wrong = Vec::new();
    for (name, kind, text) in examples() {
        if let Err(why) = simulated(whole_life(kind, &text)) {
            wrong.push(format!("── {name}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of the kinds' examples fail:\n{}", wrong.len(), wrong.join("\n"));
}
