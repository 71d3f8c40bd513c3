//! Life cycle of every kind's example: load, a plan that creates, apply, an empty plan, observation without changes, an
//! update or replacement as the table declares, and a destroy that leaves nothing.

use drplan::kinds::{self, Kind};
use drplan::plan::Action;

use crate::lab::{Lab, changes, failures, simulated};

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

/// Example of each kind (variants separately, as `kind of parent`): name, table and a complete stack.
pub fn examples() -> Vec<(String, &'static Kind, String)> {
    let example = |kind: &'static Kind, name: String| (name, kind, format!("{SITES}{}", kind.example));
    let mut all = Vec::new();
    for kind in kinds::ALL {
        match kind.variants {
            None => all.push(example(kind, kind.name.to_owned())),
            Some(variants) => {
                all.extend(variants.of.iter().map(|(of, kind)| example(kind, format!("{} of {of}", kind.name))));
            }
        }
    }
    all
}

async fn whole_life(text: &str) -> Result<(), String> {
    let lab = Lab::new(7);
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

#[test]
fn every_example_is_created_updated_and_destroyed() {
    let mut wrong = Vec::new();
    for (name, _, text) in examples() {
        if let Err(why) = simulated(whole_life(&text)) {
            wrong.push(format!("── {name}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of the kinds' examples fail:\n{}", wrong.len(), wrong.join("\n"));
}
